// A worker that pins itself to a CPU where it is given one, raises itself, and tells where it may run, its policy of
// scheduling (0 = ordinary, 1 = first in, first out) and its share among ordinary threads.

import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { raisePriority } from '../../src/runtime/realtime.js';
import type { Priority } from '../../src/runtime/realtime.js';
import { allowedCpus, pinThread } from '../../src/runtime/thread.js';
import { niceOf, policyOf } from './thread-policy.js';

const { cpu, priority } = workerData as { readonly cpu: number | null; readonly priority: Priority };
const pinned = cpu === null ? null : pinThread('raised', [cpu]);
const said = raisePriority('raised', priority);
const stat = readFileSync('/proc/thread-self/stat', 'latin1');
parentPort?.postMessage({
  pinned,
  said,
  policy: policyOf(stat),
  nice: niceOf(stat),
  cpus: allowedCpus(),
});
