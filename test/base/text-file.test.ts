import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readTextFile } from '../../src/base/text-file.js';
import { without } from '../programs.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-text-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

t.test('a file up to the limit is read whole, a larger one is refused', (t) => {
  const file = join(folder, 'a');
  writeFileSync(file, 'größer');
  t.equal(readTextFile(file, 8), 'größer');
  t.throws(() => readTextFile(file, 7), /larger than/);
  writeFileSync(file, '');
  t.equal(readTextFile(file, 0), '');
  t.throws(() => readTextFile(join(folder, 'none'), 9), /ENOENT/);
  t.end();
});

t.test('a device without an end is refused', { skip: !existsSync('/dev/zero') && 'no /dev/zero' }, (t) => {
  t.throws(() => readTextFile('/dev/zero', 100_000), /larger than/);
  t.end();
});

t.test('a pipe is read to its end', { skip: without('mkfifo') }, (t) => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  spawn('sh', ['-c', `{ printf one; sleep 0.1; printf two; } > "${pipe}"`]);
  t.equal(readTextFile(pipe, 100), 'onetwo');
  t.end();
});

t.test('a pipe without a writer, or with a silent one, is given up', { skip: without('mkfifo') }, (t) => {
  const pipe = join(folder, 'nobody');
  execFileSync('mkfifo', [pipe]);
  t.throws(() => readTextFile(pipe, 100, { openMs: 50, silentMs: 60_000 }), /nobody writes to it/);
  const writer = spawn('sh', ['-c', `{ printf one; sleep 60; } > "${pipe}"`], { detached: true });
  t.teardown(() => process.kill(-(writer.pid as number), 'SIGKILL'));
  t.throws(() => readTextFile(pipe, 100, { openMs: 5000, silentMs: 50 }), /its writer says nothing/);
  t.end();
});

t.test(
  'what is no text is an error of the file system',
  { skip: process.platform === 'win32' && 'no sockets in folders' },
  (t) => {
    t.throws(() => readTextFile(folder, 100), /EISDIR/);
    const socket = join(folder, 'socket');
    const server = createServer();
    t.teardown(() => server.close());
    server.listen(socket, () => {
      t.throws(() => readTextFile(socket, 100), /ENXIO/);
      t.end();
    });
  },
);
