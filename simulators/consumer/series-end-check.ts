// Rules for the summary that comes with a series_end: its numbers must be those of the images that came before.
// Tested by test/simulators/consumer/stream-check.test.ts.

import { readRanges } from './missing-packets.js';
import { ledgerCauses, seriesAborts } from './stream-words.js';
import { isCount, isObject } from './stream-message.js';
import type { JsonObject } from './stream-message.js';

/** What the images of a series were. */
export interface SeriesSeen {
  readonly frames: number;
  readonly complete: number;
  readonly marked: number;
  readonly discarded: number;
  /** Frame indices that were not complete, as far as they are kept. */
  readonly incomplete: readonly (readonly [first: number, last: number])[];
  /** Missing packets by UDP port. */
  readonly missing: ReadonlyMap<number, number>;
}

/** One image that was not complete. */
export interface IncompleteImage {
  readonly index: number;
  readonly outcome: 'marked' | 'discarded';
  /** Missing packets by UDP port. */
  readonly missing: ReadonlyMap<number, number>;
}

/** What the images of a series were, of those with index offset, offset + stride, …: all of them, or one instance's. */
export function seenOf(frames: number, incomplete: readonly IncompleteImage[], stride = 1, offset = 0): SeriesSeen {
  const own = incomplete.filter(({ index }) => index % stride === offset);
  const ranges: [number, number][] = [];
  const missing = new Map<number, number>();
  for (const image of own) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === image.index - 1) last[1] = image.index;
    else ranges.push([image.index, image.index]);
    for (const [port, count] of image.missing) missing.set(port, (missing.get(port) ?? 0) + count);
  }
  const total = frames <= offset ? 0 : Math.floor((frames - 1 - offset) / stride) + 1;
  const discarded = own.filter(({ outcome }) => outcome === 'discarded').length;
  return {
    frames: total,
    complete: total - own.length,
    marked: own.length - discarded,
    discarded,
    incomplete: ranges,
    missing,
  };
}

/** The part that a shared series' end is about, and what is wrong with what it says of it. */
export function sharedPart(shared: unknown, frames: number): { stride: number; offset: number; problems: string[] } {
  const whole = { stride: 1, offset: 0 };
  if (shared === undefined) return { ...whole, problems: [] };
  const { stride, offset, frames: all } = isObject(shared) ? shared : {};
  if (!isCount(stride) || !isCount(offset) || stride < 2 || offset >= stride)
    return { ...whole, problems: [`shared is ${JSON.stringify(shared)}, not stride, offset and frames`] };
  return {
    stride,
    offset,
    problems: all === frames ? [] : [`shared says ${JSON.stringify(all)} frames in all, ${frames} images came`],
  };
}

/** More ranges than this are not listed. */
const incompleteRangeLimit = 1000;

const counts = ['frames', 'complete', 'marked', 'discarded'] as const;

/** What is wrong with the fields of a series_end, one sentence each. */
export function checkSeriesEnd(fields: JsonObject, seen: SeriesSeen): string[] {
  const problems: string[] = [];
  const aborted = fields['aborted'] !== undefined;
  if (aborted && !seriesAborts.includes(fields['aborted'] as string))
    problems.push(`aborted is ${JSON.stringify(fields['aborted'])}, not one of ${seriesAborts.join(', ')}`);
  for (const key of counts) {
    const value = fields[key];
    if (!isCount(value)) problems.push(`${key} is ${JSON.stringify(value)}, not a count`);
    // An aborted series may have frames that were never sent.
    else if (!aborted && value !== seen[key]) problems.push(`${key} is ${value}, the images say ${seen[key]}`);
  }
  const [frames, complete, marked, discarded] = counts.map((key) => fields[key]) as number[];
  if (frames !== (complete ?? 0) + (marked ?? 0) + (discarded ?? 0)) {
    problems.push(`frames ${frames} is not complete ${complete} + marked ${marked} + discarded ${discarded}`);
  }
  problems.push(...checkIncomplete(fields, seen, aborted), ...checkLedger(fields['ledger'], seen, aborted));
  return problems;
}

function checkIncomplete(fields: JsonObject, seen: SeriesSeen, aborted: boolean): string[] {
  const ranges = readRanges(fields['incomplete']);
  if (typeof ranges === 'string') return [`incomplete: ${ranges}`];
  if (ranges.length > incompleteRangeLimit)
    return [`incomplete has ${ranges.length} ranges, more than ${incompleteRangeLimit}`];
  const truncated = fields['truncated'] === true;
  if (truncated !== seen.incomplete.length > incompleteRangeLimit && !aborted) {
    return [`truncated is ${truncated}, and ${seen.incomplete.length} ranges of images were not complete`];
  }
  const expected = JSON.stringify(seen.incomplete.slice(0, incompleteRangeLimit));
  const listed = JSON.stringify(ranges);
  return aborted || listed === expected
    ? []
    : [`incomplete is ${listed.slice(0, 80)}, the images say ${expected.slice(0, 80)}`];
}

function checkLedger(ledger: unknown, seen: SeriesSeen, aborted: boolean): string[] {
  if (!isObject(ledger)) return ['ledger is not an object by UDP port'];
  const problems: string[] = [];
  for (const [port, entry] of Object.entries(ledger)) {
    if (!isObject(entry)) return [`ledger of ${port} is not an object`];
    const { expected, accepted, missing } = entry;
    if (!isCount(expected) || !isCount(accepted) || !isCount(missing)) {
      problems.push(`ledger of port ${port} lacks expected, accepted or missing`);
      continue;
    }
    if (expected !== accepted + missing)
      problems.push(`port ${port}: expected ${expected} is not accepted ${accepted} + missing ${missing}`);
    const causes = ledgerCauses.map((cause) => entry[cause]);
    if (causes.every(isCount) && causes.reduce((sum, count) => sum + count, 0) !== missing)
      problems.push(
        `port ${port}: missing ${missing} is not the sum of ${ledgerCauses.join(', ')}: ${causes.join(' + ')}`,
      );
    const images = seen.missing.get(Number(port)) ?? 0;
    if (!aborted && missing !== images) problems.push(`port ${port}: missing is ${missing}, the images say ${images}`);
  }
  return problems;
}
