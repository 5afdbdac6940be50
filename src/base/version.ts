// The version of this program: that of its package. Read when the program starts: a package that is replaced under a
// running service, or a process without a free descriptor, changes nothing.
// Tested by test/commands/command-line.test.ts.

import { readFileSync } from 'node:fs';

/** package.json lies beside the compiled output's folder. */
const file = new URL('../../../package.json', import.meta.url);
const { version: own } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };

/** Version of package.json. */
export function version(): string {
  return own;
}
