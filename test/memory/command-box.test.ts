import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { afterEachStore } from './interleaved.js';
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

t.test('a command that another thread posts is read whole before the next one can be', async (t) => {
  const buffer = new SharedArrayBuffer(128 + commandBoxBytes);
  const box = new CommandBox(buffer, 128);
  const values = ['a'.repeat(200_000), 'b'.repeat(200_000)] as const;
  const poster = new Worker(new URL('./command-box-poster.js', import.meta.url), { workerData: { buffer, values } });
  await once(poster, 'online');
  let taken = 0;
  while (taken < 400) {
    const command = box.take() as { text: string } | null;
    if (command === null) continue;
    if (command.text !== values[taken % 2]) t.fail(`command ${taken} is not what was posted`);
    taken++;
  }
  Atomics.store(new Int32Array(buffer), 0, 1);
  await once(poster, 'exit');
  t.equal(taken, 400);
});

t.test('as soon as the box is free the next command may be posted, and the last one is read', async (t) => {
  const box = new CommandBox(new SharedArrayBuffer(commandBoxBytes), 0);
  t.ok(box.post({ text: 'first' }));
  let posted = 0;
  let taken: unknown;
  afterEachStore(
    () => void (taken = box.take()),
    () => {
      if (box.post({ text: 'other' })) posted++;
    },
  );
  t.strictSame([taken, posted], [{ text: 'first' }, 1]);
  t.strictSame(box.take(), { text: 'other' });
});
