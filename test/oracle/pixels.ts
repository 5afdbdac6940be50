// Where the bytes of a packet go, in plain words of TypeScript: copies its pieces to their final place in the frame,
// widening packed pixels on the way, and fills the pieces of packets that did not come with the missing value. Slow on
// purpose to read: it is what the compiled kernel is compared with.

import type { Layout } from '../../src/detector/layout.js';
import { missingByte } from '../../src/detector/pixel-type.js';
import type { PieceTable } from '../../src/detector/piece-table.js';

/**
 * The port's pieces of a frame: all offsets in bytes of the shared memory. Packets count from the first that is read
 * out.
 */
export class PixelOracle {
  readonly #bytes: Uint8Array;
  readonly #table: PieceTable;
  readonly #decode: Layout['decode'];
  /** 4 bit: by how much to shift a byte for its left and its right pixel. */
  readonly #left: number;
  readonly #payloadBytes: number;

  constructor(buffer: ArrayBufferLike, layout: Layout, table: PieceTable) {
    this.#bytes = new Uint8Array(buffer);
    this.#table = table;
    this.#decode = layout.decode;
    this.#payloadBytes = layout.payloadBytes;
    this.#left = layout.lowNibbleFirst ? 0 : 4;
  }

  /**
   * Put a packet in place.
   * @param payload position of its payload in the memory
   * @param frame position of the frame
   * @param before the packet before it is in place already, `after` the packet after it: a pixel that they share
   * becomes whole
   */
  place(packet: number, payload: number, frame: number, before: boolean, after: boolean): void {
    const { starts, pieces } = this.#table;
    const end = starts[packet + 1] * 3;
    for (let piece = starts[packet] * 3; piece < end; piece += 3) {
      const from = pieces[piece];
      const to = frame + pieces[piece + 1];
      const length = pieces[piece + 2];
      if (this.#decode === 'copy') this.#bytes.copyWithin(to, payload + from, payload + from + length);
      else if (this.#decode === 'unpack4') this.#unpack4(payload * 2 + from, to, length);
      else this.#unpack12(payload * 2 + from, to, length);
    }
    if (this.#table.seams.length > 0) this.#placeSeams(packet, payload, frame, before, after);
  }

  /**
   * Fill the pixels of packet `packet` in the frame at `frame` with the missing value, those it shares with others
   * included.
   */
  fill(packet: number, frame: number): void {
    const { starts, pieces, seams } = this.#table;
    const end = starts[packet + 1] * 3;
    for (let piece = starts[packet] * 3; piece < end; piece += 3) {
      const to = frame + pieces[piece + 1];
      this.#bytes.fill(missingByte, to, to + pieces[piece + 2]);
    }
    for (const shared of [seams[packet * 2], seams[packet * 2 + 2]]) {
      if (shared !== undefined && shared >= 0) this.#bytes.fill(missingByte, frame + shared, frame + shared + 2);
    }
  }

  /** `from` counts half-bytes of the memory. */
  #unpack4(from: number, to: number, length: number): void {
    const bytes = this.#bytes;
    for (let pixel = 0; pixel < length; pixel++) {
      const half = from + pixel;
      const shift = (half & 1) === 0 ? this.#left : 4 - this.#left;
      bytes[to + pixel] = (bytes[Math.floor(half / 2)] >> shift) & 15;
    }
  }

  /** Two pixels in three bytes: low eight bits first; `from` counts half-bytes of the memory. */
  #unpack12(from: number, to: number, length: number): void {
    const bytes = this.#bytes;
    for (let at = to, half = from; at < to + length; at += 2, half += 3) {
      const byte = Math.floor(half / 2);
      const both = bytes[byte] | (bytes[byte + 1] << 8);
      const value = (half & 1) === 0 ? both & 0xfff : both >> 4;
      bytes[at] = value & 255;
      bytes[at + 1] = value >> 8;
    }
  }

  /**
   * The parts of the pixels that this packet shares with its neighbours; the part that comes first waits in the frame
   * itself.
   */
  #placeSeams(packet: number, payload: number, frame: number, before: boolean, after: boolean): void {
    const { seams } = this.#table;
    const bytes = this.#bytes;
    const shared = seams[packet * 2];
    if (shared >= 0)
      this.#join(
        frame + shared,
        seams[packet * 2 + 1] === 8 ? (bytes[payload] & 15) << 8 : bytes[payload] << 4,
        before,
      );
    const next = seams[packet * 2 + 2];
    if (next !== undefined && next >= 0) {
      const last = bytes[payload + this.#payloadBytes - 1];
      this.#join(frame + next, seams[packet * 2 + 3] === 8 ? last : last >> 4, after);
    }
  }

  #join(at: number, part: number, whole: boolean): void {
    const bytes = this.#bytes;
    const value = whole ? part | bytes[at] | (bytes[at + 1] << 8) : part;
    bytes[at] = value & 255;
    bytes[at + 1] = value >> 8;
  }
}
