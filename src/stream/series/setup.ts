// What a series works with, the same for all series of a streamer.

import type { ServiceConfig } from '../../config/service-config.js';
import type { SeriesMetadata } from '../../config/series-metadata.js';
import type { Layout } from '../../detector/layout.js';
import type { FrameShare } from '../../detector/frame-share.js';
import type { SeriesWords } from '../../memory/series-words.js';
import type { Forms } from './forms.js';
import type { FrameReader } from './frame-reader.js';
import type { FrameTimes } from './frame-times.js';
import type { IdleTime } from './idle-time.js';
import type { HoldingOutput } from '../output/output.js';
import type { SeenTimes } from './seen-times.js';
import type { ShownFrames } from './shown-frames.js';
import type { SeriesPort } from './progress.js';
import type { ArmRequest, StreamEvent } from '../../contract/series.js';

/**
 * Limits of a series: those of the configuration, which is handed on whole, and what the plan made of two of them.
 * Times in ms.
 */
export interface SeriesLimits extends Pick<
  ServiceConfig,
  | 'frameTimeoutMs'
  | 'startWindowMs'
  | 'seriesIdleMs'
  | 'seriesTimeoutMs'
  | 'overtakeFrames'
  | 'fillTailFrames'
  | 'closingTimeoutMs'
  | 'drainMs'
  | 'consumerConnections'
> {
  readonly discardIncomplete: boolean;
  readonly maxOwedFrames: number;
}

/** What a series works with; the same for all of them. */
export interface SeriesDeps {
  readonly limits: SeriesLimits;
  readonly ring: number;
  readonly words: SeriesWords;
  readonly ports: readonly SeriesPort[];
  readonly reader: FrameReader;
  /** What encoders make of frames; null = they leave as they lie. */
  readonly forms: Forms | null;
  /** The output that holds: whose consumer the series has, and whose numbers. */
  readonly output: HoldingOutput;
  readonly shown: ShownFrames;
  readonly counters: Float64Array;
  readonly seenTimes: SeenTimes;
  readonly times: FrameTimes;
  readonly idle: IdleTime;
  /** The frames that this instance takes. */
  readonly share: FrameShare;
  /** File name of an auto series by its number, when its header is made; '' = none. */
  autoFilename(series: number): string;
  /** The second part of a series' header. */
  metadata(layout: Layout, request: ArmRequest): SeriesMetadata;
  report(event: StreamEvent): void;
}
