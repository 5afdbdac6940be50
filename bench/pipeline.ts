// What does the whole service cost, and how much can it take? Eiger quad, 514 × 514 × 16 bit, all on this machine:
// sender, service, consumer. First: CPU seconds per GB of pixels by thread at several rates, in turns with the sum of
// two programs in C that do the parts (receive and place; send the same messages through the same libzmq) at the same
// time. Second: the highest rate without any loss.
//
//   node dist/bench/pipeline.js [--runs 5] [--seconds 3] [--search-seconds 10] [--json]

import { createServer } from 'node:net';
import { commandLine, isMain, print } from './command-line.js';
import { compilePrograms } from './compile.js';
import type { Programs } from './compile.js';
import { quad } from './detector.js';
import type { BenchDetector } from './detector.js';
import { asArguments, delay, sendFrames, start, startConsumer } from './programs.js';
import type { PublisherReport } from './programs.js';
import { startC } from './receive.js';
import { ServiceProcess } from './service-process.js';
import { settle } from './settle.js';
import { ratioOf, spreadOf, table, verdict, withSpread } from './statistics.js';

export interface PipelineOptions {
  readonly runs: number;
  /** Of each measurement of cost. */
  readonly seconds: number;
  /** Of each attempt at a rate; 0 = do not search. */
  readonly searchSeconds: number;
}

export const pipelineDefaults: PipelineOptions = { runs: 5, seconds: 3, searchSeconds: 10 };

/** Cost at one rate. CPU seconds per GB of wire pixels, run by run. */
export interface CostRow {
  readonly coalesced: boolean;
  readonly rate: number;
  readonly service: readonly number[];
  /** By thread: receivers together, streamer, zmq, main, other. */
  readonly byThread: Readonly<Record<string, readonly number[]>>;
  readonly receiverC: readonly number[];
  readonly publisherC: readonly number[];
  /**
   * Packets missing in the service's series, over all runs, and frames per second that the sender reached, least of all
   * runs.
   */
  readonly missing: number;
  readonly reached: number;
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

export const pipelineRates = [500, 1000, 2000];
const ringFrames = 1000;
const threads = ['receivers', 'streamer', 'zmq', 'main', 'other'] as const;

/** About 2 × (runs × 3 × 3 × (seconds + 1.5) + 7 × (searchSeconds + 2) + 10) seconds. */
export async function measurePipeline(options: PipelineOptions): Promise<PipelineResult> {
  const programs = await compilePrograms();
  const costs: CostRow[] = [];
  const highest: HighestRate[] = [];
  for (const coalesced of [false, true]) {
    const keys = { ring_frames: ringFrames, receive_coalesced: coalesced };
    const service = await warmService(programs, await quad(keys), coalesced);
    try {
      // The programs in C have ports of their own: the service goes on, idle, as one that was compiled long ago.
      const yardstick = await quad(keys);
      for (const rate of pipelineRates)
        costs.push(await costAt(programs, service, yardstick, coalesced, rate, options));
      if (options.searchSeconds > 0) highest.push(await searchHighest(service, coalesced, options.searchSeconds));
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
): Promise<ServiceProcess> {
  const service = await ServiceProcess.start(programs, detector);
  const { packetsPerFrame } = detector.plan.detector;
  const frames = detector.plan.ring.frames + 200;
  for (let series = 0; series < 3; series++)
    await service.series({ coalesced, rate: 100_000 / packetsPerFrame, frames });
  return service;
}

async function costAt(
  programs: Programs,
  service: ServiceProcess,
  yardstick: BenchDetector,
  coalesced: boolean,
  rate: number,
  { runs, seconds }: PipelineOptions,
): Promise<CostRow> {
  const frames = Math.round(rate * seconds);
  const perGigabyte = (nanoseconds: number, measured: number): number =>
    nanoseconds / (measured * yardstick.plan.detector.packetsPerFrame * yardstick.layout.payloadBytes);
  const byThread: Record<string, number[]> = Object.fromEntries(threads.map((name) => [name, []]));
  const row = {
    coalesced,
    rate,
    service: [] as number[],
    byThread,
    receiverC: [] as number[],
    publisherC: [] as number[],
    missing: 0,
    reached: Number.POSITIVE_INFINITY,
  };
  for (let run = 0; run < runs; run++) {
    // As the receiver in C, the service is measured when it has filled its ring once in this run.
    const all = ringFrames + frames;
    const { cpu, measuredFrames, missing, sender } = await service.series(
      { coalesced, rate, frames: all },
      '',
      ringFrames,
    );
    for (const [thread, spent] of Object.entries(grouped(cpu)))
      byThread[thread]?.push(perGigabyte(spent, measuredFrames));
    row.service.push(
      perGigabyte(
        Object.values(cpu).reduce((sum, spent) => sum + spent, 0),
        measuredFrames,
      ),
    );
    row.missing += missing;
    row.reached = Math.min(row.reached, sender.frames / sender.seconds);
    // At the same time, as the service does both: what shares two cores and their caches costs more than what has them
    // to itself.
    await settle();
    const [receiver, publisher] = await Promise.all([
      receiveInC(programs, yardstick, coalesced, rate, frames),
      publishInC(programs, yardstick, rate, all),
    ]);
    row.receiverC.push(perGigabyte(receiver, frames));
    row.publisherC.push(perGigabyte(publisher, all));
  }
  return row;
}

function grouped(cpu: Readonly<Record<string, number>>): Record<string, number> {
  const sums: Record<string, number> = Object.fromEntries(threads.map((name) => [name, 0]));
  for (const [name, spent] of Object.entries(cpu)) {
    const group = name.startsWith('vdcu-rx') ? 'receivers' : name === 'vdcu-streamer' ? 'streamer' : name;
    sums[group] = (sums[group] ?? 0) + spent;
  }
  return sums;
}

/** CPU time in ns of receivers in C, one for each port, for `frames` frames after the ring has been filled once. */
async function receiveInC(
  programs: Programs,
  detector: BenchDetector,
  coalesced: boolean,
  rate: number,
  frames: number,
): Promise<number> {
  const last = ringFrames + frames;
  const receivers = await Promise.all(
    detector.config.detector.udpPorts.map((_, port) => startC(programs, detector, port, true, ringFrames, last)),
  );
  await delay(100);
  await sendFrames(programs, { detector, coalesced, rate, frames: last });
  const reports = await Promise.all(receivers.map((receiver) => receiver.report));
  // A lost packet must not make it look cheaper.
  return reports.reduce(
    (sum, { cpu_ns: spent, packets }) => sum + (spent / packets) * frames * detector.layout.expectedPackets,
    0,
  );
}

/** CPU time in ns of a program in C that sends the messages of `frames` frames, libzmq's threads included. */
export async function publishInC(
  programs: Programs,
  detector: BenchDetector,
  rate: number,
  frames: number,
  stamps = '',
  consumerStamps = '',
): Promise<number> {
  const endpoint = `tcp://127.0.0.1:${await freeTcpPort()}`;
  const publisher = await start<PublisherReport>(
    programs.publisher,
    asArguments({
      library: programs.library,
      endpoint,
      frameBytes: detector.layout.frameBytes,
      slotStride: detector.plan.ring.slotBytes,
      slots: detector.plan.ring.frames,
      rate,
      frames,
      hwm: detector.plan.highWaterMark,
      stamps,
    }),
    { waitReady: true },
  );
  const consumer = await startConsumer(programs, endpoint, consumerStamps);
  await delay(200);
  publisher.process.stdin.end('go\n');
  const [{ cpu_ns: spent }] = await Promise.all([publisher.report, consumer.report]);
  return spent;
}

/** Rates by halving the interval between what went through and what did not; the first attempts double. */
async function searchHighest(service: ServiceProcess, coalesced: boolean, seconds: number): Promise<HighestRate> {
  let through = 0;
  let failedAt: number | null = null;
  let reason = 'the search ended';
  let rate = 1000;
  for (let attempt = 0; attempt < 7; attempt++) {
    const run = await service.series({ coalesced, rate, frames: Math.round(rate * seconds) });
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
  const sums = (row: CostRow): number[] => row.receiverC.map((spent, run) => spent + row.publisherC[run]);
  const parts: string[] = [];
  if (costs.length > 0) {
    const median = (values: readonly number[] | undefined): string => spreadOf(values ?? []).median.toFixed(2);
    parts.push(
      table(
        ['datagrams', 'frames/s', 'service, CPU-s/GB', ...threads, 'C: receive', 'C: send', '× C', 'missing'],
        costs.map((row) => [
          row.coalesced ? 'coalesced' : 'single',
          row.reached < row.rate * 0.99 ? `${row.rate} (sender: ${Math.round(row.reached)})` : String(row.rate),
          withSpread(spreadOf(row.service), 2),
          ...threads.map((thread) => median(row.byThread[thread])),
          median(row.receiverC),
          median(row.publisherC),
          withSpread(ratioOf(row.service, sums(row)), 2),
          String(row.missing),
        ]),
      ),
    );
    parts.push(
      costs
        .map((row) => {
          const ratio = ratioOf(row.service, sums(row)).median;
          const cost = spreadOf(row.service).median;
          return (
            `- ${row.coalesced ? 'coalesced' : 'single'}, ${row.rate} frames/s: ${ratio.toFixed(2)} × the sum in C: ` +
            `${verdict(ratio, 1.3)}; aim ${verdict(ratio, 1.1)}; ${cost.toFixed(2)} CPU-s/GB: aim ` +
            `${verdict(cost, 0.6)}.`
          );
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

async function freeTcpPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free TCP port');
  return address.port;
}

if (isMain(import.meta.url)) {
  const { options, json } = commandLine(pipelineDefaults);
  print(await measurePipeline(options), pipelineTables, json);
}
