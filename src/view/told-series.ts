// Series as the streamer's events report them: the one that is open, its warnings, and those that ended. Series of
// earlier processes come behind them, where they are kept.

import type { PortReached, SeriesLoss, SeriesSummary, StreamEvent, Undelivered } from '../contract/series.js';
import type { WarningCode } from '../contract/series-warnings.js';
import type { StreamWords } from '../memory/stream-words.js';
import { undeliveredText } from './event-log.js';
import type { ReceiverResult } from './receiver-watched.js';
import { recordOf } from './series-record.js';
import type { SeriesRecord } from './series-record.js';
import type { ImageCounts } from './stream-view.js';

/** Series that are remembered, and kept on disk, of one detector. */
export const historyLength = 100;

/** Series of earlier processes, and what keeps those of this one. */
export interface KeptHistory {
  /** Newest first. */
  readonly before: readonly SeriesSummary[];
  keep(series: SeriesRecord): void;
  /** One that is kept, with what its frames lack; null = it is not there. */
  find(seriesId: number): Promise<SeriesRecord | null>;
  readonly trouble: string | null;
}

/** The series that is open, as its request named it. */
export interface NamedSeries {
  readonly id: number;
  readonly filename: string;
  /** Asked for; 0 = until silence. */
  readonly frames: number;
  readonly msgNumberBase: number | null;
}

/** A series that ended in this process, and how far its ports came. */
export interface EndedSeries {
  readonly summary: SeriesSummary;
  readonly reached: readonly PortReached[];
  readonly loss: SeriesLoss;
}

export class ToldSeries {
  readonly #kept: KeptHistory | null;
  #stream: Pick<StreamWords, 'endPending' | 'headerSent'> = { endPending: false, headerSent: false };
  #open: (NamedSeries & { readonly since: number }) | null = null;
  /** Newest first. */
  readonly #ended: EndedSeries[] = [];
  readonly #warnings = new Map<WarningCode, string>();
  /** What the sink could not deliver, once it is closed; null = not known. */
  #undelivered: Undelivered | null = null;
  /** Exact when the next series is opened: events keep their order. */
  readonly #images = { frames: 0, complete: 0, marked: 0, discarded: 0 };

  constructor(kept: KeptHistory | null) {
    this.#kept = kept;
  }

  /** @param stream what the streamer says now: does the newest `series_end` wait for a consumer, is a header out? */
  follow(stream: Pick<StreamWords, 'endPending' | 'headerSent'>): void {
    this.#stream = stream;
  }

  /** The series that is open, and since when, in ms of the service's clock; null = none is. */
  get open(): (NamedSeries & { readonly since: number }) | null {
    return this.#open;
  }

  /** A series was asked for, or has opened. @param auto it has begun before it is opened, with its warnings */
  begin(series: NamedSeries, auto: boolean, now: number): void {
    if (this.#open?.id === series.id) return;
    if (!auto) this.#warnings.clear();
    this.#open = { ...series, since: now };
  }

  /** All but the opening, which `begin` may know before. */
  hear(event: StreamEvent): void {
    switch (event.kind) {
      case 'ended':
        this.#end(event);
        break;
      case 'amended':
        this.#amend(event.summary.series_id, event.summary);
        break;
      case 'warning':
        this.#warnings.set(event.code, event.message);
        break;
      case 'warnings_over':
        for (const code of event.codes ?? [...this.#warnings.keys()]) this.#warnings.delete(code);
        break;
      case 'closed':
        this.#undelivered = event.undelivered;
        break;
      default:
        break;
    }
  }

  #end({ summary, reached, loss }: EndedSeries): void {
    for (const outcome of ['frames', 'complete', 'marked', 'discarded'] as const)
      this.#images[outcome] += summary[outcome];
    this.#ended.unshift({ summary, reached, loss });
    this.#ended.length = Math.min(this.#ended.length, historyLength);
    this.#open = null;
    this.#warnings.clear();
    this.#kept?.keep(recordOf(summary, loss));
  }

  /** What the receiver has got of a series is known only some time after its end. */
  received({ series_id: id, received, error }: ReceiverResult): void {
    this.#amend(id, { received_by_consumer: received, ...(error === null ? {} : { receiver_error: error }) });
  }

  #amend(id: number, known: Partial<SeriesSummary>): void {
    const at = this.#ended.findIndex(({ summary }) => summary.series_id === id);
    if (at < 0) return;
    const { summary: before, ...rest } = this.#ended[at];
    const summary = { ...before, ...known };
    this.#ended[at] = { summary, ...rest };
    this.#kept?.keep(recordOf(summary, rest.loss));
  }

  /** Of the series that is open; an automatic one has some while it waits. */
  get warnings(): ReadonlyMap<WarningCode, string> {
    return this.#warnings;
  }

  /** Images of all series that have ended, by outcome. */
  get imagesBefore(): ImageCounts {
    return this.#images;
  }

  /** Those of this process, newest first. A `series_end` that waited may have been delivered since. */
  ended(): readonly SeriesSummary[] {
    // One at most waits: it goes out before the next header.
    const newest = this.#stream.endPending
      ? this.#ended.find(({ summary }) => summary.header_sent)?.summary
      : undefined;
    return this.#ended.map(({ summary }) =>
      summary.end_pending && summary !== newest ? { ...summary, end_pending: false } : summary,
    );
  }

  /** As it ended; undefined = none has. */
  get last(): SeriesSummary | undefined {
    return this.#ended[0]?.summary;
  }

  /** One of this process; undefined = not known (any more). */
  find(seriesId: number): EndedSeries | undefined {
    return this.#ended.find(({ summary }) => summary.series_id === seriesId);
  }

  /** With those of earlier processes, newest first. */
  history(): readonly SeriesSummary[] {
    return [...this.ended(), ...(this.#kept?.before ?? [])].slice(0, historyLength);
  }

  /** One of the history, with what its frames lack; null = it is not there. */
  async record(seriesId: number): Promise<SeriesRecord | null> {
    const summary = this.history().find(({ series_id: id }) => id === seriesId);
    if (summary === undefined) return null;
    const ended = this.find(seriesId);
    return ended === undefined ? ((await this.#kept?.find(seriesId)) ?? null) : recordOf(summary, ended.loss);
  }

  /** Handed over and never reached a consumer, once the streamer has closed; null = not known. */
  get undelivered(): Undelivered | null {
    return this.#undelivered;
  }

  /** What the consumer lacks, once the streamer has closed, in sentences; null = nothing that is known of. */
  lacking(): string | null {
    const lost = this.#undelivered;
    const undelivered = lost === null || lost.messages === 0 ? null : undeliveredText(lost);
    const sentences = [this.#endLacking(), undelivered].filter((sentence) => sentence !== null);
    return sentences.length === 0 ? null : sentences.join(' ');
  }

  #endLacking(): string | null {
    if (this.#stream.endPending)
      return (
        'the series_end of the last series was never taken: no consumer was there, or it took nothing. It must be ' +
        'told that the series is over.'
      );
    if (this.#stream.headerSent)
      return (
        'the series was cut off: its thread did not end it in time. The consumer has its header, not its series_end, ' +
        'and must be told that the series is over.'
      );
    return null;
  }

  /** Had a series before the same file? */
  knowsFile(filename: string): boolean {
    return filename !== '' && this.history().some((earlier) => earlier.filename === filename);
  }
}
