import t from 'tap';
import { small } from './small.js';

t.test('silence is no witness as long as packets wait in the socket', async (t) => {
  const pipeline = small();
  pipeline.arm();
  const source = pipeline.sources.get(0);
  t.ok(source);
  if (source === undefined) return;
  source.batch = 1;
  // A number that is an accident, and after the start window something else before what contradicts it.
  pipeline.send(0, 900, [0]);
  pipeline.turnPort(0);
  pipeline.clock.advance(20);
  pipeline.deliver(0, new Uint8Array(40));
  pipeline.send(0, 1);
  pipeline.turnPort(0);
  t.match(pipeline.counters(0), { headerPacket: 1, accepted: 0 }, 'still held');
  source.batch = 100;
  pipeline.send(1, 1);
  pipeline.play(2, 5);
  pipeline.run(100);
  t.match(pipeline.counters(0), { foreignSeries: 1, accepted: 20 });
  t.match(pipeline.stop(), { frames: 5, complete: 5, first_frame_number: 1 });
  t.strictSame(pipeline.verify(), []);
});

t.test('where nothing waits the same silence confirms', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.send(0, 900, [0]);
  pipeline.turnPort(0);
  pipeline.clock.advance(20);
  pipeline.turnPort(0);
  t.match(pipeline.counters(0), { accepted: 1 });
});
