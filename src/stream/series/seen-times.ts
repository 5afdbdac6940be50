// When did any port first see a frame? The streamer notes, turn by turn, how far the detector has come; a frame that
// was seen longer ago than the frame time-out, on any port, is given up on all.

import { noFrame } from '../../detector/frame-share.js';
import type { OwnNumber } from '../../detector/frame-share.js';

/** The highest frame number seen, over time; bounded by the frames that may be under way. */
export class SeenTimes {
  readonly #numbers: Float64Array;
  readonly #times: Float64Array;
  #begin = 0;
  #count = 0;

  /** @param limit frames that may be seen and not yet given up */
  constructor(limit: number) {
    this.#numbers = new Float64Array(limit + 1);
    this.#times = new Float64Array(limit + 1);
  }

  clear(): void {
    this.#begin = 0;
    this.#count = 0;
  }

  /** At `now` (ms) the highest number seen was `highest`; later calls with the same number change nothing. */
  note(highest: OwnNumber, now: number): void {
    const size = this.#numbers.length;
    if (this.#count > 0 && this.#numbers[(this.#begin + this.#count - 1) % size] >= highest) return;
    if (this.#count === size) {
      // Full: the latest entry stands for more frames, which are then given up a little early, never late.
      this.#numbers[(this.#begin + size - 1) % size] = highest;
      return;
    }
    const index = (this.#begin + this.#count++) % size;
    this.#numbers[index] = highest;
    this.#times[index] = now;
  }

  /** Highest frame number that was seen at or before `time` (ms). Forgets what it returns. */
  seenBy(time: number): OwnNumber {
    let number = noFrame;
    while (this.#count > 0 && this.#times[this.#begin] <= time) {
      number = this.#numbers[this.#begin] as OwnNumber;
      this.#begin = (this.#begin + 1) % this.#numbers.length;
      this.#count--;
    }
    return number;
  }
}
