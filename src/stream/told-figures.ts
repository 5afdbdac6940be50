// What the streamer tells the control plane, turn by turn, through its words in shared memory: that it turns, the
// longest stall, what is on its way to consumers, the step and the numbers of the series.
// Tested by test/pipeline/series.test.ts.

import { seriesStep } from '../memory/stream-words.js';
import type { StreamWords } from '../memory/stream-words.js';
import type { MessageSink } from './output/message-sink.js';
import type { Series } from './series/series.js';

/** What is on its way is told so often, in ms: asking the kernel takes a system call for each consumer. */
const underwayEveryMs = 100;

/** Times in ms of the service's clock. */
export class ToldFigures {
  readonly #words: StreamWords;
  readonly #sink: MessageSink;
  #underwayAt = -Infinity;
  /** Of the series that was open last. */
  #last = { first: 0, next: 0, highest: 0, last: 0, slotsUsedMax: 0 };

  constructor(words: StreamWords, sink: MessageSink) {
    this.#words = words;
    this.#sink = sink;
  }

  /** A turn begins. */
  beat(now: number): void {
    this.#words.pulse.beat(now);
  }

  /** A series begins: its longest stall is its own. */
  begin(): void {
    this.#words.pulse.begin();
  }

  tellUnderway(now: number): void {
    if (now - this.#underwayAt < underwayEveryMs) return;
    this.#underwayAt = now;
    this.#words.setUnderway(this.#sink.underway);
  }

  /** The series is over: its numbers are shown until the next one has some. */
  keep({ first, next, highest, last, slotsUsedMax }: Series): void {
    this.#last = { first, next, highest, last, slotsUsedMax };
  }

  /**
   * A turn ends.
   * @param series null = none is open @param seriesId its number, or that of the last one
   * @param endPending a `series_end` waits for a consumer @param messageNumber that the next message will take
   */
  publish(series: Series | null, seriesId: number, endPending: boolean, messageNumber: number): void {
    const { peers, disconnects } = this.#sink;
    const { slotsUsedMax, first, next, highest, last } = series ?? this.#last;
    this.#words.publish({
      step: series === null ? seriesStep.idle : series.summary !== null ? seriesStep.ending : series.step,
      seriesId,
      headerSent: series?.headerSent ?? false,
      auto: series?.auto ?? false,
      endPending,
      peers,
      disconnects,
      slotsUsedMax,
      first,
      next,
      highest,
      last,
      messageNumber,
    });
  }
}
