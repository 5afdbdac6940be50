// What do several sockets cost? Eiger quad, 16 bit, single datagrams: two services, one with one socket and one with
// `sockets` of them, in turns, each pair at the same rate, one consumer that connects to all: CPU seconds per GB of the
// whole service and of its streamer. A pair in which anything was lost, or the rate was not kept, is refused.
//
//   node dist/bench/sockets.js [--runs 5] [--seconds 3] [--sockets 4] [--json]

import { commandLine, isMain, print } from './command-line.js';
import { compilePrograms } from './compile.js';
import { quad } from './detector.js';
import { serviceProblem, warmService } from './pipeline.js';
import type { ServiceProcess } from './service-process.js';
import { ratioOf, spreadOf, table, withSpread } from './statistics.js';
import { runsText, validRuns } from './valid-runs.js';

export interface SocketsOptions {
  /** Pairs. */
  readonly runs: number;
  readonly seconds: number;
  readonly sockets: number;
}

export const socketsDefaults: SocketsOptions = { runs: 5, seconds: 3, sockets: 4 };
export const socketsRates = [500, 1000, 1500];

/** CPU seconds per GB. */
interface Cost {
  readonly service: number;
  readonly streamer: number;
}

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
      // The two take turns in being first.
      let turn = 0;
      const { runs: pairs, refused } = await validRuns(runs, async () => {
        const order = turn++ % 2 === 0 ? services : [...services].reverse();
        const costs = new Map<ServiceProcess, Cost>();
        for (const service of order) {
          const cost = await costOnce(service, rate, seconds);
          if (typeof cost === 'string') return cost;
          costs.set(service, cost);
        }
        return { one: costs.get(services[0]) as Cost, several: costs.get(services[1]) as Cost };
      });
      rows.push({ rate, one: pairs.map(({ one }) => one), several: pairs.map(({ several }) => several), refused });
    }
  } finally {
    for (const service of services) await service.stop();
  }
  return { sockets, rows };
}

/** One series, or why it does not count. */
async function costOnce(service: ServiceProcess, rate: number, seconds: number): Promise<Cost | string> {
  const { layout, plan } = service.detector;
  const frames = Math.round(rate * seconds);
  const run = await service.series({ coalesced: false, rate, frames });
  const problem = serviceProblem(run, rate);
  if (problem !== null) return problem;
  const { cpu, measuredFrames } = run;
  const bytes = measuredFrames * plan.detector.packetsPerFrame * layout.payloadBytes;
  const spent = (name: RegExp): number =>
    Object.entries(cpu).reduce((sum, [thread, time]) => (name.test(thread) ? sum + time : sum), 0) / bytes;
  return { service: spent(/./), streamer: spent(/^vdcu-streamer/) };
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
