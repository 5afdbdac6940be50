// From pixel values to steps of a palette, and numbers to words. Pure.
// Tested by test/page/values.test.ts.

import { paletteLength } from './colours.js';
import { blockHolds } from './preview-bytes.js';
import type { PreviewBytes } from './preview-bytes.js';

/** Values that get the first and the last colour. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

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
    if ((holds[block] & (blockHolds.value | blockHolds.saturated)) === blockHolds.value) seen.push(values[block]);
  }
  if (seen.length === 0) return { low: 0, high: 1 };
  const sorted = Float64Array.from(seen).sort();
  const low = sorted[Math.floor((sorted.length - 1) * 0.005)];
  const high = sorted[Math.ceil((sorted.length - 1) * 0.995)];
  return low < high ? { low, high } : { low, high: low + 1 };
}

/**
 * Lowest value that a logarithmic scale shows: the range's own where it is positive, else 1, or a thousandth of a top
 * below 1.
 */
export function logarithmicLow({ low, high }: Range): number {
  if (low > 0) return low;
  if (high <= 0) return 1;
  return high > 1 ? 1 : high / 1000;
}

/** A function from value to step of the palette, 0 … 255; what is outside the range gets the first or last. */
export function stepOf(range: Range, logarithmic: boolean): (value: number) => number {
  const last = paletteLength - 1;
  const low = logarithmic ? Math.log(logarithmicLow(range)) : range.low;
  const high = logarithmic ? Math.log(Math.max(range.high, Number.MIN_VALUE)) : range.high;
  const factor = high > low ? last / (high - low) : 0;
  if (!logarithmic) return (value) => Math.max(0, Math.min(last, Math.round((value - low) * factor)));
  return (value) => (value <= 0 ? 0 : Math.max(0, Math.min(last, Math.round((Math.log(value) - low) * factor))));
}

/** The value in the middle of the colour bar. */
export function middleOf(range: Range, logarithmic: boolean): number {
  return logarithmic ? Math.sqrt(logarithmicLow(range) * range.high) : (range.low + range.high) / 2;
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** 1234567 → "1,234,567". */
export const countText = (count: number): string => whole.format(count);

/** A value in few characters: whole numbers and thousands without a point, others with four digits. */
export function valueText(value: number): string {
  if (Math.abs(value) < 1e10 && (Number.isInteger(value) || Math.abs(value) >= 1000)) return whole.format(value);
  return String(Number(value.toPrecision(4)));
}

/**
 * A share as percent: 0 %, 0.0012 %, 12 %, 99.38 %. Two digits that say something: of what is left, when little is
 * left.
 */
export function shareText(share: number): string {
  if (share === 0 || share === 1) return `${share * 100} %`;
  if (share < 0.9) return `${Number((share * 100).toPrecision(2))} %`;
  const decimals = Math.min(8, Math.max(0, 1 - Math.floor(Math.log10((1 - share) * 100))));
  return `${(Math.floor(share * 100 * 10 ** decimals) / 10 ** decimals).toFixed(decimals)} %`;
}

/** Gb/s as a figure and the unit that suits it. */
export function rateText(gigabits: number): readonly [figure: string, unit: string] {
  const [factor, unit] =
    gigabits === 0 || gigabits >= 0.1 ? [1, 'Gb/s'] : gigabits >= 1e-4 ? [1e3, 'Mb/s'] : [1e6, 'kb/s'];
  return [valueText(Number((gigabits * factor).toPrecision(3))), unit];
}

/** Seconds before now (0 or less) in words. */
export const agoText = (seconds: number): string => (seconds === 0 ? 'last second' : `${-seconds} s ago`);

/** Share of missing packets that gets the first colour; the last is "all". */
const leastShare = 1e-6;

/** Step of the palette for a share above 0, logarithmic. */
export function lossStep(share: number): number {
  const decades = Math.log10(Math.max(leastShare, Math.min(1, share)) / leastShare);
  return Math.round((decades / -Math.log10(leastShare)) * (paletteLength - 1));
}

/** Bytes in the unit that suits them. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let unit = 0;
  let amount = bytes;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${Number(amount.toPrecision(3))} ${units[unit]}`;
}

/** Milliseconds as people say them. */
export function ageText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}
