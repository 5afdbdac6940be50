// hot path. STEP 2's innermost part: copy the pieces of a packet to their final place in the frame ring, and fill the pieces of
// packets that did not come with the missing value. Called by the port assembler, in the receiver's thread, for its own port.

import { missingByte } from '../detector/pixel-type.js';
import type { PieceTable } from '../detector/piece-table.js';

/** The port's pieces of a frame: all offsets in bytes of the shared memory. */
export class Placement {
  readonly #bytes: Uint8Array;
  readonly #table: PieceTable;

  constructor(buffer: ArrayBufferLike, table: PieceTable) {
    this.#bytes = new Uint8Array(buffer);
    this.#table = table;
  }

  /** Copy packet `packet` (0 = first that is read out) from its payload at `payload` into the frame at `frame`. */
  place(packet: number, payload: number, frame: number): void {
    const { starts, pieces } = this.#table;
    const end = (starts[packet + 1] as number) * 3;
    for (let piece = (starts[packet] as number) * 3; piece < end; piece += 3) {
      const from = payload + (pieces[piece] as number);
      this.#bytes.copyWithin(frame + (pieces[piece + 1] as number), from, from + (pieces[piece + 2] as number));
    }
  }

  /** Fill the pixels of packet `packet` in the frame at `frame` with the missing value. */
  fill(packet: number, frame: number): void {
    const { starts, pieces } = this.#table;
    const end = (starts[packet + 1] as number) * 3;
    for (let piece = (starts[packet] as number) * 3; piece < end; piece += 3) {
      const to = frame + (pieces[piece + 1] as number);
      this.#bytes.fill(missingByte, to, to + (pieces[piece + 2] as number));
    }
  }
}
