// What does the whole service cost, and how much can it take? Eiger quad, 514 × 514 × 16 bit, all on this machine:
// sender, service, consumer. First: CPU seconds per GB of pixels by thread at several rates, in turns with the sum of
// two programs in C that do the parts (receive and place; send the same messages) at the same time, in three ways of
// sending, and, with --against, with another build of the service. Runs in which anything was lost are refused. Second:
// the highest rate without any loss.
//
//   node dist/bench/pipeline.js [--runs 5] [--seconds 3] [--search-seconds 10] [--rates 500,1000,2000]
//   [--against FOLDER] [--json]
//
// FOLDER is another checkout that was built (`npm ci`).

import { resolve } from 'node:path';
import { commandLine, isMain, print } from './command-line.js';
import { compilePrograms } from './compile.js';
import type { Programs } from './compile.js';
import { sumOf } from './cpu-time.js';
import { quad } from './detector.js';
import type { BenchDetector } from './detector.js';
import { ServiceProcess } from './service-process.js';
import type { SeriesRun } from './service-process.js';
import { settle } from './settle.js';
import { ratioOf, spreadOf, table, withSpread } from './statistics.js';
import { paceProblem, runsText, validRuns } from './valid-runs.js';
import { publishInC, publisherWays, receiveInC, yardstickProblem } from './yardsticks.js';
import type { PublisherWay } from './yardsticks.js';

export interface PipelineOptions {
  readonly runs: number;
  /** Of each measurement of cost. */
  readonly seconds: number;
  /** Of each attempt at a rate; 0 = do not search. */
  readonly searchSeconds: number;
  /** Frames per second at which the cost is measured, with commas between. */
  readonly rates: string;
  /** Another checkout, built; '' = none. */
  readonly against: string;
}

export const pipelineDefaults: PipelineOptions = {
  runs: 5,
  seconds: 3,
  searchSeconds: 10,
  rates: '500,1000,2000',
  against: '',
};

/** Cost at one rate. CPU seconds per GB of wire pixels, run by run. */
export interface CostRow {
  readonly coalesced: boolean;
  readonly rate: number;
  readonly service: readonly number[];
  /** By thread: receivers together, streamer, zmq, main, other. */
  readonly byThread: Readonly<Record<string, readonly number[]>>;
  /** Of the other build; empty = there was none. */
  readonly before: readonly number[];
  readonly receiverC: readonly number[];
  readonly publisherC: Readonly<Record<PublisherWay, readonly number[]>>;
  /** Why runs were refused: something was lost, or a yardstick has no figure. */
  readonly refused: readonly string[];
}

/** The end of the search for the highest rate. */
export interface HighestRate {
  readonly coalesced: boolean;
  /** Frames per second that went through without loss, 0 = none. */
  readonly rate: number;
  /** The next that did not, and why; null = the search ended before. */
  readonly failedAt: number | null;
  readonly reason: string;
}

export interface PipelineResult {
  readonly costs: readonly CostRow[];
  readonly highest: readonly HighestRate[];
  readonly searchSeconds: number;
}

const ringFrames = 1000;
const threads = ['receivers', 'streamer', 'zmq', 'main', 'other'] as const;

/** About 2 × (runs × 3 × 5 × (seconds + 4) + 7 × (searchSeconds + 2) + 10) seconds. */
export async function measurePipeline(options: PipelineOptions): Promise<PipelineResult> {
  const programs = await compilePrograms();
  const costs: CostRow[] = [];
  const highest: HighestRate[] = [];
  for (const coalesced of [false, true]) {
    const keys = { ring_frames: ringFrames, receive_coalesced: coalesced };
    // The programs in C have ports of their own: the service goes on, idle, as one that was compiled long ago.
    const yardstick = await quad(keys);
    for (const rate of options.rates.split(',').map(Number)) {
      // As an operator does who knows the rate: receiver threads go by it.
      const planned = { ...keys, frame_rate_hz: rate };
      const services = [await warmService(programs, await quad(planned), coalesced)];
      try {
        if (options.against !== '')
          services.push(
            await warmService(programs, await quad(planned), coalesced, { checkout: resolve(options.against) }),
          );
        costs.push(await costAt({ programs, services, yardstick, coalesced, rate, ...options }));
      } finally {
        for (const service of services) await service.stop();
      }
    }
    if (options.searchSeconds === 0) continue;
    const service = await warmService(programs, await quad(keys), coalesced);
    try {
      highest.push(await searchHighest(service, coalesced, options.searchSeconds));
    } finally {
      await service.stop();
    }
  }
  return { costs, highest, searchSeconds: options.searchSeconds };
}

/** A service that has seen every slot of its ring three times, and whose code has been compiled by then. */
export async function warmService(
  programs: Programs,
  detector: BenchDetector,
  coalesced: boolean,
  { checkout, pixels = '' }: { readonly checkout?: string; readonly pixels?: string } = {},
): Promise<ServiceProcess> {
  const service = await ServiceProcess.start(programs, detector, checkout);
  const { packetsPerFrame } = detector.plan.detector;
  const frames = detector.plan.ring.frames + 200;
  for (let series = 0; series < 3; series++)
    await service.series({ coalesced, rate: 100_000 / packetsPerFrame, frames, pixels });
  return service;
}

interface CostSetup extends PipelineOptions {
  readonly programs: Programs;
  /** The one that is measured; behind it the other build, if any. */
  readonly services: readonly ServiceProcess[];
  readonly yardstick: BenchDetector;
  readonly coalesced: boolean;
  readonly rate: number;
}

/** One valid run. CPU seconds per GB. */
interface CostRun {
  readonly byThread: Readonly<Record<string, number>>;
  readonly before: number | null;
  readonly receiverC: number;
  readonly publisherC: Readonly<Record<PublisherWay, number>>;
}

async function costAt(setup: CostSetup): Promise<CostRow> {
  const { coalesced, rate } = setup;
  const { runs, refused } = await validRuns(setup.runs, () => costOnce(setup));
  return {
    coalesced,
    rate,
    service: runs.map(({ byThread }) => sumOf(byThread)),
    byThread: Object.fromEntries(threads.map((name) => [name, runs.map(({ byThread }) => byThread[name] ?? 0)])),
    before: runs.flatMap(({ before }) => before ?? []),
    receiverC: runs.map(({ receiverC }) => receiverC),
    publisherC: Object.fromEntries(
      publisherWays.map((way) => [way, runs.map(({ publisherC }) => publisherC[way])]),
    ) as Record<PublisherWay, number[]>,
    refused,
  };
}

async function costOnce({
  programs,
  services,
  yardstick: detector,
  coalesced,
  rate,
  seconds,
}: CostSetup): Promise<CostRun | string> {
  const frames = Math.round(rate * seconds);
  const all = ringFrames + frames;
  const gigabytes = (count: number): number =>
    (count * detector.plan.detector.packetsPerFrame * detector.layout.payloadBytes) / 1e9;
  const spent: Record<string, number>[] = [];
  for (const service of services) {
    // As the receiver in C, the service is measured when it has filled its ring once in this run.
    const run = await service.series({ coalesced, rate, frames: all }, '', ringFrames);
    const problem = serviceProblem(run, rate);
    if (problem !== null) return problem;
    spent.push(
      Object.fromEntries(
        Object.entries(grouped(run.cpu)).map(([name, time]) => [name, time / 1e9 / gigabytes(run.measuredFrames)]),
      ),
    );
  }
  const publisherC: Record<PublisherWay, number> = { copy: 0, lend: 0, direct: 0 };
  let receiverC = 0;
  for (const way of publisherWays) {
    // At the same time, as the service does both: what shares two cores and their caches costs more than what has them
    // to itself.
    await settle();
    const [received, sent] = await Promise.all([
      receiveInC(programs, { detector, coalesced, rate, frames }, ringFrames),
      publishInC(programs, { detector, rate, frames: all }, way),
    ]);
    const problem = yardstickProblem(received, rate);
    if (problem !== null || typeof received === 'string') return problem ?? '';
    publisherC[way] = sent / 1e9 / gigabytes(all);
    if (way === 'copy') receiverC = received.spent / 1e9 / gigabytes(frames);
  }
  return { byThread: spent[0], before: spent.length > 1 ? sumOf(spent[1]) : null, receiverC, publisherC };
}

/** Why this run has no figure; null = it has. */
export function serviceProblem(
  { lossless, missing, kernelDrops, ringFull, sender, consumer }: SeriesRun,
  rate: number,
): string | null {
  if (lossless) return paceProblem(sender.frames / sender.seconds, rate);
  const { order_errors: disorder } = consumer;
  return `the service: ${missing} packets missing (kernel ${kernelDrops}, ring ${ringFull}), ${disorder} out of order`;
}

function grouped(cpu: Readonly<Record<string, number>>): Record<string, number> {
  const sums: Record<string, number> = Object.fromEntries(threads.map((name) => [name, 0]));
  for (const [name, spent] of Object.entries(cpu)) {
    const group = name.startsWith('vdcu-rx') ? 'receivers' : name === 'vdcu-streamer' ? 'streamer' : name;
    sums[group] = (sums[group] ?? 0) + spent;
  }
  return sums;
}

/** Rates by halving the interval between what went through and what did not; the first attempts double. */
export async function searchHighest(
  service: ServiceProcess,
  coalesced: boolean,
  seconds: number,
  pixels = '',
): Promise<HighestRate> {
  let through = 0;
  let failedAt: number | null = null;
  let reason = 'the search ended';
  let rate = 1000;
  for (let attempt = 0; attempt < 7; attempt++) {
    const run = await service.series({ coalesced, rate, frames: Math.round(rate * seconds), pixels });
    const kept = run.sender.frames / run.sender.seconds >= rate * 0.99;
    if (run.lossless && kept) {
      through = rate;
    } else {
      failedAt = rate;
      reason = run.lossless
        ? `the sender reached ${Math.round(run.sender.frames / run.sender.seconds)} frames/s only`
        : `${run.missing} packets missing: kernel ${run.kernelDrops}, ring ${run.ringFull}`;
    }
    rate = Math.round(failedAt === null ? rate * 1.5 : (through + failedAt) / 2);
    if (failedAt !== null && failedAt - through < 0.08 * failedAt) break;
  }
  return { coalesced, rate: through, failedAt, reason };
}

/** Tables for people. */
export function pipelineTables({ costs, highest, searchSeconds }: PipelineResult): string {
  const sums = (row: CostRow, way: PublisherWay): number[] =>
    row.receiverC.map((spent, run) => spent + row.publisherC[way][run]);
  const parts: string[] = [];
  const median = (values: readonly number[] | undefined): string =>
    values === undefined || values.length === 0 ? '–' : spreadOf(values).median.toFixed(2);
  const ratio = (a: readonly number[], b: readonly number[]): string =>
    a.length === 0 || b.length === 0 ? '–' : withSpread(ratioOf(a, b), 2);
  const kind = ({ coalesced }: CostRow): string => (coalesced ? 'coalesced' : 'single');
  if (costs.length > 0) {
    parts.push(
      table(
        ['datagrams', 'frames/s', 'service, CPU-s/GB', ...threads, '× before', 'runs'],
        costs.map((row) => [
          kind(row),
          String(row.rate),
          withSpread(spreadOf(row.service), 2),
          ...threads.map((thread) => median(row.byThread[thread])),
          ratio(row.service, row.before),
          runsText(row.service.length, row.refused),
        ]),
      ),
      table(
        ['datagrams', 'frames/s', 'C: receive', 'send: copy', 'lend', 'direct', '× copy', '× lend', '× direct'],
        costs.map((row) => [
          kind(row),
          String(row.rate),
          median(row.receiverC),
          ...publisherWays.map((way) => median(row.publisherC[way])),
          ...publisherWays.map((way) => ratio(row.service, sums(row, way))),
        ]),
      ),
    );
    parts.push(
      costs
        .map((row) => {
          const what = `- ${kind(row)}, ${row.rate} frames/s: `;
          if (row.service.length === 0) return `${what}no valid run, no figure.`;
          const inC = ratioOf(row.service, sums(row, 'copy')).median;
          const cost = spreadOf(row.service).median;
          const before =
            row.before.length === 0
              ? ''
              : `; ${judged(ratioOf(row.service, row.before).median, 0.85)} the build before`;
          return `${what}${judged(inC, 1)} receiving in C and a copying libzmq${before}; ${cost.toFixed(2)} CPU-s/GB.`;
        })
        .join('\n'),
    );
  }
  if (highest.length > 0) {
    parts.push(
      table(
        [
          'datagrams',
          'highest rate without loss, frames/s',
          `over ${searchSeconds} s; the next that failed`,
          'why',
          'wanted',
        ],
        highest.map(({ coalesced, rate, failedAt, reason }) => [
          coalesced ? 'coalesced' : 'single',
          String(rate),
          failedAt === null ? '–' : String(failedAt),
          reason,
          `≥ ${coalesced ? 2000 : 1000}: ${rate >= (coalesced ? 2000 : 1000) ? 'reached' : 'missed'}`,
        ]),
      ),
    );
  }
  return parts.join('\n\n');
}

/** "0.93 × (≤ 1: reached)". */
const judged = (value: number, limit: number): string =>
  `${value.toFixed(2)} × (≤ ${limit}: ${value <= limit ? 'reached' : 'missed'})`;

if (isMain(import.meta.url)) {
  const { options, json } = commandLine(pipelineDefaults);
  print(await measurePipeline(options), pipelineTables, json);
}
