// From pixel values to places on a scale between a lowest and a highest value, and back: linear, by square root, or
// logarithmic. Pure.

import { paletteLength } from './colours.js';
import { blockHolds } from './preview-bytes.js';
import type { PreviewBytes } from './preview-bytes.js';

/** Values that get the first and the last colour. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

export const scales = ['linear', 'sqrt', 'log'] as const;
export type Scale = (typeof scales)[number];

/** A block with a value that is not saturated. */
export const isMeasured = (held: number): boolean =>
  (held & (blockHolds.value | blockHolds.saturated)) === blockHolds.value;

/** Values that are looked at to find the range; more add nothing that can be seen. */
const sampled = 20_000;

/**
 * From half a percent above the smallest value to half a percent below the largest, so that single hot pixels do not
 * decide. Saturated pixels do not decide either, for how far they are above the scale is not known.
 */
export function autoRange({ values, holds }: Pick<PreviewBytes, 'values' | 'holds'>): Range {
  const step = Math.max(1, Math.floor(values.length / sampled));
  const seen: number[] = [];
  for (let block = 0; block < values.length; block += step) {
    if (isMeasured(holds[block])) seen.push(values[block]);
  }
  if (seen.length === 0) return { low: 0, high: 1 };
  const sorted = Float64Array.from(seen).sort();
  const low = sorted[Math.floor((sorted.length - 1) * 0.005)];
  const high = sorted[Math.ceil((sorted.length - 1) * 0.995)];
  return low < high ? { low, high } : { low, high: low + 1 };
}

/** From the smallest value to the largest, saturated ones left out. */
export function wholeRange({ values, holds }: Pick<PreviewBytes, 'values' | 'holds'>): Range {
  let low = Infinity;
  let high = -Infinity;
  for (let block = 0; block < values.length; block++) {
    if (!isMeasured(holds[block])) continue;
    const value = values[block];
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return { low: 0, high: 1 };
  return low < high ? { low, high } : { low, high: low + 1 };
}

/** Lowest value that a scale shows. A logarithmic one: that of the range where it is above 0, else 1 or less. */
export function lowestShown({ low, high }: Range, scale: Scale): number {
  if (scale !== 'log' || low > 0) return low;
  if (high <= 0) return 1;
  return high > 1 ? 1 : high / 1000;
}

interface Curve {
  readonly of: (value: number, low: number) => number;
  readonly back: (along: number, low: number) => number;
}

const curves: Readonly<Record<Scale, Curve>> = {
  linear: { of: (value) => value, back: (along) => along },
  sqrt: { of: (value, low) => Math.sqrt(Math.max(0, value - low)), back: (along, low) => low + along ** 2 },
  log: { of: (value) => (value > 0 ? Math.log(value) : -Infinity), back: (along) => Math.exp(along) },
};

/** A function from a value to where it lies between lowest (0) and highest (1); what is outside is 0 or 1. */
export function shareOf(range: Range, scale: Scale): (value: number) => number {
  const { of } = curves[scale];
  const lowest = lowestShown(range, scale);
  const low = of(lowest, lowest);
  const length = of(Math.max(range.high, lowest), lowest) - low;
  if (!(length > 0)) return () => 0;
  return (value) => Math.max(0, Math.min(1, (of(value, lowest) - low) / length));
}

/** The value at a share, 0 … 1, of the scale. */
export function valueAt(range: Range, scale: Scale, share: number): number {
  const { of, back } = curves[scale];
  const lowest = lowestShown(range, scale);
  const low = of(lowest, lowest);
  return back(low + share * (of(Math.max(range.high, lowest), lowest) - low), lowest);
}

/** A function from value to step of the palette, 0 … 255. */
export function stepOf(range: Range, scale: Scale): (value: number) => number {
  const share = shareOf(range, scale);
  return (value) => Math.round(share(value) * (paletteLength - 1));
}
