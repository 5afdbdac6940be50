// A worker that pins itself to a CPU where it is given one, raises itself, and tells where it may run and its policy of
// scheduling: 0 = ordinary, 1 = first in, first out.

import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { raisePriority } from '../../src/runtime/realtime.js';
import { allowedCpus, pinThread } from '../../src/runtime/thread.js';
import { policyOf } from './thread-policy.js';

const { cpu } = workerData as { readonly cpu: number | null };
const pinned = cpu === null ? null : pinThread('raised', [cpu]);
const said = raisePriority('raised');
parentPort?.postMessage({
  pinned,
  said,
  policy: policyOf(readFileSync('/proc/thread-self/stat', 'latin1')),
  cpus: allowedCpus(),
});
