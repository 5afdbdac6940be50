// Programs that live no longer than this process, however it ends, SIGKILL included. Comes in: what `spawn` takes. Goes
// out: the child process. A shell begins it: one part waits on a pipe of which this process alone holds the other end,
// and the kernel closes that end with the process; the other part becomes the program.
// Tested by test/threads/bound-child.test.ts.

import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions, StdioOptions } from 'node:child_process';
import type { Writable } from 'node:stream';
import { existsSync } from 'node:fs';

const shell = '/bin/sh';

/**
 * `$$` is the program's process, too: `exec` keeps it. A line on the pipe says that the program has ended by itself,
 * and that its number may be another's soon. The part that waits holds none of the program's pipes.
 */
const script = '(trap "" TERM HUP; read -r _ <&3 || kill -9 $$) </dev/null >/dev/null 2>&1 & exec 3<&-; exec "$@"';

/** Spawn options; the pipe becomes file descriptor 3 of the shell, and the program does not see it. */
export interface BoundOptions extends Omit<SpawnOptions, 'stdio'> {
  /** Standard input, output and error. */
  readonly stdio: readonly ['ignore' | 'pipe', 'ignore' | 'pipe' | 'inherit', 'ignore' | 'pipe' | 'inherit'];
}

/**
 * Start a program that is killed when this process is gone; where there is no shell, without that. A program that is
 * not there ends with exit code 127.
 */
export function spawnBound(program: string, words: readonly string[], options: BoundOptions): ChildProcess {
  if (!existsSync(shell)) return spawn(program, words, { ...options, stdio: [...options.stdio] });
  const stdio: StdioOptions = [...options.stdio, 'pipe'];
  const child = spawn(shell, ['-c', script, 'sh', program, ...words], { ...options, stdio });
  const bond = child.stdio[3] as Writable | null | undefined;
  // It is gone when all is over anyway.
  bond?.on('error', () => undefined);
  child.once('exit', () => bond?.end('\n'));
  return child;
}
