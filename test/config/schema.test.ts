import t from 'tap';
import { oneOf } from '../../src/config/option.js';
import { notesOf, options, type OptionKey } from '../../src/config/schema.js';

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

t.test('choices read as a sentence', async (t) => {
  t.equal(oneOf([8]), '8');
  t.equal(oneOf([8, 16, 32]), '8, 16 or 32');
});
