// hot path. The frame numbers that decide on one port's packets in a series. Comes in: what the streamer has said, and
// what the port has seen. Goes out: what follows for the number of a packet.
// Tested by test/pipeline/jumps.test.ts.

import { noFrame } from '../detector/frame-share.js';
import type { OwnNumber } from '../detector/frame-share.js';
import { portEvent } from '../memory/port-words.js';
import { FramePace } from './frame-pace.js';

/** Limits in frames. */
export interface WindowLimits {
  readonly ring: number;
  readonly overtakeFrames: number;
  readonly maxOwedFrames: number;
}

/** Of `reference`, as long as there is none. */
const notSeen = -1 as OwnNumber;

export class FrameWindow {
  /** Of the series, as the streamer told. */
  first = noFrame;
  last = noFrame;
  /** So many frames behind the last one are taken all the same: they overtake it, and are the next series'. */
  behind = 0;
  /** Next frame to send. */
  next = noFrame;
  /**
   * This port has frames a ring or more above the first: slots of the two would be the same, nothing is closed in order
   * any more.
   */
  spansRing = false;
  /** Smallest and newest that were accepted. */
  smallest = noFrame;
  newestAccepted = noFrame;
  /** Newest frame number seen, −1 while there is no reference. */
  reference = notSeen;
  /** How the numbers advance. */
  readonly pace = new FramePace();
  /** Highest that was refused for want of room. */
  refused = noFrame;
  readonly #ring: number;
  readonly #overtakeFrames: number;
  readonly #maxOwedFrames: number;

  constructor({ ring, overtakeFrames, maxOwedFrames }: WindowLimits) {
    this.#ring = ring;
    this.#overtakeFrames = overtakeFrames;
    this.#maxOwedFrames = maxOwedFrames;
  }

  /** Forget the last series. */
  forget(): void {
    this.first = this.last = this.next = noFrame;
    this.behind = 0;
    this.smallest = this.newestAccepted = this.refused = noFrame;
    this.reference = notSeen;
    this.spansRing = false;
    this.pace.forget();
  }

  /** Frames whose open images need no further question, `lowest` … `highest`. */
  get lowest(): number {
    return Math.max(this.first, this.reference - this.#ring);
  }

  get highest(): number {
    return this.last === 0 ? this.reference : Math.min(this.last + this.behind, this.reference);
  }

  /**
   * Where the series begins is not known, and what this port has accepted fills half the ring: more of what waits in
   * its socket could lie a ring above a first frame that another port has seen.
   */
  get hesitates(): boolean {
    return this.first === 0 && this.newestAccepted - this.smallest >= this.#ring >> 1;
  }

  /** A number this far above the newest, or further, waits for witnesses. */
  get #near(): number {
    return Math.max(this.#overtakeFrames, Math.min(2 * this.pace.step, this.#ring));
  }

  /** May this number be an accident? */
  isDoubtful(frameNumber: OwnNumber): boolean {
    const reference = this.reference;
    return (
      reference < 0 ||
      frameNumber >= reference + this.#near ||
      frameNumber < this.first ||
      frameNumber < reference - this.#ring
    );
  }

  /** The newest number seen is another one. */
  advance(frameNumber: OwnNumber, now: number): void {
    if (this.reference >= 0) this.pace.advance(frameNumber - this.reference, now);
    this.reference = frameNumber;
  }

  /** Can the detector have come to this number by now? */
  reachable(frameNumber: OwnNumber, now: number): boolean {
    const ahead = frameNumber - this.reference;
    return (
      ahead >= -this.#ring && frameNumber >= this.first && ahead <= this.#near + this.pace.framesSince(now, this.#ring)
    );
  }

  /** Is it behind the end of the series, and no room for it meanwhile? */
  isBehindEnd(frameNumber: OwnNumber): boolean {
    if (this.last === 0 || frameNumber <= this.last) return false;
    return frameNumber > this.last + this.behind || this.isBeyond(frameNumber);
  }

  /** Port images of frames `smallest` … `newest` of the last series are there already. */
  beginWith(smallest: OwnNumber, newest: OwnNumber): void {
    this.smallest = smallest;
    this.newestAccepted = this.reference = newest;
  }

  /** Of a frame that no slot holds: was it sent or given up before? */
  isPast(frameNumber: OwnNumber): boolean {
    return this.first !== 0
      ? frameNumber < this.next
      : this.newestAccepted !== 0 && frameNumber <= this.newestAccepted - this.#ring;
  }

  /** Of a frame that no slot holds: has the ring no room for it, or was a part of it refused already? */
  isBeyond(frameNumber: OwnNumber): boolean {
    // A smaller one that was accepted before the first frame was told is going to lower it.
    const lowers = this.smallest !== 0 && this.smallest < this.first;
    const base = lowers
      ? this.smallest
      : this.first !== 0
        ? this.next
        : this.smallest === 0
          ? frameNumber
          : Math.min(this.smallest, frameNumber);
    return frameNumber >= base + this.#ring || frameNumber <= this.refused;
  }

  /** The event that confirmed numbers raise; 0 = none, they are for the table of classes. */
  jumpOf(lowest: OwnNumber, highest: OwnNumber): number {
    if (this.first !== 0 && highest < this.first) return portEvent.jumpBackward;
    const base = this.first !== 0 ? this.next : this.smallest;
    if (this.reference >= 0 && highest < this.reference - this.#ring && highest < base) return portEvent.jumpBackward;
    if (base !== 0 && lowest - base + 1 - this.#ring > this.#maxOwedFrames) return portEvent.jumpForward;
    return 0;
  }
}
