// hot path. Closes the port images of one port in the order of their frame numbers: overtaken, given up, ended or
// refused ones. Images that are complete close themselves (port-images.ts).
// Tested by test/pipeline/closing.test.ts.

import { noFrame } from '../detector/frame-share.js';
import type { OwnNumber } from '../detector/frame-share.js';
import type { PortWords } from '../memory/port-words.js';
import type { SeriesWords } from '../memory/series-words.js';
import { outcome, recordState } from '../memory/slot-records.js';
import type { Drain } from './drain.js';
import type { FrameWindow } from './frame-window.js';
import type { PortImages } from './port-images.js';

/** What a closer works on; times in ms. */
export interface CloserParts {
  readonly images: PortImages;
  readonly window: FrameWindow;
  readonly words: PortWords;
  /** Words of all other ports that receive, to see which frames have begun there. */
  readonly others: readonly PortWords[];
  readonly series: SeriesWords;
  /** Of the frame that the streamer asks to give up. */
  readonly drain: Drain;
  readonly ring: number;
  readonly overtakeFrames: number;
}

export class ImageCloser {
  readonly #parts: CloserParts;
  readonly #images: PortImages;
  readonly #window: FrameWindow;
  /** First frame that is not closed. */
  #next = noFrame;
  #giveUp = noFrame;
  #giveUpAsked = noFrame;

  constructor(parts: CloserParts) {
    this.#parts = parts;
    this.#images = parts.images;
    this.#window = parts.window;
  }

  /** Forget the last series. */
  forget(): void {
    this.#next = this.#giveUp = this.#giveUpAsked = noFrame;
  }

  /** The series begins with this frame. */
  startAt(frameNumber: OwnNumber): void {
    this.#next = frameNumber;
  }

  /** What lies below is closed. */
  skipTo(frameNumber: OwnNumber): void {
    if (this.#next < frameNumber) this.#next = frameNumber;
  }

  /** Is everything up to this frame closed? */
  hasClosed(frameNumber: OwnNumber): boolean {
    return this.#next > frameNumber;
  }

  /** The streamer asks to give up at or below a frame; heard before the socket is read. */
  hearGiveUp(now: number): void {
    if (this.#giveUpAsked > this.#giveUp) return;
    this.#giveUpAsked = this.#parts.series.giveUp;
    if (this.#giveUpAsked <= this.#giveUp) return;
    // Where all of it is closed there is nothing to wait for.
    if (this.#giveUpAsked < this.#next) this.#giveUp = this.#giveUpAsked;
    else this.#parts.drain.begin(now);
  }

  /**
   * Obeyed once what waited in the socket has been read. @param emptied this turn has found it empty, or nothing more
   * is taken from it
   */
  obeyGiveUp(emptied: boolean, now: number): void {
    if (this.#giveUpAsked > this.#giveUp && this.#parts.drain.over(emptied, now)) this.#giveUp = this.#giveUpAsked;
  }

  /**
   * Close, in the order of frame numbers, what the ring has room for and what has a reason to be closed.
   * @param ended everything up to this frame number is over; `noFrame` = the series goes on
   */
  close(ended: OwnNumber, now: number): void {
    const images = this.#images;
    const { last, next, reference, refused } = this.#window;
    const { ring, overtakeFrames } = this.#parts;
    const top = last === 0 ? next + ring - 1 : Math.min(next + ring - 1, last);
    const overtaken = reference - overtakeFrames;
    let frameNumber = this.#next;
    for (; frameNumber <= top; frameNumber++) {
      const state = images.stateOf(frameNumber);
      if (state === recordState.closed) continue;
      if (state === recordState.empty && frameNumber <= refused) {
        images.closeAbsent(frameNumber, outcome.refused, now);
        continue;
      }
      const reason =
        frameNumber <= overtaken
          ? outcome.overtaken
          : frameNumber <= this.#giveUp
            ? outcome.timedOut
            : frameNumber <= ended
              ? outcome.ended
              : 0;
      if (reason === 0) break;
      const cutOff = reason === outcome.ended && this.#isCutOff(frameNumber);
      if (state === recordState.open) images.close(frameNumber, reason, now, cutOff);
      else images.closeAbsent(frameNumber, reason, now, cutOff);
    }
    if (frameNumber !== this.#next) {
      this.#next = frameNumber;
      this.#parts.words.setCloseNext(frameNumber);
    }
  }

  /**
   * Was what this frame lacks still to come when the series ended? Nothing behind it has come, it has begun here or on
   * another port, and the port was not silent: nothing behind its newest frame was given up before.
   */
  #isCutOff(frameNumber: OwnNumber): boolean {
    const { newestAccepted, reference } = this.#window;
    if (newestAccepted === 0 || frameNumber < reference || this.#giveUp > reference) return false;
    return frameNumber === reference || this.#parts.others.some(({ newestSeen }) => newestSeen >= frameNumber);
  }
}
