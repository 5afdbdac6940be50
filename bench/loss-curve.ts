// At which rate does what lose packets? Eiger quad, 16 bit, all on this machine: rates one after the other, at each the
// whole service with its consumer, and the parts in C (receivers, and a sender of messages through a copying libzmq) at
// the same time. Nothing is refused here: the loss is the figure. Rate asked, rate that the sender reached, packets
// lost, CPU.
//
//   node dist/bench/loss-curve.js [--runs 5] [--seconds 3] [--json]

import { commandLine, isMain, print } from './command-line.js';
import { compilePrograms } from './compile.js';
import { sumOf } from './cpu-time.js';
import { quad } from './detector.js';
import { warmService } from './pipeline.js';
import { settle } from './settle.js';
import { spreadOf, table, withSpread } from './statistics.js';
import { publishInC, receiveInC } from './yardsticks.js';

export interface LossCurveOptions {
  readonly runs: number;
  readonly seconds: number;
}

export const lossCurveDefaults: LossCurveOptions = { runs: 5, seconds: 3 };
export const lossCurveRates = [250, 500, 1000, 1500, 2000, 2500];

/** Run by run. */
interface Curve {
  /** Frames per second that the sender reached. */
  readonly reached: number[];
  /** Share of all packets. */
  readonly lost: number[];
  /** CPU seconds per GB of what arrived. */
  readonly cost: number[];
}

export interface LossCurveRow {
  readonly rate: number;
  readonly service: Curve;
  readonly c: Curve;
  /** Runs in which the programs in C had no figure. */
  readonly without: number;
}

export interface LossCurveResult {
  readonly rows: readonly LossCurveRow[];
}

const ringFrames = 1000;
const noCurve = (): Curve => ({ reached: [], lost: [], cost: [] });

/** About 20 + runs × 6 × 2 × (seconds + 6) seconds. */
export async function measureLossCurve({ runs, seconds }: LossCurveOptions): Promise<LossCurveResult> {
  const programs = await compilePrograms();
  const keys = { ring_frames: ringFrames };
  const service = await warmService(programs, await quad(keys), false);
  const detector = await quad(keys);
  const { packetsPerFrame } = detector.plan.detector;
  const perPacket = detector.layout.payloadBytes / 1e9;
  const rows = lossCurveRates.map((rate) => ({ rate, service: noCurve(), c: noCurve(), without: 0 }));
  try {
    for (let run = 0; run < runs; run++) {
      for (const row of rows) {
        const { rate } = row;
        const frames = Math.round(rate * seconds);
        const all = ringFrames + frames;
        const { cpu, missing, sender, measuredFrames } = await service.series(
          { coalesced: false, rate, frames: all },
          '',
          ringFrames,
        );
        const share = missing / (all * packetsPerFrame);
        row.service.reached.push(sender.frames / sender.seconds);
        row.service.lost.push(share);
        row.service.cost.push(sumOf(cpu) / 1e9 / (measuredFrames * packetsPerFrame * (1 - share) * perPacket));
        await settle();
        const [received, sent] = await Promise.all([
          receiveInC(programs, { detector, coalesced: false, rate, frames }, ringFrames),
          publishInC(programs, { detector, rate, frames: all }),
        ]);
        if (typeof received === 'string') {
          row.without++;
          continue;
        }
        row.c.reached.push(received.reached);
        row.c.lost.push(received.lost / (all * packetsPerFrame));
        row.c.cost.push((received.spent / frames + sent / all) / 1e9 / (packetsPerFrame * perPacket));
      }
    }
  } finally {
    await service.stop();
  }
  return { rows };
}

/** Tables for people. */
export function lossCurveTables({ rows }: LossCurveResult): string {
  const cells = ({ reached, lost, cost }: Curve): string[] => [
    withSpread(spreadOf(reached), 0),
    withSpread(spreadOf(lost.map((share) => 100 * share)), 3),
    withSpread(spreadOf(cost), 2),
  ];
  return table(
    ['frames/s asked', 'service: sent', 'lost, %', 'CPU-s/GB', 'C: sent', 'lost, %', 'CPU-s/GB', 'C without a figure'],
    rows.map(({ rate, service, c, without }) => [String(rate), ...cells(service), ...cells(c), String(without)]),
  );
}

if (isMain(import.meta.url)) {
  const { options, json } = commandLine(lossCurveDefaults);
  print(await measureLossCurve(options), lossCurveTables, json);
}
