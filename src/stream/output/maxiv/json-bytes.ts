// hot path. Text that is put together from constants and whole numbers, as bytes, without strings: V8 remembers the
// text of many numbers for a while, long enough for it to reach the old part of its heap, and there it stays until the
// next full collection.
// Tested by test/stream/output/maxiv/messages.test.ts.

import { assert } from '../../../base/assert.js';

const encoder = new TextEncoder();
const zero = 0x30;
/** Below it V8 divides integers as such. */
const billion = 1_000_000_000;

/** All in the same memory: what `bytes` returned is valid until the next `begin`. */
export class JsonBytes {
  #bytes: Uint8Array;
  #length = 0;

  /** @param capacity bytes to begin with; it grows when more are needed */
  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** What was written since `begin`. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  begin(): void {
    this.#length = 0;
  }

  /** Text that was encoded before. */
  add(constant: Uint8Array): void {
    const from = this.#take(constant.length);
    const bytes = this.#bytes;
    for (let index = 0; index < constant.length; index++) bytes[from + index] = constant[index];
  }

  /** Text of ASCII characters only, for what is rare. */
  addText(text: string): void {
    const from = this.#take(text.length);
    const { read } = encoder.encodeInto(text, this.#bytes.subarray(from));
    assert(read === text.length, 'text that is not ASCII did not fit into its bytes');
  }

  /** A whole number, not negative; up to 2⁵³ − 1 without a string. */
  addNumber(value: number | bigint): void {
    if (typeof value === 'bigint') return this.addText(value.toString());
    assert(Number.isSafeInteger(value) && value >= 0, 'a number in a message is no safe integer');
    if (value < billion) return this.#addDigits(value, 1);
    const high = Math.floor(value / billion);
    this.#addDigits(high, 1);
    this.#addDigits(value - high * billion, 9);
  }

  /** @param value below a billion @param least digits, with zeros before them */
  #addDigits(value: number, least: number): void {
    let digits = 1;
    for (let power = 10; power <= value; power *= 10) digits++;
    if (digits < least) digits = least;
    const from = this.#take(digits);
    const bytes = this.#bytes;
    let rest = value;
    for (let at = from + digits - 1; at >= from; at--) {
      const tenth = (rest / 10) | 0;
      bytes[at] = zero + rest - tenth * 10;
      rest = tenth;
    }
  }

  /** Room for so many bytes more; where they begin. */
  #take(count: number): number {
    const from = this.#length;
    this.#length = from + count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#length);
      grown.set(this.#bytes.subarray(0, from));
      this.#bytes = grown;
    }
    return from;
  }
}
