// What many seeds came to: sums, the seeds that failed, and how they are said to people and to programs.

import type { SeedResult } from './play.js';

/** A seed that failed, with the first things that did not hold. */
export interface FailedSeed {
  readonly seed: number;
  /** It came to no end. */
  readonly hung?: true;
  readonly problems: readonly string[];
}

/** Sums of any number of seeds. */
export interface Totals {
  seeds: number;
  calm: number;
  shared: number;
  packets: number;
  frames: number;
  series: number;
  processes: number;
  readonly aborted: Record<string, number>;
  readonly failed: FailedSeed[];
}

/** Problems that are kept of a seed. */
const problemsKept = 5;

export const noTotals = (): Totals => ({
  seeds: 0,
  calm: 0,
  shared: 0,
  packets: 0,
  frames: 0,
  series: 0,
  processes: 0,
  aborted: {},
  failed: [],
});

export function addSeed(
  totals: Totals,
  { seed, problems, calm, shared, packets, frames, series, processes, aborted }: SeedResult,
): void {
  totals.seeds++;
  totals.calm += calm ? 1 : 0;
  totals.shared += shared ? 1 : 0;
  totals.packets += packets;
  totals.frames += frames;
  totals.series += series;
  totals.processes += processes;
  for (const reason of aborted) totals.aborted[reason] = (totals.aborted[reason] ?? 0) + 1;
  if (problems.length > 0) totals.failed.push({ seed, problems: problems.slice(0, problemsKept) });
}

export function addTotals(totals: Totals, more: Totals): void {
  for (const key of ['seeds', 'calm', 'shared', 'packets', 'frames', 'series', 'processes'] as const)
    totals[key] += more[key];
  for (const [reason, count] of Object.entries(more.aborted))
    totals.aborted[reason] = (totals.aborted[reason] ?? 0) + count;
  totals.failed.push(...more.failed);
}

/** What plays a seed again, and tells its whole story. */
export function playAgain(seed: number): string {
  const placement = process.env['VDCU_PLACEMENT'];
  return `${placement === undefined ? '' : `VDCU_PLACEMENT=${placement} `}npm run fuzz -- --seed ${seed}`;
}

/** One line: what failed, and what reproduces it. */
export function failureLine({ seed, hung, problems }: FailedSeed): string {
  return (
    `seed ${seed} ${hung === true ? 'hung' : 'failed'}: ${(problems[0] ?? '').split('\n', 1)[0]}; again: ` +
    `${playAgain(seed)}`
  );
}

/** One line of sums. */
export function summaryLine(
  { seeds, failed, packets, frames, series, processes, calm, shared, aborted }: Totals,
  seconds: number,
): string {
  const reasons = Object.entries(aborted)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([reason, count]) => `${reason} ${count}`);
  return (
    `${seeds} seeds in ${seconds.toFixed(0)} s, ${failed.length} failed; ${processes} processes, ${series} series, ` +
    `${frames} frames, ${packets} packets, ${calm} calm worlds, ${shared} with a shared detector; aborted series: ` +
    `${reasons.length === 0 ? 'none' : reasons.join(', ')}`
  );
}
