// What is refused in numbers is told: in log, state and summary, with a setting that the configuration takes. Numbers
// that run ahead are not blamed on a consumer that reads.

import t from 'tap';
import { abortText } from '../../src/contract/abort-reasons.js';
import { seriesStep } from '../../src/memory/stream-words.js';
import { MemorySink } from './memory-sink.js';
import { Pipeline } from './pipeline.js';
import { small } from './small.js';

/** A detector with one packet an image. */
function oneEach(series: string, keys: string, sink = new MemorySink()): Pipeline {
  const pipeline = new Pipeline({
    yaml: `detector: gotthard2\nudp_ports: [50001]\nseries: ${series}\nseries_idle_ms: 300\n${keys}`,
    sink,
  });
  sink.connect();
  if (series === 'armed') pipeline.arm();
  pipeline.run(5);
  return pipeline;
}

const told = (pipeline: Pipeline, code: string): string[] =>
  pipeline.events.flatMap((event) => (event.kind === 'warning' && event.code === code ? [event.message] : []));

for (const series of ['armed', 'auto']) {
  for (const [what, number, why] of [
    ['two detectors on one port', (index: number) => (index % 2) * 1000 + 1 + (index >> 1), /udp_source/],
    [
      'numbers in steps beyond the ring',
      (index: number) => 1 + 1000 * index,
      /They go in steps of 1000\. .*udp_numdst/,
    ],
  ] as const) {
    t.test(`${what}: packets refused while they wait for witnesses are told (${series})`, async (t) => {
      const pipeline = oneEach(series, 'ring_frames: 200\nframe_timeout_ms: 100');
      for (let index = 0; index < 400; index++) {
        pipeline.send(0, number(index));
        pipeline.run(3);
      }
      const { foreignSeries } = pipeline.counters(0);
      t.ok(foreignSeries >= 390, `${foreignSeries} are refused`);
      const early = told(pipeline, 'frame_numbers/50001');
      t.match(early, [why], 'while they come, once');
      t.equal(early.length, 1);
      pipeline.run(1000, 10);
      if (series === 'armed') pipeline.stop();
      const over = pipeline.events.flatMap((event) => (event.kind === 'warnings_over' ? (event.codes ?? []) : []));
      t.notOk(over.includes('frame_numbers/50001'), 'the state keeps it');
      const [summary] = pipeline.summaries;
      t.match(summary?.warnings[0], why);
      t.match(summary?.warnings[0], new RegExp(`port 50001: ${foreignSeries} packets were not taken`));
      t.equal(summary?.ledger[0]?.foreign, foreignSeries, 'as many as are in the ledger');
      t.strictSame(pipeline.verify(), []);
    });
  }
}

/** Frames in steps, `burst` of them in each ms, until the series is over. */
function inSteps(pipeline: Pipeline, step: number, burst: number): void {
  for (let index = 0; index < 600 && pipeline.summaries.length === 0; index++) {
    pipeline.send(0, 1 + step * index);
    if (index % burst === burst - 1) pipeline.run(1);
  }
  pipeline.run(300);
}

for (const series of ['armed', 'auto']) {
  t.test(`numbers that run ahead in steps of 100 are not blamed on a consumer that reads (${series})`, async (t) => {
    const pipeline = oneEach(series, 'ring_frames: 200\nframe_timeout_ms: 100');
    inSteps(pipeline, 100, 30);
    t.match(pipeline.summaries[0], { aborted: 'frames_skipped' });
    t.match(abortText('frames_skipped'), /never came\. Let the detector count by one/);
    t.match(pipeline.summaries[0]?.warnings.join(' '), /go in steps of 100, .*count by one/);
    t.notMatch(pipeline.summaries[0]?.warnings.join(' '), /frames_stride/, '32 is the most');
    t.strictSame(pipeline.verify(), []);
  });
}

t.test('a consumer that takes nothing is to blame, whatever the numbers do', async (t) => {
  const sink = new MemorySink(2);
  const pipeline = oneEach('armed', 'ring_frames: 200\nframe_timeout_ms: 100\nstart_window_ms: 5', sink);
  sink.reading = false;
  inSteps(pipeline, 20, 1);
  sink.reading = true;
  sink.read();
  pipeline.run(300);
  t.match(pipeline.summaries[0], { aborted: 'consumer_stalled' });
  t.strictSame(pipeline.verify(), []);
});

t.test('a consumer that is slow is to blame where frames came, and not where most did not', async (t) => {
  for (const [step, aborted] of [
    [1, 'consumer_stalled'],
    [4, 'frames_skipped'],
  ] as const) {
    const sink = new MemorySink(8);
    sink.connect();
    const pipeline = small({ max_owed_frames: 40, closing_timeout_ms: 2000 }, { sink });
    pipeline.arm({ firstFrameNumber: 1 });
    sink.reading = false;
    for (let frame = 1; frame < 2000 && pipeline.words.step === seriesStep.open; frame += step) {
      for (const port of [0, 1]) pipeline.send(port, frame);
      pipeline.run(1);
      if (frame % 3 === 0) sink.read(1);
    }
    sink.reading = true;
    sink.read();
    pipeline.run(300);
    t.match(pipeline.summaries[0], { aborted }, `steps of ${step}`);
    t.strictSame(pipeline.verify(), []);
  }
});

t.test('frames that came all at once, a ring and more behind the first number, are not skipped', async (t) => {
  for (const [step, aborted] of [
    [1, 'consumer_stalled'],
    [4, 'frames_skipped'],
  ] as const) {
    const pipeline = small({ max_owed_frames: 1, start_window_ms: 5 });
    pipeline.arm({ firstFrameNumber: 100_000 });
    for (let frame = 0; frame < 60; frame += step) for (const port of [0, 1]) pipeline.send(port, 100_000 + frame);
    pipeline.run(300);
    t.match(pipeline.summaries, [{ aborted }], `steps of ${step}`);
    t.strictSame(pipeline.verify(), []);
  }
});
