// The version of this program: that of its package.
// Tested by test/commands/command-line.test.ts.

import { readFileSync } from 'node:fs';

/** Version of package.json, which lies beside the compiled output's folder. */
export function version(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
