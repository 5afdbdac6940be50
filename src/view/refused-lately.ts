// Which peers of the data port were refused within the last minutes, for the state. Comes in: the streamer's notices,
// one a minute for each peer that keeps knocking. Goes out: the sentences, until a peer has stopped. Bounded: strangers
// choose their addresses, and nobody may be asking for the state.

/** A little longer than the streamer's minute. */
const shownMs = 90_000;
/** Sentences at most; a newer one takes the place of the oldest. */
const sentencesMost = 64;

/** Times in ms of the service's clock. */
export class RefusedLately {
  /** Sentence → when it was told, the oldest first. */
  readonly #told = new Map<string, number>();

  /** Sentences that are kept. */
  get size(): number {
    return this.#told.size;
  }

  note(message: string, now: number): void {
    this.#forget(now);
    this.#told.delete(message);
    for (const oldest of this.#told.keys()) {
      if (this.#told.size < sentencesMost) break;
      this.#told.delete(oldest);
    }
    this.#told.set(message, now);
  }

  sentences(now: number): string[] {
    this.#forget(now);
    return [...this.#told.keys()];
  }

  #forget(now: number): void {
    for (const [message, at] of this.#told) if (now - at >= shownMs) this.#told.delete(message);
  }
}
