// Which frame a series begins with, agreed with all receivers. Given with the arm request, or found: the smallest
// number that any port accepted within the start window. The number is proposed. Every receiver answers and accepts
// nothing below it from then on; what a port accepted before its answer lowers it. Then it is settled.
// Tested by test/stream/series/first-frame.test.ts and test/pipeline/first-frame.test.ts.

import { laterOf, noFrame, ownBehind } from '../../detector/frame-share.js';
import type { OwnNumber } from '../../detector/frame-share.js';
import type { SeriesWords } from '../../memory/series-words.js';
import type { ReadPort } from './frame-reader.js';

/** Numbers that ports have accepted; does a port without any hold packets? */
export interface StartNumbers {
  readonly smallest: OwnNumber;
  readonly newest: OwnNumber;
  readonly holding: boolean;
}

/** What a first frame is found by. */
export interface FirstFrameDeps {
  readonly words: SeriesWords;
  readonly ports: readonly ReadPort[];
  /** Own frames of the series; null = until stopped. */
  readonly frames: number | null;
  readonly startWindowMs: number;
  readonly ring: number;
}

/** What a look at the ports has brought. `disagree`: their numbers span a ring or more, nothing was told. */
export type FirstFrameNews = 'nothing' | 'told' | 'settled' | 'disagree';

/** Times in ms. */
export class FirstFrame {
  readonly #words: SeriesWords;
  readonly #ports: readonly ReadPort[];
  readonly #frames: number | null;
  readonly #startWindowMs: number;
  readonly #ring: number;
  #version = 0;
  #startedAt = -1;
  /** A port has accepted a packet. */
  begun = false;
  number = noFrame;
  settled = false;

  constructor({ words, ports, frames, startWindowMs, ring }: FirstFrameDeps) {
    this.#words = words;
    this.#ports = ports;
    this.#frames = frames;
    this.#startWindowMs = startWindowMs;
    this.#ring = ring;
  }

  /** Packets have come, or wait to be confirmed. */
  get started(): boolean {
    return this.#startedAt >= 0;
  }

  /** Last frame of the series; `noFrame` while it is open-ended or not known. */
  get last(): OwnNumber {
    return this.number === 0 || this.#frames === null ? noFrame : ownBehind(this.number, this.#frames - 1);
  }

  /** Tell the receivers; may be followed by a smaller number as long as it is not settled. */
  tell(number: OwnNumber): void {
    this.number = number;
    this.#version = this.#words.setFirst(number, this.last);
  }

  /** It will not be lowered any more: receivers may close port images. */
  settle(): void {
    this.settled = true;
    this.#words.settleFirst();
  }

  /** Look at the ports; before it is settled, once per turn of an open series. */
  look(now: number): FirstFrameNews {
    if (this.settled) return 'nothing';
    const { smallest, newest, holding } = this.numbers();
    if (this.number !== 0) {
      if (this.#ports.some((port) => port.words.firstAnswer !== this.#version)) return 'nothing';
      if (smallest >= this.number) {
        this.settle();
        return 'settled';
      }
      this.tell(smallest);
      return 'told';
    }
    this.begun = smallest !== 0;
    if (smallest === 0 && !holding) this.#startedAt = -1;
    else if (this.#startedAt < 0) this.#startedAt = now;
    if (this.#startedAt < 0 || now - this.#startedAt < this.#startWindowMs) return 'nothing';
    if (smallest === 0 || (holding && now - this.#startedAt < 2 * this.#startWindowMs)) return 'nothing';
    if (newest - smallest >= this.#ring) return 'disagree';
    this.tell(smallest);
    return 'told';
  }

  /**
   * All receivers have stopped: what they accepted is all that there is. Returns the newest number that any port
   * accepted.
   */
  conclude(): OwnNumber {
    const { smallest, newest } = this.numbers();
    if (!this.settled && smallest !== 0 && (this.number === 0 || smallest < this.number)) this.tell(smallest);
    if (this.number !== 0) this.settle();
    return newest;
  }

  numbers(): StartNumbers {
    let smallest = noFrame;
    let newest = noFrame;
    let holding = false;
    for (const { words } of this.#ports) {
      const own = words.smallest;
      if (own !== 0 && (smallest === 0 || own < smallest)) smallest = own;
      newest = laterOf(newest, words.newestAccepted);
      if (words.holding) holding = true;
    }
    return { smallest, newest, holding };
  }
}
