// Which peers of the data port were refused within the last minutes, for the state. Comes in: the streamer's notices,
// one a minute for each peer that keeps knocking. Goes out: the sentences, until a peer has stopped.
// Tested by test/view/shared-view.test.ts.

/** A little longer than the streamer's minute. */
const shownMs = 90_000;

/** Times in ms of the service's clock. */
export class RefusedLately {
  /** Sentence → when it was told. */
  readonly #told = new Map<string, number>();

  note(message: string, now: number): void {
    this.#told.set(message, now);
  }

  sentences(now: number): string[] {
    for (const [message, at] of this.#told) if (now - at >= shownMs) this.#told.delete(message);
    return [...this.#told.keys()];
  }
}
