import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { without } from '../programs.js';

const ending = fileURLToPath(new URL('../../src/runtime/end-process.js', import.meta.url));

/** A process that ends in this way while it reads a file. */
function ended(t: { teardown(task: () => void): void }, file: 'answers' | 'never answers') {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-end-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const pipe = join(folder, 'pipe');
  if (file === 'never answers') execFileSync('mkfifo', [pipe]);
  const program =
    `import { readFile } from 'node:fs/promises'; import { endProcess } from ${JSON.stringify(ending)};` +
    `process.once('exit', () => process.stdout.write('exit handlers ran'));` +
    `void readFile(${JSON.stringify(file === 'answers' ? ending : pipe)});` +
    `setTimeout(() => endProcess(5), 200);`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', timeout: 60_000 });
}

t.test('a process ends with its code', (t) => {
  t.match(ended(t, 'answers'), { status: 5, signal: null, stdout: 'exit handlers ran' });
  t.end();
});

t.test('it ends with its code also when a file that it reads does not answer', { skip: without('mkfifo') }, (t) => {
  t.match(ended(t, 'never answers'), { status: 5, signal: null, stdout: 'exit handlers ran' });
  t.end();
});

t.test('and when a file that it closes does not', (t) => {
  // The one thread of the pool computes for hours, as if it were held by the disk; closing waits behind it.
  const program =
    `import { open } from 'node:fs/promises'; import { pbkdf2 } from 'node:crypto';` +
    `import { endProcess } from ${JSON.stringify(ending)};` +
    `const file = await open(${JSON.stringify(ending)});` +
    `setTimeout(() => { gc(); pbkdf2('', '', 2 ** 31 - 1, 64, 'sha512', () => {}); void file.close(); }, 100);` +
    `setTimeout(() => endProcess(5), 200);`;
  const { status, signal } = spawnSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', program], {
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  t.strictSame({ status, signal }, { status: 5, signal: null });
  t.end();
});
