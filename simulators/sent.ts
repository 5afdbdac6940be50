// What a simulated detector has sent in a whole run, and how it is shown: as JSON, and as a table for people.
// Tested by test/simulators/simulate.test.ts.

import { formatTable } from './terminal.js';
import type { PaceReport } from './detector/pace.js';
import type { SendWay } from './detector/send-ways.js';
import type { GroundTruth } from './detector/truth.js';

export interface SimulateResult {
  readonly truth: GroundTruth;
  readonly pace: PaceReport;
  readonly rateAsked: number;
  /** Frames per second over the whole run. */
  readonly rateAchieved: number;
  /** Within 3 % of what was asked; runs under 100 ms are not judged. */
  readonly rateKept: boolean;
  readonly sentWith: SendWay;
  /** Why it was not sendmmsg, unless that was asked for; else null. */
  readonly fallback: string | null;
  readonly sendErrors: number;
  readonly lastSendError: string | null;
  /** Where pixels came from, unless from the formula. */
  readonly images: { readonly count: number; readonly clippedPixels: number } | null;
}

/** Ground truth and rates as they leave the process. */
export function sentToJson(result: SimulateResult): Record<string, unknown> {
  return {
    ...result.truth.toJson(),
    rate_asked: result.rateAsked,
    rate_achieved: result.rateAchieved,
    rate_kept: result.rateKept,
    elapsed_ms: result.pace.elapsedMs,
    worst_late_ms: result.pace.worstLateMs,
    bytes_sent: result.pace.bytes,
    sent_with: result.sentWith,
    send_errors: result.sendErrors,
    ...(result.images === null ? {} : { images: result.images.count, clipped_pixels: result.images.clippedPixels }),
  };
}

/** The same for people: what each port was sent, as a table. */
export function describeSent(result: SimulateResult): string {
  const { truth } = result;
  const frames = Math.max(0, ...truth.ports.map((port) => port.frames));
  const head = [
    'port',
    'frames',
    'planned',
    'sent',
    'intact',
    'lost',
    'truncated',
    'delayed',
    'reordered',
    'duplicated',
    'foreign',
  ];
  const rows = truth.ports.map((port) =>
    port.off
      ? [`${port.udpPort} off`]
      : [
          String(port.udpPort),
          port.frames,
          port.planned,
          port.sent,
          port.intact,
          port.lost,
          port.truncated,
          port.delayed,
          port.reordered,
          port.duplicated,
          port.foreignDetectorType + port.foreignVersion,
        ],
  );
  const faulty = [...truth.frames.values()].filter((frame) => frame.neverIntact.size > 0).length;
  const last = frames === 0 ? '' : `, numbers ${truth.firstFrame} to ${truth.firstFrame + frames - 1}`;
  return (
    `sent ${frames} frames${last}, at ${result.rateAchieved.toFixed(1)} frames/s with ${result.sentWith}, seed ` +
    `${truth.seed}\n` +
    `${formatTable([head, ...rows])}\n` +
    `frames with packets that never left whole: ${faulty}\n` +
    (result.images === null
      ? ''
      : `images in the dataset: ${result.images.count}; pixels above what the wire carries, sent as its largest ` +
        `value: ${result.images.clippedPixels}\n`)
  );
}
