// What is on its way to a consumer. Comes in: the length of each message that was handed over, and how many bytes the
// consumer's machine has acknowledged in all. Goes out: messages and bytes that it has not. Allocates nothing per
// message.

import type { Undelivered } from '../../contract/series.js';

/** Messages told apart at most; of more only the bytes are exact. */
const capacity = 8192;

/** Bytes of a message part on the wire: flags, length of 1 or 8 bytes, and the part (ZMTP 3, RFC 23). */
export const wireBytes = (length: number): number => length + (length < 256 ? 2 : 9);

export class DeliveryLedger {
  /** Where each message ends in the stream of bytes; a ring. */
  readonly #ends = new Float64Array(capacity);
  #oldest = 0;
  #count = 0;
  #handed = 0;
  #acknowledged = 0;

  /** A message of so many bytes was handed over. */
  handed(bytes: number): void {
    this.#handed += bytes;
    if (this.#count < capacity) this.#count++;
    this.#ends[(this.#oldest + this.#count - 1) % capacity] = this.#handed;
  }

  /** @param bytes acknowledged since the beginning; never fewer than before */
  acknowledge(bytes: number): void {
    if (bytes > this.#acknowledged) this.#acknowledged = Math.min(bytes, this.#handed);
    while (this.#count > 0 && this.#ends[this.#oldest] <= this.#acknowledged) {
      this.#oldest = (this.#oldest + 1) % capacity;
      this.#count--;
    }
  }

  /** The connection is gone, and with it what was on its way: a new count begins. */
  reset(): void {
    this.#count = this.#oldest = this.#handed = this.#acknowledged = 0;
  }

  get underway(): Undelivered {
    return { messages: this.#count, bytes: this.#handed - this.#acknowledged };
  }

  get idle(): boolean {
    return this.#count === 0;
  }
}
