// A series as the history keeps it: its summary, and which packets its incomplete frames lack. Comes in: what the
// streamer says at its end, or what lies in a file. Goes out: one JSON object, and back.
// Tested by test/view/history-folder.test.ts.

import type { SeriesLoss, SeriesSummary } from '../contract/series.js';

/** Frame index in the series, UDP port, first and last packet, both included. */
export type MissingRange = readonly [frame: number, udpPort: number, first: number, last: number];

/** As it leaves the process. */
export interface SeriesRecord extends SeriesSummary {
  /** By frame, ascending. */
  readonly missing: readonly MissingRange[];
  /** Frames from this index on are not listed in `missing`: there were too many ranges; null = all are. */
  readonly unlisted_from: number | null;
}

/** What is not known: of versions before, or of a file that does not have it. */
const nothingListed: SeriesLoss = { ranges: new Uint32Array(0), unlisted_from: 0 };

export function recordOf(summary: SeriesSummary, loss: SeriesLoss = nothingListed): SeriesRecord {
  const { ranges, unlisted_from } = loss;
  const missing = Array.from({ length: ranges.length / 4 }, (_, line): MissingRange => {
    const [frame, udpPort, first, last] = ranges.subarray(4 * line, 4 * line + 4);
    return [frame, udpPort, first, last];
  });
  return { ...summary, missing, unlisted_from };
}

/** The summary alone. */
export function withoutLoss({ missing: _, unlisted_from: __, ...summary }: SeriesRecord): SeriesSummary {
  return summary;
}

/** What a file says of the loss beside a summary; null = nothing that can be read. */
export function lossIn(value: object): SeriesLoss | null {
  const { missing, unlisted_from: from } = value as Partial<Record<keyof SeriesRecord, unknown>>;
  if (!(from === null || isCount(from)) || !Array.isArray(missing)) return null;
  const lines = missing as unknown[];
  if (!lines.every((line) => Array.isArray(line) && line.length === 4 && line.every(isCount))) return null;
  return { ranges: Uint32Array.from((lines as number[][]).flat()), unlisted_from: from as number | null };
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
