import t from 'tap';
import type { JsonObject } from '../../simulators/consumer/stream-message.js';
import { MemorySink } from './memory-sink.js';
import type { Pipeline } from './pipeline.js';
import { parsed } from './stream-verdict.js';
import { small } from './small.js';

/** A consumer that has stopped reading after the header, with room for two messages. */
function stalled(keys: Record<string, unknown> = {}): Pipeline {
  const sink = new MemorySink(2);
  sink.connect();
  const pipeline = small(keys, { sink });
  pipeline.arm({ firstFrameNumber: 1 });
  sink.reading = false;
  return pipeline;
}

for (const policy of ['mark', 'discard'] as const) {
  t.test(`frames that found the ring full are owed and sent as a filler (${policy})`, async (t) => {
    const pipeline = stalled({ incomplete_frames: policy });
    pipeline.play(1, 40);
    t.match(pipeline.counters(0), { accepted: 18 * 4, ringFull: 22 * 4 });
    pipeline.sink.reading = true;
    pipeline.sink.read();
    pipeline.run(100);
    pipeline.play(41, 43);
    const summary = pipeline.stop();
    const lost = policy === 'mark' ? { marked: 22, discarded: 0 } : { marked: 0, discarded: 22 };
    t.match(summary, { frames: 43, complete: 21, ...lost, incomplete: [[18, 39]] });
    t.match(pipeline.images()[20], {
      complete: false,
      reason: 'ring_full',
      missing_packets: 8,
      missing: { 50001: [[0, 3]], 50002: [[0, 3]] },
    });
    t.equal(pipeline.images()[20]?.['discard'], policy === 'discard' ? true : undefined);
    t.match(summary?.ledger[0], { missing: 88, ring: 88, unexplained: 0 });
    t.strictSame(pipeline.verify(), []);
  });
}

t.test('more owed than max_owed_frames: aborted as consumer_stalled; as many are still owed', async (t) => {
  for (const [last, aborted] of [
    [2 + 16 + 5, undefined],
    [2 + 16 + 6, 'consumer_stalled'],
  ] as const) {
    const pipeline = stalled({ max_owed_frames: 5 });
    pipeline.play(1, last);
    pipeline.run(20);
    pipeline.sink.reading = true;
    pipeline.sink.read();
    pipeline.run(100);
    pipeline.stop();
    t.equal(pipeline.summaries[0]?.aborted, aborted);
    t.match(
      pipeline.summaries[0],
      aborted === undefined ? { frames: last, unsent: 0 } : { frames: 2, unsent: last - 2 },
    );
    t.strictSame(pipeline.verify(), []);
  }
});

/** Frames that a consumer of this speed gets while the detector sends one frame in each millisecond. */
interface Overload {
  /** Images by what the consumer had to do: write it, or leave it out. */
  readonly written: number;
  readonly images: readonly JsonObject[];
  /** Frames of the detector up to here came while the consumer was slow. */
  readonly last: number;
  /** First frame behind the last that was not complete. */
  readonly whole: number;
  readonly queueMost: number;
  readonly pipeline: Pipeline;
}

const slowFrames = 320;

/** @param share of the detector's frames that the consumer can write; what is discarded it only throws away */
function overload(policy: 'mark' | 'discard', share: number): Overload {
  const sink = new MemorySink(8);
  sink.connect();
  const pipeline = small({ incomplete_frames: policy, max_owed_frames: 100_000, closing_timeout_ms: 10_000 }, { sink });
  pipeline.arm({ firstFrameNumber: 1 });
  sink.reading = false;
  let credit = 0;
  let queueMost = 0;
  const consume = (): void => {
    for (let next = sink.queue[0]; next !== undefined && credit >= 1; next = sink.queue[0]) {
      if (parsed(next).fields['complete'] === true || (parsed(next).htype === 'image' && policy === 'mark')) credit--;
      sink.read(1);
      pipeline.settle();
    }
  };
  for (let frame = 1; frame <= slowFrames; frame++) {
    for (const port of pipeline.sources.keys()) pipeline.send(port, frame);
    pipeline.run(1);
    credit = Math.min(credit + share, 2);
    consume();
    queueMost = Math.max(queueMost, sink.queue.length);
  }
  const written = sink.received.filter((message) => parsed(message).fields['complete'] === true).length;
  // Now it is as fast as anybody, and the detector goes on.
  sink.reading = true;
  sink.read();
  pipeline.play(slowFrames + 1, slowFrames + 100);
  pipeline.stop();
  const images = pipeline.images();
  const whole = images.reduce((last, { complete }, index) => (complete === true ? last : index + 2), 1);
  return { written, images, last: slowFrames, whole, queueMost, pipeline };
}

for (const [policy, share] of [
  ['discard', 0.5],
  ['discard', 0.2],
  ['mark', 0.5],
  ['mark', 0.2],
] as const) {
  t.test(
    `a consumer of ${share} of the detector's rate: frames are lost whole, each is accounted for and sent, and ` +
      `none once it has caught up (${policy})`,
    async (t) => {
      const { images, written, last, whole, queueMost, pipeline } = overload(policy, share);
      const [summary] = pipeline.summaries;
      t.match(summary, {
        frames: slowFrames + 100,
        unsent: 0,
        complete: images.filter(({ complete }) => complete === true).length,
      });
      t.notOk(summary?.aborted);
      t.strictSame(pipeline.verify(), []);
      const torn = images.filter(({ complete, missing_packets: missing }) => complete === false && missing !== 8);
      t.equal(torn.length, 0, 'no frame lacks a part only');
      t.ok(
        images.every(({ complete, reason }) => complete === true || reason === 'ring_full'),
        'each with its reason',
      );
      t.match(
        summary?.ledger.map(({ missing, ring, unexplained }) => [missing - ring, unexplained]),
        [
          [0, 0],
          [0, 0],
        ],
        'the ledger names the ring',
      );
      t.ok(queueMost <= 8, 'the queue has its limit');
      // Two milliseconds of the detector: what was on its way when the consumer became fast.
      t.ok(whole <= last + 2, `frame ${whole} and all after it are complete`);
      const couldTake = slowFrames * share;
      if (policy === 'discard')
        t.ok(written >= 0.8 * couldTake, `${written} complete frames of ${couldTake} that it could take`);
      // A filler costs this consumer as much as a frame: what it takes is as old as it is behind, and nobody can keep
      // that.
      else t.ok(written >= 16 + 8 && written < couldTake, `${written} complete frames of ${couldTake} images`);
    },
  );
}

t.test('receivers go on reading and counting while the consumer stands still', async (t) => {
  const pipeline = stalled({ max_owed_frames: 1000 });
  pipeline.play(1, 300);
  t.match(pipeline.counters(0), { received: 1200 });
  t.equal(pipeline.sources.get(0)?.queued, 0);
  t.equal(pipeline.sink.queue.length, 2);
  pipeline.sink.reading = true;
  pipeline.sink.read();
  pipeline.run(300);
  pipeline.stop();
  t.match(pipeline.summaries[0], { frames: 300, complete: 18 });
  t.strictSame(pipeline.verify(), []);
});

t.test('a frame that one port refused and another received is marked, with the pixels of the other', async (t) => {
  const pipeline = stalled();
  pipeline.play(1, 17);
  pipeline.send(0, 18);
  pipeline.send(0, 19);
  pipeline.settle();
  pipeline.sink.reading = true;
  pipeline.sink.read();
  pipeline.run(5);
  pipeline.send(1, 18);
  pipeline.send(1, 19);
  pipeline.run(60);
  pipeline.stop();
  t.match(pipeline.images().slice(17), [
    { frame_number: 18, complete: true },
    { frame_number: 19, reason: 'ring_full', missing: { 50001: [[0, 3]] } },
  ]);
  t.strictSame(pipeline.verify(), []);
});

t.test('what the kernel dropped explains missing packets, as far as there are any', async (t) => {
  const pipeline = small({}, { socketPackets: 6 });
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.send(0, 1);
  pipeline.send(0, 2);
  pipeline.send(0, 2);
  pipeline.run(10);
  for (const port of [0, 1]) pipeline.send(port, 3);
  pipeline.run(60);
  pipeline.stop();
  t.match(pipeline.summaries[0]?.ledger, [
    { udp_port: 50001, missing: 2, socket: 2, kernel_drops: 6, socket_limited: true, unexplained: 0 },
    { udp_port: 50002, missing: 8, socket: 0, kernel_drops: 0, socket_limited: false, unexplained: 8 },
  ]);
  t.strictSame(pipeline.verify(), []);
});

t.test('where the kernel tells nothing, socket and unexplained are null', async (t) => {
  const pipeline = small();
  for (const source of pipeline.sources.values()) source.drops = null;
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.send(0, 1, [0, 1, 2]);
  pipeline.run(60);
  pipeline.stop();
  t.match(pipeline.summaries[0]?.ledger[0], {
    missing: 1,
    late: 0,
    ring: 0,
    socket: null,
    unexplained: null,
    kernel_drops: null,
  });
  t.strictSame(pipeline.verify(), []);
});
