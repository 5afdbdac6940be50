// What was told already, so that a peer that knocks without end does not fill the log: the same of a source once a
// minute. Comes in: what, of which source, and the time. Goes out: whether to tell it now.
// Tested by test/control/sls/door.test.ts.

const againAfterMs = 60_000;
/** Sources remembered at most: beyond these one line stands for all. */
const sourcesLimit = 64;

/** Remembers what was told. */
export class Seldom {
  readonly #toldAt = new Map<string, number>();

  /** @returns false when `what` of this source was told within the last minute */
  isDue(what: string, source: string, now: number): boolean {
    for (const [key, at] of this.#toldAt) if (now - at >= againAfterMs) this.#toldAt.delete(key);
    const key = this.#toldAt.size < sourcesLimit ? `${what} ${source}` : what;
    if (this.#toldAt.has(key)) return false;
    this.#toldAt.set(key, now);
    return true;
  }
}
