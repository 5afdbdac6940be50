// When does a burst of losses begin? Looks at counters of missing packets now and then.

/** A loss after so much time without any begins a burst, in ms. */
const quietMs = 1000;

export class LossWatch {
  readonly #missing: number[];
  readonly #lostAt: number[];
  #looked = false;

  constructor(ports: number) {
    this.#missing = Array.from({ length: ports }, () => 0);
    this.#lostAt = Array.from({ length: ports }, () => -Infinity);
  }

  /**
   * Indices of the ports on which a burst has begun since the last look. The first look only remembers.
   * @param missing packets that were missing so far, by port
   */
  look(now: number, missing: readonly number[]): number[] {
    const begun: number[] = [];
    for (const [port, count] of missing.entries()) {
      if (this.#looked && count > this.#missing[port]) {
        if (now - this.#lostAt[port] >= quietMs) begun.push(port);
        this.#lostAt[port] = now;
      }
      this.#missing[port] = count;
    }
    this.#looked = true;
    return begun;
  }
}
