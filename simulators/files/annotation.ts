// What the service knows of the frames of a file that a receiver wrote. Comes in: the file's sequence numbers, and the
// series that it was written of. Goes out: for each row what stands beside it, which frames of the series are not
// complete, and what they lack. A file and a series that cannot belong together are an error. Pure.

import { exitCode, OperatorError } from '../../src/base/errors.js';
import type { MissingPackets } from '../consumer/missing-packets.js';
import { notKnown } from './frame-columns.js';
import { noRow } from './frame-loss.js';
import type { SeriesLedger } from './series-ledger.js';

/** A frame that is not complete. */
export interface LossyFrame {
  readonly frame: number;
  /** `noRow` = it is not in the file. */
  readonly row: number;
  readonly missing: MissingPackets;
}

/** One value for each row, and all incomplete frames, series by series. */
export interface Annotation {
  readonly frameNumber: BigUint64Array;
  /** 1, 0, or 255 where it is not known. */
  readonly complete: Uint8Array;
  readonly missingPackets: Uint32Array;
  readonly incomplete: readonly LossyFrame[];
  readonly counts: {
    readonly rows: number;
    readonly incompleteRows: number;
    /** Incomplete frames that are not in the file. */
    readonly absent: number;
    /** Rows of which it is not known whether they are complete, or what they lack. */
    readonly unknown: number;
  };
  /** What looks odd and does not keep from going on. */
  readonly warnings: readonly string[];
}

/** Rows `from` to `end` − 1 are of one series. */
interface Segment {
  readonly from: number;
  readonly end: number;
}

/**
 * @param sequence index in its series of each row
 * @param ledgers of the series in the file, in its order; instances that share one stand together
 * @throws OperatorError (failed) when file and series do not belong together
 */
export function annotate(sequence: ArrayLike<number>, ledgers: readonly SeriesLedger[]): Annotation {
  const rows = sequence.length;
  const notes = {
    frameNumber: new BigUint64Array(rows).fill(notKnown.number),
    complete: new Uint8Array(rows).fill(notKnown.flag),
    missingPackets: new Uint32Array(rows).fill(notKnown.count),
  };
  const segments = segmentsOf(sequence);
  const groups = groupsOf(ledgers);
  if (segments.length !== groups.length) throw wrongNumber(segments, groups);
  const incomplete: LossyFrame[] = [];
  const warnings: string[] = [];
  for (const [index, group] of groups.entries()) {
    const { from, end } = segments[index];
    const rowOf = new Map<number, number>();
    for (let row = from; row < end; row++) rowOf.set(sequence[row], row);
    for (const [frame, row] of rowOf) noteRow(notes, frame, row, group);
    const lossy = group.flatMap((ledger) => lossOf(ledger, rowOf));
    // One by one: as arguments of a call, hundreds of thousands would be too many.
    for (const one of lossy.sort((a, b) => a.frame - b.frame)) incomplete.push(one);
    for (const { frame, row, missing } of lossy) if (row !== noRow) noteLoss(notes, row, frame, missing, group);
    const lacking = group.reduce((sum, { frames, discarded }) => sum + frames - discarded, 0) - (end - from);
    const whole = group[0]?.share === null || group.length === group[0]?.share?.stride;
    if (lacking > 0 && whole)
      warnings.push(
        `series ${group[0]?.id}: the file has ${end - from} of its ${lacking + end - from} frames: the receiver did ` +
          'not write the others',
      );
  }
  const absent = incomplete.filter(({ row }) => row === noRow).length;
  const unknown = notes.missingPackets.reduce((sum, count) => sum + Number(count === notKnown.count), 0);
  return {
    ...notes,
    incomplete,
    warnings,
    counts: { rows, incompleteRows: incomplete.length - absent, absent, unknown },
  };
}

/** A series begins where the index does not grow. A file without frames has one series all the same. */
function segmentsOf(sequence: ArrayLike<number>): Segment[] {
  const starts = [0];
  for (let row = 1; row < sequence.length; row++) if (sequence[row] <= sequence[row - 1]) starts.push(row);
  return starts.map((from, at) => ({ from, end: starts[at + 1] ?? sequence.length }));
}

/** Instances that share a series are one group. */
function groupsOf(ledgers: readonly SeriesLedger[]): SeriesLedger[][] {
  const groups: SeriesLedger[][] = [];
  for (const ledger of ledgers) {
    const last = groups.at(-1);
    const same = ledger.share !== null && last?.[0]?.share?.series === ledger.share.series;
    if (same) last?.push(ledger);
    else groups.push([ledger]);
  }
  return groups;
}

type Notes = Pick<Annotation, 'frameNumber' | 'complete' | 'missingPackets'>;

const isOf = ({ share }: SeriesLedger, frame: number): boolean =>
  share === null || frame % share.stride === share.offset;

/** As if it were complete; what it lacks comes after. */
function noteRow(notes: Notes, frame: number, row: number, group: readonly SeriesLedger[]): void {
  const ledger = group.find((one) => isOf(one, frame));
  if (frame >= group[0].end) throw foreign(row, frame, group, 'the series has fewer frames');
  if (ledger === undefined) return;
  if (ledger.firstFrameNumber !== null) notes.frameNumber[row] = BigInt(ledger.firstFrameNumber + frame);
  // Where not all ranges of incomplete frames were kept, those behind the last are not known.
  if (ledger.truncated && frame > (ledger.incomplete.at(-1)?.[1] ?? -1)) return;
  notes.complete[row] = 1;
  notes.missingPackets[row] = 0;
}

function noteLoss(notes: Notes, row: number, frame: number, missing: MissingPackets, group: SeriesLedger[]): void {
  const ledger = group.find((one) => isOf(one, frame)) as SeriesLedger;
  if (ledger.discarded > 0) throw foreign(row, frame, group, 'that frame was discarded');
  notes.complete[row] = 0;
  const listed = ledger.unlistedFrom === null || frame < ledger.unlistedFrom;
  const ranges = [...missing.values()].flat();
  notes.missingPackets[row] = listed
    ? ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0)
    : notKnown.count;
}

/** The incomplete frames of a series: those of its ranges, then those that are listed with what they lack. */
function lossOf(ledger: SeriesLedger, rowOf: ReadonlyMap<number, number>): LossyFrame[] {
  const missing = new Map<number, Map<number, [number, number][]>>();
  for (const [frame, port, first, last] of ledger.missing) {
    const ports = missing.get(frame) ?? new Map<number, [number, number][]>();
    missing.set(frame, ports.set(port, [...(ports.get(port) ?? []), [first, last]]));
  }
  const frames: number[] = [];
  for (const [first, last] of ledger.incomplete) for (let frame = first; frame <= last; frame++) frames.push(frame);
  const known = frames.at(-1) ?? -1;
  for (const frame of missing.keys()) if (frame > known) frames.push(frame);
  return frames.map((frame) => ({ frame, row: rowOf.get(frame) ?? noRow, missing: missing.get(frame) ?? new Map() }));
}

const named = (group: readonly SeriesLedger[]): string => group.map(({ id }) => String(id)).join(' and ');

function foreign(row: number, frame: number, group: readonly SeriesLedger[], why: string): OperatorError {
  return new OperatorError(
    `row ${row} of the file is frame ${frame}, and of series ${named(group)} ${why}: the file was written of another ` +
      'series. Look up which one named it: vdcu status, GET /api/v1/series/history',
    exitCode.failed,
  );
}

function wrongNumber(segments: readonly Segment[], groups: readonly SeriesLedger[][]): OperatorError {
  const rows = segments.map(({ from, end }) => `rows ${from} to ${end - 1}`).join(', ');
  return new OperatorError(
    `the file has the frames of ${segments.length} series (${rows}), ${groups.length} were given. Give all of them, ` +
      'in the order in which they were taken',
    exitCode.failed,
  );
}
