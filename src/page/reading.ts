// What is under the cursor, in words. Pure.

import { blockHolds } from './preview-bytes.js';
import { valueText } from './words.js';

/**
 * A block's value, or why it has none.
 * @param holds `blockHolds`
 * @param of rows and columns of the block whose mean the value is
 */
export function valueWords(holds: number, value: number, [rows, columns]: readonly [number, number]): string {
  const has = (what: keyof typeof blockHolds): boolean => (holds & blockHolds[what]) !== 0;
  const single = rows * columns === 1;
  if (!has('value')) {
    if (has('missing')) return 'missing: not received';
    return has('masked') ? 'masked' : has('unread') ? 'not read out' : 'gap: no sensor here';
  }
  if (single) return `${valueText(value)}${has('saturated') ? ': saturated' : ''}`;
  const some = [
    has('saturated') ? 'some saturated' : '',
    has('missing') ? 'some missing' : '',
    has('masked') ? 'some masked' : '',
  ].filter((text) => text !== '');
  return `${valueText(value)} (${[`mean of ${rows} × ${columns} pixels`, ...some].join(', ')})`;
}
