// A worker that raises itself, as one of so many receivers, and tells its scheduling policy: 0 = ordinary, 1 = first
// in, first out.

import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { raisePriority } from '../../src/runtime/realtime.js';

const said = raisePriority('raised', workerData as number);
// Field 41 of proc(5); the name in parentheses may hold spaces.
const policy = Number(
  readFileSync('/proc/thread-self/stat', 'latin1')
    .replace(/^.*\) /, '')
    .split(' ')[41 - 3],
);
parentPort?.postMessage({ said, policy });
