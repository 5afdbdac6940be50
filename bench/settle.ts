// Waits until a virtual machine has given back to its host what the last program freed. Where the host wants that (free
// page reporting of virtio_balloon), it begins two seconds after a program has ended, and meanwhile no core runs for
// some 25 ms at a time. So half a gigabyte that one measurement frees would disturb the next.

import { existsSync, readFileSync } from 'node:fs';
import { delay } from './programs.js';

const folder = '/sys/module/page_reporting';
/** The kernel gives back at most this long after memory was freed, and then pass by pass at this distance, in ms. */
const distanceMs = 2000;
const standsStillMs = distanceMs + 1000;
const limitMs = 30_000;

/** Returns at once on a machine that gives nothing back. */
export async function settle(): Promise<void> {
  if (!existsSync(folder)) return;
  let seen = givenBack();
  let since = performance.now();
  for (
    const until = since + limitMs;
    performance.now() < until && performance.now() - since < standsStillMs;
    await delay(200)
  ) {
    const now = givenBack();
    if (now === seen) continue;
    seen = now;
    since = performance.now();
  }
}

/** kB since the machine began; null where the kernel does not count: then it is a matter of time alone. */
function givenBack(): number | null {
  try {
    return Number(readFileSync(`${folder}/parameters/reported_kib`, 'utf8'));
  } catch {
    return null;
  }
}
