// hot path. How the frame numbers of one port advance: in which steps, and how fast. Goes out: which numbers are to be
// expected, and how far the detector can have come by now.
// Tested by test/pipeline/jumps.test.ts.

/** How much of an old step, or speed, is left after another one. */
const stepKept = 7 / 8;
const speedKept = 3 / 4;
/** The speed is measured over so long at least, in ms. */
const measuredMs = 20;

/** Frames and ms. */
export class FramePace {
  /** Steps that came twice in a row, the largest of late: 1 where no frame is left out. */
  step = 0;
  #lastStep = 0;
  /** How often in a row the numbers have gone in this step. */
  sameSteps = 0;
  /** Frames that the numbers have advanced since the series began, and when they did last. */
  #frames = 0;
  #advancedAt = 0;
  /** When the socket was found empty: what had been sent before is known. */
  #emptyAt = 0;
  /** Frames per ms, −1 = not known; measured from here on. */
  #speed = -1;
  #sampledAt = -1;
  #sampled = 0;

  forget(): void {
    this.step = this.#lastStep = this.sameSteps = this.#frames = 0;
    this.#speed = this.#sampledAt = -1;
  }

  /** The newest number is `step` higher now. */
  advance(step: number, now: number): void {
    this.step = Math.max(Math.min(step, this.#lastStep), this.step * stepKept);
    this.sameSteps = step === this.#lastStep ? this.sameSteps + 1 : 0;
    this.#lastStep = step;
    this.#frames += step;
    this.#advancedAt = now;
  }

  /** The socket was found empty at the end of a turn. */
  found(now: number): void {
    this.#emptyAt = now;
    if (this.#sampledAt < 0) {
      if (this.#frames > 0) this.#sample(now);
    } else if (this.#frames > this.#sampled && now - this.#sampledAt >= measuredMs) {
      this.#speed = Math.max((this.#frames - this.#sampled) / (now - this.#sampledAt), this.#speed * speedKept);
      this.#sample(now);
    }
  }

  /**
   * Frames that the detector can have sent since what is known of it, at twice its speed; `unknown` where that is not
   * known.
   */
  framesSince(now: number, unknown: number): number {
    return this.#speed < 0 ? unknown : 2 * this.#speed * (now - Math.min(this.#emptyAt, this.#advancedAt));
  }

  /** Time in which two frames should have come; 0 = not known. */
  get twoFramesMs(): number {
    return this.#speed <= 0 ? 0 : 2 / this.#speed;
  }

  #sample(now: number): void {
    this.#sampledAt = now;
    this.#sampled = this.#frames;
  }
}
