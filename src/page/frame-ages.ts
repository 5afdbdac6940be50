// How old the picture is that is shown: the service tells of each frame how long it has been the last one, and a
// picture may be some frames behind.

/** Frames of which it is remembered when they were told of. */
const keptLimit = 200;

export class FrameAges {
  readonly #now: () => number;
  /** When each frame was the last one, by count. */
  readonly #since = new Map<number, number>();

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Frames are counted anew. */
  clear(): void {
    this.#since.clear();
  }

  /** The service keeps this frame. */
  told({ count, age_ms: age }: { readonly count: number; readonly age_ms: number | null }): void {
    if (age === null || this.#since.has(count)) return;
    this.#since.set(count, this.#now() - age);
    for (const oldest of this.#since.keys()) {
      if (this.#since.size <= keptLimit) break;
      this.#since.delete(oldest);
    }
  }

  /** Age of a frame in ms; one that was not told of is as old as the first told of after it. Null = unknown. */
  of(count: number): number | null {
    for (const [told, since] of this.#since) {
      if (((told - count) | 0) >= 0) return Math.max(0, this.#now() - since);
    }
    return null;
  }
}
