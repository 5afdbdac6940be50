import t from 'tap';
import { VirtualClock } from '../../src/base/clock.js';
import { Recent, sampleLimit } from '../../src/view/recent.js';
import { HandMadeView, portCountersOf, streamCountersOf } from './hand-made-view.js';

t.test('a sample has the rates of its second, and the share of packets that each port missed', (t) => {
  const view = new HandMadeView();
  const clock = new VirtualClock();
  const recent = new Recent(view, clock);
  t.teardown(() => recent.close());
  view.ports = [
    {
      udpPort: 50001,
      counters: portCountersOf({
        received: 1000,
        bytes: 250_000_000,
        accepted: 300,
        foreignSeries: 20,
        foreignUnarmed: 600,
        expected: 400,
        missing: 100,
      }),
    },
    { udpPort: 50002, counters: portCountersOf() },
  ];
  view.stream = streamCountersOf({ images: 50, bytes: 500_000_000 });
  clock.advance(2000);
  t.strictSame(recent.sample(), {
    frames_per_second: 25,
    packets_per_second: 500,
    unarmed_per_second: 300,
    outside_per_second: 10,
    placed_per_second: 150,
    in_gbit_per_second: 1,
    out_gbit_per_second: 2,
    missing: [0.25, null],
  });
  clock.advance(1000);
  t.strictSame(
    recent.sample(),
    {
      frames_per_second: 0,
      packets_per_second: 0,
      unarmed_per_second: 0,
      outside_per_second: 0,
      placed_per_second: 0,
      in_gbit_per_second: 0,
      out_gbit_per_second: 0,
      missing: [null, null],
    },
    'what was told is not told again',
  );
  t.end();
});

t.test('no more than ten minutes are kept', (t) => {
  const recent = new Recent(new HandMadeView(), new VirtualClock());
  t.teardown(() => recent.close());
  for (let second = 0; second < sampleLimit + 5; second++) recent.sample();
  t.equal(recent.samples.length, sampleLimit);
  t.end();
});
