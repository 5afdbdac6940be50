// What leaves of a frame: all of it or a cut, turned, mirrored. Comes in: how, and the shape of the frame as the
// detector has it. Goes out: the shape of what leaves, and where each of its pixels lies in the frame. Pure. As numpy
// says it: cut = frame[row:row + rows, column:column + columns]; turned = numpy.rot90(cut, turn // 90), anticlockwise;
// mirrored = turned[:, ::-1], left and right exchanged.
// Tested by test/encode/arrange.test.ts.

export const turns = [0, 90, 180, 270] as const;
export type Turn = (typeof turns)[number];

/** A rectangle of the frame as the detector has it, in pixels. */
export type Roi = readonly [row: number, column: number, rows: number, columns: number];

/** Values that an output's form may have of where pixels lie. */
export interface FrameForm {
  /** Degrees, anticlockwise. */
  readonly turn: Turn;
  readonly mirror: boolean;
  /** Null = the whole frame. */
  readonly roi: Roi | null;
}

/** Pixel (y, x) of what leaves is pixel `base + y · down + x · across` of the frame; all in pixels. */
export interface Walk {
  readonly shape: readonly [rows: number, columns: number];
  readonly base: number;
  readonly down: number;
  readonly across: number;
}

/** Does the frame leave as it lies? */
export const leavesAsItLies = ({ turn, mirror, roi }: FrameForm): boolean => turn === 0 && !mirror && roi === null;

/** Where what leaves comes from. @param frame rows and columns; the cut lies within */
export function walkOf({ turn, mirror, roi }: FrameForm, frame: readonly [rows: number, columns: number]): Walk {
  const [row, column, height, width] = roi ?? [0, 0, ...frame];
  let shape: readonly [number, number] = [height, width];
  let base = row * frame[1] + column;
  let [down, across] = [frame[1], 1];
  for (let left: number = turn; left > 0; left -= 90) {
    base += (shape[1] - 1) * across;
    [down, across] = [-across, down];
    shape = [shape[1], shape[0]];
  }
  if (mirror) {
    base += (shape[1] - 1) * across;
    across = -across;
  }
  return { shape, base, down, across };
}

/** Bytes of the bits of a frame, in whole words of 64. */
export const bitsBytes = (pixels: number): number => 8 * Math.ceil(pixels / 64);

/**
 * One bit for each pixel of what leaves: is it masked? Bit i % 8 of byte i / 8 is pixel i.
 * @param mask of each pixel of the frame; 0 = it is not masked
 */
export function maskBits(mask: Uint8Array, { shape: [rows, columns], base, down, across }: Walk): Uint8Array {
  const bits = new Uint8Array(bitsBytes(rows * columns));
  for (let y = 0, pixel = 0; y < rows; y++)
    for (let x = 0, from = base + y * down; x < columns; x++, pixel++, from += across)
      if (mask[from] !== 0) bits[pixel >> 3] |= 1 << (pixel & 7);
  return bits;
}
