// Shares seeds out to worker threads, one at a time, so that none waits for another. A seed whose thread gives no
// answer, or ends, is a failure like others: the thread is replaced and the run goes on.

import { Worker } from 'node:worker_threads';
import { addTotals, noTotals } from './totals.js';
import type { FailedSeed, Totals } from './totals.js';

/** A seed is played in some 30 ms; one that takes this long, in ms, hangs, however busy the machine is. */
export const seedLimitMs = 60_000;
/** The same for a thread that begins or ends. */
const threadLimitMs = 60_000;

export interface JobsOptions {
  readonly first: number;
  readonly count: number;
  readonly jobs: number;
  /** End at the first seed that fails. */
  readonly untilFailure: boolean;
  /** Aborted = the run ends at once, and seeds that are under way count as not played. */
  readonly signal: AbortSignal;
  /** Called whenever a seed more was played: what it came to, and all so far. */
  readonly onSeeds: (latest: Totals, all: Totals) => void;
  /** Real time that a seed may take, in ms. */
  readonly limitMs?: number;
  /**
   * What the threads run: it says null when it is ready, is then given one seed after the other, answers each with its
   * totals, and ends when it is given null.
   */
  readonly script?: URL;
}

/**
 * Play all seeds; resolves with what was played, also when it was interrupted. Rejects when a thread breaks that plays
 * no seed.
 */
export async function playInJobs({
  first,
  count,
  jobs,
  untilFailure,
  signal,
  onSeeds,
  limitMs = seedLimitMs,
  script = new URL('./seed-worker.js', import.meta.url),
}: JobsOptions): Promise<Totals> {
  const all = noTotals();
  let next = first;
  const ended = (): boolean => signal.aborted || (untilFailure && all.failed.length > 0) || next >= first + count;
  const note = (totals: Totals): void => {
    addTotals(all, totals);
    onSeeds(totals, all);
  };
  /** One thread, until there are no more seeds, or it breaks. */
  const runThread = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(script);
      let seed: number | null = null;
      let broken: Pick<FailedSeed, 'hung' | 'problems'> | null = null;
      let watchdog: NodeJS.Timeout | undefined;
      const watch = (ms: number): void => {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => {
          broken = { hung: true, problems: [`no answer in ${ms / 1000} s`] };
          void worker.terminate();
        }, ms);
      };
      const stop = (): void => void worker.terminate();
      worker.on('message', (totals: Totals | null) => {
        if (totals !== null) note(totals);
        seed = ended() ? null : next++;
        watch(seed === null ? threadLimitMs : limitMs);
        worker.postMessage(seed);
      });
      worker.on(
        'error',
        (error: unknown) =>
          (broken = {
            problems: [`its thread ended: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`],
          }),
      );
      worker.on('exit', (code) => {
        clearTimeout(watchdog);
        signal.removeEventListener('abort', stop);
        if (!signal.aborted && seed !== null) {
          note({
            ...noTotals(),
            seeds: 1,
            failed: [{ seed, ...(broken ?? { problems: [`its thread ended with exit code ${code}`] }) }],
          });
        } else if (!signal.aborted && broken !== null) {
          reject(new Error(`a thread that played no seed broke: ${broken.problems.join()}`));
        }
        resolve();
      });
      signal.addEventListener('abort', stop);
      watch(threadLimitMs);
    });
  const run = async (): Promise<void> => {
    do await runThread();
    while (!ended());
  };
  if (!ended()) await Promise.all(Array.from({ length: Math.min(jobs, count) }, run));
  all.failed.sort((a, b) => a.seed - b.seed);
  return all;
}
