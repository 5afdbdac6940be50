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
const service = (name: string): string => fileURLToPath(new URL(`../../src/service/${name}.js`, import.meta.url));
const threads = ['agent-thread', 'receiver-thread', 'encoder-thread', 'streamer-thread'].map(service);

t.test('threads of the data path load no package at once: each would keep megabytes of it', async (t) => {
  for (const thread of threads) t.strictSame([...packagesOf(thread, [], new Set())], []);
  // The look finds what is there.
  t.ok([...packagesOf(program, [], new Set()).keys()].includes('zod'));
});

t.test('a thread loads what it does, and not what others do', async (t) => {
  const foreign: readonly (readonly [thread: string, folders: readonly string[]])[] = [
    ['agent-thread', ['assembly', 'encode', 'stream']],
    ['receiver-thread', ['encode', 'stream']],
    ['encoder-thread', ['assembly', 'stream']],
    ['streamer-thread', ['assembly']],
  ];
  for (const [thread, folders] of foreign) {
    const seen = new Set<string>();
    packagesOf(service(thread), [], seen);
    t.ok(seen.size > 10, `${thread}: ${seen.size} files`);
    t.strictSame(
      [...seen].filter((file) => folders.some((folder) => file.includes(`/src/${folder}/`))),
      [],
    );
  }
});
