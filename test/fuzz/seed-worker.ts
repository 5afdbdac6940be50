// Worker entry: plays the seeds that it is given, a few at a time, and answers with their totals. Started by jobs.ts.

import { parentPort } from 'node:worker_threads';
import { closeOperator } from './operator.js';
import { playSeed } from './play.js';
import { addSeed, noTotals } from './totals.js';

const port = parentPort;
if (port === null) throw new Error('seed-worker is started by jobs.ts only');

const play = async (first: number, count: number): Promise<void> => {
  const totals = noTotals();
  for (let seed = first; seed < first + count; seed++) addSeed(totals, await playSeed(seed));
  port.postMessage(totals);
};

port.on('message', ({ first, count }: { first: number; count: number }) => {
  if (count > 0) return void play(first, count);
  void closeOperator().then(() => port.close());
});
