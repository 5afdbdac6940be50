// The one place where a message gets its number: a number is used up when the sink has taken the message, so numbers
// are gapless and never go back.

import { assert } from '../../../base/assert.js';
import { streamCounter } from '../../../memory/counters.js';
import type { MessageKind, MessageSink } from '../message-sink.js';

/** Numbers messages and hands them over, one at a time. Times in ms. */
export class Outbox {
  readonly #sink: MessageSink;
  readonly #counters: Float64Array;
  #next: number;
  #taken = 0;
  #pending: { kind: MessageKind; bytes: number; done: (now: number) => void } | null = null;
  /** Blocked and counted as such up to here; −1 = not blocked. */
  #blockedUntil = -1;
  #offered = false;

  /** @param first number of the first message: above any that an earlier process used */
  constructor(sink: MessageSink, counters: Float64Array, first: number) {
    assert(Number.isSafeInteger(first) && first >= 0, 'the first message number is no safe integer');
    this.#sink = sink;
    this.#counters = counters;
    this.#next = first;
  }

  /** Messages that the sink has taken over. */
  get taken(): number {
    return this.#taken;
  }

  /** Number that the next message will carry. */
  get next(): number {
    return this.#next;
  }

  /**
   * The next message gets this number, if it is not beyond it already: where several instances share a detector the
   * numbers in between are the others'.
   */
  skipTo(number: number): void {
    assert(Number.isSafeInteger(number) && this.#pending === null, 'a message number cannot be chosen now');
    this.#next = Math.max(this.#next, number);
  }

  /** A message is under way: nothing else may be offered. */
  get busy(): boolean {
    return this.#pending !== null;
  }

  /** A message is ready and zmq takes none. */
  get blocked(): boolean {
    return this.#blockedUntil >= 0;
  }

  /** At the beginning of a turn: what became of the message under way? */
  settle(now: number): void {
    // A message that is offered no more is not waiting.
    if (!this.#offered) this.#blockedUntil = -1;
    this.#offered = this.#pending !== null;
    if (this.#pending === null) return;
    const outcome = this.#sink.outcome();
    if (outcome === 'pending') return this.#blocked(now);
    const { kind, bytes, done } = this.#pending;
    this.#pending = null;
    if (outcome === 'sent') this.#handedOver(kind, bytes, done, now);
    else this.#blocked(now);
  }

  /**
   * Offer a message that carries the number `next`; `done` runs when it was handed over, with that time.
   * @returns true when it was handed over or is under way, false when zmq takes nothing now: offer again
   */
  offer(kind: MessageKind, parts: readonly Uint8Array[], done: (now: number) => void, now: number): boolean {
    assert(this.#pending === null, 'a message was offered while another is under way');
    let bytes = 0;
    for (const part of parts) bytes += part.length;
    this.#offered = true;
    const outcome = this.#sink.offer(parts, kind);
    if (outcome === 'sent') this.#handedOver(kind, bytes, done, now);
    else if (outcome === 'pending') {
      this.#pending = { kind, bytes, done };
      // Small, and an order waits for it: a consumer that does not read must not hold it up.
      if (kind !== 'images' && this.#sink.keep !== undefined) this.keep(now);
    } else this.#blocked(now);
    return outcome !== 'full';
  }

  /** The memory of the message under way is needed: it goes out as it is now. */
  keep(now: number): void {
    if (this.#pending === null) return;
    this.#sink.keep?.();
    this.settle(now);
  }

  #handedOver(kind: MessageKind, bytes: number, done: (now: number) => void, now: number): void {
    this.#next++;
    this.#taken++;
    this.#counters[streamCounter[kind]] = this.#counters[streamCounter[kind]] + 1;
    this.#counters[streamCounter.bytes] = this.#counters[streamCounter.bytes] + bytes;
    if (this.blocked) this.#blocked(now);
    this.#blockedUntil = -1;
    done(now);
  }

  /** Counted as it passes, so that it shows while it lasts. */
  #blocked(now: number): void {
    if (this.blocked)
      this.#counters[streamCounter.blockedSeconds] =
        this.#counters[streamCounter.blockedSeconds] + (now - this.#blockedUntil) / 1000;
    this.#blockedUntil = now;
  }
}
