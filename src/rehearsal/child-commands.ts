// Our own commands as processes beside this one, for runs that put everything together: the demo and the rehearsal.
// What a user would type, each with its result as JSON.
// Tested by test/threads/rehearsal.test.ts.

import type { ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { exitCode, OperatorError } from '../base/errors.js';
import type { ServiceConfig } from '../config/service-config.js';
import { spawnBound } from '../runtime/bound-child.js';
import { makeLogger } from '../runtime/log.js';
import { startService } from '../service/service.js';
import type { RunningService } from '../service/service.js';

/**
 * Run one of our own commands, which joins `children`; resolves with the JSON that it prints. In a process group of its
 * own, so that Ctrl-C reaches this process only, which ends the others in order (`endAll`). It ends with this process
 * even when that has no time to end anything.
 */
export function command(children: ChildProcess[], words: readonly string[]): Promise<unknown> {
  const child = spawnBound(process.execPath, [fileURLToPath(new URL('../main.js', import.meta.url)), ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  children.push(child);
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('close', () => process.off('exit', kill));
  const result = new Promise<unknown>((resolve, reject) => {
    let output = '';
    let complaints = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      try {
        resolve(JSON.parse(output));
      } catch {
        reject(
          new OperatorError(
            `vdcu ${words[0] ?? ''} ended with code ${code ?? 'none'}: ${complaints.trim().split('\n').at(-1) ?? ''}`,
          ),
        );
      }
    });
  });
  result.catch(() => undefined);
  return result;
}

/**
 * Start the service in this process. What cannot be started leaves no folder behind.
 * @param explain what is thrown instead of the reason
 * @throws OperatorError
 */
export async function startBeside(
  folder: string,
  config: ServiceConfig,
  explain = (error: unknown): unknown => error,
): Promise<RunningService> {
  try {
    return await startService(config, { logger: makeLogger('error', config.name) });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw explain(error);
  }
}

/** End all in the order of the data: the sender, the service, and the consumer once it has its series_end. */
export async function endAll(children: readonly ChildProcess[], stopService: () => Promise<unknown>): Promise<void> {
  for (const child of children) if (!child.spawnargs.includes('watch')) child.kill('SIGKILL');
  await stopService();
  for (const child of children) child.kill('SIGKILL');
}

/** Rejects when the run is to end. */
export function interrupted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(new OperatorError('interrupted', exitCode.interrupted));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

/**
 * Wait until this holds. @throws OperatorError with the complaint, or whatever cuts it short; without a complaint it
 * just waits no longer
 */
export async function until(
  condition: () => boolean,
  limitMs: number,
  complaint: string | null,
  cutShort: Promise<never>,
): Promise<void> {
  for (let waited = 0; waited < limitMs; waited += 20) {
    if (condition()) return;
    await Promise.race([new Promise((resolve) => setTimeout(resolve, 20)), cutShort]);
  }
  if (complaint !== null) throw new OperatorError(`${complaint} within ${limitMs} ms`);
}
