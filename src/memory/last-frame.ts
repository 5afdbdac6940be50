// A copy of the frame that was sent last, for live viewers: latest only, so that nobody who looks holds a slot. Writer:
// streamer, into the older of two halves; reader: main, which checks that its half was not overwritten while it copied.

import { fence } from './fence.js';

/** Bytes kept for the message's JSON. */
const jsonLimit = 16384;

const headWords = 32;
const halfBytes = (frameBytes: number): number => Math.ceil((jsonLimit + frameBytes) / 128) * 128;

/** Bytes of the region. */
export const lastFrameBytes = (frameBytes: number): number => headWords * 4 + 2 * halfBytes(frameBytes);

const at = { count: 0, length: 1 } as const;

/** Where in shared memory the frame lies that was sent last. */
export interface LastFrameMemory {
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
  /** Bytes of the largest frame. */
  readonly frameBytes: number;
}

export class LastFrame {
  readonly #words: Int32Array;
  readonly #halves: readonly [Uint8Array, Uint8Array];

  constructor(buffer: ArrayBufferLike, offset: number, frameBytes: number) {
    this.#words = new Int32Array(buffer, offset, headWords);
    const half = (index: number): Uint8Array =>
      new Uint8Array(buffer, offset + headWords * 4 + index * halfBytes(frameBytes), halfBytes(frameBytes));
    this.#halves = [half(0), half(1)];
  }

  /** Frames copied here so far; changes with every copy. */
  get count(): number {
    return Atomics.load(this.#words, at.count);
  }

  /** Keep a copy of message and pixels. Returns false when the JSON is too long to keep. */
  store(json: Uint8Array, pixels: Uint8Array): boolean {
    if (json.length > jsonLimit) return false;
    const next = (Atomics.load(this.#words, at.count) + 1) | 0;
    const half = this.#halves[next & 1];
    const lengths = at.length + (next & 1) * 2;
    // The count of the other half is seen before anything of this one: a store-release alone lets later stores pass.
    // Partner: `load`.
    fence();
    this.#words[lengths] = json.length;
    this.#words[lengths + 1] = pixels.length;
    half.set(json);
    half.set(pixels, jsonLimit);
    Atomics.store(this.#words, at.count, next);
    return true;
  }

  /** A private copy of the latest, or null before the first. */
  load(): { json: Uint8Array; pixels: Uint8Array } | null {
    for (;;) {
      const count = Atomics.load(this.#words, at.count);
      if (count === 0) return null;
      const half = this.#halves[count & 1];
      const lengths = at.length + (count & 1) * 2;
      const json = half.slice(0, this.#words[lengths]);
      const pixels = half.slice(jsonLimit, jsonLimit + this.#words[lengths + 1]);
      // The writer begins to overwrite this half only after the other was filled and counted. A load-acquire alone lets
      // the copies above be made after it. Partner: `store`.
      fence();
      if (Atomics.load(this.#words, at.count) === count) return { json, pixels };
    }
  }
}
