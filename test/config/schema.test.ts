import t from 'tap';
import { oneOf } from '../../src/config/option.js';
import { configurationReference } from '../../src/config/reference.js';
import { defaultOf, maximumOf, notesOf, options, type OptionKey } from '../../src/config/schema.js';

t.test('each option has a sentence, a range, and a default, a stand-in or need', async (t) => {
  for (const key of Object.keys(options) as OptionKey[]) {
    const { description, range, unset } = notesOf(key);
    t.match(description, /^[A-Z].*\.$/, `${key} has a sentence`);
    t.ok(range.length > 0, `${key} has a range`);
    const empty = options[key].safeParse(undefined);
    const optional = empty.success && empty.data === undefined;
    t.equal(unset !== undefined, optional, `${key} says what holds without it exactly when it has no default`);
  }
});

t.test('the largest value is allowed, and one more is not; a default is that of the reference', async (t) => {
  for (const key of ['receive_buffer_bytes', 'ring_frames'] as const) {
    t.equal(options[key].safeParse(maximumOf(key)).success, true, key);
    t.equal(options[key].safeParse(maximumOf(key) + 1).success, false, key);
    t.ok(notesOf(key).range.endsWith(` to ${maximumOf(key)}`), key);
  }
  t.ok(configurationReference().includes(`| bytes | \`${defaultOf('receive_buffer_bytes')}\` |`));
  t.equal(defaultOf('ring_frames'), undefined);
});

t.test('choices read as a sentence', async (t) => {
  t.equal(oneOf([8]), '8');
  t.equal(oneOf([8, 16, 32]), '8, 16 or 32');
});
