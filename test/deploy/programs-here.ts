// For the tests of deploy/: a program run in the repository's folder, and a folder that goes with the test.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { repository } from '../commands/repository.js';

export interface Output {
  readonly code: number;
  /** Standard output, then standard error. */
  readonly output: string;
}

/** Run it, for a minute at most. */
export function run(
  program: string,
  words: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; timeout?: number } = {},
): Promise<Output> {
  return new Promise((resolve) => {
    execFile(
      program,
      [...words],
      { cwd: repository, timeout: 60_000, ...options, env: { ...process.env, ...options.env } },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr }),
    );
  });
}

/** Removed with the test. */
export function temporary(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-deploy-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
