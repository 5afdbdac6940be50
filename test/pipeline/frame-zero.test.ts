// Detectors that count from 0, detectors that do not count, and packets whose number is 0 by accident.

import t from 'tap';
import { all, small } from './small.js';
import type { Pipeline } from './pipeline.js';

const single = {
  detector: 'gotthard2',
  modules: null,
  dynamic_range: null,
  read_n_rows: null,
  udp_ports: '[50001]',
};
const told = (pipeline: Pipeline): number =>
  pipeline.events.filter((event) => event.kind === 'warning' && event.code.startsWith('frame_number/')).length;

for (const series of ['auto', 'armed']) {
  for (const [name, keys] of [
    ['several packets an image', {}],
    ['one packet an image', single],
    ['one port', { ports_off: '[50002]' }],
  ] as const) {
    t.test(`a detector that counts from 0 loses nothing (${series}, ${name})`, async (t) => {
      for (const periodMs of [1, 30, 80]) {
        const pipeline = small({ ...keys, series });
        pipeline.run(5);
        if (series === 'armed') pipeline.arm({ frames: 6 });
        for (let frame = 0; frame < 6; frame++) {
          pipeline.play(frame, frame);
          pipeline.run(periodMs);
        }
        pipeline.run(300);
        t.match(
          pipeline.summaries,
          [{ first_frame_number: 0, frames: 6, complete: 6, warnings: [] }],
          `every ${periodMs} ms`,
        );
        t.strictSame(
          pipeline.images().map(({ frame_number: number }) => number),
          [0, 1, 2, 3, 4, 5],
        );
        t.match(pipeline.counters(0), { malformedFrameNumber: 0, foreignSeries: 0, missing: 0 });
        t.strictSame(pipeline.verify(), []);
      }
    });
  }
}

t.test('an armed series may begin with frame 0, and have no other', async (t) => {
  for (const keys of [{}, single]) {
    for (const frames of [1, 3]) {
      const pipeline = small(keys);
      pipeline.arm({ frames, firstFrameNumber: 0 });
      pipeline.play(0, frames - 1);
      pipeline.run(20);
      t.match(pipeline.summaries, [{ first_frame_number: 0, frames, complete: frames, warnings: [] }]);
      t.strictSame(pipeline.verify(), []);
    }
  }
});

t.test('behind frame 0 one false number is no beginning of another series', async (t) => {
  for (const series of ['auto', 'armed']) {
    const pipeline = small({ series });
    pipeline.run(5);
    if (series === 'armed') pipeline.arm({ frames: 6 });
    pipeline.play(0, 0);
    pipeline.send(1, 2 ** 40, [0]);
    pipeline.send(0, 1);
    pipeline.run(2);
    pipeline.send(1, 1);
    pipeline.play(2, 5);
    pipeline.run(300);
    t.match(
      pipeline.summaries,
      [{ first_frame_number: 0, frames: 6, complete: 6, warnings: [], aborted: undefined }],
      series,
    );
    t.match(pipeline.counters(1), { foreignSeries: 1, missing: 0 });
    t.strictSame(pipeline.verify(), []);
  }
});

t.test('frame 0 that lost packets is marked as any other', async (t) => {
  const pipeline = small();
  pipeline.arm({ frames: 6 });
  pipeline.send(0, 0, [0, 2, 3]);
  pipeline.send(1, 0);
  pipeline.play(1, 5);
  pipeline.run(100);
  t.match(pipeline.summaries, [{ first_frame_number: 0, frames: 6, complete: 5, marked: 1 }]);
  t.match(pipeline.images()[0], { frame_number: 0, missing: { 50001: [[1, 1]] } });
  t.strictSame(pipeline.verify(), []);
});

t.test('a port that lost frame 1 takes frame 0 from those that have it', async (t) => {
  for (const second of [1, 2]) {
    const pipeline = small();
    pipeline.arm({ frames: 4 });
    pipeline.play(0, 0);
    pipeline.send(0, 1);
    if (second === 1) pipeline.send(1, 1);
    pipeline.play(2, 3);
    pipeline.run(100);
    t.match(pipeline.summaries, [{ first_frame_number: 0, frames: 4, complete: second === 1 ? 4 : 3 }]);
    t.strictSame(pipeline.verify(), []);
  }
});

t.test('a series that another one follows may begin with 0 again', async (t) => {
  const pipeline = small({ series: 'auto' });
  pipeline.run(5);
  for (let run = 0; run < 3; run++) {
    for (let frame = 0; frame < 6; frame++) pipeline.play(frame, frame);
    pipeline.run(60);
  }
  pipeline.run(300);
  t.equal(
    pipeline.summaries.reduce((sum, { complete }) => sum + complete, 0),
    18,
  );
  t.match(pipeline.summaries, [{ first_frame_number: 0 }, { first_frame_number: 0 }, { first_frame_number: 0 }]);
  t.strictSame(pipeline.verify(), []);
});

for (const series of ['auto', 'armed']) {
  t.test(`images of a detector that does not count are never put together (${series})`, async (t) => {
    for (const [keys, pauseMs] of [
      [{}, 2],
      [{}, 60],
      [single, 2],
      [single, 60],
    ] as const) {
      const pipeline = small({ ...keys, series, series_idle_ms: 1000 });
      pipeline.run(5);
      if (series === 'armed') pipeline.arm();
      // Joined in the middle: the first image is made of two.
      pipeline.send(0, 0, keys === single ? [0] : [2, 3]);
      for (let image = 0; image < 5; image++) {
        for (const packet of keys === single ? [0] : all) pipeline.send(0, 0, [packet]);
        pipeline.run(pauseMs);
      }
      pipeline.run(600);
      t.ok(told(pipeline) > 0, 'it is told');
      t.ok(pipeline.counters(0).malformedFrameNumber > 2);
      if (series === 'armed') pipeline.stop();
      else pipeline.run(1200);
      t.strictSame(pipeline.images(), [], 'no image');
      // It is set right, and begins.
      if (series === 'armed') pipeline.arm();
      pipeline.play(1, 6);
      pipeline.run(1200);
      if (series === 'armed') pipeline.stop();
      t.match(pipeline.summaries.at(-1), { first_frame_number: 1, frames: 6, complete: 6 });
      t.strictSame(pipeline.verify(), []);
    }
  });
}

t.test('a single packet of frame 0 begins and lowers nothing, and is malformed', async (t) => {
  for (const keys of [{}, single]) {
    for (const at of ['before', 'in the window', 'later'] as const) {
      const pipeline = small({ ...keys, start_window_ms: 20 });
      pipeline.arm({ frames: 10 });
      if (at === 'before') pipeline.send(0, 0, [0]);
      pipeline.run(at === 'before' ? 60 : 1);
      pipeline.play(11, 15);
      if (at === 'in the window') pipeline.send(0, 0, [0]);
      pipeline.run(40);
      pipeline.play(16, 17);
      if (at === 'later') pipeline.send(0, 0, [0]);
      pipeline.play(18, 20);
      pipeline.run(100);
      t.match(pipeline.summaries, [{ first_frame_number: 11, frames: 10, complete: 10 }], at);
      t.match(pipeline.counters(0), { malformedFrameNumber: 1, foreignSeries: 0 });
      t.match(pipeline.summaries[0]?.warnings, [/frame number 0/]);
      t.strictSame(pipeline.verify(), []);
    }
  }
});

t.test('an image of frame 0 far before the others is none, and is told', async (t) => {
  const pipeline = small({ ring_frames: 64 });
  pipeline.arm({ frames: 5 });
  pipeline.send(0, 0);
  pipeline.run(60);
  pipeline.play(41, 45);
  pipeline.run(100);
  t.match(pipeline.summaries, [{ first_frame_number: 41, frames: 5, complete: 5, warnings: [/frame number 0/] }]);
  t.strictSame(pipeline.verify(), []);
});

t.test('image 0 alone is sent when its series ends, where nothing speaks against it', async (t) => {
  const auto = small({ series: 'auto' });
  auto.run(5);
  auto.play(0, 0);
  auto.run(300);
  t.match(auto.summaries, [{ first_frame_number: 0, frames: 1, complete: 1 }]);
  const armed = small();
  armed.arm({ frames: 1 });
  armed.play(0, 0);
  armed.run(100);
  t.strictSame(armed.summaries, []);
  armed.stop();
  t.match(armed.summaries, [{ first_frame_number: 0, frames: 1, complete: 1 }]);
  for (const pipeline of [auto, armed]) t.strictSame(pipeline.verify(), []);
});

t.test('some packets of image 0 that the network doubles are no other image; half an image of them is', async (t) => {
  const packets = Array.from({ length: 32 }, (_, packet) => packet);
  for (const copies of [15, 16]) {
    const pipeline = small({ read_n_rows: 256 });
    t.equal(pipeline.maker.packets, packets.length);
    pipeline.arm({ frames: 1 });
    pipeline.play(0, 0);
    pipeline.send(0, 0, packets.slice(0, copies));
    pipeline.run(20);
    pipeline.stop();
    const none = copies === 16;
    t.match(pipeline.summaries, [{ frames: 1, complete: none ? 0 : 1 }], `${copies} copies`);
    t.equal(told(pipeline), none ? 1 : 0);
    t.strictSame(pipeline.verify(), []);
  }
});

t.test('a port that lags keeps its image 0, however far another has come and wherever that began', async (t) => {
  for (const first of [0, 1, 4, 5, 15]) {
    const pipeline = small({ start_window_ms: 50, ring_frames: 64 });
    pipeline.arm({ frames: 20 });
    pipeline.send(0, 0, [0, 1, 2]);
    pipeline.turnPort(0);
    for (let frame = first; frame < 20; frame++) pipeline.send(1, frame);
    pipeline.turnPort(1);
    pipeline.turnPort(0);
    pipeline.send(0, 0, [3]);
    for (let frame = 1; frame < 20; frame++) pipeline.send(0, frame);
    pipeline.run(300);
    t.match(pipeline.counters(0), { accepted: 80, expected: 80, missing: 0, malformedFrameNumber: 0 });
    t.match(pipeline.summaries, [{ first_frame_number: 0, frames: 20, complete: 20 - first }], `beside ${first}`);
    t.strictSame(pipeline.verify(), []);
  }
});

t.test('a port that lost what follows keeps its image 0 where another began right behind it', async (t) => {
  for (const first of [1, 4]) {
    const pipeline = small({ ring_frames: 64 });
    pipeline.arm({ frames: 12 });
    pipeline.send(0, 0);
    pipeline.turnPort(0);
    for (let frame = first; frame < 12; frame++) pipeline.send(1, frame);
    pipeline.turnPort(1);
    for (let frame = 8; frame < 12; frame++) pipeline.send(0, frame);
    pipeline.run(300);
    t.match(pipeline.summaries, [{ first_frame_number: 0, frames: 12, complete: 4 }], `beside ${first}`);
    t.match(pipeline.images()[0]?.missing, { 50001: undefined });
    t.strictSame(pipeline.verify(), []);
  }
});
