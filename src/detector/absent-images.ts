// What stands in a frame where whole port images are missing. A port image of which no packet came is written by no
// receiver, so pixels of an older frame may be there. Where some port has ever written, they are filled in a copy.
// Comes in: where ports have their places, and of which a packet came. Pure.
// Tested by test/pipeline/closing.test.ts.

import type { Layout } from './layout.js';
import { makePieceTable } from './piece-table.js';
import type { PieceTable } from './piece-table.js';
import { gapByte, missingByte } from './pixel-type.js';

/** Frames of one layout. Positions are indices into its positions. */
export class AbsentImages {
  readonly layout: Layout;
  /** A whole frame of nothing, as it leaves: gaps 0, all pixels missing. */
  readonly filler: Uint8Array;
  /**
   * By position: some port has written there since the slots were prepared, in this series or an earlier one; the
   * latest frame that has pixels there.
   */
  readonly #written: Uint8Array;
  readonly #filledBy: Int32Array;
  #frame = 0;
  #empty = true;
  readonly #pieces = new Map<number, PieceTable>();

  constructor(layout: Layout) {
    const places = layout.positions.length;
    this.layout = layout;
    this.#written = new Uint8Array(places);
    this.#filledBy = new Int32Array(places);
    // Ordinary memory, since filling shared memory is slow.
    this.filler = new Uint8Array(layout.frameBytes).fill(gapByte);
    for (let position = 0; position < places; position++) this.#fill(this.filler, position);
  }

  /** A port writes here. */
  note(position: number): void {
    this.#written[position] = 1;
  }

  /** Of the frame that is looked at next nothing is known. */
  begin(): void {
    this.#frame = (this.#frame + 1) | 0;
    this.#empty = true;
  }

  /** A packet of it came here. */
  has(position: number): void {
    this.#filledBy[position] = this.#frame;
    this.#empty = false;
  }

  /** Of which port images, of those that were ever written in these slots, did no packet come? */
  get lacks(): 'nothing' | 'ports' | 'all' {
    if (this.#empty) return 'all';
    for (let position = 0; position < this.#written.length; position++)
      if (this.#written[position] !== 0 && this.#filledBy[position] !== this.#frame) return 'ports';
    return 'nothing';
  }

  /** Fill in a copy of that frame what it lacks. */
  fill(frame: Uint8Array): void {
    for (let position = 0; position < this.#written.length; position++)
      if (this.#written[position] !== 0 && this.#filledBy[position] !== this.#frame) this.#fill(frame, position);
  }

  #fill(frame: Uint8Array, position: number): void {
    let table = this.#pieces.get(position);
    if (table === undefined) {
      // Orientation does not matter: all pixels of the port image are filled.
      table = makePieceTable(this.layout, position, false, { first: 0, count: this.layout.packetsPerPortImage });
      this.#pieces.set(position, table);
    }
    for (let piece = 0; piece < table.pieces.length; piece += 3) {
      const at = table.pieces[piece + 1];
      frame.fill(missingByte, at, at + table.pieces[piece + 2]);
    }
    for (let seam = 0; seam < table.seams.length; seam += 2) {
      const at = table.seams[seam];
      if (at >= 0) frame.fill(missingByte, at, at + this.layout.pixelBytes);
    }
  }
}
