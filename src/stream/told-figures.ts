// What the streamer reports to the control plane, turn by turn, through its words in shared memory: its heartbeat, the
// longest stall, what is on its way to consumers, the step and the numbers of the series.
// Tested by test/pipeline/series.test.ts.

import { noFrame } from '../detector/frame-share.js';
import type { SocketWords } from '../memory/socket-words.js';
import { seriesStep } from '../memory/stream-words.js';
import type { StreamWords } from '../memory/stream-words.js';
import { socketsOf } from './output/message-sink.js';
import type { MessageSink } from './output/message-sink.js';
import type { Series } from './series/series.js';

/** The streamer tells so often what is on its way, in ms: asking the kernel takes a system call for each consumer. */
const underwayEveryMs = 100;

/** Times in ms of the service's clock. */
export class ToldFigures {
  readonly #words: StreamWords;
  readonly #sink: MessageSink;
  readonly #sockets: readonly SocketWords[];
  #turnAt = -1;
  #underwayAt = -Infinity;
  /** Of the series that was open last. */
  #last = { first: noFrame, next: noFrame, highest: noFrame, last: noFrame, slotsUsedMax: 0 };

  /** @param sockets a row for each socket of the sink */
  constructor(words: StreamWords, sockets: readonly SocketWords[], sink: MessageSink) {
    this.#words = words;
    this.#sockets = sockets;
    this.#sink = sink;
  }

  /** A turn begins. @param blocked a message waits for a consumer since the last one */
  beat(now: number, blocked: boolean): void {
    this.#words.pulse.beat(now);
    if (blocked && this.#turnAt >= 0) this.#sockets[this.#sink.waitsFor ?? 0]?.addBlocked(now - this.#turnAt);
    this.#turnAt = now;
  }

  /** A series begins: its longest stall is its own. */
  begin(): void {
    this.#words.pulse.begin();
  }

  tellUnderway(now: number): void {
    if (now - this.#underwayAt < underwayEveryMs) return;
    this.#underwayAt = now;
    const sockets = socketsOf(this.#sink);
    this.#sockets.forEach((words, index) => words.setUnderway(sockets[index].underway));
  }

  /** The series is over: its numbers are shown until the next one has some. */
  keep({ first, next, highest, last, slotsUsedMax }: Series): void {
    this.#last = { first, next, highest, last, slotsUsedMax };
  }

  /**
   * A turn ends.
   * @param series null = none is open @param seriesId its number, or that of the last one
   * @param endPending a `series_end` waits for a consumer @param messageNumber that the next message will take
   * @param taken messages that the sink has taken over
   */
  publish(series: Series | null, seriesId: number, endPending: boolean, messageNumber: number, taken: number): void {
    this.#publishSockets(taken);
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
  #publishSockets(taken: number): void {
    const sockets = socketsOf(this.#sink);
    const { takenBy } = this.#sink;
    for (let index = 0; index < this.#sockets.length; index++) {
      const { peers, disconnects } = sockets[index];
      this.#sockets[index].publish(peers, disconnects, takenBy?.[index] ?? taken);
    }
  }
}
