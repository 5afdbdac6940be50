// Has everything that was handed over so far reached the consumer? Comes in: what the sink says is under way. Goes out:
// still waiting, or the outcome: everything is there (0 messages), so much is not, or it is not known (null).

import type { MessageSink } from './message-sink.js';
import type { Undelivered } from '../../contract/series.js';

/** Begins when it is made. Times in ms of the service's clock. */
export class DeliveryWait {
  readonly #sink: MessageSink;
  #disconnects: number;
  readonly #lostBefore: Undelivered | null;
  readonly #taken: number;
  readonly #until: number;
  #left: Undelivered | null;

  /** @param taken messages that the sink has taken over; their numbers may jump */
  constructor(sink: MessageSink, taken: number, until: number) {
    this.#sink = sink;
    this.#disconnects = sink.disconnects;
    this.#lostBefore = sink.lost ?? null;
    this.#taken = taken;
    this.#until = until;
    this.#left = sink.underway;
  }

  /** @param taken messages that the sink has taken over by now: what came meanwhile is not waited for */
  look(taken: number, now: number): Undelivered | null | 'waiting' {
    const later = taken - this.#taken;
    if (this.#sink.disconnects !== this.#disconnects) {
      const lost = this.#lost(later);
      // As far as this way knows, what was on its way last is lost.
      if (lost === null) return this.#left;
      if (lost.messages > 0) return lost;
      // The consumer that went had acknowledged all of it; others may not have.
      this.#disconnects = this.#sink.disconnects;
    }
    this.#left = this.#underway(later);
    return this.#left === null || this.#left.messages === 0 || now >= this.#until ? this.#left : 'waiting';
  }

  #underway(later: number): Undelivered | null {
    const { underway } = this.#sink;
    if (underway === null) return null;
    if (underway.messages <= later) return { messages: 0, bytes: 0 };
    return { messages: underway.messages - later, bytes: underway.bytes };
  }

  /** How much of that was lost with consumers that went; null = this way cannot tell. The newest are lost first. */
  #lost(later: number): Undelivered | null {
    const before = this.#lostBefore;
    const { lost = null } = this.#sink;
    if (lost === null || before === null) return null;
    const messages = Math.max(0, lost.messages - before.messages - later);
    return { messages, bytes: messages === 0 ? 0 : lost.bytes - before.bytes };
  }
}
