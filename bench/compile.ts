// The C programs of the benchmarks, compiled when a benchmark runs: `cc -O2`, into a temporary folder. libzmq is the
// one that the service uses, inside the addon of the zeromq package. That addon needs functions of Node, which get
// stand-ins that are never called.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Paths of the programs (bench/c says what each takes and prints) and of libzmq. */
export interface Programs {
  readonly folder: string;
  readonly sender: string;
  readonly receiver: string;
  readonly publisher: string;
  readonly consumer: string;
  readonly library: string;
  /** `cc --version`, first line. */
  readonly compiler: string;
}

let compiled: Promise<Programs> | null = null;

/** Compile once per process; the folder goes when the process ends. @throws Error without a C compiler */
export function compilePrograms(): Promise<Programs> {
  return (compiled ??= compile());
}

async function compile(): Promise<Programs> {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const library = await libzmqPath();
  const standIns = join(folder, 'stand-ins.c');
  const wanted = run('nm', ['-D', '--undefined-only', library]).match(/\b(napi_|node_api_|uv_)\w+/g) ?? [];
  writeFileSync(standIns, [...new Set(wanted)].map((name) => `int ${name}(void) { return 9; }\n`).join(''));
  const build = (name: string, ...more: string[]): string => {
    const program = join(folder, name);
    const source = fileURLToPath(new URL(`../../bench/c/${name}.c`, import.meta.url));
    run('cc', ['-O2', '-Wall', '-rdynamic', '-o', program, source, ...more, '-ldl']);
    return program;
  };
  return {
    folder,
    library,
    sender: build('sender'),
    receiver: build('receiver'),
    publisher: build('publisher', standIns),
    consumer: build('consumer', standIns),
    compiler: run('cc', ['--version']).split('\n')[0] ?? 'cc',
  };
}

async function libzmqPath(): Promise<string> {
  await import('zeromq');
  const { sharedObjects } = process.report.getReport() as unknown as { sharedObjects: string[] };
  const path = sharedObjects.find((file) => /[\\/]zeromq[\\/].*\.node$/.test(file));
  if (path === undefined) throw new Error('the zeromq package loaded no library');
  return path;
}

function run(command: string, parameters: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, parameters, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${parameters.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}
