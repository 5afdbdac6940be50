// Does another program on the machine cost packets? Eiger quad, 16 bit, single datagrams, one receiver thread, a small
// receive buffer: two services in turns, one whose receiver comes before other programs as far as this machine allows,
// and one whose receiver does not, beside so many programs that never rest. Packets that the kernel dropped, runs that
// lost any, latency.
//
//   node dist/bench/neighbour.js [--runs 12] [--seconds 3] [--rate 500] [--neighbours 4] [--json]

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { realtimeFacts, receiverPriority } from '../src/runtime/realtime.js';
import type { Priority } from '../src/runtime/realtime.js';
import { commandLine, isMain, print } from './command-line.js';
import { compilePrograms } from './compile.js';
import { quad } from './detector.js';
import { leftOutSeconds, note, noPercentiles } from './latency.js';
import type { Percentiles } from './latency.js';
import { warmService } from './pipeline.js';
import type { ServiceProcess } from './service-process.js';
import { spreadOf, table, withSpread } from './statistics.js';

export interface NeighbourOptions {
  readonly runs: number;
  readonly seconds: number;
  readonly rate: number;
  /** Programs that never rest. */
  readonly neighbours: number;
}

export const neighbourDefaults: NeighbourOptions = { runs: 12, seconds: 3, rate: 500, neighbours: 4 };

export interface NeighbourRow {
  readonly priority: Priority;
  readonly neighbours: number;
  /** Packets that the kernel dropped, run by run. */
  readonly drops: readonly number[];
  readonly latency: Percentiles;
}

export interface NeighbourResult {
  readonly rate: number;
  readonly rows: readonly NeighbourRow[];
}

/** Some 20 ms of this traffic: what a receiver can be held up for without loss. */
const receiveBufferBytes = 4 << 20;

/** About 30 + runs × 4 × (seconds + 4) seconds. @throws Error where no thread may be raised */
export async function measureNeighbour(options: NeighbourOptions): Promise<NeighbourResult> {
  const { runs, seconds, rate, neighbours } = options;
  const { priority: raised, lacks } = receiverPriority(1, [], realtimeFacts());
  if (raised === 'normal') throw new Error(`receivers cannot be raised here: ${lacks?.why}`);
  const programs = await compilePrograms();
  const sent = join(programs.folder, 'sent');
  const received = join(programs.folder, 'received');
  const priorities = [raised, 'normal'] as const;
  const rows = [0, neighbours].flatMap((count) =>
    priorities.map((priority) => ({
      priority,
      neighbours: count,
      drops: [] as number[],
      latency: noPercentiles(),
    })),
  );
  const services = new Map<string, ServiceProcess>();
  const busy: ChildProcess[] = [];
  const quiet = (): void => busy.splice(0).forEach((child) => child.kill('SIGKILL'));
  process.once('exit', quiet);
  try {
    for (const priority of priorities) {
      const detector = await quad({
        ring_frames: 1000,
        receiver_threads: 1,
        receiver_priority: priority === 'normal' ? 'normal' : 'realtime',
        receive_buffer_bytes: receiveBufferBytes,
      });
      services.set(priority, await warmService(programs, detector, false));
    }
    for (let run = 0; run < runs; run++) {
      for (const row of rows) {
        for (let index = 0; index < row.neighbours; index++)
          busy.push(spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
        const frames = Math.round(rate * (seconds + leftOutSeconds));
        const traffic = { coalesced: false, rate, frames, stamps: sent };
        const { kernelDrops } = await (services.get(row.priority) as ServiceProcess).series(traffic, received);
        quiet();
        row.drops.push(kernelDrops);
        note(row.latency, rate, sent, received);
      }
    }
  } finally {
    quiet();
    process.removeListener('exit', quiet);
    for (const service of services.values()) await service.stop();
    for (const file of [sent, received]) rmSync(file, { force: true });
  }
  return { rate, rows };
}

/** Tables for people. */
export function neighbourTables({ rate, rows }: NeighbourResult): string {
  const body = rows.map(({ priority, neighbours, drops, latency }) => [
    String(neighbours),
    priority,
    `${drops.filter((packets) => packets > 0).length} of ${drops.length}`,
    String(drops.reduce((sum, packets) => sum + packets, 0)),
    ...[latency.p50, latency.p99, latency.most].map((values) => withSpread(spreadOf(values), 2)),
  ]);
  return `${rate} frames/s, ${receiveBufferBytes >> 20} MiB of receive buffer for each port.\n\n${table(
    ['busy programs', 'receiver', 'runs with drops', 'packets dropped', 'p50, ms', 'p99, ms', 'longest, ms'],
    body,
  )}`;
}

if (isMain(import.meta.url)) {
  const { options, json } = commandLine(neighbourDefaults);
  print(await measureNeighbour(options), neighbourTables, json);
}
