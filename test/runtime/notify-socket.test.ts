// With a real Unix datagram socket, which Python opens: Node has none.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import { openNotifySocket } from '../../src/runtime/notify-socket.js';
import { without } from '../programs.js';
import { until } from '../threads/waiting.js';
import { listenForNotices } from './notify-listener.js';

const skip = { skip: ffiUnavailable() ?? without('python3') };

t.test('a text is one datagram, by path and by abstract name', skip, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-notify-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const path of [join(folder, 'notify'), `@vdcu-test-${process.pid}`]) {
    const notices = await listenForNotices(t, path);
    const notify = openNotifySocket(path);
    if (typeof notify === 'string') return t.fail(notify);
    t.equal(notify('READY=1\nSTATUS=ü'), null);
    t.equal(notify('WATCHDOG=1'), null);
    await until(() => notices.length === 2, 'two datagrams');
    t.strictSame(
      notices,
      [
        { pid: process.pid, text: 'READY=1 | STATUS=ü' },
        { pid: process.pid, text: 'WATCHDOG=1' },
      ],
      path,
    );
  }
});

t.test(
  'nobody there is a reason and nothing more; a path that is none is said at once',
  { skip: ffiUnavailable() ?? false },
  async (t) => {
    const notify = openNotifySocket(join(tmpdir(), `vdcu-nobody-${process.pid}`));
    if (typeof notify === 'string') return t.fail(notify);
    t.equal(notify('READY=1'), 'ENOENT');
    for (const path of ['', '/', '@', 'relative', `/${'x'.repeat(108)}`])
      t.match(openNotifySocket(path), /is no path of a Unix socket/, path);
  },
);
