// The tail of a series: frames behind the last one that was seen. Comes in: silence, or an order to end, after which no
// more frames come. Goes out: up to which frame missing ones are made up. A loss explains a few missing frames; more of
// them mean that the detector was stopped.
// Tested by test/pipeline/tail.test.ts.

/** One second of frames may be lost at once. */
const explainedMs = 1000;

export interface TailLimits {
  readonly overtakeFrames: number;
  /** As configured; null = what `overtakeFrames` or a second of the frame period covers, whichever is more. */
  readonly fillTailFrames: number | null;
}

/** Counts of own frames (detector/frame-share.ts). */
export class SeriesTail {
  readonly #most: number;
  #silent = false;
  #all = false;
  /** Silence with more missing than a loss explains: nothing was made up. */
  detectorStopped = false;

  /** @param framePeriodMs from own frame to own frame, null = not known */
  constructor({ overtakeFrames, fillTailFrames }: TailLimits, framePeriodMs: number | null) {
    this.#most =
      fillTailFrames ?? Math.max(overtakeFrames, framePeriodMs === null ? 0 : Math.ceil(explainedMs / framePeriodMs));
  }

  /** No packet came for as long as the series may be silent. */
  fellSilent(): void {
    this.#silent = true;
  }

  /** An order ends the series. @param fill all frames that were asked for shall go out */
  stop(fill: boolean): void {
    this.#silent = false;
    this.#all = fill;
  }

  /** Does the series end with the last frame that was asked for, `missing` frames behind the last that was seen? */
  fills(missing: number): boolean {
    if (this.#all) return true;
    if (!this.#silent) return false;
    this.detectorStopped = missing > this.#most;
    return !this.detectorStopped;
  }
}
