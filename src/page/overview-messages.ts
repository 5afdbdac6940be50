// What the overview of several services tells its page: the JSON of /overview.json. Types only, for both sides.

import type { SeriesState } from '../contract/series.js';

/** One service, as it was heard of last. */
export interface OverviewRow {
  /** Its HTTP interface. */
  readonly url: string;
  /** The detector's name; null = the service has not answered yet. */
  readonly name: string | null;
  /** Why there was no answer when it was asked last; null = it answered, and the rest is what it said. */
  readonly silent: string | null;
  readonly state: SeriesState | 'unknown';
  readonly message: string;
  readonly problems: readonly string[];
  /** The series that is open, or the last one. */
  readonly series: OverviewSeries | null;
  /** Images sent per second since it was asked before; null = not known. */
  readonly frames_per_second: number | null;
}

export interface OverviewSeries {
  readonly series_id: number;
  readonly open: boolean;
  readonly filename: string;
  /** Frames asked for; 0 = until it is stopped. */
  readonly frames: number;
  readonly images_sent: number;
  readonly incomplete: number;
  readonly aborted: string | null;
}
