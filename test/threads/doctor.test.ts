// The doctor in a running service: what it finds stands between a request and a series.

import { readFileSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import t from 'tap';
import type { DoctorReport } from '../../src/doctor/report.js';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import { cpusOfProcess, mayBeFirst, mayBeRealtime, niceOf, policyOf } from '../runtime/thread-policy.js';
import { quadYaml, start } from './running.js';

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

t.test(
  'the doctor says the priority that the receivers have, pinned or not',
  { skip: ffiUnavailable() ?? false },
  async (t) => {
    const cpus = cpusOfProcess();
    const runtimeUs = Number(readFileSync('/proc/sys/kernel/sched_rt_runtime_us', 'latin1'));
    const first = mayBeFirst() ? 'first' : 'normal';
    const free = mayBeRealtime() && availableParallelism() > 2 && runtimeUs >= 0 ? 'realtime' : first;
    const words = { realtime: /^real-time$/, first: /^first of the ordinary threads: /, normal: /^normal: / };
    const pin = `pin_cpus: [${cpus[0]}, ${cpus.at(-1)}]`;
    for (const [keys, priority, seen] of [
      ['', free, words[free]],
      [pin, free, words[free]],
      [`pin_cpus: [${cpus[0]}]`, first, words[first]],
      [`${pin}\nreceiver_priority: normal`, 'normal', /^normal, as configured/],
    ] as const) {
      const running = await start(t, `${quadYaml}\nreceiver_threads: 1\n${keys}`);
      const receivers = readdirSync('/proc/self/task').filter(
        (task) => readFileSync(`/proc/self/task/${task}/comm`, 'latin1') === 'vdcu-rx-0\n',
      );
      t.equal(receivers.length, 1);
      const of = (file: string): string => readFileSync(`/proc/self/task/${receivers[0]}/${file}`, 'latin1');
      t.equal(policyOf(of('stat')), priority === 'realtime' ? 1 : 0, keys);
      t.equal(niceOf(of('stat')) === -20, priority === 'first', keys);
      if (keys.includes('pin_cpus')) t.match(of('status'), new RegExp(`^Cpus_allowed_list:\\s*${cpus[0]}$`, 'm'));
      const { checks } = (await running.http('GET', '/api/v1/doctor')).body as unknown as DoctorReport;
      t.match(
        checks.find(({ check }) => check === 'priority'),
        { status: priority !== 'normal' || keys.includes('normal') ? 'ok' : 'warning', seen },
        keys,
      );
      await running.stop();
    }
  },
);
