// The preview's rules, with a socket that does as it is told and time that stands still.

import t from 'tap';
import type { SeriesSummary } from '../../../../src/contract/series.js';
import { PreviewWords, previewWordsBytes } from '../../../../src/memory/preview-words.js';
import type { ImageFacts } from '../../../../src/stream/output/output.js';
import { plain } from '../../../../src/stream/output/output.js';
import { PreviewOutput } from '../../../../src/stream/output/preview/preview-output.js';
import type { PreviewSink } from '../../../../src/stream/output/preview/preview-sink.js';
import { asIndex, asNumber, asOwn } from '../../../frame-numbers.js';

class Viewers implements PreviewSink {
  subscribers = 1;
  free = 1;
  refused = 0;
  /** Memory that is still being sent from. */
  busy: ArrayBufferLike[] = [];
  readonly seen: { text: Record<string, unknown>; pixels: number[]; memory: ArrayBufferLike }[] = [];

  open(): Promise<string> {
    return Promise.resolve('tcp://127.0.0.1:9997');
  }

  poll(): void {
    // Nothing moves by itself.
  }

  send(parts: readonly Uint8Array[], small: boolean): number {
    if (this.free === 0 && !small) return 0;
    const text = JSON.parse(Buffer.from(parts[0]).toString()) as Record<string, unknown>;
    const pixels = parts[1] ?? new Uint8Array(0);
    this.seen.push({ text, pixels: small ? [] : [...pixels], memory: pixels.buffer });
    return this.subscribers;
  }

  uses(bytes: Uint8Array): boolean {
    return this.busy.includes(bytes.buffer);
  }

  close(): void {
    this.subscribers = 0;
  }

  get frames(): unknown[] {
    return this.seen.filter(({ text }) => text['htype'] === 'image').map(({ text }) => text['msg_number']);
  }
}

const summary = { frames: 1, ledger: [], incomplete: [], warnings: [] } as unknown as SeriesSummary;
const nothing = (): void => undefined;
const factsOf = (frame: number): ImageFacts => ({
  frameIndex: asIndex(frame),
  frameNumber: asNumber(frame),
  missingPackets: 0,
  missing: [],
  reason: null,
  discard: false,
  headerValues: [],
});

function setUp(rateHz = 10, made = false) {
  const viewers = new Viewers();
  const words = new PreviewWords(new SharedArrayBuffer(previewWordsBytes), 0);
  /** What lies in the ring, or in the slots of forms; gone = its slot was given away. */
  const ring = new Map<number, number>();
  const output = new PreviewOutput(viewers, {
    form: made ? { ...plain, encoding: 'bslz4' } : plain,
    rateHz,
    words,
    lying: !made,
    copyLater: (own: number, into: Uint8Array) => {
      const value = ring.get(own);
      if (value !== undefined) into.fill(value);
      return value !== undefined;
    },
  });
  output.prepare({ shape: [1, 4], type: 'uint8', headerKeys: [], exposureTime: null });
  let reads = 0;
  const image = (own: number, now: number): void => {
    ring.set(own, made ? 100 + own : own);
    const raw = { own: asOwn(own), bytes: 4, read: () => (reads++, new Uint8Array(4).fill(own)) };
    t.ok(
      output.image({ facts: factsOf(own), pixels: Uint8Array.of(100 + own), number: 1000 + own, raw }, nothing, now),
    );
  };
  return { viewers, words, ring, output, image, reads: () => reads };
}

t.test('it holds nothing, is never busy, and takes whatever comes', async (t) => {
  const { output, image, viewers } = setUp();
  t.match(output, { name: 'preview', holds: false, busy: false });
  viewers.subscribers = viewers.free = 0;
  image(1, 0);
  image(2, 1000);
  output.settle(2000);
  t.strictSame(viewers.frames, []);
});

t.test('nobody there costs nothing: no frame is read', async (t) => {
  const { viewers, image, output, reads, words } = setUp();
  viewers.subscribers = 0;
  for (let frame = 1; frame < 100; frame++) image(frame, frame * 1000);
  output.settle(200_000);
  t.equal(reads(), 0);
  t.equal(words.skipped, 0);
});

t.test('the messages are those of the stream, with their numbers; frames at most so often', async (t) => {
  const { viewers, output, image, words } = setUp(10);
  output.begin({ filename: '/a', metadata: '{}', number: 1000 }, nothing, 0);
  for (let frame = 1; frame <= 30; frame++) {
    image(frame, frame * 10);
    output.settle(frame * 10);
  }
  output.end(summary, nothing, 301, 1031);
  t.match(viewers.seen[0]?.text, { htype: 'header', msg_number: 1000, filename: '/a' });
  t.strictSame(viewers.frames, [1001, 1011, 1021, 1030], 'each 100 ms, and the last before the end');
  t.match(viewers.seen.at(-1)?.text, { htype: 'series_end', msg_number: 1031 });
  t.strictSame(
    viewers.seen.filter(({ text }) => text['htype'] === 'image').map(({ pixels }) => pixels[0]),
    [1, 11, 21, 30],
  );
  t.match(words, { shown: 4, sent: 4, skipped: 26 });
});

t.test('the last of a burst is shown when it is due, though nothing follows', async (t) => {
  const { viewers, output, image } = setUp(10);
  for (let frame = 1; frame <= 4; frame++) image(frame, frame);
  output.settle(50);
  t.strictSame(viewers.frames, [1001]);
  output.settle(101);
  t.strictSame(viewers.frames, [1001, 1004]);
  t.strictSame(viewers.seen.at(-1)?.pixels, [4, 4, 4, 4]);
  output.settle(500);
  t.equal(viewers.frames.length, 2, 'once');
});

t.test('a frame whose slot was given away is not shown', async (t) => {
  const { viewers, output, image, ring, words } = setUp(10);
  image(1, 0);
  image(2, 1);
  ring.delete(2);
  output.settle(200);
  t.strictSame(viewers.frames, [1001]);
  t.equal(words.skipped, 1);
});

t.test('while all are busy nothing is read; then they see the latest', async (t) => {
  const { viewers, output, image, reads } = setUp(10);
  viewers.free = 0;
  for (let frame = 1; frame <= 5; frame++) image(frame, frame * 1000);
  output.settle(6000);
  t.equal(reads(), 0);
  viewers.free = 1;
  output.settle(6001);
  t.strictSame(viewers.frames, [1005]);
});

t.test('an end waits for the last frame until somebody has room for it, and no longer than they are there', (t) => {
  const kinds = (viewers: Viewers): unknown[] => viewers.seen.map(({ text }) => text['msg_number']);
  const ended = () => {
    const made = setUp(10);
    made.image(1, 0);
    made.viewers.free = 0;
    made.image(2, 1000);
    made.output.end(summary, nothing, 1001, 1003);
    t.strictSame(kinds(made.viewers), [1001], 'the end would come before frame 1002');
    return made;
  };
  const slow = ended();
  slow.viewers.free = 1;
  slow.output.settle(1002);
  slow.output.settle(2000);
  t.strictSame(kinds(slow.viewers), [1001, 1002, 1003]);

  const next = ended();
  next.output.begin({ filename: '', metadata: '{}', number: 1004 }, nothing, 1500);
  next.viewers.free = 1;
  next.output.settle(2000);
  t.strictSame(kinds(next.viewers), [1001, 1003, 1004], 'the next series does not wait');
  t.equal(next.words.skipped, 1);

  const gone = ended();
  gone.viewers.subscribers = 0;
  gone.output.settle(1002);
  gone.viewers.subscribers = gone.viewers.free = 1;
  gone.output.settle(5000);
  t.strictSame(kinds(gone.viewers), [1001, 1003], 'who comes later is not shown what is over');
  t.end();
});

t.test('memory that is still being sent from is not written to', async (t) => {
  const { viewers, image, output } = setUp(10);
  for (let frame = 1; frame <= 3; frame++) {
    image(frame, frame * 1000);
    viewers.busy.push(viewers.seen.at(-1)?.memory as ArrayBufferLike);
  }
  t.equal(new Set(viewers.seen.map(({ memory }) => memory)).size, 3);
  image(4, 4000);
  t.equal(viewers.frames.length, 3, 'three at once are the most');
  viewers.busy.shift();
  output.settle(4001);
  t.strictSame(viewers.frames, [1001, 1002, 1003, 1004]);
});

t.test(
  'in the form of the stream a frame is shown as it leaves, at once or later, or not when it is gone',
  async (t) => {
    const { viewers, output, image, ring, reads, words } = setUp(10, true);
    image(1, 0);
    image(2, 1);
    image(3, 2);
    output.settle(200);
    image(4, 201);
    ring.delete(4);
    output.settle(400);
    t.strictSame(
      viewers.seen.map(({ pixels }) => pixels),
      [[101], [103]],
    );
    t.match(viewers.seen[0]?.text, { compression: 'bslz4' });
    t.equal(reads(), 0, 'the frame as it lies is of no use to it');
    t.match(words, { shown: 2, skipped: 2 });
  },
);

for (const lying of [true, false])
  t.test(
    `${lying ? 'plain' : 'as sent'}: a burst is not copied but what is shown of it, 200 MB/s at most`,
    async (t) => {
      const viewers = new Viewers();
      const words = new PreviewWords(new SharedArrayBuffer(previewWordsBytes), 0);
      const [bytes, ms, perMs] = [100_000, 4, 8];
      let copied = 0;
      // Read byte by byte by whoever copies it.
      const counted = new Proxy(new Uint8Array(bytes), {
        get: (of, key) => {
          if (key !== 'length') copied++;
          return Reflect.get(of, key, of) as unknown;
        },
      });
      const output = new PreviewOutput(viewers, {
        form: plain,
        rateHz: 1e6,
        words,
        lying,
        copyLater: (_own, into) => ((copied += into.length), true),
      });
      output.prepare({ shape: [1, bytes], type: 'uint8', headerKeys: [], exposureTime: null });
      for (let turn = 0; turn < ms * perMs; turn++) {
        const raw = { own: asOwn(turn), bytes, read: () => counted };
        const frame = { facts: factsOf(9), pixels: counted, number: turn, raw };
        output.image(frame, nothing, turn / perMs);
        output.settle(turn / perMs);
      }
      output.end(summary, nothing, ms, 100);
      t.ok(copied <= 200_000 * ms + bytes, `${copied} bytes in ${ms} ms, the last one included`);
      t.equal(copied, viewers.frames.length * bytes);
      t.equal(viewers.frames.length, 2 * ms + 1);
    },
  );

t.test('large frames are copied at 200 MB/s at most, whatever rate was asked for', async (t) => {
  const { viewers, output, image } = setUp(100);
  const raw = { own: asOwn(9), bytes: 20_000_000, read: () => new Uint8Array(20_000_000) };
  image(1, 0);
  output.image({ facts: factsOf(9), pixels: new Uint8Array(1), number: 1009, raw }, nothing, 50);
  t.equal(viewers.frames.length, 1, '100 ms for 20 MB');
  output.settle(99);
  t.equal(viewers.frames.length, 1);
});

const shape = { shape: [1, 4], type: 'uint8', headerKeys: [], exposureTime: null } as const;
const numbers = (viewers: Viewers): unknown[] => viewers.seen.map(({ text }) => text['msg_number']);

t.test('a series that is only made takes nothing from the last frame of the one before', async (t) => {
  for (const ended of [true, false]) {
    const { viewers, output, image, ring, words } = setUp(10);
    image(1, 0);
    viewers.free = 0;
    image(2, 1000);
    if (ended) output.end(summary, nothing, 1001, 1003);
    output.prepare({ ...shape, shape: [2, 2] });
    // Its slot is given away.
    ring.delete(2);
    output.settle(2000);
    t.strictSame(numbers(viewers), [1001]);
    viewers.free = 1;
    output.settle(2001);
    t.strictSame(numbers(viewers), ended ? [1001, 1002, 1003] : [1001, 1002]);
    t.match(viewers.seen[1], { text: { shape: [1, 4] }, pixels: [2, 2, 2, 2] });
    t.match(words, { shown: 2, skipped: 0 });
    output.settle(5000);
    output.begin({ filename: '', metadata: '{}', number: 1004 }, nothing, 5001);
    t.strictSame(numbers(viewers), ended ? [1001, 1002, 1003, 1004] : [1001, 1002, 1004], 'once');
  }
});

t.test('its copy has room, whatever is being sent', async (t) => {
  const { viewers, output, image } = setUp(10);
  for (let frame = 1; frame <= 3; frame++) {
    image(frame, frame * 1000);
    viewers.busy.push(viewers.seen.at(-1)?.memory as ArrayBufferLike);
  }
  viewers.free = 0;
  image(4, 4000);
  output.end(summary, nothing, 4001, 1005);
  output.prepare(shape);
  viewers.free = 1;
  output.settle(4002);
  t.strictSame(numbers(viewers), [1001, 1002, 1003, 1004, 1005]);
  t.strictSame(
    viewers.seen.slice(0, 4).map(({ memory }) => new Uint8Array(memory)[0]),
    [1, 2, 3, 4],
  );
});

t.test('a new series forgets what was behind when it begins', async (t) => {
  for (const elsewhere of [true, false]) {
    const { viewers, output, image, words } = setUp(10);
    image(1, 0);
    viewers.free = 0;
    image(2, 1000);
    output.end(summary, nothing, 1001, 1003);
    output.prepare(shape);
    // The header of instances that share a series is handed over by one of them.
    if (!elsewhere) output.begin({ filename: '', metadata: '{}', number: 1004 }, nothing, 1002);
    image(5, 1003);
    viewers.free = 1;
    output.settle(2000);
    t.strictSame(numbers(viewers), [1001, 1003, ...(elsewhere ? [] : [1004]), 1005]);
    t.equal(words.skipped, 1);
  }
});

t.test('an end that waits goes out before the next, where neither header nor image comes between', (t) => {
  const { viewers, output, image, words } = setUp(10);
  image(1, 0);
  viewers.free = 0;
  image(2, 1000);
  output.end(summary, nothing, 1001, 1003);
  output.prepare(shape);
  // Shared by more instances than it has frames: this one hands over the end alone.
  output.end(summary, nothing, 1002, 1006);
  viewers.free = 1;
  output.settle(2000);
  t.strictSame(numbers(viewers), [1001, 1003, 1006]);
  t.equal(words.skipped, 1);
  t.end();
});

t.test('nothing is kept for viewers that have gone', async (t) => {
  const { viewers, output, image } = setUp(10);
  image(1, 0);
  viewers.free = 0;
  image(2, 1000);
  viewers.subscribers = 0;
  output.prepare(shape);
  viewers.subscribers = viewers.free = 1;
  output.settle(5000);
  t.strictSame(viewers.frames, [1001], 'who comes later is not shown what is over');
});
