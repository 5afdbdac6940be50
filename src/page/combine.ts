// Several previews as one: sum or largest value, block by block. Pure.

import { blockHolds, seriesOf } from './preview-bytes.js';
import type { PreviewBytes } from './preview-bytes.js';

export const combinations = ['single', 'sum', 'largest'] as const;
export type Combination = (typeof combinations)[number];

/** Whether two previews show the same part in the same blocks, of two frames of one series. */
export function combinable({ head: one }: PreviewBytes, { head: other }: PreviewBytes): boolean {
  return (
    one.frame.msg_number !== other.frame.msg_number &&
    seriesOf(one.frame) === seriesOf(other.frame) &&
    one.top === other.top &&
    one.left === other.left &&
    one.rows === other.rows &&
    one.columns === other.columns &&
    one.factor === other.factor
  );
}

/**
 * Previews of the same blocks as one with the head of the last. A block holds what it held in any of them; a sum over
 * frames of which some miss the block would be no sum, so such a block has no value.
 */
export function combine(previews: readonly PreviewBytes[], how: Combination): PreviewBytes {
  const last = previews[previews.length - 1];
  if (how === 'single' || previews.length === 1) return last;
  const blocks = last.values.length;
  const values = new Float64Array(blocks);
  const holds = new Uint8Array(blocks);
  for (const { values: of, holds: held } of previews) {
    for (let block = 0; block < blocks; block++) {
      holds[block] = holds[block] | held[block];
      if ((held[block] & blockHolds.value) === 0) continue;
      values[block] = how === 'sum' ? values[block] + of[block] : Math.max(values[block], of[block]);
    }
  }
  if (how === 'sum') {
    for (let block = 0; block < blocks; block++) {
      if ((holds[block] & blockHolds.missing) !== 0)
        holds[block] = holds[block] & ~(blockHolds.value | blockHolds.saturated);
    }
  }
  return { head: last.head, values, holds };
}
