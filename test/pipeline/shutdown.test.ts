// The service ends while a series has frames left: within one limit each series is over, told, and its end handed over
// or owed. Main waits for that and a little longer (data-plane.ts).

import t from 'tap';
import { MemorySink } from './memory-sink.js';
import type { Pipeline } from './pipeline.js';
import { small } from './small.js';

const closingMs = 3000;
const drainMs = 10;
/** Main gives the streamer 3 s beyond both. */
const limitMs = closingMs + drainMs + 3000;

/** A series of 60 frames in the ring; the consumer has read the header. */
function full(late = false): { pipeline: Pipeline; sink: MemorySink } {
  const sink = new MemorySink(4, late);
  sink.connect();
  const keys = { ring_frames: 64, closing_timeout_ms: closingMs, drain_ms: drainMs };
  const pipeline = small(keys, { sink });
  pipeline.arm({ firstFrameNumber: 1 });
  sink.reading = false;
  pipeline.play(1, 60);
  return { pipeline, sink };
}

const drained = (pipeline: Pipeline): boolean => pipeline.events.some(({ kind }) => kind === 'drained');

/** The service ends. @param each what the consumer does ten times a second @returns ms until nothing is left to do */
function shutDown(pipeline: Pipeline, each = (): void => undefined): number {
  pipeline.command({ kind: 'shutdown' });
  let waited = 0;
  for (; waited < 60_000 && !drained(pipeline); waited += 100) {
    pipeline.run(100);
    each();
  }
  return waited;
}

for (const late of [false, true]) {
  const sinkKind = late ? ', by a sink that answers late' : '';

  t.test(`a consumer that is too slow gets what it takes in time, and the end${sinkKind}`, async (t) => {
    const { pipeline, sink } = full(late);
    const waited = shutDown(pipeline, () => sink.read(1));
    t.ok(waited < limitMs, `${waited} ms`);
    t.ok(waited > closingMs / 2, 'it has all the time that there is');
    sink.read();
    const [summary] = pipeline.summaries;
    t.match(summary, { aborted: 'closing_timeout', end_pending: false });
    t.equal(summary.unsent + pipeline.images().length, 60);
    t.ok(summary.unsent > 10, `${summary.unsent} frames were given up`);
    t.match(pipeline.messages().at(-1), { htype: 'series_end', fields: { aborted: 'closing_timeout' } });
    t.strictSame(pipeline.verify(), []);
  });

  t.test(`a consumer that takes nothing is owed the end, and the series is told${sinkKind}`, async (t) => {
    const { pipeline, sink } = full(late);
    const waited = shutDown(pipeline);
    t.ok(waited < limitMs, `${waited} ms`);
    const [summary] = pipeline.summaries;
    t.match(summary, { aborted: 'closing_timeout', end_pending: true });
    t.equal(summary.unsent + summary.frames, 60);
    t.equal(summary.frames, sink.taken.length - 1, 'all but the header');
    t.ok(pipeline.words.endPending);
  });
}

t.test('a stop that runs already has no longer than that either', async (t) => {
  const { pipeline, sink } = full();
  pipeline.command({ kind: 'stop' });
  for (let waited = 0; waited < 2000; waited += 100) {
    pipeline.run(100);
    sink.read(1);
  }
  t.strictSame(pipeline.summaries, []);
  const waited = shutDown(pipeline, () => sink.read(1));
  t.ok(waited < limitMs, `${waited} ms`);
  t.match(pipeline.summaries, [{ aborted: 'closing_timeout', end_pending: false }]);
  t.strictSame(pipeline.verify(), []);
});

t.test('whatever is read in time is whole, and nobody waits longer than that takes', async (t) => {
  const { pipeline, sink } = full();
  pipeline.command({ kind: 'shutdown' });
  pipeline.run(500);
  sink.reading = true;
  sink.read();
  pipeline.run(50);
  t.ok(drained(pipeline));
  t.match(pipeline.summaries, [{ frames: 60, complete: 60, unsent: 0 }]);
  t.strictSame(pipeline.verify(), []);
});
