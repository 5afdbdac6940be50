// A port image as pieces: which part of which packet goes to which bytes of the frame. Computed once when a port's
// position is known; placing a packet and filling a hole are loops over its pieces.

import { gapped, rowsFlipped } from './layout.js';
import type { Layout } from './layout.js';

/**
 * Pieces of one port image in one frame. For packet `k` of those read out (0 = the position's first), the pieces are
 * `starts[k]` … `starts[k + 1] − 1`; piece `i` is three words of `pieces`: where it begins in the payload (bytes;
 * half-bytes where pixels are packed), its offset in the frame (bytes), its length in the frame (bytes).
 *
 * 12-bit pixels may straddle two packets. Then `seams[2 k]` is the frame offset in bytes of the pixel that packet `k`
 * shares with packet `k − 1` (−1 = none), and `seams[2 k + 1]` how many of its bits lie in packet `k − 1`: 8 or 4.
 * Empty otherwise.
 */
export interface PieceTable {
  readonly starts: Int32Array;
  readonly pieces: Int32Array;
  readonly seams: Int32Array;
}

/** Which packets a table is for, if not those that are read out. */
export interface PacketRange {
  readonly first: number;
  readonly count: number;
}

/**
 * Upper bound of `pieces.length / 3`, to size memory by: every packet may begin and end inside a row, every row may
 * cross chip borders.
 */
export function maxPieces(layout: Layout): number {
  const { portImage, chip } = layout.profile;
  const runsPerRow = layout.gapPixels ? Math.ceil(portImage.columns / chip.columns) + 1 : 1;
  return portImage.rows * runsPerRow + layout.packetsPerPortImage * 2;
}

/**
 * The pieces of the port image at `position`.
 * @param position index into `layout.positions`
 * @param configuredFlip the port's configured orientation, null = by position
 * @param range packet numbers, if not those that are read out
 */
export function makePieceTable(
  layout: Layout,
  position: number,
  configuredFlip: boolean | null,
  range?: PacketRange,
): PieceTable {
  const { profile, wireBits, pixelBytes } = layout;
  const { rows, columns } = profile.portImage;
  const place = layout.positions[position];
  const { first, count } = range ?? { first: place.firstPacket, count: layout.expectedPackets };
  const flip = rowsFlipped(layout, position, configuredFlip);
  const frameColumns = layout.shape[1];
  const packetBits = layout.payloadBytes * 8;
  const packed = layout.decode !== 'copy';
  const starts = new Int32Array(count + 1);
  const seams = new Int32Array(wireBits === 12 ? count * 2 : 0).fill(-1);
  const pieces: number[] = [];

  const frameOffset = (pixel: number): number => {
    const row = Math.floor(pixel / columns);
    const y = gapped(place.row * rows + (flip ? rows - 1 - row : row), layout.gapPixels, profile, 'rows');
    const x = gapped(place.column * columns + (pixel % columns), layout.gapPixels, profile, 'columns');
    return (y * frameColumns + x) * pixelBytes;
  };

  const chipColumns = layout.gapPixels ? profile.chip.columns : columns;
  const untilBorder = (pixel: number): number => {
    const column = pixel % columns;
    return Math.min(columns - column, chipColumns - ((place.column * columns + column) % chipColumns));
  };

  for (let packet = 0; packet < count; packet++) {
    starts[packet] = pieces.length / 3;
    const firstBit = (first + packet) * packetBits;
    // Whole pixels of this packet: `from` up to and without `end`.
    const from = Math.ceil(firstBit / wireBits);
    const end = Math.floor((firstBit + packetBits) / wireBits);
    // Neighbours in the packet are neighbours in the frame but at the end of a row and, with gaps, of a chip.
    for (let begin = from, pixel = from; pixel < end;) {
      pixel = Math.min(end, pixel + untilBorder(pixel));
      if (pixel < end && frameOffset(pixel) === frameOffset(pixel - 1) + pixelBytes) continue;
      const bits = begin * wireBits - firstBit;
      pieces.push(bits / (packed ? 4 : 8), frameOffset(begin), (pixel - begin) * pixelBytes);
      begin = pixel;
    }
    if (from * wireBits !== firstBit) {
      seams[packet * 2] = frameOffset(from - 1);
      seams[packet * 2 + 1] = firstBit - (from - 1) * wireBits;
    }
  }
  starts[count] = pieces.length / 3;
  return { starts, pieces: Int32Array.from(pieces), seams };
}
