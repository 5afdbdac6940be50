import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

/** Packages that a module loads at once, and whatever it loads by itself; with the way to each. */
function packagesOf(file: string, way: readonly string[], seen: Set<string>): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  if (seen.has(file)) return found;
  seen.add(file);
  const code = readFileSync(file, 'utf8');
  for (const [, named] of code.matchAll(/^(?:import|export)\s(?:[^'";]*?\sfrom\s)?'([^']+)';/gm)) {
    if (named === undefined || named.startsWith('node:')) continue;
    if (!named.startsWith('.')) found.set(named, [...way, file]);
    else
      for (const [other, how] of packagesOf(resolve(dirname(file), named), [...way, file], seen)) found.set(other, how);
  }
  return found;
}

const program = fileURLToPath(new URL('../../src/config/load.js', import.meta.url));
const thread = fileURLToPath(new URL('../../src/service/agent-thread.js', import.meta.url));

t.test('threads of the data path load no package at once: each would keep megabytes of it', async (t) => {
  t.strictSame([...packagesOf(thread, [], new Set())], []);
  // The look finds what is there.
  t.ok([...packagesOf(program, [], new Set()).keys()].includes('zod'));
});
