import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { readTextFile } from '../../src/base/text-file.js';

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

t.test('a pipe is read to its end', { skip: process.platform === 'win32' && 'no named pipes' }, (t) => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  spawn('sh', ['-c', `{ printf one; sleep 0.1; printf two; } > "${pipe}"`]);
  t.equal(readTextFile(pipe, 100), 'onetwo');
  t.end();
});
