// What the streamer, which alone decides about series, tells receivers and encoders. Writer: streamer; any thread adds
// to the wake word. Readers: receivers, encoders, main. Commands are words: parameters are stored first, the command
// word last; receivers answer in their own words (port-words.ts).

import type { OwnNumber } from '../detector/frame-share.js';
import { loadOwn, store53 } from './number53.js';

/** What receivers shall do; the low three bits of the command word, above them a running number. */
export const phase = {
  /** Nothing yet, or nothing any more: what was kept for a next series belongs to none. */
  none: 0,
  /** Drain the socket as unarmed, forget the last series. */
  prepare: 1,
  /** Accept packets; after `stop`: go on as if it had not been said. */
  open: 2,
  /** Read what is queued, then accept no more. */
  stop: 3,
  /** Close every port image up to the last frame. */
  finish: 4,
} as const;

export type Phase = (typeof phase)[keyof typeof phase];

export const seriesWordsBytes = 256;

const at = {
  command: 0,
  firstVersion: 1,
  dynamicRange: 2,
  readNRows: 3,
  auto: 4,
  seriesId: 5,
  wake: 6,
  settled: 7,
  first: 8,
  last: 12,
  next: 16,
  giveUp: 20,
  keepsBehind: 24,
} as const;

export class SeriesWords {
  readonly #words: Int32Array;
  readonly #given: () => void;

  /** @param given called after each command: receivers may sleep where no word of memory wakes them */
  constructor(buffer: ArrayBufferLike, offset: number, given: () => void = () => undefined) {
    this.#given = given;
    this.#words = new Int32Array(buffer, offset, seriesWordsBytes / 4);
  }

  /**
   * Give a command; everything stored before is visible to a thread that reads it. Returns the word that receivers must
   * answer with.
   */
  command(next: Phase): number {
    const word = (((Atomics.load(this.#words, at.command) >> 3) + 1) << 3) | next;
    Atomics.store(this.#words, at.command, word);
    Atomics.notify(this.#words, at.command);
    this.#given();
    return word;
  }

  /** The command word; its phase is `word & 7`. */
  readCommand(): number {
    return Atomics.load(this.#words, at.command);
  }

  /** Resolves when the command is another than `seen`, or the time is over. */
  async waitCommandAsync(seen: number, milliseconds: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.#words, at.command, seen, milliseconds);
    if (waiting.async) await waiting.value;
  }

  /** Parameters of a series, stored before its prepare command; `readNRows` 0 = all rows. */
  setParameters(seriesId: number, auto: boolean, dynamicRange: number, readNRows: number): void {
    this.#words[at.seriesId] = seriesId;
    this.#words[at.auto] = auto ? 1 : 0;
    this.#words[at.dynamicRange] = dynamicRange;
    this.#words[at.readNRows] = readNRows;
  }

  /**
   * Is what comes behind the end of this series kept for the next one, where it is? Stored before the commands `stop`
   * and `prepare`. Else it is counted as `foreign{unarmed}`.
   */
  setKeepsBehind(keeps: boolean): void {
    Atomics.store(this.#words, at.keepsBehind, keeps ? 1 : 0);
  }

  get keepsBehind(): boolean {
    return Atomics.load(this.#words, at.keepsBehind) === 1;
  }

  get auto(): boolean {
    return this.#words[at.auto] === 1;
  }

  get dynamicRange(): number {
    return this.#words[at.dynamicRange];
  }

  get readNRows(): number {
    return this.#words[at.readNRows];
  }

  get seriesId(): number {
    return this.#words[at.seriesId];
  }

  /** Forget all frame numbers; before a prepare command. */
  reset(): void {
    store53(this.#words, at.first, 0);
    store53(this.#words, at.last, 0);
    store53(this.#words, at.next, 0);
    store53(this.#words, at.giveUp, 0);
    Atomics.store(this.#words, at.firstVersion, 0);
    Atomics.store(this.#words, at.settled, 0);
  }

  /** Tell the first frame; may be lowered until every receiver has answered. Returns the version to answer with. */
  setFirst(first: OwnNumber, last: OwnNumber): number {
    store53(this.#words, at.next, first);
    store53(this.#words, at.last, last);
    store53(this.#words, at.first, first);
    const version = Atomics.load(this.#words, at.firstVersion) + 1;
    Atomics.store(this.#words, at.firstVersion, version);
    return version;
  }

  /**
   * The first frame, and with it the last one, will not be lowered any more: from here on port images may be closed.
   */
  settleFirst(): void {
    Atomics.store(this.#words, at.settled, Atomics.load(this.#words, at.firstVersion));
  }

  /** Version of the first frame that is settled, 0 = none. */
  get settledVersion(): number {
    return Atomics.load(this.#words, at.settled);
  }

  get firstVersion(): number {
    return Atomics.load(this.#words, at.firstVersion);
  }

  get first(): OwnNumber {
    return loadOwn(this.#words, at.first);
  }

  /** Last frame of the series, 0 while open-ended. */
  get last(): OwnNumber {
    return loadOwn(this.#words, at.last);
  }

  setLast(last: OwnNumber): void {
    store53(this.#words, at.last, last);
  }

  /** Next frame to send: everything below it is released, the ring reaches from here. */
  get next(): OwnNumber {
    return loadOwn(this.#words, at.next);
  }

  setNext(next: OwnNumber): void {
    store53(this.#words, at.next, next);
  }

  /** Give up at or below this frame number. */
  get giveUp(): OwnNumber {
    return loadOwn(this.#words, at.giveUp);
  }

  setGiveUp(frameNumber: OwnNumber): void {
    store53(this.#words, at.giveUp, frameNumber);
  }

  /** Partner of `wait`: something happened that the streamer should look at. */
  wake(): void {
    Atomics.add(this.#words, at.wake, 1);
    Atomics.notify(this.#words, at.wake);
  }

  /** The wake word, to be read before looking for work and handed to `wait`. */
  get wakeCount(): number {
    return Atomics.load(this.#words, at.wake);
  }

  /** As `wait`, for a thread whose event loop must turn. */
  async waitAsync(seen: number, milliseconds: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.#words, at.wake, seen, milliseconds);
    if (waiting.async) await waiting.value;
  }

  /** Sleep until `wake` was called after `seen` was read, or the time is over. Never on the main thread. */
  wait(seen: number, milliseconds: number): void {
    Atomics.wait(this.#words, at.wake, seen, milliseconds);
  }
}
