// Where the repository lies, for tests that read its files or start the compiled command line from it.

import { existsSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. */
export const repository = ((): string => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
})();

/** The example configuration. */
export const exampleFile = join(repository, 'examples', 'detectors.yaml');

/** Everything that a command printed, and its exit code. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Run the compiled `vdcu` with these arguments, in the repository's folder. */
export function vdcu(...args: string[]): Promise<Outcome> {
  return vdcuWith({}, ...args);
}

/** The same with further environment variables. */
export function vdcuWith(environment: Record<string, string>, ...args: string[]): Promise<Outcome> {
  const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], {
      cwd: repository,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
}
