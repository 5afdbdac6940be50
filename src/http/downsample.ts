// Frames made smaller for viewers, as streaming-receiver does it for /last_frame: every block of n × n pixels becomes
// its mean, rounded down; blocks at the lower and right edges may be smaller. One thing differs: pixels that were not
// received do not count, because a mean over them would be a value that the detector never saw; a block of nothing else
// is missing.

import { assert } from '../base/assert.js';
import { pixelState } from '../detector/pixel-states.js';
import { missingByte, pixelBytes } from '../detector/pixel-type.js';
import { pixelsOf } from './frame.js';
import type { Frame, ToldFrame } from './frame.js';

const arrays = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array } as const;

/** The frame by a whole `factor` smaller along both axes; 1 or less = the frame itself. */
export function downsample(frame: ToldFrame, factor: number): Frame {
  if (factor <= 1) return frame;
  const { pixels, type, states } = frame;
  const [rows, columns] = frame.shape;
  assert(pixels.length === rows * columns * pixelBytes[type], 'pixels fill the shape');
  assert(states.length === rows * columns, 'every pixel has a state');
  const missing = 2 ** (8 * pixelBytes[type]) - 1;
  assert(missing % 256 === missingByte, 'the missing value is the maximum of the type');
  const source = pixelsOf(frame);
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
        const state = states[row * columns + column];
        if (state === pixelState.missing || state === pixelState.unread) continue;
        sum += source[row * columns + column];
        count += 1;
      }
    }
    return count === 0 ? missing : Math.floor(sum / count);
  }
}
