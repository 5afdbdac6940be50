// The pixel formula compiled: WebAssembly of one loop that writes eight 16-bit pixels at a time. It is put together
// here instruction by instruction, because a compiler would be longer than the loop. Packets of a simulated detector
// lie in the memory that it writes. Its values are those of pattern.ts, bit for bit.

import { assert } from '../../src/base/assert.js';

const pageBytes = 65536;

/**
 * WebAssembly's instructions in use, as the binary format numbers them; "x4" and "x8": on four or eight integers at
 * once.
 */
const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const tee = (local: number): number[] => [0x22, local];
/** For constants below 64. */
const i32 = (value: number): number[] => [0x41, value];
const x4 = (...integers: number[]): number[] => [0xfd, 0x0c, ...new Uint8Array(Int32Array.from(integers).buffer)];
const splatX4 = [0xfd, 0x11];
const addX4 = [0xfd, 0xae, 0x01];
const multiplyX4 = [0xfd, 0xb5, 0x01];
const shiftRightX4 = [0xfd, 0xad, 0x01];
const xor = [0xfd, 0x51];
const narrowToX8 = [0xfd, 0x86, 0x01];
const store = [0xfd, 0x0b, 0x00, 0x00];
const add = [0x6a];
const lessThan = [0x49];
const loop = [0x03, 0x40];
const repeatIf = [0x0d, 0x00];
const end = [0x0b];

const columnStep = 0x9e3779b1;
const spread = 0xc2b2ae3d;

const every = (integer: number): number[] => x4(integer, integer, integer, integer);
const target = 0;
const targetEnd = 1;
const first = 2;
const mixed = 3;

/** The values of four columns, and on to the next four. */
const fourPixels = [
  ...get(mixed),
  ...get(mixed),
  ...i32(15),
  ...shiftRightX4,
  ...xor,
  ...every(spread),
  ...multiplyX4,
  ...i32(16),
  ...shiftRightX4,
  ...get(mixed),
  ...every(columnStep * 4),
  ...addX4,
  ...set(mixed),
];

const body = [
  ...get(first),
  ...splatX4,
  ...x4(0, columnStep, columnStep * 2, columnStep * 3),
  ...addX4,
  ...set(mixed),
  ...loop,
  ...get(target),
  ...fourPixels,
  ...fourPixels,
  ...narrowToX8,
  ...store,
  ...get(target),
  ...i32(16),
  ...add,
  ...tee(target),
  ...get(targetEnd),
  ...lessThan,
  ...repeatIf,
  ...end,
  ...end,
];

/** Lengths in the binary format: seven bits per byte. */
const length = (count: number): number[] => (count < 128 ? [count] : [(count & 127) | 128, ...length(count >> 7)]);
const section = (id: number, content: readonly number[]): number[] => [id, ...length(content.length), ...content];
const name = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];
const integer = 0x7f;
const fourIntegers = 0x7b;

/** (target, targetEnd, first) → nothing; imports m.m, exports w; one local of four integers besides the parameters. */
const binary = Uint8Array.from([
  0x00,
  0x61,
  0x73,
  0x6d,
  0x01,
  0x00,
  0x00,
  0x00,
  ...section(1, [1, 0x60, 3, integer, integer, integer, 0]),
  ...section(2, [1, ...name('m'), ...name('m'), 2, 0, 0]),
  ...section(3, [1, 0]),
  ...section(7, [1, ...name('w'), 0, 0]),
  ...section(10, [1, ...length(body.length + 3), 1, 1, fourIntegers, ...body]),
]);

type WriteLoop = (target: number, targetEnd: number, first: number) => number;

let module: WebAssembly.Module | null = null;

/** Pixels that one call of `write16` takes at least, and a multiple of which it takes. */
export const pixelsAtOnce = 8;

/**
 * Below this a memory is a plain one: each compiled one reserves some 10 GB of addresses, of which a process has a
 * limited number.
 */
const compiledFrom = 65536;

/** Memory for datagrams, fixed in size, handed out piece by piece. */
export class PixelMemory {
  readonly buffer: ArrayBufferLike;
  readonly #write: WriteLoop | null;
  #used = 0;

  /** @param bytes sum of the pieces, each rounded up to 64 */
  constructor(bytes: number) {
    const pages = Math.max(1, Math.ceil(bytes / pageBytes));
    if (bytes < compiledFrom) {
      this.buffer = new ArrayBuffer(Math.ceil(bytes / 64) * 64);
      this.#write = null;
      return;
    }
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: false });
    module ??= new WebAssembly.Module(binary);
    this.buffer = memory.buffer;
    this.#write = new WebAssembly.Instance(module, { m: { m: memory } }).exports['w'];
  }

  /** Can `write16` be called? */
  get compiled(): boolean {
    return this.#write !== null;
  }

  /** Take a piece; returns its offset. */
  take(bytes: number): number {
    const offset = this.#used;
    this.#used += Math.ceil(bytes / 64) * 64;
    assert(this.#used <= this.buffer.byteLength, 'the memory for datagrams is used up');
    return offset;
  }

  /**
   * hot path. Write the 16-bit pixels of a part of a row.
   * @param offset byte offset
   * @param count a multiple of `pixelsAtOnce`, not 0
   * @param row `rowSeed` of the row
   */
  write16(offset: number, count: number, row: number, firstColumn: number): void {
    this.#write?.(offset, offset + count * 2, (row + Math.imul(firstColumn, columnStep)) | 0);
  }
}
