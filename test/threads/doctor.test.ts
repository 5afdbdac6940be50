// The doctor in a running service: what it finds stands between a request and a series.

import t from 'tap';
import type { DoctorReport } from '../../src/doctor/report.js';
import { start } from './running.js';

const fast = 'detector: eiger\nquad: true\nframe_rate_hz: 1000\nframe_timeout_ms: 50\nseries: armed';

t.test(
  'a socket buffer that must overflow at the rate: no series unless forced, not ready, and told everywhere',
  async (t) => {
    const running = await start(t, `${fast}\nreceive_buffer_bytes: 65536`);
    const consumer = await running.consume({ series: 1 });
    const refused = await running.arm({ frames: 5, first_frame_number: 1 });
    t.equal(refused.status, 503);
    t.match(refused.body, {
      problems: [
        /^receive_buffer: port \d+: 65536 of 65536 bytes granted = 0\.2\d* ms at 1000 Hz; needed: .* or open the series with force\.$/,
      ],
    });
    t.equal(running.status().series, null, 'nothing was opened');
    t.match(await running.http('GET', '/readyz'), {
      status: 503,
      body: { ready: false, reasons: [/^receive_buffer: /] },
    });
    t.equal((await running.http('GET', '/healthz')).status, 200);
    const { body } = await running.http('GET', '/api/v1/doctor');
    const report = body as unknown as DoctorReport;
    t.match(
      report.checks.find(({ check }) => check === 'receive_buffer'),
      { status: 'failed', loses_data: true },
    );
    t.match(
      report.checks.find(({ check }) => check === 'consumer'),
      { status: 'ok', seen: '1 connected' },
    );
    const metrics = await (await running.fetch('GET', '/metrics')).text();
    t.match(metrics, /^vdcu_preflight_check\{(?=.*check="receive_buffer").*\} 0$/m);
    t.match(metrics, /^vdcu_preflight_check\{(?=.*check="mtu").*\} 1$/m);
    t.ok(running.log.some(({ event, check }) => event === 'check_failed' && check === 'receive_buffer'));

    t.equal((await running.arm({ frames: 5, first_frame_number: 1, force: true })).status, 201);
    await running.simulate({ frames: 5, rate: 10 });
    t.match(await running.ended(1), { frames: 5 });
    t.strictSame((await consumer.report).checker.problems, []);
  },
);

t.test('without a rate the same buffer is a warning, and a series is opened', async (t) => {
  const running = await start(
    t,
    'detector: eiger\nquad: true\nring_frames: 64\nseries: armed\nreceive_buffer_bytes: 65536',
  );
  const consumer = await running.consume();
  t.equal((await running.http('GET', '/readyz')).status, 200);
  t.equal((await running.arm({ frames: 5, first_frame_number: 1 })).status, 201);
  await running.end();
  await consumer.vanish();
});
