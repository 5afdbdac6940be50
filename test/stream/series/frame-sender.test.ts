import t from 'tap';
import { ownOf } from '../../frame-numbers.js';
import type { FrameReason } from '../../../src/contract/frame-reasons.js';
import { streamCounter, streamCounterTable } from '../../../src/memory/counters.js';
import { SeriesWords, seriesWordsBytes } from '../../../src/memory/series-words.js';
import { MaxivOutput } from '../../../src/stream/output/maxiv/maxiv-output.js';
import type { FrameReader } from '../../../src/stream/series/frame-reader.js';
import { FrameSender } from '../../../src/stream/series/frame-sender.js';
import type { ShownFrames } from '../../../src/stream/series/shown-frames.js';
import type { FrameTimes } from '../../../src/stream/series/frame-times.js';
import { MemorySink } from '../../pipeline/memory-sink.js';
import { noFrame } from '../../../src/detector/frame-share.js';

/** A sink that remembers what it was offered, as the same objects. */
class OfferedSink extends MemorySink {
  readonly offered: (readonly Uint8Array[])[] = [];
  override offer(parts: readonly Uint8Array[]): ReturnType<MemorySink['offer']> {
    this.offered.push(parts);
    return super.offer(parts);
  }
}

/** Own number of frame 1. */
const one = ownOf(1);

/** Frames 1 to 100 are ready; those with the indices named lack a packet. Counts what is asked for them. */
function setUp(limit: number, share = { stride: 1, offset: 0 }, base: number | null = null, incomplete: number[] = []) {
  const asked = { facts: 0, pixels: 0 };
  const reader = {
    ready: (own: number) => own < one + 100,
    facts: (_own: number, frameIndex: number, frameNumber: number) => {
      asked.facts++;
      const reason: FrameReason | null = incomplete.includes(frameIndex) ? 'packet_loss' : null;
      return {
        frameIndex,
        frameNumber,
        missingPackets: reason === null ? 0 : 1,
        missing: [],
        reason,
        discard: false,
        headerValues: [],
      };
    },
    pixels: (own: number) => {
      asked.pixels++;
      return Uint8Array.of(own);
    },
    times: () => ({ first: 0, closed: 0 }),
  };
  const sink = new OfferedSink(limit);
  sink.connect();
  sink.reading = false;
  const counters = new Float64Array(streamCounterTable.length);
  const output = new MaxivOutput({ sink, counters, first: 1000 });
  output.prepare({ shape: [1, 1], type: 'uint8', headerKeys: [], exposureTime: null });
  const sender = new FrameSender({
    words: new SeriesWords(new SharedArrayBuffer(seriesWordsBytes), 0),
    reader: reader as unknown as FrameReader,
    forms: null,
    output,
    shown: { note: () => undefined } as unknown as ShownFrames,
    series: 1,
    times: { note: () => undefined } as unknown as FrameTimes,
    counters,
    discardIncomplete: false,
    share,
    base,
  });
  sender.next = one;
  return { asked, sink, sender, counters };
}

t.test('a frame that nobody takes is prepared once, however often it is offered', async (t) => {
  const { asked, sink, sender } = setUp(3);
  for (let now = 0; now < 500; now++) sender.send(one, noFrame, now);
  t.equal(sender.sent, 3);
  t.strictSame(asked, { facts: 4, pixels: 4 }, 'three that went, and the one that waits');
  t.ok(sink.offered.length > 500, `${sink.offered.length} offers`);
  t.equal(new Set(sink.offered.slice(3)).size, 1, 'each time the same message, the same text');
  sink.read(1);
  sender.send(one, noFrame, 500);
  t.equal(sender.sent, 4);
  t.strictSame(asked, { facts: 5, pixels: 5 });
  sink.read();
  t.strictSame(
    sink.received.map(({ parts }) => (JSON.parse(Buffer.from(parts[0]).toString()) as { frame: number }).frame),
    [0, 1, 2, 3],
  );
});

t.test('a first frame that is another one now makes the frame anew', async (t) => {
  const { asked, sender } = setUp(0);
  sender.send(one, noFrame, 0);
  sender.send(one, noFrame, 1);
  t.equal(asked.facts, 1);
  sender.next = ownOf(5);
  sender.send(ownOf(5), noFrame, 2);
  t.equal(asked.facts, 2);
});

t.test('each frame has its outcome, and its number where instances share the series', async (t) => {
  const { sink, sender, counters } = setUp(8, { stride: 2, offset: 1 }, 5000, [3]);
  sender.send(one, ownOf(3), 0);
  sink.read();
  t.match(sender.sums, { frames: 3, complete: 2, marked: 1, discarded: 0, unsent: 0 });
  t.equal(counters[streamCounter.images], 3);
  const numbers = sink.received.map(
    ({ parts }) => (JSON.parse(Buffer.from(parts[0]).toString()) as { msg_number: number }).msg_number,
  );
  t.strictSame(numbers, [5002, 5004, 5006]);
});

t.test('frames that are given up take no number', async (t) => {
  const { sink, sender } = setUp(2);
  sender.send(one, ownOf(10), 0);
  sender.drop(ownOf(10), 1);
  t.match(sender.sums, { frames: 2, unsent: 8 });
  t.equal(sender.next, one + 10);
  t.equal(sink.taken.length, 2);
});
