import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const ending = fileURLToPath(new URL('../../src/runtime/end-process.js', import.meta.url));

/** A process that ends in this way while it reads a file. */
function ended(t: { teardown(task: () => void): void }, file: 'answers' | 'never answers') {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-end-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const program =
    `import { readFile } from 'node:fs/promises'; import { endProcess } from ${JSON.stringify(ending)};` +
    `process.once('exit', () => process.stdout.write('exit handlers ran'));` +
    `void readFile(${JSON.stringify(file === 'answers' ? ending : pipe)});` +
    `setTimeout(() => endProcess(5), 200);`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8', timeout: 20_000 });
}

t.test('a process ends with its code', (t) => {
  t.match(ended(t, 'answers'), { status: 5, signal: null, stdout: 'exit handlers ran' });
  t.end();
});

t.test('it ends with its code also when a file that it reads does not answer', (t) => {
  t.match(ended(t, 'never answers'), { status: 5, signal: null, stdout: 'exit handlers ran' });
  t.end();
});
