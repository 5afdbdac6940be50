import t from 'tap';
import { small } from './small.js';

t.test('packets that a stop cuts off are noted beside those that are missing', async (t) => {
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
  t.match(pipeline.counters(0), { missing: 3 });
  t.match(pipeline.counters(1), { missing: 4 });
  t.equal(pipeline.portWords(0).figure('cutOff'), 2);
  t.equal(pipeline.portWords(1).figure('cutOff'), 4);
  t.match(pipeline.summaries[0], {
    frames: 10,
    incomplete: [
      [3, 3],
      [9, 9],
    ],
  });
  t.strictSame(pipeline.verify(), []);
});
