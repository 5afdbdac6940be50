// One receiver thread for all ports, or one for each? Eiger quad, 16 bit, single datagrams: two services, one with one
// receiver thread and one with two, in turns: CPU seconds per GB of the whole service, latency from the last packet of
// a frame to the consumer, packets lost.
//
//   node dist/bench/threads.js [--runs 5] [--seconds 3] [--json]

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { commandLine, isMain, print } from './command-line.js';
import { compilePrograms } from './compile.js';
import { sumOf } from './cpu-time.js';
import { quad } from './detector.js';
import { leftOutSeconds, note, noPercentiles } from './latency.js';
import type { Percentiles } from './latency.js';
import { warmService } from './pipeline.js';
import type { ServiceProcess } from './service-process.js';
import { ratioOf, spreadOf, table, withSpread } from './statistics.js';

export interface ThreadsOptions {
  readonly runs: number;
  readonly seconds: number;
}

export const threadsDefaults: ThreadsOptions = { runs: 5, seconds: 3 };
export const threadsRates = [100, 500, 1000, 1500];
const counts = [1, 2];

export interface ThreadsRow {
  readonly rate: number;
  readonly threads: number;
  /** CPU seconds per GB, run by run. */
  readonly cost: readonly number[];
  readonly latency: Percentiles;
  readonly missing: number;
}

export interface ThreadsResult {
  readonly rows: readonly ThreadsRow[];
}

/** About 40 + runs × 4 × 2 × (seconds + 4) seconds. */
export async function measureThreads({ runs, seconds }: ThreadsOptions): Promise<ThreadsResult> {
  const programs = await compilePrograms();
  const sent = join(programs.folder, 'sent');
  const received = join(programs.folder, 'received');
  const rows = threadsRates.flatMap((rate) =>
    counts.map((threads) => ({ rate, threads, cost: [] as number[], latency: noPercentiles(), missing: 0 })),
  );
  const services = new Map<number, ServiceProcess>();
  try {
    for (const threads of counts) {
      const detector = await quad({ ring_frames: 1000, receiver_threads: threads });
      services.set(threads, await warmService(programs, detector, false));
    }
    for (let run = 0; run < runs; run++) {
      for (const row of rows) {
        const service = services.get(row.threads) as ServiceProcess;
        const { layout, plan } = service.detector;
        const leftOut = Math.round(row.rate * leftOutSeconds);
        const frames = Math.round(row.rate * seconds) + leftOut;
        const traffic = { coalesced: false, rate: row.rate, frames, stamps: sent };
        const { cpu, missing, measuredFrames } = await service.series(traffic, received, leftOut);
        const bytes = measuredFrames * plan.detector.packetsPerFrame * layout.payloadBytes;
        row.cost.push(sumOf(cpu) / bytes);
        row.missing += missing;
        note(row.latency, row.rate, sent, received);
      }
    }
  } finally {
    for (const service of services.values()) await service.stop();
    for (const file of [sent, received]) rmSync(file, { force: true });
  }
  return { rows };
}

/** Tables for people. */
export function threadsTables({ rows }: ThreadsResult): string {
  const one = (row: ThreadsRow): ThreadsRow | undefined =>
    rows.find(({ rate, threads }) => rate === row.rate && threads === 1);
  return table(
    ['frames/s', 'receiver threads', 'CPU-s/GB', '× one thread', 'p50, ms', 'p99, ms', 'longest, ms', 'missing'],
    rows.map((row) => [
      String(row.rate),
      String(row.threads),
      withSpread(spreadOf(row.cost), 2),
      row.threads === 1 ? '' : withSpread(ratioOf(row.cost, one(row)?.cost ?? []), 2),
      ...[row.latency.p50, row.latency.p99, row.latency.most].map((values) => withSpread(spreadOf(values), 2)),
      String(row.missing),
    ]),
  );
}

if (isMain(import.meta.url)) {
  const { options, json } = commandLine(threadsDefaults);
  print(await measureThreads(options), threadsTables, json);
}
