// What viewers see of frames that were sent. Comes in: each frame when it was handed over. Goes out: an entry as long
// as it lies in the ring (memory/sent-frames.ts), and a copy of the latest: at once when the last copy is old enough,
// else when it is, so that what is shown never stays behind. How old goes by its size, and by whether anybody looks.
// Viewers hold no slot: a frame whose slot receivers have taken meanwhile is not copied, because newer ones follow.
// Tested by test/view/sent-frame-view.test.ts.

import { noFrame } from '../../detector/frame-share.js';
import type { OwnNumber } from '../../detector/frame-share.js';
import type { LastFrame } from '../../memory/last-frame.js';
import type { SentFrames } from '../../memory/sent-frames.js';
import type { ImageFacts } from '../output/output.js';
import type { FrameReader } from './frame-reader.js';

/** Viewers get a new copy at most this often, in ms, and copies take at most so many bytes in a ms (200 MB/s). */
const leastMs = 50;
const bytesInMs = 200_000;
/** While nobody looks the next copy is made after so many times that. */
const unseenTimes = 4;
/** Somebody looks who has seen a new copy so recently, in ms: the page asks a few times a second. */
const lookingMs = 2000;

const encoder = new TextEncoder();

/** Times in ms. */
export class ShownFrames {
  readonly #sent: SentFrames;
  readonly #last: LastFrame;
  readonly #reader: FrameReader;
  readonly #ring: number;
  #copiedAt = -Infinity;
  /** The copy that viewers have seen, and since when. */
  #seen = 0;
  #seenAt = -Infinity;
  /** A frame that is later than the last copy. */
  #later = noFrame;

  constructor(sent: SentFrames, last: LastFrame, reader: FrameReader, ring: number) {
    this.#sent = sent;
    this.#last = last;
    this.#reader = reader;
    this.#ring = ring;
  }

  /** A frame was handed over, whose slot is not released yet. @param json part 0 of its message */
  note(own: OwnNumber, series: number, { frameNumber, frameIndex }: ImageFacts, json: Uint8Array, now: number): void {
    const { settings, frameBytes } = this.#reader;
    const { dynamicRange, readNRows } = settings;
    const kept = this.#sent.note(own % this.#ring, {
      series,
      frameNumber,
      frameIndex,
      dynamicRange,
      readNRows,
      json,
      pixelBytes: frameBytes,
    });
    if (!kept) return;
    this.#later = own;
    this.look(now);
  }

  /** Copy the latest frame, if that is due. */
  look(now: number): void {
    if (this.#later === 0 || !this.#due(now)) return;
    this.settle();
    this.#copiedAt = now;
  }

  #due(now: number): boolean {
    const pauseMs = Math.max(leastMs, this.#reader.frameBytes / bytesInMs);
    const waited = now - this.#copiedAt;
    return waited >= pauseMs && (waited >= unseenTimes * pauseMs || this.#looking(now));
  }

  #looking(now: number): boolean {
    const { seen } = this.#last;
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#seenAt = now;
    }
    return now - this.#seenAt < lookingMs;
  }

  /** Copy the latest frame now: its series is over, and nothing comes after it. */
  settle(): void {
    const own = this.#later;
    this.#later = noFrame;
    if (own === 0) return;
    const slot = own % this.#ring;
    if (!this.#sent.holds(slot)) return;
    const places = encoder.encode(JSON.stringify(this.#reader.places()));
    this.#last.keep(this.#sent.json(slot), places, this.#reader.frameBytes, (into) => {
      this.#reader.copy(own, into);
      return this.#sent.holds(slot);
    });
  }
}
