// promtool of Debian's package `prometheus`, for tests: words and input in, what it printed out.

import { execFile } from 'node:child_process';
import { programNamed } from '../programs.js';

/** Run promtool with this on its input; what it printed, and its exit code. */
export function promtool(words: readonly string[], input = ''): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      programNamed('promtool') as string,
      [...words],
      { timeout: 30_000 },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    );
    child.stdin?.end(input);
  });
}
