// A real service under the protocol of systemd: on a real Unix datagram socket it says that it is ready, lives and
// ends.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import { without } from '../programs.js';
import { listenForNotices } from '../runtime/notify-listener.js';
import { runProcess } from './process.js';
import { configText, quadYaml } from './running.js';
import { until } from './waiting.js';

t.test(
  'the service says when it is ready, that it lives, and that it ends, from the process that systemd started',
  { skip: ffiUnavailable() ?? without('python3', 'env') },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'vdcu-notify-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const socket = join(folder, 'notify');
    const told = await listenForNotices(t, socket);
    const { run } = await runProcess(
      t,
      await configText(quadYaml),
      [],
      ['env', `NOTIFY_SOCKET=${socket}`, 'WATCHDOG_USEC=200000'],
    );
    await until(() => told.filter(({ text }) => text === 'WATCHDOG=1').length >= 3, 'three signs of life');
    run.child.kill('SIGTERM');
    t.equal(await run.code(), 0);
    t.match(told[0]?.text, /^READY=1 \| STATUS=frames on tcp:\/\/127\.0\.0\.1:\d+, HTTP on http:/);
    await until(
      () => told.some(({ text }) => /^STOPPING=1 \| EXTEND_TIMEOUT_USEC=\d+ \| STATUS=stopping: SIGTERM$/.test(text)),
      'the end',
    );
    t.strictSame([...new Set(told.map(({ pid }) => pid))], [run.child.pid], 'systemd hears its main process only');
  },
);
