// Per port and slot: which frame is there, which packets have come, how it was closed. Writer: the port's receiver; the
// streamer reads a record only after it has seen the publish word (`publish` / `published`), and the receiver writes
// none but the late bits, which are its own, until the slot is released.
// What each word of a record holds: docs/reference/kernel-words.md.

import { noFrame } from '../detector/frame-share.js';
import type { OwnNumber } from '../detector/frame-share.js';
import { fence } from './fence.js';
import { placesOf } from './kernel-fields.js';
import { slotRecord } from './kernel-words.js';
import { stateClosed, stateEmpty, stateOpen } from './record-words.js';

/** How a port image was closed. */
export const outcome = {
  complete: 1,
  /** All packets came, but the settings are in doubt: not called complete. */
  suspect: 2,
  overtaken: 3,
  timedOut: 4,
  ended: 5,
  /** Refused whole because the ring was full. */
  refused: 6,
} as const;

export const recordState = { empty: stateEmpty, open: stateOpen, closed: stateClosed } as const;

/** Places inside a record, in words; the compiled placement uses the same. Times: in words of 64 bits. */
export const { words: recordWord, numbers: recordTime } = placesOf(slotRecord);

/** Words of one bitmap. */
export const bitmapWords = (packets: number): number => Math.ceil(packets / 32);

/** Bytes of one record, a multiple of 128. */
export const slotRecordBytes = (packets: number): number =>
  Math.ceil(((recordWord.bits + 2 * bitmapWords(packets)) * 4) / 128) * 128;

/** The publish word of a frame: nonzero, and different for any two frames that can meet in one slot. */
export const tagOf = (frameNumber: OwnNumber): number => (frameNumber % 1073741824) + 1;

/** The records of one port, by slot. Times in ms of the service's clock. */
export class SlotRecords {
  /** All words, for the compiled placement and for headers. */
  readonly words: Int32Array;
  readonly #times: Float64Array;
  readonly #stride: number;
  readonly #lateAt: number;

  /** @param packets of the largest port image that may be configured */
  constructor(buffer: ArrayBufferLike, offset: number, slots: number, packets: number) {
    this.#stride = slotRecordBytes(packets) / 4;
    this.#lateAt = recordWord.bits + bitmapWords(packets);
    this.words = new Int32Array(buffer, offset, slots * this.#stride);
    this.#times = new Float64Array(buffer, offset, (slots * this.#stride) / 2);
  }

  /** First word of a slot's record. */
  base(slot: number): number {
    return slot * this.#stride;
  }

  /** Empty a slot that no thread reads: no series is open, or its frame was never published. */
  forget(slot: number): void {
    this.drop(slot);
    Atomics.store(this.words, slot * this.#stride, 0);
  }

  /** Begin a frame in a slot: no packet yet. */
  open(slot: number, frameNumber: OwnNumber, now: number): void {
    const base = slot * this.#stride;
    const { words } = this;
    Atomics.store(words, base + recordWord.opened, (words[base + recordWord.opened] + 1) | 0);
    // Told before any pixel is written: a store-release alone lets later stores pass. Partner: `SentFrames.holds`.
    fence();
    words[base + recordWord.frameLow] = (frameNumber % 2 ** 32) | 0;
    words[base + recordWord.frameHigh] = Math.floor(frameNumber / 2 ** 32) | 0;
    words[base + recordWord.state] = recordState.open;
    words[base + recordWord.accepted] = 0;
    words[base + recordWord.highest] = -1;
    for (let word = base + recordWord.bits; word < base + this.#stride; word++) words[word] = 0;
    this.#times[base / 2 + recordTime.firstPacketAt] = now;
  }

  /** The header of the first packet of the image in a slot, which has one: a copy. */
  header(slot: number): Uint8Array {
    const at = this.words.byteOffset + (this.base(slot) + recordWord.header) * 4;
    return new Uint8Array(this.words.buffer, at, (recordWord.bits - recordWord.header) * 4).slice();
  }

  /** Times that a frame was begun in the slot, modulo 2³². */
  opened(slot: number): number {
    return Atomics.load(this.words, slot * this.#stride + recordWord.opened);
  }

  /** Empty a slot whose frame is not handed over. */
  drop(slot: number): void {
    this.words[slot * this.#stride + recordWord.state] = recordState.empty;
  }

  /** State of the slot if it holds this frame, else `empty`. */
  stateOf(slot: number, frameNumber: OwnNumber): number {
    const base = slot * this.#stride;
    const low = this.words[base + recordWord.frameLow];
    const high = this.words[base + recordWord.frameHigh];
    return high * 2 ** 32 + (low >>> 0) === frameNumber ? this.words[base + recordWord.state] : recordState.empty;
  }

  /** Is there any frame in the slot? */
  frameIn(slot: number): OwnNumber {
    const base = slot * this.#stride;
    if (this.words[base + recordWord.state] === recordState.empty) return noFrame;
    const low = this.words[base + recordWord.frameLow] >>> 0;
    return (this.words[base + recordWord.frameHigh] * 2 ** 32 + low) as OwnNumber;
  }

  has(slot: number, packet: number): boolean {
    return ((this.words[slot * this.#stride + recordWord.bits + (packet >> 5)] >>> (packet & 31)) & 1) === 1;
  }

  hasLate(slot: number, packet: number): boolean {
    return ((this.words[slot * this.#stride + this.#lateAt + (packet >> 5)] >>> (packet & 31)) & 1) === 1;
  }

  setLate(slot: number, packet: number): void {
    const word = slot * this.#stride + this.#lateAt + (packet >> 5);
    this.words[word] = this.words[word] | (1 << (packet & 31));
  }

  /** Note an accepted packet; returns how many the port image has now. */
  set(slot: number, packet: number): number {
    const base = slot * this.#stride;
    const word = base + recordWord.bits + (packet >> 5);
    this.words[word] = this.words[word] | (1 << (packet & 31));
    if (packet > this.words[base + recordWord.highest]) this.words[base + recordWord.highest] = packet;
    const accepted = this.words[base + recordWord.accepted] + 1;
    this.words[base + recordWord.accepted] = accepted;
    return accepted;
  }

  accepted(slot: number): number {
    return this.words[slot * this.#stride + recordWord.accepted];
  }

  /** Highest packet accepted so far, −1 = none. */
  highest(slot: number): number {
    return this.words[slot * this.#stride + recordWord.highest];
  }

  /** Close and hand over to the streamer. Partner: `published`. */
  publish(slot: number, frameNumber: OwnNumber, result: number, now: number): void {
    const base = slot * this.#stride;
    this.words[base + recordWord.state] = recordState.closed;
    this.words[base + recordWord.outcome] = result;
    this.#times[base / 2 + recordTime.closedAt] = now;
    Atomics.store(this.words, base + recordWord.published, tagOf(frameNumber));
  }

  /** Has this port closed this frame? After true the record and the port's pixels of the slot may be read. */
  published(slot: number, frameNumber: OwnNumber): boolean {
    return Atomics.load(this.words, slot * this.#stride + recordWord.published) === tagOf(frameNumber);
  }

  outcome(slot: number): number {
    return this.words[slot * this.#stride + recordWord.outcome];
  }

  firstPacketAt(slot: number): number {
    return this.#times[(slot * this.#stride) / 2 + recordTime.firstPacketAt];
  }

  closedAt(slot: number): number {
    return this.#times[(slot * this.#stride) / 2 + recordTime.closedAt];
  }
}
