// Numbers to words, and shares of lost packets to steps of their palette. Pure.
// Tested by test/page/values.test.ts.

import { paletteLength } from './colours.js';
import type { SentAs, Series } from './messages.js';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** 1234567 → "1,234,567". */
export const countText = (count: number): string => whole.format(count);

/** What the receiver has made of the frames of a series that were sent; null = it is asked still, or not at all. */
export function receivedText(
  { received_by_consumer: received, receiver_error: error }: Pick<Series, 'received_by_consumer' | 'receiver_error'>,
  sent: number,
): string | null {
  // It counts what it receives, saved or not.
  if (error !== undefined) return 'the receiver failed: not saved';
  if (received === undefined) return null;
  if (received === null) return 'what the receiver has is not known';
  return received >= sent ? 'the receiver has all' : `the receiver has ${countText(received)} of ${countText(sent)}`;
}

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

/** How images leave, and what the picture is; null = images leave as the frame lies. */
export function sentAsText(sent: SentAs | null): string | null {
  if (sent === null) return null;
  const compressed = sent.compression === 'none' ? [] : ['compressed with bitshuffle and LZ4'];
  if (sent.steps.length === 0) return `Images leave ${compressed.join('')}; their pixels are those of the picture.`;
  const steps = [...sent.steps, ...compressed].join(', ');
  return `Images leave as ${sent.shape.join(' × ')}: ${steps}. The picture shows the whole frame, before that.`;
}
