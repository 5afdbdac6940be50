// A series of the service's history as a file or an answer has it (GET /api/v1/series/history/ID, history_dir): read,
// and held against itself. Comes in: JSON. Goes out: what is needed to tell frames of a file apart.
// Tested by test/simulators/files/annotation.test.ts.

import { exitCode, OperatorError } from '../../src/base/errors.js';
import { isCount, isObject } from '../consumer/stream-message.js';
import type { JsonObject } from '../consumer/stream-message.js';

/** Frame indices are 0-based in the series; ranges have both ends. */
export interface SeriesLedger {
  readonly id: number;
  readonly filename: string;
  /** Images sent. */
  readonly frames: number;
  readonly discarded: number;
  /** No frame has this index or a higher one. */
  readonly end: number;
  /** The detector's number of frame 0; null = no frame came. */
  readonly firstFrameNumber: number | null;
  /** Ascending, apart. */
  readonly incomplete: readonly (readonly [first: number, last: number])[];
  /** There are more than these, behind them. */
  readonly truncated: boolean;
  /** By frame, ascending: index, UDP port, first and last packet. */
  readonly missing: readonly (readonly [frame: number, port: number, first: number, last: number])[];
  /** Frames from here on are not listed in `missing`; null = all are. */
  readonly unlistedFrom: number | null;
  /** Of several instances that share the series, the frames of this one; null = all are. */
  readonly share: { readonly stride: number; readonly offset: number; readonly series: number } | null;
}

/** Frames of a series that a file can number. */
const mostFrames = 2 ** 32;

/**
 * @param from where it comes from, for errors
 * @throws OperatorError (usage) when it is no series, or contradicts itself
 */
export function readLedger(value: unknown, from: string): SeriesLedger {
  if (!isObject(value)) throw none(from, 'no JSON object');
  const count = (object: JsonObject, key: string): number => {
    if (!isCount(object[key])) throw none(from, `${key} is ${JSON.stringify(object[key])}`);
    return object[key];
  };
  const frames = count(value, 'frames');
  const [complete, marked, discarded] = ['complete', 'marked', 'discarded'].map((key) => count(value, key));
  const shared = isObject(value['shared']) ? value['shared'] : null;
  const end = shared === null ? frames + count(value, 'unsent') : count(shared, 'frames');
  const first = value['first_frame_number'];
  const unlisted = value['unlisted_from'];
  const incomplete = ranges(value['incomplete'], 2);
  const missing = ranges(value['missing'], 4);
  if (incomplete === null || typeof value['truncated'] !== 'boolean') throw none(from, 'it has no incomplete frames');
  if (missing === null || !(unlisted === null || isCount(unlisted)))
    throw none(from, 'it does not say what frames lack (missing, unlisted_from): it is of an older version');
  const ledger: SeriesLedger = {
    id: count(value, 'series_id'),
    filename: typeof value['filename'] === 'string' ? value['filename'] : '',
    frames,
    discarded,
    end,
    firstFrameNumber: isCount(first) ? first : null,
    incomplete: incomplete as unknown as SeriesLedger['incomplete'],
    truncated: value['truncated'],
    missing: missing as unknown as SeriesLedger['missing'],
    unlistedFrom: unlisted,
    share:
      shared === null
        ? null
        : {
            stride: count(shared, 'stride'),
            offset: count(shared, 'offset'),
            series: count(shared, 'msg_number_base'),
          },
  };
  const bad = contradiction(ledger, complete + marked + discarded, marked + discarded);
  if (bad !== null) throw none(from, bad);
  return ledger;
}

function contradiction(ledger: SeriesLedger, outcomes: number, incompleteFrames: number): string | null {
  const { frames, end, incomplete, truncated, missing, share } = ledger;
  if (outcomes !== frames) return 'complete, marked and discarded are not its frames';
  if (end > mostFrames) return `it has ${end} frames, more than a file can number`;
  if (share !== null && !(share.stride > 1 && share.offset < share.stride)) return 'shared is none';
  let below = 0;
  for (const [first, last] of incomplete) {
    if (first < below || last < first || last >= end) return `incomplete frames ${first} to ${last} are none of it`;
    below = last + 1;
  }
  // Ranges of one instance of several stand for its own frames only, and are single ones.
  const listed = incomplete.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  if (truncated ? listed > incompleteFrames : listed !== incompleteFrames)
    return `${listed} incomplete frames are listed, ${incompleteFrames} were sent`;
  let frame = 0;
  for (const [at, , first, last] of missing) {
    if (at < frame || at >= end || last < first) return `what frame ${at} lacks is out of order`;
    frame = at;
  }
  return null;
}

/** Lists of so many counts; null = it is none. */
function ranges(value: unknown, length: number): number[][] | null {
  const good =
    Array.isArray(value) &&
    value.every((one: unknown) => Array.isArray(one) && one.length === length && one.every(isCount));
  return good ? (value as number[][]) : null;
}

const none = (from: string, why: string): OperatorError =>
  new OperatorError(
    `${from}: is no series of the history (${why}). Give a file of history_dir, or the answer of GET ` +
      '/api/v1/series/history/ID',
    exitCode.usage,
  );
