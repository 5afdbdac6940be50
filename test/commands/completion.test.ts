// Completion in real shells: a person types, presses the tabulator, and the words are there.

import t from 'tap';
import type { Test } from 'tap';
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { without } from '../programs.js';
import { exampleFile, vdcu } from './repository.js';
import { until } from '../threads/waiting.js';

const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));

async function found(...words: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await vdcu('completion', 'bash', '--', ...words);
  t.equal(code, 0, stderr);
  return stdout.split('\n').slice(0, -1);
}

t.test(
  'commands, options, their choices, detectors of the file, documents; nothing where a file is meant',
  async (t) => {
    t.strictSame(await found('st'), ['stop', 'status']);
    t.ok((await found('')).includes('completion'));
    t.notOk((await found('')).includes('reference'), 'what is not listed is not offered');
    t.strictSame(await found('--ver'), ['--version']);
    t.strictSame(await found('run', '--print-'), ['--print-plan', '--print-geometry']);
    t.strictSame(await found('run', exampleFile, 'softimax-e'), ['softimax-eiger']);
    t.strictSame(await found('run', ''), [], 'a file');
    t.strictSame(await found('run', '/no/such/file', ''), []);
    t.strictSame(await found('simulate', '--picture', ''), ['formula', 'rings']);
    t.strictSame(await found('watch', 'tcp://127.0.0.1:1', '--verify', exampleFile, 'softimax-e'), ['softimax-eiger']);
    t.strictSame(await found('watch', '--verify', exampleFile, 'softimax-eiger', 'tcp'), [], 'the endpoint');
    t.strictSame(await found('watch', 'tcp://127.0.0.1:1', '--verify', exampleFile, 'softimax-eiger', '--ser'), [
      '--series',
    ]);
    t.strictSame(await found('demo', '--frames', '5', '--se'), ['--seed']);
    t.strictSame(await found('help', 'oper'), ['operating']);
    t.strictSame(await found('completion', 'z'), ['zsh']);
    t.strictSame(await found('nothing', ''), []);
  },
);

t.test('a shell that is none is refused, with those there are', async (t) => {
  t.match(await vdcu('completion', 'tcsh'), { code: 2, stdout: '', stderr: /bash, zsh, fish/ });
});

t.test('what a name of a detector says is not run, and not offered where it would have to be quoted', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'x.yaml');
  writeFileSync(file, '"$(touch /tmp/x)": {detector: eiger}\ngood: {detector: eiger}\nother: 3\n');
  t.strictSame(await found('run', file, ''), ['good']);
});

/** An interactive shell with `vdcu` on its path, at a terminal of its own. */
class Terminal {
  shown = '';
  readonly #child: ChildProcess;

  constructor(t: Test, shell: readonly string[]) {
    const folder = mkdtempSync(join(tmpdir(), 'vdcu-'));
    mkdirSync(join(folder, 'bin'));
    // The program as it is here, by whichever Node runs this test.
    writeFileSync(join(folder, 'bin', 'vdcu'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, {
      mode: 0o755,
    });
    this.#child = spawn('script', ['-qefc', shell.join(' '), '/dev/null'], {
      cwd: folder,
      env: {
        ...process.env,
        HOME: folder,
        TERM: 'xterm',
        PATH: [join(folder, 'bin'), process.env['PATH']].join(delimiter),
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.shown += chunk.toString()));
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    t.teardown(async () => {
      this.#child.kill('SIGKILL');
      this.#child.stdin?.end();
      await gone;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    });
  }

  /** Press these keys; what is shown afterwards comes to this. */
  async press(keys: string, shows: RegExp): Promise<void> {
    const from = this.shown.length;
    this.#child.stdin?.write(keys);
    const answer = (): string => stripVTControlCharacters(this.shown.slice(from));
    await until(() => shows.test(answer()), `${JSON.stringify(keys)} leads to ${shows}`, 60_000);
  }
}

for (const { shell, begin } of [
  { shell: ['bash', '--norc', '--noprofile', '-i'], begin: 'source <(vdcu completion bash)' },
  {
    shell: ['zsh', '-f', '-i'],
    begin: 'autoload -U compinit; compinit -u -D; source <(vdcu completion zsh)',
  },
])
  t.test(
    `${shell[0]} completes at the tabulator`,
    { skip: without(shell[0] ?? '', 'script'), timeout: 300_000 },
    async (t) => {
      const terminal = new Terminal(t, shell);
      await terminal.press(`${begin}; echo so""urced\n`, /sourced/);
      await terminal.press(`vdcu dem\t`, /demo /);
      await terminal.press(`\u0015vdcu run ${exampleFile} softimax-e\t`, /softimax-eiger /);
      // A file, as nothing else is known.
      await terminal.press(`\u0015vdcu explain ${exampleFile.slice(0, -4)}\t`, /detectors\.yaml /);
      t.pass();
    },
  );

t.test('fish completes at the tabulator', { skip: without('fish'), timeout: 120_000 }, async (t) => {
  const complete = (line: string): string =>
    execFileSync(
      'fish',
      [
        '--no-config',
        '-c',
        `function vdcu; '${process.execPath}' '${main}' $argv; end; vdcu completion fish | source; complete -C '${line}'`,
      ],
      { encoding: 'utf8' },
    );
  t.match(complete('vdcu dem'), /^demo\tsimulator, service and consumer together$/m);
  t.match(complete(`vdcu run ${exampleFile} softimax-e`), /^softimax-eiger$/m);
  t.match(complete(`vdcu run ${exampleFile.slice(0, -4)}`), /detectors\.yaml/);
});
