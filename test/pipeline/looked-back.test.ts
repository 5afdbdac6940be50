// What the summary of a series says about ports that vanished and packets that came again.

import t from 'tap';
import { small } from './small.js';

t.test('a port that sends nothing, or nothing any more, is in the warnings of the series', async (t) => {
  const silent = small();
  silent.arm({ frames: 20, firstFrameNumber: 1 });
  for (let frame = 1; frame <= 20; frame++) {
    silent.send(0, frame);
    silent.run(1);
  }
  silent.run(300);
  t.match(silent.summaries[0]?.warnings, [/port 50002: no packet of this series came.*switched off/]);
  const vanished = small();
  vanished.arm({ frames: 20, firstFrameNumber: 1 });
  vanished.play(1, 10);
  for (let frame = 11; frame <= 20; frame++) {
    vanished.send(0, frame);
    vanished.run(1);
  }
  vanished.run(300);
  t.match(vanished.summaries[0]?.warnings, [/port 50002: nothing came behind frame 10, the last one is 20/]);
  t.strictSame([...silent.verify(), ...vanished.verify()], []);
});

t.test('a port that lost its last frames only has not vanished', async (t) => {
  const pipeline = small();
  pipeline.arm({ frames: 20, firstFrameNumber: 1 });
  pipeline.play(1, 11);
  for (let frame = 12; frame <= 20; frame++) {
    pipeline.send(0, frame);
    pipeline.run(1);
  }
  pipeline.run(300);
  t.strictSame(pipeline.summaries[0]?.warnings, []);
});

t.test('many packets that come again are a warning, some are none', async (t) => {
  for (const [again, warned] of [
    [2, true],
    [1, false],
  ] as const) {
    const pipeline = small();
    pipeline.arm({ firstFrameNumber: 1 });
    pipeline.play(1, 10);
    for (let frame = 1; frame <= again; frame++) for (const port of [0, 1]) pipeline.send(port, frame);
    pipeline.run(5);
    const summary = pipeline.stop();
    t.equal(
      (summary?.warnings ?? []).some((text) => /8 packets came again/.test(text)),
      warned,
    );
    t.strictSame(pipeline.verify(), []);
  }
});
