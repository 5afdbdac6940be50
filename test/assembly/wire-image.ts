// A port image with random pixels as it comes over the wire, and where each pixel must end, worked out bit by bit and
// in another way than the service does it. For tests that compare both placements with the truth.

import type { Random } from '../../src/base/random.js';

/** What a test knows of one port, by hand. Sizes in pixels; numbers as on the wire. */
export interface WireFacts {
  readonly detectorType: number;
  readonly rows: number;
  readonly columns: number;
  readonly bits: number;
  readonly lowNibbleFirst?: boolean;
  readonly payloadBytes: number;
  /** Row and column of its place in units of port images; `headerRow` is what the header says, if not the same. */
  readonly row: number;
  readonly column: number;
  readonly headerRow?: number;
  readonly flipped: boolean;
  /** The frame has 2 pixels between chips of 256 × 256, 36 rows and 8 columns between modules of 512 × 1024. */
  readonly gaps: boolean;
  readonly frameRows: number;
  readonly frameColumns: number;
  /** Packet numbers sent: all, if not given. */
  readonly firstPacket?: number;
  readonly packets?: number;
}

const headerBytes = 48;

export class WireImage {
  /** Whole datagrams, the first that is sent first. */
  readonly datagrams: readonly Uint8Array[];
  /** Payloads of all packets one behind the other, those included that are not sent. */
  readonly stream: Uint8Array;
  readonly #facts: WireFacts;

  constructor(facts: WireFacts, frameNumber: number, random: Random) {
    this.#facts = facts;
    this.stream = new Uint8Array((facts.rows * facts.columns * facts.bits) / 8);
    for (let byte = 0; byte < this.stream.length; byte++) this.stream[byte] = random.integer(256);
    const { first, packets } = this.#sent();
    this.datagrams = Array.from({ length: packets }, (_, index) => {
      const datagram = new Uint8Array(headerBytes + facts.payloadBytes);
      const view = new DataView(datagram.buffer);
      view.setUint32(0, frameNumber % 4294967296, true);
      view.setUint32(4, Math.floor(frameNumber / 4294967296), true);
      view.setUint32(12, first + index, true);
      view.setUint16(34, facts.headerRow ?? facts.row, true);
      view.setUint16(36, facts.column, true);
      datagram[46] = facts.detectorType;
      datagram[47] = 2;
      datagram.set(
        this.stream.subarray((first + index) * facts.payloadBytes, (first + index + 1) * facts.payloadBytes),
        headerBytes,
      );
      return datagram;
    });
  }

  /**
   * Compare a frame with what it must be; returns the first difference, or ''.
   * @param before what the frame was before: pixels that are not of this port image are as they were
   * @param present indices into `datagrams` of those that came
   */
  difference(frame: Uint8Array, before: Uint8Array, present: ReadonlySet<number>): string {
    const { rows, columns, bits, payloadBytes, frameColumns } = this.#facts;
    const { first, packets } = this.#sent();
    const bytes = Math.max(8, 2 ** Math.ceil(Math.log2(bits))) / 8;
    const expected = before.slice();
    const across = Array.from({ length: columns }, (_, column) => this.#x(column));
    for (let row = 0; row < rows; row++) {
      const y = this.#y(row);
      for (let column = 0; column < columns; column++) {
        const pixel = row * columns + column;
        const lowest = Math.floor((pixel * bits) / 8 / payloadBytes) - first;
        const highest = Math.floor((pixel * bits + bits - 1) / 8 / payloadBytes) - first;
        if (highest < 0 || lowest >= packets) continue;
        const value = present.has(lowest) && present.has(highest) ? this.#value(pixel) : 0xffffffff;
        const at = (y * frameColumns + across[column]) * bytes;
        for (let byte = 0; byte < bytes; byte++) expected[at + byte] = value >>> (8 * byte);
      }
    }
    if (Buffer.from(frame).equals(expected)) return '';
    const at = expected.findIndex((byte, index) => byte !== frame[index]);
    const pixel = Math.floor(at / bytes);
    return (
      `row ${Math.floor(pixel / frameColumns)}, column ${pixel % frameColumns}, byte ${at % bytes}: ${frame[at]} ` +
      `instead of ${expected[at]}`
    );
  }

  /** Bit by bit; bit 0 of byte 0 comes first. */
  #value(pixel: number): number {
    const { stream } = this;
    const { bits, lowNibbleFirst } = this.#facts;
    const begin = bits === 4 && lowNibbleFirst !== true ? (pixel ^ 1) * 4 : pixel * bits;
    let value = 0;
    for (let bit = begin + bits - 1; bit >= begin; bit--) value = (value << 1) | ((stream[bit >> 3] >> (bit & 7)) & 1);
    return value;
  }

  #sent(): { first: number; packets: number } {
    const { firstPacket = 0, payloadBytes, packets = this.stream.length / payloadBytes } = this.#facts;
    return { first: firstPacket, packets };
  }

  #y(row: number): number {
    const { rows, flipped, gaps } = this.#facts;
    const y = this.#facts.row * rows + (flipped ? rows - 1 - row : row);
    return gaps ? Math.floor(y / 512) * 550 + (y % 512) + (y % 512 >= 256 ? 2 : 0) : y;
  }

  #x(column: number): number {
    const x = this.#facts.column * this.#facts.columns + column;
    return this.#facts.gaps ? Math.floor(x / 1024) * 1038 + (x % 1024) + 2 * Math.floor((x % 1024) / 256) : x;
  }
}
