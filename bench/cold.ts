// What do the first seconds of a process cost beyond the later ones? Eiger quad, 16 bit, single datagrams: a service
// that has just started takes one series, then three more; CPU seconds per GB of the first and of the last, again and
// again with a new process.
//
//   node dist/bench/cold.js [--runs 5] [--seconds 2] [--rate 500] [--json]

import { commandLine, isMain, print } from './command-line.js';
import { compilePrograms } from './compile.js';
import { sumOf } from './cpu-time.js';
import { quad } from './detector.js';
import { ServiceProcess } from './service-process.js';
import { ratioOf, spreadOf, table, withSpread } from './statistics.js';

export interface ColdOptions {
  readonly runs: number;
  readonly seconds: number;
  readonly rate: number;
}

export const coldDefaults: ColdOptions = { runs: 5, seconds: 2, rate: 500 };

export interface ColdResult {
  /** CPU seconds per GB, run by run. */
  readonly first: readonly number[];
  readonly fourth: readonly number[];
  readonly missing: number;
}

/** About runs × 4 × (seconds + 4) seconds. */
export async function measureCold({ runs, seconds, rate }: ColdOptions): Promise<ColdResult> {
  const programs = await compilePrograms();
  const costs: readonly number[][] = [[], [], [], []];
  let lost = 0;
  for (let run = 0; run < runs; run++) {
    const detector = await quad({ ring_frames: 200 });
    const service = await ServiceProcess.start(programs, detector);
    try {
      for (const cost of costs) {
        const { cpu, missing, sender } = await service.series({ coalesced: false, rate, frames: rate * seconds });
        cost.push(sumOf(cpu) / (sender.packets * detector.layout.payloadBytes));
        lost += missing;
      }
    } finally {
      await service.stop();
    }
  }
  return { first: costs[0], fourth: costs[3], missing: lost };
}

/** Tables for people. */
export function coldTables({ first, fourth, missing }: ColdResult): string {
  return table(
    ['first series, CPU-s/GB', 'fourth', 'first ÷ fourth', 'missing'],
    [
      [
        withSpread(spreadOf(first), 2),
        withSpread(spreadOf(fourth), 2),
        withSpread(ratioOf(first, fourth), 2),
        String(missing),
      ],
    ],
  );
}

if (isMain(import.meta.url)) {
  const { options, json } = commandLine(coldDefaults);
  print(await measureCold(options), coldTables, json);
}
