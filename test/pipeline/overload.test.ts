import t from 'tap';
import { MemorySink } from './memory-sink.js';
import type { Pipeline } from './pipeline.js';
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
    t.match(pipeline.images()[20], { complete: false, reason: 'ring_full', missing_packets: 8, missing: { 50001: [[0, 3]], 50002: [[0, 3]] } });
    t.equal(pipeline.images()[20]?.['discard'], policy === 'discard' ? true : undefined);
    t.match(summary?.ledger[0], { missing: 88, ring: 88, unexplained: 0 });
    t.strictSame(pipeline.verify(), []);
  });
}

t.test('more owed than max_owed_frames: aborted as consumer_stalled; as many are still owed', async (t) => {
  for (const [last, aborted] of [[2 + 16 + 5, undefined], [2 + 16 + 6, 'consumer_stalled']] as const) {
    const pipeline = stalled({ max_owed_frames: 5 });
    pipeline.play(1, last);
    pipeline.run(20);
    pipeline.sink.reading = true;
    pipeline.sink.read();
    pipeline.run(100);
    pipeline.stop();
    t.equal(pipeline.summaries[0]?.aborted, aborted);
    t.match(pipeline.summaries[0], aborted === undefined ? { frames: last, unsent: 0 } : { frames: 2, unsent: last - 2 });
    t.strictSame(pipeline.verify(), []);
  }
});

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
  t.match(pipeline.images().slice(17), [{ frame_number: 18, complete: true }, { frame_number: 19, reason: 'ring_full', missing: { 50001: [[0, 3]] } }]);
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
  t.match(pipeline.summaries[0]?.ledger[0], { missing: 1, late: 0, ring: 0, socket: null, unexplained: null, kernel_drops: null });
  t.strictSame(pipeline.verify(), []);
});
