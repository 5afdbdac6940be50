import t from 'tap';
import { LogOutput } from '../../src/runtime/log-output.js';
import type { LogTarget } from '../../src/runtime/log-output.js';
import { makeLogger } from '../../src/runtime/log.js';
import { until } from '../threads/waiting.js';

const waitingLimit = 64 * 1024;

/** Takes so many bytes of each offer, so many in all; then `error`, or nothing. */
class Reader implements LogTarget {
  takes = Infinity;
  room = Infinity;
  error: string | null = null;
  #bytes: Uint8Array[] = [];

  write(bytes: Uint8Array): number {
    const taken = Math.min(this.takes, this.room, bytes.length);
    if (taken === 0 && this.error !== null) throw Object.assign(new Error(this.error), { code: this.error });
    this.#bytes.push(bytes.slice(0, taken));
    this.room -= taken;
    return taken;
  }

  get text(): string {
    return Buffer.concat(this.#bytes).toString();
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }
}

const line = (index: number): string => `${JSON.stringify({ index, text: 'ä'.repeat(100) })}\n`;

t.test('lines go out in order, also in pieces that are no whole characters', async (t) => {
  const reader = new Reader();
  const output = new LogOutput(reader);
  reader.takes = 7;
  for (let index = 0; index < 50; index++) output.write(line(index));
  await output.settle(10_000);
  t.equal(reader.text, Array.from({ length: 50 }, (_, index) => line(index)).join(''));
  t.equal(output.dropped, 0);
});

t.test(
  'a reader that does not read costs lines beyond the limit, counted exactly and told once it reads again',
  async (t) => {
    const reader = new Reader();
    const output = new LogOutput(reader);
    const logger = makeLogger('info', 'det', output);
    reader.takes = 0;
    const all = 2000;
    for (let index = 0; index < all; index++) logger.info({ index, text: 'x'.repeat(100) }, 'line');
    t.equal(reader.text, '');
    t.match(output.trouble, /does not/);
    t.ok(output.dropped > 0 && output.dropped < all);
    const { dropped } = output;
    reader.takes = 1000;
    await until(() => reader.text.includes('log_lines_dropped'), 'the line that tells', 5000);
    const parsed = reader.lines.map((text) => JSON.parse(text) as Record<string, unknown>);
    t.equal(parsed.length, all - dropped + 1, 'each line is out or counted');
    t.strictSame(
      parsed.slice(0, -1).map(({ index }) => index),
      Array.from({ length: all - dropped }, (_, index) => index),
      'the oldest are kept, in order',
    );
    t.match(parsed.at(-1), { event: 'log_lines_dropped', lines: dropped, level: 'warn' });
    t.equal(output.trouble, null);
    t.ok(reader.text.length < waitingLimit * 2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    t.equal(reader.lines.filter((text) => text.includes('log_lines_dropped')).length, 1, 'told once');
  },
);

t.test('a line that is longer than the limit goes out whole, and alone', async (t) => {
  const reader = new Reader();
  const output = new LogOutput(reader);
  reader.takes = 1000;
  reader.room = 1000;
  const long = `${JSON.stringify({ text: 'x'.repeat(200_000) })}\n`;
  output.write(long);
  output.write(line(1));
  t.equal(output.dropped, 1, 'what comes meanwhile');
  reader.room = Infinity;
  await output.settle(10_000);
  output.write(line(2));
  t.equal(reader.text.slice(0, long.length), long);
  t.match(reader.lines.at(-1), /"index":2/);
});

t.test('a full disk: what fits into the limit waits for room, a line half written is completed', async (t) => {
  const reader = new Reader();
  const output = new LogOutput(reader);
  reader.room = 5;
  reader.error = 'ENOSPC';
  output.write(line(0));
  output.write(line(1));
  t.equal(reader.text, line(0).slice(0, 5));
  t.match(output.trouble, /full/);
  reader.room = Infinity;
  await until(() => reader.lines.length === 2, 'both lines', 5000);
  t.equal(reader.text, line(0) + line(1));
  t.equal(output.dropped, 0);
});

for (const code of ['EPIPE', 'EIO', 'EBADF', 'EFBIG']) {
  t.test(`${code}: every line is dropped and counted, none is kept, nothing is thrown`, async (t) => {
    const reader = new Reader();
    const output = new LogOutput(reader);
    reader.error = code;
    reader.room = 0;
    for (let index = 0; index < 100; index++) output.write(line(index));
    t.equal(output.dropped, 100);
    t.match(output.trouble, new RegExp(code));
    await output.settle(50);
    await new Promise((resolve) => setTimeout(resolve, 250));
    t.equal(output.dropped, 100, 'the attempt to tell is not counted');
    t.equal(reader.text, '');
  });
}

t.test('the end of the process waits for what is taken, and not longer than it was told for what is not', async (t) => {
  const reader = new Reader();
  const output = new LogOutput(reader);
  reader.takes = 0;
  output.write(line(1));
  const begin = performance.now();
  await output.settle(50);
  t.ok(performance.now() - begin >= 50);
  t.equal(reader.text, '');
  reader.takes = 100;
  await output.settle(30_000);
  t.equal(reader.text, line(1));
});
