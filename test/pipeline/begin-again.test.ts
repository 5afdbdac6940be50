// Numbers that start again within ring distance (nextframenumber before each acquisition): in an automatic series the
// next one begins with them and all frames of both are delivered; an armed series says so at once. Copies are no
// beginning.

import t from 'tap';
import type { Test } from 'tap';
import { Pipeline } from './pipeline.js';
import { all, small } from './small.js';

/** More than five start windows, less than `series_idle_ms`. */
const pauseMs = 40;

function auto(keys: Record<string, unknown> = {}): Pipeline {
  const pipeline = small({ series: 'auto', ...keys });
  pipeline.run(5);
  return pipeline;
}

function bothWhole(t: Test, pipeline: Pipeline, ...frames: readonly number[]): void {
  t.match(
    pipeline.summaries,
    frames.map((count) => ({ frames: count, complete: count, first_frame_number: 1 })),
  );
  t.equal(pipeline.summaries.length, frames.length);
  for (const port of [0, 1])
    t.match(
      pipeline.counters(port),
      { foreignUnarmed: 0, foreignSeries: 0, missing: 0, lateDuplicate: 0, duplicate: 0, lateFirst: 0 },
      `port ${port}`,
    );
  t.strictSame(pipeline.verify(), []);
}

for (const [first, second] of [
  [10, 10],
  [10, 3],
  [3, 10],
  [1, 1],
  [1, 12],
  [30, 5],
  [20, 30],
] as const) {
  t.test(`${first} frames, and after a pause ${second} with the same numbers: two series, all whole`, async (t) => {
    const pipeline = auto();
    pipeline.play(1, first);
    pipeline.run(pauseMs);
    pipeline.play(1, second);
    pipeline.run(300);
    bothWhole(t, pipeline, first, second);
    t.match(pipeline.summaries[0]?.warnings.join(' '), /frame numbers went back to 1/);
  });
}

t.test('three acquisitions of the same numbers, the second before the first was given up', async (t) => {
  const pipeline = auto({ frame_timeout_ms: 500, series_idle_ms: 600 });
  for (let run = 0; run < 3; run++) {
    pipeline.play(1, 5);
    pipeline.run(pauseMs);
  }
  pipeline.run(1500);
  bothWhole(t, pipeline, 5, 5, 5);
});

t.test('a second acquisition that comes in one go', async (t) => {
  const pipeline = auto();
  pipeline.play(1, 6);
  pipeline.run(pauseMs);
  for (let frameNumber = 1; frameNumber <= 8; frameNumber++)
    for (const port of [0, 1]) pipeline.send(port, frameNumber);
  pipeline.run(300);
  bothWhole(t, pipeline, 6, 8);
});

t.test('loss in both: each series lacks what it lost, and has none of the other', async (t) => {
  const pipeline = auto();
  for (let frameNumber = 1; frameNumber <= 6; frameNumber++) {
    pipeline.send(0, frameNumber, frameNumber === 2 ? [0, 3] : all);
    pipeline.send(1, frameNumber, frameNumber === 6 ? [1, 2, 3] : all);
    pipeline.run(2);
  }
  pipeline.run(pauseMs);
  for (let frameNumber = 1; frameNumber <= 6; frameNumber++) {
    pipeline.send(0, frameNumber, frameNumber === 1 ? [1, 3] : all);
    if (frameNumber !== 1) pipeline.send(1, frameNumber);
    pipeline.run(2);
  }
  pipeline.run(300);
  t.match(pipeline.summaries, [
    {
      frames: 6,
      complete: 4,
      ledger: [
        { missing: 2, late: 0, duplicate: 0 },
        { missing: 1, late: 0, duplicate: 0 },
      ],
    },
    {
      frames: 6,
      complete: 5,
      ledger: [
        { missing: 2, duplicate: 0, late_duplicate: 0 },
        { missing: 4, duplicate: 0, late_duplicate: 0 },
      ],
    },
  ]);
  t.strictSame(pipeline.verify(), []);
});

t.test('images of one packet', async (t) => {
  for (const [first, second] of [
    [10, 10],
    [2, 9],
    [9, 4],
  ] as const) {
    const pipeline = new Pipeline({
      yaml:
        'detector: gotthard2\nudp_ports: [50001]\nseries: auto\nring_frames: 64\nseries_idle_ms: ' +
        '1000\nframe_timeout_ms: 100',
    });
    pipeline.sink.connect();
    pipeline.run(5);
    for (const count of [first, second]) {
      for (let frameNumber = 1; frameNumber <= count; frameNumber++) {
        pipeline.send(0, frameNumber);
        pipeline.run(5);
      }
      pipeline.run(400);
    }
    pipeline.run(3000, 10);
    t.match(
      pipeline.summaries,
      [
        { frames: first, complete: first },
        { frames: second, complete: second },
      ],
      `${first}, then ${second}`,
    );
    t.match(pipeline.counters(0), { duplicate: 0, lateDuplicate: 0, foreignSeries: 0 });
    t.strictSame(pipeline.verify(), []);
  }
});

t.test(
  'copies are no beginning: one or two of them after a pause, any number without one, or with a new packet between',
  async (t) => {
    for (const [what, late] of [
      [
        'one',
        (p: Pipeline) => {
          p.run(pauseMs);
          p.send(0, 3, [0]);
        },
      ],
      [
        'the same often',
        (p: Pipeline) => {
          p.run(pauseMs);
          p.send(0, 3, [0, 0, 0, 0]);
        },
      ],
      [
        'two',
        (p: Pipeline) => {
          p.run(pauseMs);
          p.send(0, 3, [0, 1]);
        },
      ],
      [
        'one by one',
        (p: Pipeline) => {
          for (let packet = 0; packet < 4; packet++) {
            p.run(pauseMs);
            p.send(0, 3, [packet]);
          }
          p.run(20);
        },
      ],
      [
        'without a pause',
        (p: Pipeline) => {
          p.run(3);
          p.play(1, 5);
        },
      ],
      [
        'in a socket that was not read',
        (p: Pipeline) => {
          for (const port of [0, 1]) for (let frame = 1; frame <= 5; frame++) p.send(port, frame);
          p.clock.advance(60);
          p.run(1);
        },
      ],
    ] as const) {
      const pipeline = auto({ series_idle_ms: 300 });
      pipeline.play(1, 5);
      late(pipeline);
      pipeline.play(6, 8);
      pipeline.run(600);
      t.match(pipeline.summaries, [{ frames: 8, complete: 8 }], what);
      t.equal(pipeline.summaries.length, 1, what);
      const { duplicate, lateDuplicate, received } = pipeline.counters(0);
      t.equal(duplicate + lateDuplicate, received - 32, `${what}: counted as copies`);
      t.strictSame(pipeline.verify(), []);
    }
  },
);

t.test('a copy at the end of a series opens no other', async (t) => {
  const pipeline = auto();
  pipeline.play(1, 5);
  pipeline.run(96);
  pipeline.send(0, 4, [1]);
  pipeline.run(400);
  t.match(pipeline.summaries, [{ frames: 5, complete: 5 }]);
  t.equal(pipeline.summaries.length, 1);
  t.equal(pipeline.verify().length, 0);
});

for (const series of ['auto', 'armed'] as const)
  t.test(`a detector that stands still in an image (${series}): its rest is late, and no beginning`, async (t) => {
    const pipeline = series === 'auto' ? auto() : small({});
    if (series === 'armed') pipeline.arm({ firstFrameNumber: 1 });
    pipeline.run(5);
    pipeline.play(1, 5);
    for (const port of [0, 1]) pipeline.send(port, 6, [0]);
    pipeline.run(85);
    for (const port of [0, 1]) pipeline.send(port, 6, [1, 2, 3]);
    pipeline.run(3);
    pipeline.play(7, 9);
    if (series === 'armed') pipeline.stop();
    pipeline.run(300);
    t.match(pipeline.summaries, [{ frames: 9, complete: 8, marked: 1 }]);
    t.strictSame(pipeline.summaries[0]?.warnings, []);
    for (const port of [0, 1]) t.match(pipeline.counters(port), { lateFirst: 3, missing: 3, foreignUnarmed: 0 });
    t.strictSame(pipeline.verify(), []);
  });

t.test('an armed series goes on, and says at once that numbers began again', async (t) => {
  const pipeline = small();
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.play(1, 200);
  pipeline.run(pauseMs);
  pipeline.play(190, 200);
  pipeline.run(600);
  const warnings = pipeline.events.filter(({ kind }) => kind === 'warning');
  t.match(warnings, [{ code: 'jump_backward/50001' }, { code: 'jump_backward/50002' }], 'while it is open');
  pipeline.play(201, 210);
  pipeline.stop();
  t.match(pipeline.summaries[0], { frames: 210, complete: 210 });
  t.match(pipeline.summaries[0]?.warnings.join(' '), /port 50001: frame numbers went back to 190/);
  t.strictSame(pipeline.verify(), []);
});
