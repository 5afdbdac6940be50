import t from 'tap';
import { planReceivers } from '../../src/config/receiver-threads.js';

t.test('what is asked for is given, up to one thread for each port', async (t) => {
  t.match(planReceivers(3, 4, 0.1, 2), { threads: 3, why: 'receiver_threads' });
  t.match(planReceivers(8, 4, 0.1, 2), { threads: 4, why: /^receiver_threads: 8, and no more than ports$/ });
});

t.test('without a rate there is one for each port, as far as cores go, and two at least', async (t) => {
  t.match(planReceivers(null, 8, null, 4), { threads: 4, why: /the rate is unknown \(frame_rate_hz\)/ });
  t.match(planReceivers(null, 8, null, 1), { threads: 2 });
  t.match(planReceivers(null, 1, null, 4), { threads: 1 });
});

t.test('as few as stay below half a core each', async (t) => {
  for (const [ports, portLoad, threads, share] of [
    [2, 0.1, 1, '0.20'],
    [2, 0.25, 1, '0.50'],
    [2, 0.26, 2, '0.26'],
    [8, 0.1, 2, '0.40'],
    // Five ports in two threads: three in one of them.
    [5, 0.2, 3, '0.40'],
  ] as const)
    t.match(
      planReceivers(null, ports, portLoad, 4),
      { threads, why: `by load: each takes at most ${share} of a core at this rate` },
      `${ports} ports of ${portLoad}`,
    );
});

t.test('never more than ports or cores, and then it says how busy the busiest is', async (t) => {
  t.match(planReceivers(null, 2, 0.9, 8), {
    threads: 2,
    why: 'as many as ports and cores allow: the busiest takes 0.90 of a core at this rate',
  });
  t.match(planReceivers(null, 8, 0.6, 4), { threads: 4, why: /the busiest takes 1\.20 of a core/ });
});
