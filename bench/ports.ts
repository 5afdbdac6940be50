// Do many ports cost more than few? Eiger half-modules, 16 bit: 8 ports ([2, 2]) in 2, 4 and 8 receiver threads against
// 2 ports ([1, 1]) in 2, at the same packets per second in all: CPU time of the receiver threads per packet, in the
// whole service.
//
//   node dist/bench/ports.js [--runs 5] [--seconds 3] [--packets-per-second 96000] [--json]

import { commandLine, isMain, print } from './command-line.js';
import { compilePrograms } from './compile.js';
import { grid } from './detector.js';
import { warmService } from './pipeline.js';
import type { ServiceProcess } from './service-process.js';
import { ratioOf, spreadOf, table, verdict, withSpread } from './statistics.js';

export interface PortsOptions {
  readonly runs: number;
  readonly seconds: number;
  readonly packetsPerSecond: number;
}

export const portsDefaults: PortsOptions = { runs: 5, seconds: 3, packetsPerSecond: 96_000 };

export interface PortsRow {
  readonly ports: number;
  readonly threads: number;
  readonly nsPerPacket: readonly number[];
  /** Of the whole service. */
  readonly serviceNs: readonly number[];
  readonly missing: number;
}

export interface PortsResult {
  readonly packetsPerSecond: number;
  readonly rows: readonly PortsRow[];
}

const ringFrames = 256;

/** About 4 × (10 + runs × (seconds + 1.5)) seconds. The services stand by while others are measured. */
export async function measurePorts({ runs, seconds, packetsPerSecond }: PortsOptions): Promise<PortsResult> {
  const programs = await compilePrograms();
  const rows = [
    { ports: 2, threads: 2 },
    { ports: 8, threads: 2 },
    { ports: 8, threads: 4 },
    { ports: 8, threads: 8 },
  ].map((row) => ({ ...row, nsPerPacket: [] as number[], serviceNs: [] as number[], missing: 0 }));
  const services: ServiceProcess[] = [];
  try {
    for (const { ports, threads } of rows) {
      const side = ports === 2 ? 1 : 2;
      services.push(
        await warmService(
          programs,
          await grid(side, side, { ring_frames: ringFrames, receiver_threads: threads }),
          false,
        ),
      );
    }
    for (let run = 0; run < runs; run++) {
      for (const [index, row] of rows.entries()) {
        const service = services[index];
        const rate = packetsPerSecond / service.detector.plan.detector.packetsPerFrame;
        const { cpu, missing, sender } = await service.series({
          coalesced: false,
          rate,
          frames: Math.round(rate * seconds),
        });
        const sum = (names: string[]): number => names.reduce((total, name) => total + (cpu[name] ?? 0), 0);
        row.nsPerPacket.push(
          sum(Object.keys(cpu).filter((name) => name.startsWith('vdcu-rx'))) / (sender.packets - missing),
        );
        row.serviceNs.push(sum(Object.keys(cpu)) / (sender.packets - missing));
        row.missing += missing;
      }
    }
  } finally {
    for (const service of services) await service.stop();
  }
  return { packetsPerSecond, rows };
}

/** Tables for people. */
export function portsTables({ packetsPerSecond, rows }: PortsResult): string {
  const base = rows[0];
  const body = rows.map((row) => [
    String(row.ports),
    String(row.threads),
    withSpread(spreadOf(row.nsPerPacket), 0),
    row === base ? '' : withSpread(ratioOf(row.nsPerPacket, base.nsPerPacket), 2),
    withSpread(spreadOf(row.serviceNs), 0),
    String(row.missing),
  ]);
  const lines = rows
    .slice(1)
    .map(
      (row) =>
        `- 8 ports in ${row.threads} threads: ${verdict(ratioOf(row.nsPerPacket, base.nsPerPacket).median, 1.3)}.`,
    );
  const heads = [
    'ports',
    'receiver threads',
    'ns per packet, receivers',
    '× 2 ports',
    'ns per packet, whole service',
    'missing',
  ];
  return `${packetsPerSecond} packets/s in all.\n\n${table(heads, body)}\n\n${lines.join('\n')}`;
}

if (isMain(import.meta.url)) {
  const { options, json } = commandLine(portsDefaults);
  print(await measurePorts(options), portsTables, json);
}
