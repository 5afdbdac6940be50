// A port image as pieces: which bytes of which packet go to which bytes of the frame. Computed once when a port's position is
// known; placing a packet and filling a hole are loops over its pieces.

import { gapped, rowsFlipped } from './layout.js';
import type { Layout, Position } from './layout.js';

/**
 * Pieces of one port image in one frame. For packet `k` of those read out (0 = `layout.firstPacket`), the pieces are
 * `starts[k]` … `starts[k + 1] − 1`; piece `i` is three words of `pieces`: payload offset, frame offset, length, all in bytes.
 */
export interface PieceTable {
  readonly starts: Int32Array;
  readonly pieces: Int32Array;
}

/** Upper bound of `pieces.length / 3`, to size memory by: every packet may begin and end inside a row, every row may cross chip borders. */
export function maxPieces(layout: Layout): number {
  const { portImage, chip } = layout.profile;
  const runsPerRow = layout.gapPixels ? Math.ceil(portImage.columns / chip.columns) + 1 : 1;
  return portImage.rows * runsPerRow + layout.expectedPackets * 2;
}

/**
 * The pieces of the port image at `position`.
 * @param position index into `layout.positions`
 * @param configuredFlip the port's configured orientation, null = by position
 */
export function makePieceTable(layout: Layout, position: number, configuredFlip: boolean | null): PieceTable {
  const { profile } = layout;
  const { rows, columns } = profile.portImage;
  const place = layout.positions[position] as Position;
  const flip = rowsFlipped(layout, position, configuredFlip);
  const frameColumns = layout.shape[1];
  const pixelsPerPacket = (layout.payloadBytes * 8) / layout.wireBits;
  const starts = new Int32Array(layout.expectedPackets + 1);
  const pieces: number[] = [];

  const frameOffset = (pixel: number): number => {
    const row = Math.floor(pixel / columns);
    const y = gapped(place.row * rows + (flip ? rows - 1 - row : row), layout.gapPixels, profile, 'rows');
    const x = gapped(place.column * columns + (pixel % columns), layout.gapPixels, profile, 'columns');
    return (y * frameColumns + x) * layout.pixelBytes;
  };

  for (let packet = 0; packet < layout.expectedPackets; packet++) {
    starts[packet] = pieces.length / 3;
    const first = (packet + layout.firstPacket) * pixelsPerPacket;
    let begin = first;
    for (let pixel = first; pixel < first + pixelsPerPacket; pixel++) {
      const isLast = pixel + 1 === first + pixelsPerPacket;
      if (!isLast && frameOffset(pixel + 1) === frameOffset(pixel) + layout.pixelBytes) continue;
      pieces.push((begin - first) * layout.pixelBytes, frameOffset(begin), (pixel + 1 - begin) * layout.pixelBytes);
      begin = pixel + 1;
    }
  }
  starts[layout.expectedPackets] = pieces.length / 3;
  return { starts, pieces: Int32Array.from(pieces) };
}
