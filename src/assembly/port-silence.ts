// hot path. How long a port had been silent before the packets that are taken now: nothing new was accepted, and the
// socket was found empty. Comes in: how each turn went.
// Tested by test/pipeline/begin-again.test.ts.

/** Times in ms. */
export class PortSilence {
  #accepted = 0;
  #acceptedAt = 0;
  #emptyAt = 0;

  /**
   * A turn is over.
   * @param accepted packets that the port has accepted, of all series
   * @param begun when the turn began: what is found empty was empty then or later
   */
  note(accepted: number, emptied: boolean, begun: number, now: number): void {
    if (accepted !== this.#accepted) {
      this.#accepted = accepted;
      this.#acceptedAt = now;
    }
    if (emptied) this.#emptyAt = begun;
  }

  /**
   * At least so long; what waited while the thread did not run was no silence.
   * @param accepted as above, now: one more has ended it
   */
  before(accepted: number): number {
    return accepted === this.#accepted ? this.#emptyAt - this.#acceptedAt : 0;
  }
}
