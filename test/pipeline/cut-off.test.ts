import t from 'tap';
import type { MemorySource } from './memory-source.js';
import { small } from './small.js';

/** Of each port: what is missing, was cut off, and is unexplained. */
const causes = ({ summaries }: ReturnType<typeof small>) =>
  summaries[0]?.ledger.map(({ missing, cut_off: cut, unexplained }) => [missing, cut, unexplained]);

t.test('packets that were still to come when a series was stopped are cut off, not lost', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.play(1, 3);
  // Lost in the middle, and cut off at the end: a part of an image, and one that only the other port has begun.
  pipeline.send(0, 4, [0, 1, 2]);
  pipeline.send(1, 4);
  for (const port of [0, 1]) for (let frame = 5; frame <= 9; frame++) pipeline.send(port, frame);
  pipeline.run(1);
  pipeline.send(0, 10, [0, 1]);
  pipeline.run(1);
  pipeline.stop();
  t.match(pipeline.counters(0), { missing: 3, cutOff: 2 });
  t.match(pipeline.counters(1), { missing: 4, cutOff: 4 });
  t.strictSame(causes(pipeline), [
    [3, 2, 1],
    [4, 4, 0],
  ]);
  t.match(pipeline.summaries[0], {
    frames: 10,
    incomplete: [
      [3, 3],
      [9, 9],
    ],
  });
  t.strictSame(pipeline.verify(), []);
});

t.test('packets before one that came are lost, also in frames that only the end closes', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.play(1, 3);
  pipeline.send(0, 4, [0, 1, 2]);
  pipeline.send(1, 4);
  pipeline.send(0, 5, [2]);
  pipeline.send(1, 5);
  pipeline.run(1);
  pipeline.stop();
  t.strictSame(causes(pipeline), [
    [4, 1, 3],
    [0, 0, 0],
  ]);
  t.match(
    pipeline
      .images()
      .slice(3)
      .map(({ reason }) => reason),
    ['stop', 'stop'],
  );
  t.strictSame(pipeline.verify(), []);
});

t.test('what a port lacks that had been silent before the end, or always was, is not cut off', async (t) => {
  const pipeline = small({ read_n_rows: 32 });
  pipeline.arm();
  for (let frame = 1; frame <= 20; frame++) {
    pipeline.send(0, frame);
    if (frame <= 3) pipeline.send(1, frame);
    pipeline.run(10);
  }
  pipeline.stop();
  t.strictSame(causes(pipeline), [
    [0, 0, 0],
    [68, 0, 68],
  ]);
  const mute = small();
  mute.arm();
  for (const frame of [1, 2, 3]) mute.send(0, frame);
  mute.run(10);
  mute.stop();
  t.strictSame(causes(mute), [
    [0, 0, 0],
    [12, 0, 12],
  ]);
  for (const one of [pipeline, mute]) t.strictSame(one.verify(), []);
});

t.test('what was dropped by the kernel, refused or late has that cause before it is called cut off', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.play(1, 3);
  (pipeline.sources.get(0) as MemorySource).drops = 1;
  pipeline.send(0, 4, [0, 1]);
  pipeline.run(1);
  pipeline.stop();
  t.match(pipeline.summaries[0]?.ledger, [
    { missing: 2, socket: 1, cut_off: 1, unexplained: 0 },
    { missing: 4, socket: 0, cut_off: 4, unexplained: 0 },
  ]);
  t.strictSame(pipeline.verify(), []);
});

t.test('a series that is cut short because its consumer is lost cuts off what was coming in', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.play(1, 3);
  pipeline.send(0, 4, [0]);
  pipeline.run(1);
  pipeline.sink.disconnect();
  pipeline.run(20);
  t.match(pipeline.summaries, [{ aborted: 'consumer_lost' }]);
  t.strictSame(causes(pipeline), [
    [3, 3, 0],
    [4, 4, 0],
  ]);
  t.strictSame(pipeline.verify(), []);
});
