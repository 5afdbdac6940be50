// Whether all that was handed over up to now has reached the consumer. Comes in: what the sink says is under way. Goes
// out: still waiting, or what is certain: everything is there (0 messages), so much is not, or nobody can tell (null).

import type { MessageSink } from './message-sink.js';
import type { Undelivered } from '../../contract/series.js';

/** Begins when it is made. Times in ms of the service's clock. */
export class DeliveryWait {
  readonly #sink: MessageSink;
  readonly #disconnects: number;
  readonly #next: number;
  readonly #until: number;
  #left: Undelivered | null;

  /** @param next number that the next message will have */
  constructor(sink: MessageSink, next: number, until: number) {
    this.#sink = sink;
    this.#disconnects = sink.disconnects;
    this.#next = next;
    this.#until = until;
    this.#left = sink.underway;
  }

  /** @param next number that the next message will have now: what was handed over meanwhile is not waited for */
  look(next: number, now: number): Undelivered | null | 'waiting' {
    // What was on its way to a consumer that went is lost.
    if (this.#sink.disconnects === this.#disconnects) {
      const underway = this.#sink.underway;
      const later = next - this.#next;
      this.#left =
        underway === null
          ? null
          : underway.messages <= later
            ? { messages: 0, bytes: 0 }
            : { messages: underway.messages - later, bytes: underway.bytes };
    } else if (this.#left?.messages !== 0) return this.#left;
    return this.#left === null || this.#left.messages === 0 || now >= this.#until ? this.#left : 'waiting';
  }
}
