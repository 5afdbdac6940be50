// The field `missing` of an image message: which packets of which port a frame lacks. Read and judged here, for the
// rules of the stream and for the comparison of pixels.
// Tested by test/simulators/consumer/verify.test.ts.

import { isCount, isObject } from './stream-message.js';

/** UDP port → ranges of packet numbers, both ends included, ascending, apart. */
export type MissingPackets = ReadonlyMap<number, readonly (readonly [first: number, last: number])[]>;

/** Read `{"50001": [[0, 5], [9, 9]]}`; a sentence when it is anything else. */
export function readMissing(value: unknown): MissingPackets | string {
  if (!isObject(value)) return `missing is ${JSON.stringify(value)}, not an object of ranges by UDP port`;
  const missing = new Map<number, readonly (readonly [number, number])[]>();
  for (const [port, ranges] of Object.entries(value)) {
    if (!/^[1-9]\d{0,4}$/.test(port)) return `missing names "${port}", which is no UDP port`;
    const read = readRanges(ranges);
    if (typeof read === 'string') return `missing of port ${port}: ${read}`;
    missing.set(Number(port), read);
  }
  return missing;
}

/** Read `[[0, 5], [9, 9]]`; a sentence when it is anything else. */
export function readRanges(value: unknown): readonly (readonly [first: number, last: number])[] | string {
  if (!Array.isArray(value)) return `${JSON.stringify(value)} is no list of ranges`;
  let end = -1;
  for (const range of value as unknown[]) {
    if (
      !Array.isArray(range) ||
      range.length !== 2 ||
      !isCount(range[0]) ||
      !isCount(range[1]) ||
      range[0] > range[1]
    ) {
      return `${JSON.stringify(range)} is no range [first, last]`;
    }
    if (range[0] <= end) return `ranges do not ascend at ${JSON.stringify(range)}`;
    end = range[1];
  }
  return value as [number, number][];
}

/** Packets in all ranges of a list. */
export function countRanges(ranges: readonly (readonly [first: number, last: number])[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}
