// Shares seeds out to worker threads, some at a time, so that none waits for another. Called by the command line.

import { Worker } from 'node:worker_threads';
import { addTotals, noTotals } from './totals.js';
import type { Totals } from './totals.js';

/** Seeds that a worker plays before it asks for more. */
const atOnce = 8;

export interface JobsOptions {
  readonly first: number;
  readonly count: number;
  readonly jobs: number;
  /** End at the first seed that fails. */
  readonly untilFailure: boolean;
  /** Aborted = no further seeds are begun. */
  readonly signal: AbortSignal;
  /** Called whenever some seeds more were played: what they came to, and all so far. */
  readonly onSeeds: (latest: Totals, all: Totals) => void;
}

/** Play all seeds; resolves with what was played, also when it was interrupted. */
export async function playInJobs({ first, count, jobs, untilFailure, signal, onSeeds }: JobsOptions): Promise<Totals> {
  const all = noTotals();
  let next = first;
  const run = (): Promise<void> => new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./seed-worker.js', import.meta.url));
    const give = (): void => {
      const share = signal.aborted || (untilFailure && all.failed.length > 0) ? 0 : Math.min(atOnce, first + count - next);
      worker.postMessage({ first: next, count: share });
      next += share;
    };
    worker.on('message', (totals: Totals) => {
      addTotals(all, totals);
      onSeeds(totals, all);
      give();
    });
    worker.on('error', reject);
    worker.on('exit', () => resolve());
    give();
  });
  await Promise.all(Array.from({ length: Math.min(jobs, Math.ceil(count / atOnce)) }, run));
  all.failed.sort((a, b) => a.seed - b.seed);
  return all;
}
