// What became of messages that were handed over: which of them the kernels of all consumers have acknowledged, in
// order. One record per connection, of where in its bytes messages end. TCP acknowledges bytes in
// order, so a position says all.
// Tested by test/stream/output/zmtp/zmtp-sink.test.ts.

/** Messages on their way on one connection. Positions count all bytes handed over on it. */
export class OnItsWay {
  /** Ends and numbers of messages, the oldest first, from `#first` on. */
  #ends: number[] = [];
  #numbers: number[] = [];
  #first = 0;

  /** Message `number`, counted over all connections, ends at this position. */
  add(number: number, end: number): void {
    this.#ends.push(end);
    this.#numbers.push(number);
  }

  /** Everything up to this position was acknowledged. */
  acknowledge(position: number): void {
    while (this.#first < this.#ends.length && this.#ends[this.#first] <= position) this.#first++;
    if (this.#first < 64 || this.#first * 2 < this.#ends.length) return;
    this.#ends = this.#ends.slice(this.#first);
    this.#numbers = this.#numbers.slice(this.#first);
    this.#first = 0;
  }

  /** The oldest message that is not acknowledged; Infinity = all are. */
  get oldest(): number {
    return this.#first < this.#numbers.length ? this.#numbers[this.#first] : Infinity;
  }

  get count(): number {
    return this.#numbers.length - this.#first;
  }

  /** Bytes from this position, up to which all was acknowledged, to the end of the newest message; 0 without one. */
  bytesFrom(position: number): number {
    return this.count === 0 ? 0 : this.#ends[this.#ends.length - 1] - position;
  }
}
