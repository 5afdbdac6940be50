// How long after the last packet of a frame does its message leave? Measured from outside, with one clock
// (CLOCK_MONOTONIC): from just before the sender hands the last packets of a frame to the kernel (16 of each port in
// one call, or one coalesced buffer) until the consumer has the whole message. That is more than "handed to zmq":
// libzmq's thread, TCP and the consumer's waking up are in it. What those take is measured too, in turns: a program in
// C that sends the same messages at the same rate, from just before zmq_send to the consumer. The limits are held
// against the whole. The first half second of a series is left out: a series begins with its start window, in which
// nothing is sent by design.
//
//   node dist/bench/latency.js [--runs 5] [--seconds 3] [--against FOLDER] [--json]
//
// FOLDER is another checkout that was built (`npm ci`): its service is measured in turns with this one.

import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { commandLine, isMain, print } from './command-line.js';
import { compilePrograms } from './compile.js';
import { quad } from './detector.js';
import { warmService } from './pipeline.js';
import { readStamps } from './programs.js';
import { settle } from './settle.js';
import { percentile, spreadOf, table, verdict, withSpread } from './statistics.js';
import { publishInC } from './yardsticks.js';

export interface LatencyOptions {
  readonly runs: number;
  readonly seconds: number;
  /** Another checkout, built; '' = none. */
  readonly against: string;
}

export const latencyDefaults: LatencyOptions = { runs: 5, seconds: 3, against: '' };
export const latencyRates = [100, 1000];
/** Of the beginning of a series; its rate has to be sent for as long. */
export const leftOutSeconds = 0.5;

/** Milliseconds, run by run. */
export interface Percentiles {
  readonly p50: number[];
  readonly p99: number[];
  readonly most: number[];
}

export interface LatencyRow {
  readonly rate: number;
  readonly service: Percentiles;
  /** Of the other build; left out = none was compared. */
  readonly before?: Percentiles;
  readonly transport: Percentiles;
  readonly missing: number;
}

export interface LatencyResult {
  readonly rows: readonly LatencyRow[];
}

/** About 10 + runs × 2 × 2 × (seconds + 2) seconds; half as much again with another build. */
export async function measureLatency({ runs, seconds, against }: LatencyOptions): Promise<LatencyResult> {
  const programs = await compilePrograms();
  const keys = { ring_frames: 1000 };
  const services = [await warmService(programs, await quad(keys), false)];
  const sent = join(programs.folder, 'sent');
  const received = join(programs.folder, 'received');
  const rows = latencyRates.map((rate) => ({
    rate,
    service: noPercentiles(),
    ...(against !== '' && { before: noPercentiles() }),
    transport: noPercentiles(),
    missing: 0,
  }));
  try {
    if (against !== '')
      services.push(await warmService(programs, await quad(keys), false, { checkout: resolve(against) }));
    for (let run = 0; run < runs; run++) {
      for (const row of rows) {
        const { rate } = row;
        const frames = Math.round(rate * (seconds + leftOutSeconds));
        for (const [index, into] of [row.service, row.before].entries()) {
          if (into === undefined) continue;
          const service = services[index];
          const { missing } = await service.series({ coalesced: false, rate, frames, stamps: sent }, received);
          row.missing += missing;
          note(into, rate, sent, received);
        }
        await settle();
        const { detector } = services[0];
        await publishInC(programs, { detector, rate, frames, stamps: sent }, 'copy', received);
        note(row.transport, rate, sent, received);
      }
    }
  } finally {
    for (const service of services) await service.stop();
    for (const file of [sent, received]) rmSync(file, { force: true });
  }
  return { rows };
}

export function noPercentiles(): Percentiles {
  return { p50: [], p99: [], most: [] };
}

/** From what a sender and a consumer stamped. The first `leftOutSeconds` are left out. */
export function note(into: Percentiles, rate: number, sentFile: string, receivedFile: string): void {
  const sent = readStamps(sentFile);
  const first = Math.min(...sent.keys()) + rate * leftOutSeconds;
  const waits: number[] = [];
  for (const [frame, at] of readStamps(receivedFile)) {
    const since = sent.get(frame);
    if (since !== undefined && frame >= first) waits.push((at - since) / 1e6);
  }
  waits.sort((a, b) => a - b);
  into.p50.push(percentile(waits, 0.5));
  into.p99.push(percentile(waits, 0.99));
  into.most.push(waits.at(-1) ?? Number.NaN);
}

/** Tables for people. */
export function latencyTables({ rows }: LatencyResult): string {
  const cells = (name: string, { p50, p99, most }: Percentiles): string[] => [
    name,
    ...[p50, p99, most].map((values) => withSpread(spreadOf(values), 2)),
  ];
  const body = rows.flatMap(({ rate, service, before, transport, missing }) => [
    [String(rate), ...cells('last packet → consumer', service), String(missing)],
    ...(before === undefined ? [] : [[String(rate), ...cells('the same, by the build before', before), '']]),
    [String(rate), ...cells('of that zmq, TCP, consumer (C)', transport), ''],
  ]);
  const lines = rows.map(
    ({ rate, service: { p50, p99 } }) =>
      `- ${rate} frames/s: p50 ${verdict(spreadOf(p50).median, 1, ' ms')}; p99 ` +
      `${verdict(spreadOf(p99).median, 5, ' ms')}.`,
  );
  const heads = ['frames/s', 'from – to', 'p50, ms', 'p99, ms', 'longest, ms', 'missing'];
  return `${table(heads, body)}\n\n${lines.join('\n')}`;
}

if (isMain(import.meta.url)) {
  const { options, json } = commandLine(latencyDefaults);
  print(await measureLatency(options), latencyTables, json);
}
