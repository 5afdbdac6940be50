// The command line as a process of its own, for tests that send it signals.

import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { spawnBound } from '../../src/runtime/bound-child.js';
import { until, within } from './waiting.js';

/** A running program, most often `vdcu`. */
export class Process {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stdout = '';
  stderr = '';

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.ended = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
  }

  /** Lines of standard output that are JSON objects. */
  lines(): Record<string, unknown>[] {
    return this.stdout
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** The first line for which this holds. */
  async line(holds: (line: Record<string, unknown>) => boolean, what: string): Promise<Record<string, unknown>> {
    let over = false;
    void this.ended.then(() => (over = true));
    await until(() => over || this.lines().some(holds), what);
    const found = this.lines().find(holds);
    if (found === undefined) throw new Error(`ended before ${what}: ${this.stderr}`);
    return found;
  }

  /** Exit code, or the signal that ended it. */
  async code(): Promise<number | string | null> {
    const { code, signal } = await within(this.ended, 'the end of the process', 120_000);
    return signal ?? code;
  }
}

/**
 * Start `vdcu` with these words; `nodeOptions` go before them, and before all a program that starts others, if any.
 * Killed at the end of the test if it still runs.
 */
export function vdcuProcess(
  t: Test,
  words: readonly string[],
  nodeOptions: readonly string[] = [],
  starter: readonly string[] = [],
): Process {
  const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
  return startProcess(t, [...starter, process.execPath, ...nodeOptions, main, ...words]);
}

/** Start a program. Killed at the end of the test if it still runs. */
export function startProcess(t: Test, words: readonly string[], input: 'ignore' | 'pipe' = 'ignore'): Process {
  const [program, ...all] = words as [string, ...string[]];
  const child = spawnBound(program, all, { stdio: [input, 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  return new Process(child);
}

/** `vdcu run` of the detector `det` of this configuration, ready. */
export async function runProcess(
  t: Test,
  text: string,
  nodeOptions: readonly string[] = [],
  starter: readonly string[] = [],
): Promise<{ run: Process; endpoint: string; apiUrl: string; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'vdcu-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'test.yaml');
  await writeFile(file, text);
  const run = vdcuProcess(t, ['run', file, 'det', '--json'], nodeOptions, starter);
  const ready = await run.line(
    ({ event, api_url: url }) => event === 'ready' && url !== undefined,
    "the service's addresses",
  );
  return { run, endpoint: ready['data_endpoint'] as string, apiUrl: ready['api_url'] as string, file };
}
