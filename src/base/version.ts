// The version of this program: that of its package. Read by the command line and by whoever names the program in an
// answer.

import { readFileSync } from 'node:fs';

/** Version of package.json, which lies beside the compiled output's folder. */
export function version(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
