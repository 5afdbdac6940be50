// Frames made smaller for viewers, as streaming-receiver does it for /last_frame: every block of n × n pixels becomes
// its mean, rounded down; blocks at the lower and right edges may be smaller. One thing differs: missing pixels do not
// count, because a mean over them would be a value that the detector never saw; a block of nothing else is missing.

import { assert } from '../base/assert.js';
import { missingByte, pixelBytes } from '../detector/pixel-type.js';
import type { PixelType } from '../detector/pixel-type.js';

/** A frame in C order, little endian. */
export interface Frame {
  readonly pixels: Uint8Array;
  readonly type: PixelType;
  readonly shape: readonly [rows: number, columns: number];
}

const arrays = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array } as const;

/** The frame by a whole `factor` smaller along both axes; 1 or less = the frame itself. */
export function downsample(frame: Frame, factor: number): Frame {
  if (factor <= 1) return frame;
  const { pixels, type } = frame;
  const [rows, columns] = frame.shape;
  assert(pixels.length === rows * columns * pixelBytes[type], 'pixels fill the shape');
  const missing = 2 ** (8 * pixelBytes[type]) - 1;
  assert(missing % 256 === missingByte, 'the missing value is the maximum of the type');
  const source = aligned(pixels, type);
  const shape: [number, number] = [Math.ceil(rows / factor), Math.ceil(columns / factor)];
  const target = new arrays[type](shape[0] * shape[1]);
  for (let row = 0, at = 0; row < rows; row += factor) {
    for (let column = 0; column < columns; column += factor, at++) target[at] = mean(row, column);
  }
  return { pixels: new Uint8Array(target.buffer), type, shape };

  function mean(top: number, left: number): number {
    const bottom = Math.min(rows, top + factor);
    const right = Math.min(columns, left + factor);
    let sum = 0;
    let count = 0;
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const value = source[row * columns + column];
        if (value === missing) continue;
        sum += value;
        count += 1;
      }
    }
    return count === 0 ? missing : Math.floor(sum / count);
  }
}

/** The pixels as numbers; copied only when they do not begin at a multiple of their size. */
function aligned(pixels: Uint8Array, type: PixelType): Uint8Array | Uint16Array | Uint32Array {
  const bytes = pixels.byteOffset % pixelBytes[type] === 0 ? pixels : pixels.slice();
  return new arrays[type](bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length / pixelBytes[type]);
}
