// A worker that pins itself to the CPU it is given and tells what came of it.

import { parentPort, workerData } from 'node:worker_threads';
import { allowedCpus, pinThread } from '../../src/runtime/thread.js';

const warning = pinThread('pinned', [workerData as number]);
parentPort?.postMessage({ warning, allowed: allowedCpus() });
