// Python with the libraries that the real consumer is made of, where this machine has it; and one of the programs
// beside this file.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from '../../commands/repository.js';
import { pythonWith } from '../../programs.js';

/** The interpreter that can import zmq, h5py and numpy, or null. */
export const python = pythonWith('zmq', 'h5py', 'numpy');

/** Why a test is skipped, or false. */
export const noPython =
  python === null ? 'no Python with zmq, h5py and numpy here (Debian: python3-zmq python3-h5py python3-numpy)' : false;

const limitMs = 60_000;

/**
 * Run `consumer.py` or `viewer.py`; what it printed. @throws Error with what it said when it fails or takes too long
 */
export async function runPython(
  program: 'consumer.py' | 'viewer.py',
  ...words: string[]
): Promise<Record<string, unknown>> {
  const file = join(repository, 'test', 'consumer', 'python', program);
  const { stdout } = await promisify(execFile)(python as string, ['-B', file, ...words], {
    timeout: limitMs,
    maxBuffer: 2 ** 24,
  });
  return JSON.parse(stdout) as Record<string, unknown>;
}
