// Worker entry: plays the seeds that it is given, one after the other, and answers each with its totals.

import { parentPort } from 'node:worker_threads';
import { closeOperator } from './operator.js';
import { playSeed } from './play.js';
import { addSeed, noTotals } from './totals.js';

const port = parentPort;
if (port === null) throw new Error('seed-worker is started by jobs.ts only');

const play = async (seed: number): Promise<void> => {
  const totals = noTotals();
  addSeed(totals, await playSeed(seed));
  port.postMessage(totals);
};

port.on('message', (seed: number | null) => {
  if (seed !== null) return void play(seed);
  void closeOperator().then(() => port.close());
});
port.postMessage(null);
