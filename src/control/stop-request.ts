// The rules of an order that ends a series. Comes in: the wish. Goes out: what the streamer understands, or everything
// that is wrong with it.
// Tested by test/control/orders.test.ts.

import { show } from '../config/problem.js';
import type { SeriesStop } from '../contract/series.js';
import { Refused } from './refused.js';

/**
 * How a series shall end; everything may be left out where no other instance shares it. A text is what came in place of
 * a number or of true and false, and could not be read as one: it is refused like any other wrong value.
 */
export interface StopWish {
  /**
   * Only for a series that several instances share, and needed there: its frames, the largest that an instance answered
   * to `halt`.
   */
  readonly frames?: number | string;
  /** Only for such a series: its header was not handed over, nothing is sent. */
  readonly withdraw?: boolean | string;
  /** All frames that were asked for go out, those that never came made up as missing. Not for a shared series. */
  readonly fill?: boolean | string;
  /** This series and no other: while another is open the order is refused. */
  readonly seriesId?: number | string;
}

/** A checked order, as the streamer gets it. */
export interface StopRequest {
  readonly end?: SeriesStop;
  readonly fill?: boolean;
  readonly seriesId?: number;
}

/**
 * The order that a wish comes to.
 * @param stride instances that share the detector
 * @throws Refused (invalid)
 */
export function checkStopWish({ frames, withdraw, fill, seriesId }: StopWish, stride: number): StopRequest {
  const problems: string[] = [];
  for (const [key, value] of Object.entries({ withdraw, fill }))
    if (value !== undefined && typeof value !== 'boolean') problems.push(`${key}: ${show(value)}, needs true or false`);
  const ends = frames !== undefined || withdraw !== undefined;
  if (fill === true && stride > 1)
    problems.push('fill: goes only with a series of one instance; of a shared one give frames');
  if (ends && stride === 1)
    problems.push('frames, withdraw: go only with a series that several instances share (frames_stride)');
  if (ends && !isCount(frames))
    problems.push(`frames: ${frames === undefined ? 'is missing' : seen(frames)}, needs a whole number`);
  if (seriesId !== undefined && !isCount(seriesId)) problems.push(`series_id: ${seen(seriesId)}, needs a whole number`);
  if (problems.length > 0) throw new Refused('invalid', problems);
  const meant = isCount(seriesId) ? { seriesId } : {};
  if (isCount(frames)) return { end: { frames, withdraw: withdraw === true }, ...meant };
  return fill === true ? { fill, ...meant } : meant;
}

const seen = (value: number | string): number | string => (typeof value === 'number' ? value : show(value));

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * An order to halt, which is for shared series only.
 * @throws Refused (invalid)
 */
export function checkHalt(stride: number): void {
  if (stride > 1) return;
  throw new Refused('invalid', [
    'this instance shares its detector with no other (frames_stride: 1): end its series instead (vdcu stop)',
  ]);
}
