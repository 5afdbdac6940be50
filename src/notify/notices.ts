// What is told to the outside when something happened: the bodies of notifications. Comes in: the summary of a series
// that has ended, or a finding of the diagnosis. Goes out: one JSON text, bounded in size.

import type { Finding } from '../contract/findings.js';
import type { SeriesSummary } from '../contract/series.js';
import { seriesHeadline } from '../view/series-log.js';

/** Ranges of incomplete frames in a notice; the history has up to 1000. */
const rangesTold = 100;

/** Where and when it happened. */
export interface NoticeSource {
  readonly detector: string;
  /** Milliseconds since 1970. */
  readonly wall: number;
}

/** A series has ended: its summary, ranges of incomplete frames cut at 100. */
export function endedNotice(source: NoticeSource, summary: SeriesSummary): string {
  return seriesNotice(source, 'series_ended', summary);
}

/** A series that was told as ended has another summary since: its consumer went before it had the end. */
export function amendedNotice(source: NoticeSource, summary: SeriesSummary): string {
  return seriesNotice(source, 'series_amended', summary);
}

function seriesNotice(source: NoticeSource, event: string, summary: SeriesSummary): string {
  const { incomplete } = summary;
  return notice(source, event, seriesHeadline(summary), {
    series: {
      ...summary,
      incomplete: incomplete.slice(0, rangesTold),
      truncated: summary.truncated || incomplete.length > rangesTold,
    },
  });
}

/** Something is wrong: the code stays the same while figures in the sentence change. */
export function problemNotice(source: NoticeSource, { code, message }: Finding): string {
  return notice(source, 'problem', message, { code });
}

function notice({ detector, wall }: NoticeSource, event: string, message: string, more: object): string {
  return JSON.stringify({ event, detector, time: new Date(wall).toISOString(), message, ...more });
}
