// How often values occur among the blocks of a preview. Pure.

import type { PreviewBytes } from './preview-bytes.js';
import { isMeasured, shareOf } from './value-scale.js';
import type { Range, Scale } from './value-scale.js';

/**
 * Blocks in each bin of a scale over `range`; what lies outside is in the first or last bin, saturated blocks and those
 * without a value in none.
 */
export function histogram(
  { values, holds }: Pick<PreviewBytes, 'values' | 'holds'>,
  range: Range,
  scale: Scale,
  bins: number,
): Uint32Array {
  const counts = new Uint32Array(bins);
  const share = shareOf(range, scale);
  for (let block = 0; block < values.length; block++) {
    if (!isMeasured(holds[block])) continue;
    const bin = Math.min(bins - 1, Math.floor(share(values[block]) * bins));
    counts[bin] = counts[bin] + 1;
  }
  return counts;
}
