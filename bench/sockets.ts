// What do several sockets cost? Eiger quad, 16 bit, single datagrams: two services, one with one socket and one with
// `sockets` of them, in turns, each pair at the same rate, one consumer that connects to all: CPU seconds per GB of the
// whole service and of its streamer. A pair in which anything was lost, or the rate was not kept, is refused.
//
//   node dist/bench/sockets.js [--runs 5] [--seconds 3] [--sockets 4] [--json]

import { commandLine, isMain, print } from './command-line.js';
import { compilePrograms } from './compile.js';
import { quad } from './detector.js';
import { measurePairs } from './pairs.js';
import type { Cost } from './pairs.js';
import { warmService } from './pipeline.js';
import type { ServiceProcess } from './service-process.js';
import { ratioOf, spreadOf, table, withSpread } from './statistics.js';
import { runsText } from './valid-runs.js';

export interface SocketsOptions {
  /** Pairs. */
  readonly runs: number;
  readonly seconds: number;
  readonly sockets: number;
}

export const socketsDefaults: SocketsOptions = { runs: 5, seconds: 3, sockets: 4 };
export const socketsRates = [500, 1000, 1500];

export interface SocketsRow {
  readonly rate: number;
  /** Pair by pair. */
  readonly one: readonly Cost[];
  readonly several: readonly Cost[];
  /** Why pairs were refused. */
  readonly refused: readonly string[];
}

export interface SocketsResult {
  readonly sockets: number;
  readonly rows: readonly SocketsRow[];
}

/** About 40 + runs × 3 × 2 × (seconds + 4) seconds. */
export async function measureSockets({ runs, seconds, sockets }: SocketsOptions): Promise<SocketsResult> {
  const programs = await compilePrograms();
  const services: ServiceProcess[] = [];
  const rows: SocketsRow[] = [];
  try {
    for (const count of [1, sockets]) {
      const detector = await quad({ ring_frames: 1000, data_port: Array.from({ length: count }, () => 0) });
      services.push(await warmService(programs, detector, false));
    }
    for (const rate of socketsRates) {
      const traffic = { coalesced: false, rate, seconds };
      const { first, second, refused } = await measurePairs(
        [services[0], services[1]],
        runs,
        traffic,
        ({ cost }) => cost,
      );
      rows.push({ rate, one: first, several: second, refused });
    }
  } finally {
    for (const service of services) await service.stop();
  }
  return { sockets, rows };
}

/** Tables for people. */
export function socketsTables({ sockets, rows }: SocketsResult): string {
  const of = (costs: readonly Cost[], which: keyof Cost): number[] => costs.map((cost) => cost[which]);
  const body = rows.map(({ rate, one, several, refused }) => [
    String(rate),
    ...(['service', 'streamer'] as const).flatMap((which) => [
      withSpread(spreadOf(of(one, which)), 2),
      withSpread(spreadOf(of(several, which)), 2),
      withSpread(ratioOf(of(several, which), of(one, which)), 2),
    ]),
    runsText(one.length, refused),
  ]);
  const head = [
    'frames/s',
    'one socket, CPU-s/GB',
    `${sockets} sockets`,
    '×',
    'streamer, one socket',
    `${sockets} sockets`,
    '×',
    'pairs',
  ];
  return table(head, body);
}

if (isMain(import.meta.url)) {
  const { options, json } = commandLine(socketsDefaults);
  print(await measureSockets(options), socketsTables, json);
}
