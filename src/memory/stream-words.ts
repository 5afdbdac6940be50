// What the streamer tells about itself and the series. Writer: streamer. Readers: main.
// Tested by test/pipeline/series.test.ts.

import type { OwnNumber } from '../detector/frame-share.js';
import { load53, loadOwn, storeChanged, storeChanged53 } from './number53.js';
import { Pulse } from './pulse.js';

/** Where the streamer stands with its series. */
export const seriesStep = {
  idle: 0,
  preparing: 1,
  header: 2,
  opening: 3,
  open: 4,
  stopping: 5,
  finishing: 6,
  ending: 7,
} as const;
export type SeriesStep = (typeof seriesStep)[keyof typeof seriesStep];

export const streamWordsBytes = 256;

const at = {
  step: 0,
  seriesId: 1,
  flags: 2,
  heartbeat: 3,
  peers: 4,
  disconnects: 5,
  slotsUsedMax: 6,
  stallMax: 7,
  first: 8,
  next: 12,
  highest: 16,
  last: 20,
  messageNumber: 24,
} as const;
const flag = { headerSent: 1, auto: 2, endPending: 4 } as const;

export class StreamWords {
  /** That the thread turns. */
  readonly pulse: Pulse;
  readonly #words: Int32Array;

  constructor(buffer: ArrayBufferLike, offset: number) {
    this.#words = new Int32Array(buffer, offset, streamWordsBytes / 4);
    this.pulse = new Pulse(this.#words, at.heartbeat, at.stallMax);
  }

  /** Tell the whole picture, once per turn of the streamer. What has not changed is not written. */
  publish(picture: {
    step: SeriesStep;
    seriesId: number;
    headerSent: boolean;
    auto: boolean;
    endPending: boolean;
    peers: number;
    disconnects: number;
    slotsUsedMax: number;
    first: OwnNumber;
    next: OwnNumber;
    highest: OwnNumber;
    last: OwnNumber;
    messageNumber: number;
  }): void {
    const words = this.#words;
    storeChanged(words, at.seriesId, picture.seriesId);
    storeChanged(
      words,
      at.flags,
      (picture.headerSent ? flag.headerSent : 0) |
        (picture.auto ? flag.auto : 0) |
        (picture.endPending ? flag.endPending : 0),
    );
    storeChanged(words, at.peers, picture.peers);
    storeChanged(words, at.disconnects, picture.disconnects);
    storeChanged(words, at.slotsUsedMax, picture.slotsUsedMax);
    storeChanged53(words, at.first, picture.first);
    storeChanged53(words, at.next, picture.next);
    storeChanged53(words, at.highest, picture.highest);
    storeChanged53(words, at.last, picture.last);
    storeChanged53(words, at.messageNumber, picture.messageNumber);
    storeChanged(words, at.step, picture.step);
  }

  get step(): SeriesStep {
    return Atomics.load(this.#words, at.step) as SeriesStep;
  }

  get seriesId(): number {
    return Atomics.load(this.#words, at.seriesId);
  }

  get headerSent(): boolean {
    return (Atomics.load(this.#words, at.flags) & flag.headerSent) !== 0;
  }

  get auto(): boolean {
    return (Atomics.load(this.#words, at.flags) & flag.auto) !== 0;
  }

  /** A `series_end` waits for a consumer. */
  get endPending(): boolean {
    return (Atomics.load(this.#words, at.flags) & flag.endPending) !== 0;
  }

  /** Consumers connected now. */
  get peers(): number {
    return Atomics.load(this.#words, at.peers);
  }

  get disconnects(): number {
    return Atomics.load(this.#words, at.disconnects);
  }

  /** Most slots in use at once since arming. */
  get slotsUsedMax(): number {
    return Atomics.load(this.#words, at.slotsUsedMax);
  }

  get first(): OwnNumber {
    return loadOwn(this.#words, at.first);
  }

  get next(): OwnNumber {
    return loadOwn(this.#words, at.next);
  }

  /** Highest frame number seen on any port. */
  get highest(): OwnNumber {
    return loadOwn(this.#words, at.highest);
  }

  get last(): OwnNumber {
    return loadOwn(this.#words, at.last);
  }

  /** Number that the next message will take. */
  get messageNumber(): number {
    return load53(this.#words, at.messageNumber);
  }
}
