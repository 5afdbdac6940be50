import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { afterEachStore } from './interleaved.js';
import { armWish, checkArmWish } from '../../src/control/arm-request.js';
import { filenameBytesLimit, metadataBytesLimit } from '../../src/contract/series.js';
import { CommandBox, commandBoxBytes, commandLimitBytes, commandText } from '../../src/memory/command-box.js';
import { small } from '../pipeline/small.js';

const commandPosted = (box: CommandBox, command: object): boolean => box.post(commandText(command));

t.test('a command is taken once, and only then the next can be posted', async (t) => {
  const box = new CommandBox(new SharedArrayBuffer(commandBoxBytes + 128), 128);
  t.equal(box.take(), null);
  t.ok(commandPosted(box, { kind: 'stop', text: 'µ' }));
  t.notOk(commandPosted(box, { kind: 'arm' }));
  t.strictSame(box.take(), { kind: 'stop', text: 'µ' });
  t.equal(box.take(), null);
  t.ok(commandPosted(box, { kind: 'arm' }));
  t.strictSame(box.take(), { kind: 'arm' });
});

t.test('the longest command fits, one byte more is refused and leaves the box free', async (t) => {
  const box = new CommandBox(new SharedArrayBuffer(commandBoxBytes), 0);
  const around = JSON.stringify({ text: '' }).length;
  const longest = { text: 'x'.repeat(commandLimitBytes - around) };
  t.ok(commandPosted(box, longest));
  t.strictSame(box.take(), longest);
  t.throws(() => commandPosted(box, { text: `${longest.text}x` }), RangeError);
  t.ok(box.free);
});

t.test('whatever arm request the rules accept fits, in bytes, not characters', async (t) => {
  const box = new CommandBox(new SharedArrayBuffer(commandBoxBytes), 0);
  const { config } = small();
  const most = Number.MAX_SAFE_INTEGER;
  // What JSON makes longest: in a path a control character, in metadata a quotation mark, here of two bytes already.
  const filename = `/${'\u0001'.repeat(filenameBytesLimit - 1)}`;
  const quotes = '"'.repeat((metadataBytesLimit - '{"a":""}'.length) / 2);
  const controls = '\u0001'.repeat((metadataBytesLimit - '{"a":""}'.length) / 6);
  const wide = 'é'.repeat((metadataBytesLimit - '{"a":""}'.length) / 2);
  for (const a of [quotes, controls, wide, '\\'.repeat(quotes.length), '\u{1f600}'.repeat(quotes.length / 2)]) {
    const request = checkArmWish(
      armWish({
        filename,
        frames: 2,
        first_frame_number: 4294967295,
        msg_number_base: most - 5,
        frame_period_ms: 1.0000000000000002e-3,
        metadata: { a },
        dynamic_range: 8,
        read_n_rows: 256,
        force: true,
      }),
      config,
    );
    const command = { kind: 'arm', id: most, request };
    t.ok(commandPosted(box, command));
    t.strictSame(box.take(), command);
  }
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
  t.ok(commandPosted(box, { text: 'first' }));
  let posted = 0;
  let taken: unknown;
  afterEachStore(
    () => void (taken = box.take()),
    () => {
      if (commandPosted(box, { text: 'other' })) posted++;
    },
  );
  t.strictSame([taken, posted], [{ text: 'first' }, 1]);
  t.strictSame(box.take(), { text: 'other' });
});
