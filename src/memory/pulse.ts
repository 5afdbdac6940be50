// The heartbeat of a thread, and its longest pause between two turns: two words among those of an agent. Writer: its
// thread. Readers: main.

export class Pulse {
  readonly #words: Int32Array;
  readonly #heartbeat: number;
  readonly #stallMax: number;
  #turnAt = -1;
  /** As it stands in the word, ms. */
  #longest = 0;

  /** @param heartbeat, stallMax indices of the two words */
  constructor(words: Int32Array, heartbeat: number, stallMax: number) {
    this.#words = words;
    this.#heartbeat = heartbeat;
    this.#stallMax = stallMax;
  }

  /** Turns so far, as a number that changes. */
  get heartbeat(): number {
    return Atomics.load(this.#words, this.#heartbeat);
  }

  /** Longest time between two turns since the series was begun, in ms. */
  get stallMsMax(): number {
    return Atomics.load(this.#words, this.#stallMax) / 1000;
  }

  /** A turn begins; times in ms. */
  beat(now: number): void {
    Atomics.store(this.#words, this.#heartbeat, (Atomics.load(this.#words, this.#heartbeat) + 1) | 0);
    const stalled = this.#turnAt < 0 ? 0 : now - this.#turnAt;
    this.#turnAt = now;
    if (stalled > this.#longest) this.#setLongest(stalled);
  }

  /** A series begins: its longest pause is its own. */
  begin(): void {
    this.#setLongest(0);
  }

  /** Kept to the microsecond. */
  #setLongest(milliseconds: number): void {
    this.#longest = milliseconds;
    Atomics.store(this.#words, this.#stallMax, Math.round(milliseconds * 1000));
  }
}
