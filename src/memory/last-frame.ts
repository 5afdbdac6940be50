// A copy of the frame that was sent last, for live viewers: latest only, so that no viewer holds a slot. Writer:
// streamer, into the older of two halves; readers: viewers' threads, which check that their half was not overwritten
// while they copied, and note which one they saw.

import { fence } from './fence.js';

/** Bytes kept for the message's JSON and the places of the ports, unless more are needed. */
const usualTextBytes = 16384;
/** Of the places: what they say at all, and of each port. */
const placesBytes = 128;
const placeBytes = 32;

/** Bytes for the texts of a frame whose message may have so many. */
export const lastTextBytes = (messageBytes: number, ports: number): number =>
  Math.max(usualTextBytes, messageBytes + placesBytes + ports * placeBytes);

const headWords = 32;
const halfBytes = (frameBytes: number, textBytes: number): number => Math.ceil((textBytes + frameBytes) / 128) * 128;

/** Bytes of the region. */
export const lastFrameBytes = (frameBytes: number, textBytes = usualTextBytes): number =>
  headWords * 4 + 2 * halfBytes(frameBytes, textBytes);

const at = { count: 0, lengths: 1, seen: 7 } as const;
/** Of a half: JSON, places, pixels. */
const lengthsOfHalf = 3;

/** What is kept of a frame. `json`: part 0 of its message; `places`: JSON of where its ports had their places. */
export interface KeptFrame {
  readonly json: Uint8Array;
  readonly places: Uint8Array;
  /** C order, little endian. */
  readonly pixels: Uint8Array;
}

/** Where in shared memory the frame lies that was sent last. */
export interface LastFrameMemory {
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
  /** Bytes of the largest frame. */
  readonly frameBytes: number;
  /** Not 0 = the configured mask covers this pixel, C order; null = there is no mask. */
  readonly masked: Uint8Array | null;
  /** As `lastTextBytes`; absent = what small detectors need. */
  readonly textBytes?: number;
}

export class LastFrame {
  readonly #words: Int32Array;
  readonly #halves: readonly [Uint8Array, Uint8Array];
  readonly #textBytes: number;

  constructor(buffer: ArrayBufferLike, offset: number, frameBytes: number, textBytes = usualTextBytes) {
    const bytes = halfBytes(frameBytes, textBytes);
    this.#textBytes = textBytes;
    this.#words = new Int32Array(buffer, offset, headWords);
    const half = (index: number): Uint8Array => new Uint8Array(buffer, offset + headWords * 4 + index * bytes, bytes);
    this.#halves = [half(0), half(1)];
  }

  /** Frames copied here so far; changes with every copy. */
  get count(): number {
    return Atomics.load(this.#words, at.count);
  }

  /** Which copy was loaded last, by `count`; changes whenever a viewer loads a newer one. */
  get seen(): number {
    return Atomics.load(this.#words, at.seen);
  }

  /** Keep a copy. Returns false when JSON and places together are too long to keep. */
  store({ json, places, pixels }: KeptFrame): boolean {
    return this.keep(json, places, pixels.length, (into) => {
      into.set(pixels);
      return true;
    });
  }

  /**
   * Keep a copy of pixels that others may overwrite: `copy` brings them here and says whether they are whole. Returns
   * false when they are not, or JSON and places together are too long to keep; the frame before stays.
   */
  keep(json: Uint8Array, places: Uint8Array, pixelBytes: number, copy: (into: Uint8Array) => boolean): boolean {
    if (json.length + places.length > this.#textBytes) return false;
    const next = (Atomics.load(this.#words, at.count) + 1) | 0;
    const half = this.#halves[next & 1];
    const lengths = at.lengths + (next & 1) * lengthsOfHalf;
    // The count of the other half is seen before anything of this one: a store-release alone lets later stores pass.
    // Partner: `load`.
    fence();
    this.#words[lengths] = json.length;
    this.#words[lengths + 1] = places.length;
    this.#words[lengths + 2] = pixelBytes;
    half.set(json);
    half.set(places, json.length);
    if (!copy(half.subarray(this.#textBytes, this.#textBytes + pixelBytes))) return false;
    Atomics.store(this.#words, at.count, next);
    return true;
  }

  /** A private copy of the latest, or null before the first. */
  load(): KeptFrame | null {
    for (;;) {
      const count = Atomics.load(this.#words, at.count);
      if (count === 0) return null;
      const half = this.#halves[count & 1];
      const lengths = at.lengths + (count & 1) * lengthsOfHalf;
      const jsonEnd = this.#words[lengths];
      const json = half.slice(0, jsonEnd);
      const places = half.slice(jsonEnd, jsonEnd + this.#words[lengths + 1]);
      const pixels = half.slice(this.#textBytes, this.#textBytes + this.#words[lengths + 2]);
      // The writer begins to overwrite this half only after the other was filled and counted. A load-acquire alone lets
      // the copies above be made after it. Partner: `store`.
      fence();
      if (Atomics.load(this.#words, at.count) !== count) continue;
      Atomics.store(this.#words, at.seen, count);
      return { json, places, pixels };
    }
  }
}
