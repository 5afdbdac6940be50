// What a series works with, made once by the streamer for all series.

import type { FrameShare } from '../../detector/frame-share.js';
import type { LastFrame } from '../../memory/last-frame.js';
import type { SeriesWords } from '../../memory/series-words.js';
import type { FrameReader } from './frame-reader.js';
import type { FrameTimes } from './frame-times.js';
import type { IdleTime } from './idle-time.js';
import type { Outbox } from '../output/maxiv/outbox.js';
import type { SeenTimes } from './seen-times.js';
import type { SeriesPort } from './progress.js';
import type { StreamEvent } from '../../contract/series.js';

/** Limits of a series. Times in ms. */
export interface SeriesLimits {
  readonly discardIncomplete: boolean;
  readonly frameTimeoutMs: number;
  readonly startWindowMs: number;
  readonly maxOwedFrames: number;
  readonly seriesIdleMs: number;
  readonly seriesTimeoutMs: number | null;
  readonly overtakeFrames: number;
  readonly fillTailFrames: number | null;
  readonly closingTimeoutMs: number;
  /** Consumers that are expected at most. */
  readonly consumerConnections: number;
}

/** What a series works with; the same for all of them. */
export interface SeriesDeps {
  readonly limits: SeriesLimits;
  readonly ring: number;
  readonly words: SeriesWords;
  readonly ports: readonly SeriesPort[];
  readonly reader: FrameReader;
  readonly outbox: Outbox;
  readonly lastFrame: LastFrame;
  readonly counters: Float64Array;
  readonly seenTimes: SeenTimes;
  readonly times: FrameTimes;
  readonly idle: IdleTime;
  /** The frames that this instance takes. */
  readonly share: FrameShare;
  /** File name of an auto series by its number, when its header is made; '' = none. */
  autoFilename(series: number): string;
  report(event: StreamEvent): void;
}
