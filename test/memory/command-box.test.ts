import t from 'tap';
import { CommandBox, commandBoxBytes, commandLimitBytes } from '../../src/memory/command-box.js';

t.test('a command is taken once, and only then the next can be posted', async (t) => {
  const box = new CommandBox(new SharedArrayBuffer(commandBoxBytes + 128), 128);
  t.equal(box.take(), null);
  t.ok(box.post({ kind: 'stop', text: 'µ' }));
  t.notOk(box.post({ kind: 'arm' }));
  t.strictSame(box.take(), { kind: 'stop', text: 'µ' });
  t.equal(box.take(), null);
  t.ok(box.post({ kind: 'arm' }));
  t.strictSame(box.take(), { kind: 'arm' });
});

t.test('the longest command fits, one byte more is refused and leaves the box free', async (t) => {
  const box = new CommandBox(new SharedArrayBuffer(commandBoxBytes), 0);
  const around = JSON.stringify({ text: '' }).length;
  const longest = { text: 'x'.repeat(commandLimitBytes - around) };
  t.ok(box.post(longest));
  t.strictSame(box.take(), longest);
  t.throws(() => box.post({ text: `${longest.text}x` }), RangeError);
  t.ok(box.free);
});
