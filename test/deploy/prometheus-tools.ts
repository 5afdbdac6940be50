// The tools of Debian's package `prometheus`, for tests: absent on many machines, and then said so.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Where `name` lies, or null. */
export async function toolNamed(name: 'promtool' | 'prometheus'): Promise<string | null> {
  try {
    return (await promisify(execFile)('/bin/sh', ['-c', `command -v ${name}`])).stdout.trim();
  } catch {
    return null;
  }
}

/** Why a test is skipped that needs `name`; false = it is there. */
export async function missing(name: 'promtool' | 'prometheus'): Promise<string | false> {
  return (await toolNamed(name)) === null ? `${name} is not installed (Debian package prometheus)` : false;
}

/** Run promtool with this on its input; what it printed, and its exit code. */
export function promtool(words: readonly string[], input = ''): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = execFile('promtool', [...words], { timeout: 30_000 }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }));
    child.stdin?.end(input);
  });
}
