// What happens when the consumer is too slow? Eiger quad, 514 × 514 × 16 bit, at a rate that this machine carries
// easily; the consumer can write only a half or a fifth of it for half a minute, then everything. Once it throws
// discarded frames away as streaming-receiver does (`incomplete_frames: discard`), once every image costs it the same
// (`mark`). How many complete frames does it get of those that it could take, are the lost ones lost whole and named,
// how soon is nothing lost any more, how late do frames come, how much memory?
//
//   node dist/bench/overload.js [--rate 100] [--seconds 30] [--json]

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pull } from 'zeromq';
import { lossCauses } from '../src/contract/loss-causes.js';
import type { LossCause } from '../src/contract/loss-causes.js';
import { codesOf } from '../src/contract/row.js';
import type { PortLedger } from '../src/contract/series.js';
import { commandLine, isMain, print } from './command-line.js';
import { compilePrograms } from './compile.js';
import type { Programs } from './compile.js';
import { quad } from './detector.js';
import { sendFrames } from './programs.js';
import { ServiceProcess } from './service-process.js';
import { table } from './statistics.js';

export interface OverloadOptions {
  /** Frames per second of the detector. */
  readonly rate: number;
  /** For which the consumer is slow. */
  readonly seconds: number;
}

export const overloadDefaults: OverloadOptions = { rate: 100, seconds: 30 };

/** One run. Times in seconds, memory in 10⁶ bytes. */
export interface OverloadRow {
  readonly policy: 'discard' | 'mark';
  /** Of the detector's rate that the consumer can write. */
  readonly share: number;
  /** Frames that came while it was slow, frames that it could write in that time, complete ones that it got. */
  readonly offered: number;
  readonly couldTake: number;
  readonly complete: number;
  /** Of the whole run: frames sent by the detector, images, incomplete images, of these lost in part only. */
  readonly frames: number;
  readonly images: number;
  readonly lost: number;
  readonly torn: number;
  /** Packets that are missing, and why, by the ledger. */
  readonly missingPackets: number;
  readonly missingBy: Readonly<Record<LossCause, number>>;
  readonly aborted: string | null;
  /** From the end of slowness until it was up to date; and the last loss after that, 0 = none. */
  readonly caughtUp: number;
  readonly lossAfter: number;
  /** Of complete frames, from their time at the detector to the consumer, at most. */
  readonly latency: number;
  readonly ringFrames: number;
  readonly memoryBefore: number;
  readonly memoryMost: number;
}

export interface OverloadResult extends OverloadOptions {
  readonly rows: readonly OverloadRow[];
}

const causes = codesOf(lossCauses);
const quietSeconds = 4;
const afterSeconds = 14;
const upToDateMs = 100;
const memoryEveryMs = 500;

/** Four runs of `seconds` + 20 s each. */
export async function measureOverload(options: OverloadOptions): Promise<OverloadResult> {
  const programs = await compilePrograms();
  const rows: OverloadRow[] = [];
  for (const policy of ['discard', 'mark'] as const) {
    for (const share of [0.5, 0.2]) rows.push(await overload(programs, policy, share, options));
  }
  return { ...options, rows };
}

interface Arrival {
  readonly at: number;
  readonly frame: number;
  readonly complete: boolean;
  readonly missing: number;
}

interface SeriesEnd {
  readonly aborted?: string;
  readonly ledger: Readonly<Record<string, PortLedger>>;
}

async function overload(
  programs: Programs,
  policy: 'discard' | 'mark',
  share: number,
  { rate, seconds }: OverloadOptions,
): Promise<OverloadRow> {
  // A second of frames in the ring, as by default. The bound of owed frames is out of the way: what it does is another
  // question.
  const detector = await quad({
    frame_rate_hz: rate,
    incomplete_frames: policy,
    max_owed_frames: 1_000_000,
    series_idle_ms: 3000,
    closing_timeout_ms: 60_000,
  });
  const service = await ServiceProcess.start(programs, detector);
  const memory = (): number =>
    (Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${service.pid}/status`, 'latin1'))?.[1]) / 1000) * 1.024;
  const socket = new Pull({ linger: 0, receiveHighWaterMark: 1 });
  let memoryBefore = Number.NaN;
  let memoryMost = 0;
  const watching = setInterval(() => (memoryMost = Math.max(memoryMost, memory())), memoryEveryMs);
  try {
    socket.connect(service.dataEndpoint);
    await service.waitOpen();
    const frames = Math.round((quietSeconds + seconds + afterSeconds) * rate);
    const sending = sendFrames(programs, { detector, coalesced: false, rate, frames });
    const arrivals: Arrival[] = [];
    let end: SeriesEnd | null = null;
    let begin = 0;
    let ready = 0;
    for await (const [json] of socket) {
      const message = JSON.parse(String(json)) as {
        htype: string;
        frame: number;
        complete: boolean;
        missing_packets: number;
        discard?: true;
      } & SeriesEnd;
      const now = performance.now();
      if (message.htype === 'series_end') {
        end = message;
        break;
      }
      if (message.htype !== 'image') continue;
      if (arrivals.length === 0) begin = now;
      arrivals.push({ at: now, frame: message.frame, complete: message.complete, missing: message.missing_packets });
      const since = (now - begin) / 1000;
      if (since < quietSeconds) memoryBefore = memory();
      const slow = since >= quietSeconds && since < quietSeconds + seconds;
      if (!slow || message.discard === true) continue;
      // A consumer that was waiting for a frame does not make up for it later.
      ready = Math.max(ready, now) + 1000 / (rate * share);
      await sleep(Math.max(0, ready - performance.now()));
    }
    await sending;
    return {
      policy,
      share,
      ...reckon(arrivals, end, begin, { rate, seconds, share }),
      frames,
      ringFrames: detector.plan.ring.frames,
      memoryBefore,
      memoryMost,
    };
  } finally {
    clearInterval(watching);
    socket.close();
    await service.stop();
  }
}

type Reckoning = Omit<OverloadRow, 'policy' | 'share' | 'frames' | 'ringFrames' | 'memoryBefore' | 'memoryMost'>;

/** @param begin when the first image came: frame k is due k periods later, give or take the start window of 20 ms */
function reckon(
  arrivals: readonly Arrival[],
  end: SeriesEnd | null,
  begin: number,
  { rate, seconds, share }: OverloadOptions & { readonly share: number },
): Reckoning {
  const from = begin + quietSeconds * 1000;
  const to = from + seconds * 1000;
  const dueAt = (frame: number): number => begin + (frame * 1000) / rate;
  const complete = arrivals.filter((arrival) => arrival.complete);
  const lost = arrivals.filter((arrival) => !arrival.complete);
  const ledger = Object.values(end?.ledger ?? {});
  const sum = (field: 'missing' | LossCause): number => ledger.reduce((total, port) => total + (port[field] ?? 0), 0);
  const packets = Math.max(...arrivals.map(({ missing }) => missing), 0);
  const upToDate =
    arrivals.find(({ at, frame }) => at >= to && at - dueAt(frame) < upToDateMs)?.at ?? Number.POSITIVE_INFINITY;
  const lastLost = Math.max(...lost.map(({ frame }) => dueAt(frame)), 0);
  return {
    offered: Math.round(seconds * rate),
    couldTake: Math.round(seconds * rate * share),
    complete: complete.filter(({ at }) => at >= from && at < to).length,
    images: arrivals.length,
    lost: lost.length,
    torn: lost.filter(({ missing }) => missing < packets).length,
    missingPackets: sum('missing'),
    missingBy: Object.fromEntries(causes.map((cause) => [cause, sum(cause)])) as Record<LossCause, number>,
    aborted: end === null ? 'no series_end' : (end.aborted ?? null),
    caughtUp: (upToDate - to) / 1000,
    lossAfter: Math.max(0, (lastLost - upToDate) / 1000),
    latency: Math.max(...complete.map(({ at, frame }) => at - dueAt(frame))) / 1000,
  };
}

/** Tables for people. */
export function overloadTables({ rate, seconds, rows }: OverloadResult): string {
  const head = [
    'incomplete frames',
    'consumer writes',
    'offered',
    'could take',
    'complete',
    'share',
    'all frames',
    'images',
    'lost',
    'of these in part',
    `packets missing = ${causes.join(' + ')}`,
    'caught up after',
    'loss after that',
    'latency at most',
    'memory before – most',
  ];
  const lines = rows.map((row) => [
    row.policy,
    `${rate * row.share} frames/s`,
    String(row.offered),
    String(row.couldTake),
    String(row.complete),
    `${((100 * row.complete) / row.couldTake).toFixed(0)} %`,
    String(row.frames),
    String(row.images),
    String(row.lost),
    String(row.torn),
    `${row.missingPackets} = ${causes.map((cause) => row.missingBy[cause]).join(' + ')}`,
    `${row.caughtUp.toFixed(2)} s`,
    `${row.lossAfter.toFixed(2)} s`,
    `${row.latency.toFixed(2)} s`,
    `${row.memoryBefore.toFixed(0)} – ${row.memoryMost.toFixed(0)} MB`,
  ]);
  const verdicts = rows.map(({ policy, share, complete, couldTake, lossAfter, images, frames, aborted }) => {
    const got = complete >= 0.8 * couldTake ? 'reached' : 'missed';
    const lost = `${frames - images} frames without an image, ${aborted ?? 'not aborted'}`;
    return (
      `- ${rate * share} of ${rate} frames/s, ${policy}: ${got} (≥ 80 % of what it could take); ` +
      `${lossAfter <= 2 ? 'reached' : 'missed'} (loss-free within 2 s after it has caught up); ` +
      `${images === frames && aborted === null ? 'an image for each frame' : lost}.`
    );
  });
  return `${rate} frames/s, the consumer slow for ${seconds} s.\n\n${table(head, lines)}\n\n${verdicts.join('\n')}`;
}

if (isMain(import.meta.url)) {
  const { options, json } = commandLine(overloadDefaults);
  print(await measureOverload(options), overloadTables, json);
}
