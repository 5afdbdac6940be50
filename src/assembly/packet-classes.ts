// hot path. The table of classes for packets whose frame numbers are no accident: each ends in exactly one class,
// counted. Comes in: packets that the intake has checked, or that witnesses have confirmed (doubtful-packets.ts). Goes
// out: accepted ones into the port's images, and how far the port has come.
// Tested by test/pipeline/classes.test.ts.

import type { OwnNumber } from '../detector/frame-share.js';
import { portCounter } from '../memory/counters.js';
import type { PortWords } from '../memory/port-words.js';
import type { SeriesWords } from '../memory/series-words.js';
import { recordState } from '../memory/slot-records.js';
import type { FrameWindow } from './frame-window.js';
import { FrameZero } from './frame-zero.js';
import type { IntakeSetup } from './intake-setup.js';
import type { PortImages } from './port-images.js';

/** Equal steps in a row of which the operator hears. */
const stepsTold = 10;

export class PacketClasses {
  /** Packets of the series are accepted; they are `foreign{unarmed}` otherwise. */
  accepting = false;
  /** What follows belongs to the next series: nothing is taken until that is open. */
  waits = false;
  readonly zero: FrameZero;
  readonly #setup: IntakeSetup;
  readonly #series: SeriesWords;
  readonly #words: PortWords;
  readonly #counters: Float64Array;
  readonly #images: PortImages;
  readonly #window: FrameWindow;

  constructor(setup: IntakeSetup) {
    this.#setup = setup;
    this.#series = setup.series;
    this.#words = setup.words;
    this.#counters = setup.counters;
    this.#images = setup.images;
    this.#window = setup.window;
    this.zero = new FrameZero(setup);
  }

  /** @returns the counter of its class, counted */
  classify(frameNumber: OwnNumber, packet: number, at: number, now: number): number {
    const window = this.#window;
    // A packet may have been held since before the last frame was known.
    if (window.isBehindEnd(frameNumber)) return this.count(portCounter.foreignSeries);
    // Packets may have been held since before that was known, too.
    if (this.zero.refuses(frameNumber)) return this.count(portCounter.malformedFrameNumber);
    if (this.zero.waits && !this.zero.is(frameNumber)) this.settleZero(frameNumber, now);
    const images = this.#images;
    const state = images.stateOf(frameNumber);
    if (state !== recordState.empty) {
      const known = images.knows(frameNumber, packet);
      if (known && this.zero.comesAgain(frameNumber)) return this.count(portCounter.malformedFrameNumber);
      if (state === recordState.open)
        return known ? this.count(portCounter.duplicate) : this.#accept(frameNumber, packet, at, now);
      if (known) return this.count(portCounter.lateDuplicate);
      images.noteLate(frameNumber, packet);
      return this.count(portCounter.lateFirst);
    }
    if (window.isPast(frameNumber))
      return this.count(frameNumber < window.first ? portCounter.foreignSeries : portCounter.lateUnknown);
    if (window.isBeyond(frameNumber)) {
      if (frameNumber > window.refused) window.refused = frameNumber;
      this.#see(frameNumber, now);
      return this.count(portCounter.ringFull);
    }
    images.open(frameNumber, now);
    return this.#accept(frameNumber, packet, at, now);
  }

  /**
   * Frame 0 waits no more.
   * @param seen a later frame that this port has seen, or the series begins with; `noFrame` = there is none
   * @returns is it the first frame?
   */
  settleZero(seen: OwnNumber, now: number): boolean {
    const frameNumber = this.zero.settle(seen);
    if (frameNumber !== 0) this.#came(frameNumber, now);
    return frameNumber !== 0;
  }

  #accept(frameNumber: OwnNumber, packet: number, at: number, now: number): number {
    this.#images.accept(frameNumber, packet, at, frameNumber < this.#window.reference, now);
    if (!this.zero.accepted(frameNumber)) this.#came(frameNumber, now);
    return portCounter.accepted;
  }

  /** A packet of this frame was accepted. */
  #came(frameNumber: OwnNumber, now: number): void {
    const window = this.#window;
    this.#see(frameNumber, now);
    if (frameNumber > window.newestAccepted) {
      window.newestAccepted = frameNumber;
      this.#words.setNewestAccepted(frameNumber);
    }
    if (window.smallest === 0 || frameNumber < window.smallest) {
      if (window.smallest === 0) {
        this.#series.wake();
        this.#setup.beginsFrames();
      }
      window.smallest = frameNumber;
      this.#words.setSmallest(frameNumber);
    }
  }

  #see(frameNumber: OwnNumber, now: number): void {
    const window = this.#window;
    if (frameNumber <= window.reference) return;
    window.advance(frameNumber, now);
    this.#words.setNewestSeen(frameNumber);
    const { step, sameSteps } = window.pace;
    if (sameSteps === stepsTold && step > 1) this.#words.setFigure('numberStep', step);
  }

  /** @returns the counter */
  count(counter: number): number {
    this.#counters[counter] = this.#counters[counter] + 1;
    return counter;
  }
}
