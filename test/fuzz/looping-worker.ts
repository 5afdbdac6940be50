// Worker entry of jobs.test.ts: a seed that ends in 0 really loops, one in 5 ends the thread, one in 7 throws; all
// others hold.

import { parentPort } from 'node:worker_threads';
import { noTotals } from './totals.js';

parentPort?.on('message', (seed: number | null) => {
  if (seed === null) return void parentPort?.close();
  while (seed % 10 === 0);
  if (seed % 10 === 5) process.exit(3);
  if (seed % 10 === 7) throw new Error('nobody catches this');
  parentPort?.postMessage({ ...noTotals(), seeds: 1 });
});
parentPort?.postMessage(null);
