// Blocks of a preview to colours. What is no value is in no colour map: gaps have a blue of their own, missing blocks
// stay clear so that the stripes below them are seen, and those that lack some pixels let the stripes through. Pure.

import { palette } from './colours.js';
import type { ColourMap } from './colours.js';
import { blockKind } from './preview-bytes.js';
import type { PreviewBytes } from './preview-bytes.js';
import { stepOf } from './scale.js';
import type { Range } from './scale.js';

/** A light blue that no colour map comes near. */
export const gapColour = [150, 200, 255] as const;
/** Opacity of blocks that lack some pixels. */
const partly = 128;

/** RGBA of every block. */
export function paintBlocks(
  { values, kinds }: Pick<PreviewBytes, 'values' | 'kinds'>,
  map: ColourMap,
  range: Range,
  logarithmic: boolean,
): Uint8ClampedArray<ArrayBuffer> {
  const step = stepOf(range, logarithmic);
  const colours = palette(map);
  const bytes = new Uint8ClampedArray(values.length * 4);
  for (let block = 0, at = 0; block < values.length; block++, at += 4) {
    const kind = kinds[block];
    if (kind === blockKind.missing) continue;
    if (kind === blockKind.gap) {
      bytes.set(gapColour, at);
      bytes[at + 3] = 255;
      continue;
    }
    const colour = step(values[block]) * 3;
    bytes[at] = colours[colour];
    bytes[at + 1] = colours[colour + 1];
    bytes[at + 2] = colours[colour + 2];
    bytes[at + 3] = kind === blockKind.value ? 255 : partly;
  }
  return bytes;
}
