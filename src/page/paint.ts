// Blocks of a preview to colours. Pixels without a value have colours outside of the colour map: gaps and what is not
// read out a blue, what the mask covers a green; so have saturated pixels, a magenta. Missing blocks stay clear so that
// the stripes below them are seen, and blocks that lack some pixels let the stripes through. Pure.
// Tested by test/page/values.test.ts.

import { blockHolds } from './preview-bytes.js';
import type { PreviewBytes } from './preview-bytes.js';
import { stepOf } from './value-scale.js';
import type { Range, Scale } from './value-scale.js';

/** Colours that no colour map comes near. */
export const gapColour = [150, 200, 255] as const;
export const maskedColour = [0, 255, 190] as const;
export const saturatedColour = [255, 0, 255] as const;
/** Opacity of blocks that lack some pixels. */
const partly = 128;

/** RGBA of every block. @param colours a palette */
export function paintBlocks(
  { values, holds }: Pick<PreviewBytes, 'values' | 'holds'>,
  colours: Uint8Array,
  range: Range,
  scale: Scale,
): Uint8ClampedArray<ArrayBuffer> {
  const step = stepOf(range, scale);
  const bytes = new Uint8ClampedArray(values.length * 4);
  for (let block = 0, at = 0; block < values.length; block++, at += 4) {
    const held = holds[block];
    const missing = (held & blockHolds.missing) !== 0;
    if ((held & blockHolds.value) === 0) {
      if (missing) continue;
      bytes.set((held & blockHolds.masked) !== 0 ? maskedColour : gapColour, at);
      bytes[at + 3] = 255;
      continue;
    }
    if ((held & blockHolds.saturated) !== 0) bytes.set(saturatedColour, at);
    else {
      const colour = step(values[block]) * 3;
      bytes[at] = colours[colour];
      bytes[at + 1] = colours[colour + 1];
      bytes[at + 2] = colours[colour + 2];
    }
    bytes[at + 3] = missing ? partly : 255;
  }
  return bytes;
}
