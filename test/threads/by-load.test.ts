// A service as users get it: as many receiver threads as the rate needs, raised where that is allowed.

import t from 'tap';
import { makePlan } from '../../src/config/plan.js';
import { accounts, quadYaml, start } from './running.js';
import { until } from './waiting.js';

for (const [rate, threads] of [
  [100, 1],
  [2000, 2],
] as const) {
  t.test(`a quad at ${rate} frames/s is received by ${threads} threads, with every pixel right`, async (t) => {
    const running = await start(t, `${quadYaml}\nframe_rate_hz: ${rate}\nreceiver_threads: default`);
    const { view } = running.service;
    t.match(makePlan(running.config).threads, { receivers: threads, why: /^by load/ });
    for (const series of [1, 2]) {
      const consumer = await running.consume({ series: 1 });
      const before = view.portCounters();
      const firstFrame = 1 + (series - 1) * 40;
      await running.arm({ frames: 40, first_frame_number: firstFrame });
      const { truth } = await running.simulate({ frames: 40, firstFrame, seed: series, loss: '0.02', reorder: '0.02' });
      const summary = await running.ended(series);
      accounts(t, { truth, summary, before, after: view.portCounters(), report: await consumer.report });
      await until(() => running.status().consumers === 0, 'the consumer is gone');
    }
  });
}
