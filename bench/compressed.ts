// What does compression cost and save? Eiger quad, 16 bit, single datagrams, Poisson images with hot pixels and gaps:
// two services, `compression: none` and `bslz4`, in turns: CPU seconds per GB of raw pixels, bytes of an image on the
// wire, and the time from the last packet of a frame until the consumer has its message. Then the highest rate without
// loss of each. Pairs in which anything was lost, or the rate was not kept, are refused.
//
//   node dist/bench/compressed.js [--runs 5] [--seconds 3] [--search-seconds 10] [--mean 1] [--json]

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../src/base/random.js';
import { compressions } from '../src/contract/compressions.js';
import { imageOf } from '../test/encode/images.js';
import type { Content } from '../test/encode/images.js';
import { commandLine, isMain, print } from './command-line.js';
import { compilePrograms } from './compile.js';
import { quad } from './detector.js';
import type { BenchDetector } from './detector.js';
import { note, noPercentiles } from './latency.js';
import type { Percentiles } from './latency.js';
import { measurePairs } from './pairs.js';
import type { Cost, Pairs } from './pairs.js';
import { searchHighest, warmService } from './pipeline.js';
import type { HighestRate } from './pipeline.js';
import type { ServiceProcess } from './service-process.js';
import { ratioOf, spreadOf, table, withSpread } from './statistics.js';
import { runsText } from './valid-runs.js';

export interface CompressedOptions {
  /** Pairs. */
  readonly runs: number;
  readonly seconds: number;
  /** Of each attempt at a rate; 0 = do not search. */
  readonly searchSeconds: number;
  /** Counts of a pixel on average: 0.1, 1, 5 or 20. */
  readonly mean: number;
}

export const compressedDefaults: CompressedOptions = { runs: 5, seconds: 3, searchSeconds: 10, mean: 1 };
const compressedRates = [500, 1000];

/** One series. */
interface Figure {
  readonly cost: Cost;
  /** Of an image, as it left. */
  readonly imageBytes: number;
  readonly latency: Percentiles;
}

export interface CompressedRow extends Pairs<Figure> {
  readonly rate: number;
}

export interface CompressedResult {
  readonly mean: number;
  readonly rows: readonly CompressedRow[];
  /** Of `none`, then of `bslz4`. */
  readonly highest: readonly HighestRate[];
  readonly searchSeconds: number;
}

/** About 60 + runs × 2 × 2 × (seconds + 4) + 2 × 7 × (searchSeconds + 2) seconds. */
export async function measureCompressed(options: CompressedOptions): Promise<CompressedResult> {
  const { runs, seconds, searchSeconds, mean } = options;
  const programs = await compilePrograms();
  const [pixels, sent, received] = ['pixels', 'sent', 'received'].map((name) => join(programs.folder, name)) as [
    string,
    string,
    string,
  ];
  const services: ServiceProcess[] = [];
  const rows: CompressedRow[] = [];
  const highest: HighestRate[] = [];
  try {
    for (const compression of compressions) {
      const detector = await quad({ ring_frames: 1000, compression });
      writeFileSync(pixels, payloadsOf(detector, `mean ${mean}` as Content));
      services.push(await warmService(programs, detector, false, { pixels }));
    }
    const pair = [services[0], services[1]] as const;
    for (const rate of compressedRates) {
      const measured = await measurePairs(
        pair,
        runs,
        { coalesced: false, rate, seconds, pixels, stamps: sent },
        ({ cost, run: { consumer } }) => {
          const latency = noPercentiles();
          note(latency, rate, sent, received);
          return { cost, imageBytes: consumer.bytes / consumer.images, latency };
        },
        received,
      );
      rows.push({ rate, ...measured });
    }
    if (searchSeconds > 0)
      for (const service of pair) highest.push(await searchHighest(service, false, searchSeconds, pixels));
  } finally {
    for (const service of services) await service.stop();
    for (const file of [pixels, sent, received]) rmSync(file, { force: true });
  }
  return { mean, rows, highest, searchSeconds };
}

/** Payloads of one frame, port by port, as the sender takes them. */
export function payloadsOf({ config, layout }: BenchDetector, content: Content): Uint8Array {
  const bytes = config.detector.udpPorts.length * layout.expectedPackets * layout.payloadBytes;
  const columns = 512;
  return imageOf(new Random(1), content, [bytes / (2 * columns), columns], 2);
}

/** Tables for people. */
export function compressedTables({ mean, rows, highest, searchSeconds }: CompressedResult): string {
  const body = rows.flatMap(({ rate, first, second, refused }) => {
    const cost = (figures: readonly Figure[], of: keyof Cost): number[] => figures.map((figure) => figure.cost[of]);
    const cells = (figures: readonly Figure[]): string[] => [
      withSpread(spreadOf(cost(figures, 'service')), 2),
      spreadOf(cost(figures, 'streamer')).median.toFixed(2),
      spreadOf(cost(figures, 'encoders')).median.toFixed(2),
      (spreadOf(figures.map(({ imageBytes }) => imageBytes)).median / 1000).toFixed(0),
      withSpread(spreadOf(figures.flatMap(({ latency }) => latency.p50)), 2),
      withSpread(spreadOf(figures.flatMap(({ latency }) => latency.p99)), 2),
    ];
    if (first.length === 0)
      return [[String(rate), 'no valid pair', ...Array<string>(7).fill('–'), runsText(0, refused)]];
    const ratio = withSpread(ratioOf(cost(second, 'service'), cost(first, 'service')), 2);
    return [
      [String(rate), 'none', ...cells(first), '', runsText(first.length, refused)],
      [String(rate), 'bslz4', ...cells(second), ratio, ''],
    ];
  });
  const head = [
    'frames/s',
    'compression',
    'service, CPU-s/GB raw',
    'streamer',
    'encoders',
    'kB per image',
    'p50, ms',
    'p99, ms',
    '× none',
    'pairs',
  ];
  const lines = highest.map(
    ({ rate, failedAt, reason }, index) =>
      `- highest rate without loss, ${compressions[index]}: ${rate} frames/s over ${searchSeconds} s; ` +
      (failedAt === null ? 'no higher one was tried.' : `${failedAt} failed: ${reason}.`),
  );
  return [`Counts of a pixel: ${mean} on average.`, table(head, body), lines.join('\n')].join('\n\n').trimEnd();
}

if (isMain(import.meta.url)) {
  const { options, json } = commandLine(compressedDefaults);
  print(await measureCompressed(options), compressedTables, json);
}
