// Frames as an output wants them, where that is not as they lie in the ring: cut, turned, compressed. Frame n lies in
// slot n mod F and is written by encoder n mod K; F is a multiple of K, so each slot has one writer. Readers: the
// streamer, after the publish word, and code that shows frames. A slot is free once `next` of the series words is above
// its frame. Code that copies a released slot checks afterwards that the frame was still there.
//
//   record  word 0   published: tag of the frame of this series whose form lies in the slot, 0 = none
//           1        bytes of it
//           2, 3     own number of that frame (64-bit float): tags come again after 2³⁰, in another series sooner
//           4        shown: tag of the frame whose form lies in the slot, also after its series, 0 = none

import type { OwnNumber } from '../detector/frame-share.js';
import { chunkBlockBytes, chunkBlockExtraBytes, chunkHeadBytes, encoderSlackBytes } from './chunk-words.js';
import { fence } from './fence.js';
import { tagOf } from './slot-records.js';

/** Bytes that each record takes: those of different writers lie apart. */
const recordBytes = 128;
const recordWord = { published: 0, bytes: 1, shown: 4 } as const;
const recordNumber = { own: 1 } as const;

/**
 * Bytes that the chunk of a frame takes at most: what LZ4 makes of noise, and a little that its writer may write too
 * far (encode/kernel/encode.ts).
 */
export function chunkBound(frameBytes: number): number {
  const blocks = Math.ceil(frameBytes / chunkBlockBytes);
  return chunkHeadBytes + frameBytes + blocks * chunkBlockExtraBytes + encoderSlackBytes;
}

/** Bytes of all records. */
export const formRecordsBytes = (slots: number): number => slots * recordBytes;

/** Where they lie. */
export interface FormSlotsMap {
  readonly slots: number;
  readonly records: number;
  /** Of the first slot, and from slot to slot. */
  readonly forms: number;
  readonly stride: number;
}

export class FormSlots {
  readonly #map: FormSlotsMap;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #bytes: Uint8Array;

  constructor(buffer: ArrayBufferLike, map: FormSlotsMap) {
    this.#map = map;
    this.#words = new Int32Array(buffer, map.records, formRecordsBytes(map.slots) / 4);
    this.#numbers = new Float64Array(buffer, map.records, formRecordsBytes(map.slots) / 8);
    this.#bytes = new Uint8Array(buffer);
  }

  get slots(): number {
    return this.#map.slots;
  }

  // --- the encoders' side

  /** Where the form of a frame is to be written, in bytes from the start of the memory. */
  at(frameNumber: OwnNumber): number {
    return this.#map.forms + (frameNumber % this.#map.slots) * this.#map.stride;
  }

  /** Another series begins; viewers still find the form that lies in the slot. */
  forget(slot: number): void {
    Atomics.store(this.#words, (slot * recordBytes) / 4 + recordWord.published, 0);
  }

  /** The form of another frame is written here from now on. */
  begin(frameNumber: OwnNumber): void {
    const slot = frameNumber % this.#map.slots;
    this.forget(slot);
    Atomics.store(this.#words, (slot * recordBytes) / 4 + recordWord.shown, 0);
    // A store-release alone lets later stores pass. Partner: `copy`.
    fence();
  }

  /** Hand a form over to the streamer. Partner: `published`. */
  publish(frameNumber: OwnNumber, bytes: number): void {
    const record = ((frameNumber % this.#map.slots) * recordBytes) / 4;
    this.#words[record + recordWord.bytes] = bytes;
    this.#numbers[record / 2 + recordNumber.own] = frameNumber;
    Atomics.store(this.#words, record + recordWord.shown, tagOf(frameNumber));
    Atomics.store(this.#words, record + recordWord.published, tagOf(frameNumber));
  }

  // --- the streamer's side, and that of viewers

  /** Is the form of this frame there? After true its bytes may be read. */
  published(frameNumber: OwnNumber): boolean {
    const record = ((frameNumber % this.#map.slots) * recordBytes) / 4;
    return Atomics.load(this.#words, record + recordWord.published) === tagOf(frameNumber);
  }

  /** The form of a frame that is published; valid until the frame is released. */
  bytes(frameNumber: OwnNumber): Uint8Array {
    const record = ((frameNumber % this.#map.slots) * recordBytes) / 4;
    const from = this.at(frameNumber);
    return this.#bytes.subarray(from, from + this.#words[record + recordWord.bytes]);
  }

  /**
   * The form of a frame, copied, also after it was released and its series is over; null = another one lies there, or
   * is being written.
   */
  read(frameNumber: OwnNumber): Uint8Array | null {
    if (!this.#holds(frameNumber)) return null;
    const form = new Uint8Array(this.bytes(frameNumber).length);
    return this.copy(frameNumber, form) ? form : null;
  }

  /**
   * The form of a frame, of so many bytes, also after it was released.
   * @returns false = another one lies there, or is being written: what was copied is nothing
   */
  copy(frameNumber: OwnNumber, into: Uint8Array): boolean {
    if (!this.#holds(frameNumber)) return false;
    const from = this.at(frameNumber);
    into.set(this.#bytes.subarray(from, from + into.length));
    // The copy is made before the look. Partner: `begin`.
    fence();
    return this.#holds(frameNumber);
  }

  /** For a reader that looks when another series may be open: the tag alone may be that of one of its frames. */
  #holds(frameNumber: OwnNumber): boolean {
    const record = ((frameNumber % this.#map.slots) * recordBytes) / 4;
    const shown = Atomics.load(this.#words, record + recordWord.shown) === tagOf(frameNumber);
    return shown && this.#numbers[record / 2 + recordNumber.own] === frameNumber;
  }
}
