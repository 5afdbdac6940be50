// PSI's own programs for tests: virtual detector servers, and the client in Python that drives them and the service.
// They keep their memory apart from that of any other client of this machine by an id, and end with the test.

import { execFile } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { spawnBound } from '../../src/runtime/bound-child.js';
import type { PsiTools } from '../programs.js';
import { until } from './waiting.js';

/** Control ports of so many servers; each takes the one after it as well. */
async function controlPorts(count: number): Promise<number[]> {
  const found: number[] = [];
  for (let port = 21_000 + 4 * (process.pid % 2000); found.length < count; port += 2)
    if ((await isFree(port)) && (await isFree(port + 1))) found.push(port);
  return found;
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** Start the virtual detector of a type; the client's `hostname`. */
export async function virtualDetector(
  t: Test,
  { servers }: PsiTools,
  type: string,
  modules: readonly (readonly string[])[],
): Promise<string> {
  const ports = await controlPorts(modules.length);
  const children = modules.map((options, index) => {
    // Its second process, the stop server, ends with its group.
    const child = spawnBound(join(servers, `${type}DetectorServer_virtual`), ['-p', String(ports[index]), ...options], {
      cwd: servers,
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore'],
    });
    t.teardown(() => endGroup(child));
    return child;
  });
  await until(async () => {
    if (children.some(({ exitCode }) => exitCode !== null)) throw new Error(`a virtual ${type} has ended at once`);
    return (await Promise.all(ports.flatMap((port) => [isFree(port), isFree(port + 1)]))).every((free) => !free);
  }, `the virtual ${type}`);
  return ports.map((port) => `localhost:${port}`).join('+') + (ports.length > 1 ? '+' : '');
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** PSI's client, with shared memory of its own. */
export class PsiClient {
  readonly #python: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'vdcu-psi-'));
  readonly #id = 1000 + (process.pid % 8000);

  constructor(t: Test, { python }: PsiTools) {
    this.#python = python;
    t.teardown(async () => {
      await this.run(`_slsdet.freeSharedMemory(${this.#id})`).catch(() => undefined);
      rmSync(this.#folder, { recursive: true });
    });
  }

  /** Load a configuration file with these lines, as `sls_detector_put config` does. */
  config(lines: readonly string[]): Promise<unknown> {
    const file = join(this.#folder, 'psi.config');
    writeFileSync(file, `${lines.join('\n')}\n`);
    return this.run(
      `_slsdet.freeSharedMemory(${this.#id}); d = Detector(${this.#id}); d.config = ${JSON.stringify(file)}`,
    );
  }

  /**
   * Statements of Python with the detector `d`; resolves with the JSON of `result`, null unless they set it.
   * @throws Error with the sentence of PSI's client
   */
  run(statements: string): Promise<unknown> {
    const mark = '@result@';
    const script = [
      'import json',
      'from slsdet import Detector, _slsdet',
      `d = Detector(${this.#id})`,
      'result = None',
      'error = None',
      'try:',
      ...statements.split('\n').map((line) => `    ${line}`),
      'except Exception as caught:',
      '    error = str(caught)',
      `print(${JSON.stringify(mark)} + json.dumps({"result": result, "error": error}))`,
    ].join('\n');
    return new Promise((resolve, reject) => {
      execFile(this.#python, ['-c', script], { timeout: 60_000 }, (failure, stdout, stderr) => {
        const at = stdout.lastIndexOf(mark);
        if (at < 0) return reject(new Error(`PSI's client said nothing: ${failure?.message ?? ''} ${stderr}`));
        const said = JSON.parse(stdout.slice(at + mark.length)) as { result: unknown; error: string | null };
        if (said.error === null) resolve(said.result);
        else reject(new Error(said.error));
      });
    });
  }
}
