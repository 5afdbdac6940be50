// hot path. Frame number 0: legal where a detector counts from 0, but also what every packet has when the detector does
// not count. Three packets confirm each other, so its image is begun; it is the first frame of a series when a number
// behind it follows. Comes in: packets of frame 0 that the intake of a port meets. Goes out: whether it is the first
// frame, or was none. Rules: docs/decisions/0043-frame-number-zero.md.
// Tested by test/pipeline/frame-zero.test.ts.

import { firstOwnNumber, noFrame } from '../detector/frame-share.js';
import type { FrameNumber, OwnNumber } from '../detector/frame-share.js';
import type { PortWords } from '../memory/port-words.js';
import type { FrameWindow } from './frame-window.js';
import type { IntakeSetup } from './intake-setup.js';
import type { PortImages } from './port-images.js';

/** So many packets of it that come again, and half an image at least, are another image of the same number. */
const copiesLeast = 3;

const numberZero = 0 as FrameNumber;

export class FrameZero {
  /** Its image is begun, and it is not known yet whether it is the first. */
  waits = false;
  readonly #own: OwnNumber;
  readonly #words: PortWords;
  readonly #others: readonly PortWords[];
  readonly #images: PortImages;
  readonly #window: FrameWindow;
  readonly #overtakeFrames: number;
  #copies = 0;
  #refused = false;

  constructor({ share, words, others, images, window, overtakeFrames }: IntakeSetup) {
    // Instances that share a detector are told the first frame, so it is what they are told.
    this.#own = share.stride === 1 ? firstOwnNumber(numberZero) : noFrame;
    this.#words = words;
    this.#others = others;
    this.#images = images;
    this.#window = window;
    this.#overtakeFrames = overtakeFrames;
  }

  /** Forget the last series. */
  forget(): void {
    this.waits = this.#refused = false;
    this.#copies = 0;
  }

  is(frameNumber: OwnNumber): boolean {
    return frameNumber === this.#own;
  }

  /** Several images had this number: it is none. */
  refuses(frameNumber: OwnNumber): boolean {
    return this.#refused && this.is(frameNumber);
  }

  /** Would it make a series begin earlier, which is further already? */
  lowers(frameNumber: OwnNumber): boolean {
    const { first, reference } = this.#window;
    return this.is(frameNumber) && first === 0 && reference > frameNumber + this.#overtakeFrames;
  }

  /** A packet was accepted. Is it one of frame 0, which waits, so that the port has not begun? */
  accepted(frameNumber: OwnNumber): boolean {
    if (!this.is(frameNumber) || this.#window.reference >= 0) return false;
    this.waits = true;
    this.#words.setHolding(true);
    return true;
  }

  /** A packet that its image has comes again: is it one of a detector that does not count? */
  comesAgain(frameNumber: OwnNumber): boolean {
    if (!this.waits || !this.is(frameNumber)) return false;
    this.noteCopy();
    if (this.#refused) this.#drop();
    return this.#refused;
  }

  /** A packet of it has come again; too many, and it is refused. */
  noteCopy(): void {
    if (++this.#copies >= Math.max(copiesLeast, this.#images.expected / 2)) this.#refused = true;
  }

  /** Is that the only number of a port that has not begun? Then nothing but a later one confirms it. */
  isAlone(highest: OwnNumber): boolean {
    if (!this.is(highest) || this.waits || this.#window.reference >= 0) return false;
    this.tell();
    // Nothing begins with it.
    this.#words.setHolding(false);
    return true;
  }

  /**
   * It waits no more.
   * @param seen a later frame that this port has seen, or the series begins with; `noFrame` = there is none
   * @returns frame 0, if it is the first of the series, else `noFrame`: its image was dropped
   */
  settle(seen: OwnNumber): OwnNumber {
    if (seen - this.#own > this.#overtakeFrames && !this.beganElsewhere) {
      this.#drop();
      return noFrame;
    }
    this.waits = false;
    return this.#own;
  }

  /**
   * Has another port begun with it, or right behind it? Then it is the first frame, however far ports have come. One
   * that began further away says nothing: it may have lost more, or this one's thread may lag.
   */
  get beganElsewhere(): boolean {
    return this.#others.some(({ smallest }) => smallest !== 0 && smallest - this.#own <= this.#overtakeFrames);
  }

  /** Numbers that follow each other are taken: with it and another, it was not alone. */
  noteConfirmed(lowest: OwnNumber, highest: OwnNumber): void {
    if (this.is(lowest) && highest > lowest && this.#words.figure('wrongFrameNumber') === 0)
      this.#words.setFigure('wrongFrameNumber', Number.NaN);
  }

  /** The operator shall hear of it. */
  tell(): void {
    this.#words.setFigure('wrongFrameNumber', 0);
  }

  #drop(): void {
    this.waits = false;
    this.#words.setHolding(false);
    this.#images.discard(this.#own);
    this.tell();
  }
}
