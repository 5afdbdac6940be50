// The tail of a series: what is made up for last frames that never came, and what is not.

import t from 'tap';
import { firstNumberOf } from '../../src/detector/frame-share.js';
import { small } from './small.js';

/** Frames 1 … 8 of 500 at a period of 100 ms: a second is ten frames. */
const request = { frames: 500, firstFrameNumber: 1, framePeriodMs: 100 };

t.test('silence with more frames missing than a loss explains is a detector that was stopped', async (t) => {
  const pipeline = small();
  pipeline.arm(request);
  pipeline.play(1, 8);
  pipeline.run(5200, 5);
  t.match(pipeline.summaries, [{ frames: 8, complete: 8, marked: 0, unsent: 0, aborted: 'detector_stopped' }]);
  t.strictSame(pipeline.verify(), []);
});

t.test('a tail that a loss explains is filled', async (t) => {
  const pipeline = small();
  pipeline.arm({ ...request, frames: 18 });
  pipeline.play(1, 8);
  pipeline.run(5200, 5);
  t.match(pipeline.summaries, [{ frames: 18, complete: 8, marked: 10 }]);
  t.notOk(pipeline.summaries[0]?.aborted);
  const neighbour = small();
  neighbour.arm({ ...request, frames: 19 });
  neighbour.play(1, 8);
  neighbour.run(5200, 5);
  t.match(neighbour.summaries, [{ frames: 8, aborted: 'detector_stopped' }]);
  t.strictSame([...pipeline.verify(), ...neighbour.verify()], []);
});

t.test('fill_tail_frames says how far', async (t) => {
  for (const [most, frames] of [
    [492, 500],
    [491, 8],
  ] as const) {
    const pipeline = small({ fill_tail_frames: most });
    pipeline.arm(request);
    pipeline.play(1, 8);
    pipeline.run(6000, 5);
    t.match(pipeline.summaries, [{ frames, complete: 8 }]);
    t.strictSame(pipeline.verify(), []);
  }
});

t.test('a stop ends what is being made up; with fill it asks for all', async (t) => {
  const pipeline = small({ fill_tail_frames: 1000, closing_timeout_ms: 60000 });
  pipeline.arm(request);
  pipeline.play(1, 8);
  pipeline.run(4900, 5);
  pipeline.sink.reading = false;
  pipeline.run(200, 5);
  const sent = firstNumberOf(pipeline.words.next) - 1;
  pipeline.command({ kind: 'stop' });
  pipeline.run(5);
  pipeline.sink.reading = true;
  pipeline.sink.read();
  pipeline.run(50);
  const { frames, ledger } = pipeline.summaries[0];
  t.ok(frames <= sent + 1, `${frames} frames, ${sent} were sent, and one may be on its way`);
  t.notOk(pipeline.summaries[0]?.aborted);
  for (const port of ledger) t.match(port, { expected: 4 * frames, accepted: 32, missing: 4 * frames - 32 });
  t.strictSame(pipeline.verify(), []);

  const filled = small();
  filled.arm(request);
  filled.play(1, 8);
  filled.command({ kind: 'stop', fill: true });
  filled.run(500);
  t.match(filled.summaries, [{ frames: 500, complete: 8, marked: 492 }]);
  t.strictSame(filled.verify(), []);
});

t.test(
  'frames that come slower than series_idle_ms are one automatic series from the second on, and the summary says why',
  async (t) => {
    const pipeline = small({ series: 'auto' });
    pipeline.run(5);
    for (let frame = 1; frame <= 6; frame++) {
      pipeline.play(frame, frame);
      pipeline.run(114);
    }
    pipeline.run(1000);
    t.match(pipeline.summaries, [
      { frames: 1, complete: 1 },
      { frames: 5, complete: 5 },
    ]);
    t.match(pipeline.summaries[1]?.warnings[0], /frames come every 11[456] ms, and series_idle_ms is 100/);
    t.strictSame(pipeline.verify(), []);
  },
);
