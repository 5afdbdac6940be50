// What a detector at its rate needs, by the service's own plan (`vdcu run --print-plan`), and what the benchmarks say
// about the figures that the plan computes with (src/config/processor-load.ts).

import { parseConfig } from '../src/config/load.js';
import { makePlan } from '../src/config/plan.js';
import { processorCost } from '../src/config/processor-load.js';
import type { PipelineResult } from './pipeline.js';
import { spreadOf, table } from './statistics.js';

/** Detectors of the table: name, keys of the configuration. */
const detectors: readonly (readonly [name: string, rate: number, keys: Readonly<Record<string, unknown>>])[] = [
  ['Eiger quad, 16 bit', 100, { quad: true, modules: [1, 1] }],
  ['Eiger quad, 16 bit', 1000, { quad: true, modules: [1, 1] }],
  ['Eiger quad, 16 bit', 2000, { quad: true, modules: [1, 1] }],
  ['Eiger quad, 32 bit', 1000, { quad: true, modules: [1, 1], dynamic_range: 32 }],
  ['Eiger 500k, 16 bit', 1000, { modules: [2, 1] }],
  ['Eiger 2M, 16 bit', 500, { modules: [4, 2] }],
  ['Eiger 9M, 16 bit', 100, { modules: [18, 2] }],
];

/** Socket buffer that covers a receiver which is held up for so long, in ms. */
const coveredMs = 200;

/** The table of detectors. */
export function planningTables(): string {
  const rows = detectors.map(([name, rate, keys]) => {
    const { modules, quad } = keys as { modules: [number, number]; quad?: boolean };
    const ports = Array.from({ length: quad === true ? 2 : 2 * modules[0] * modules[1] }, (_, index) => 50001 + index);
    const config = parseConfig(
      JSON.stringify({ table: { detector: 'eiger', udp_ports: ports, frame_rate_hz: rate, ...keys } }),
      'table',
      'table',
    );
    const { rate: at, ring, receiveBufferBytes } = makePlan(config, Math.min(ports.length, 8));
    if (at === null) throw new Error('the rate is known');
    const { processors, perPort } = at;
    const buffer = (receiveBufferBytes.perPort * coveredMs) / perPort.receiveBufferMs;
    return [
      name,
      String(rate),
      `${ports.length} × ${perPort.gigabitsPerSecond.toFixed(2)}`,
      Math.round(perPort.packetsPerSecond * ports.length).toString(),
      at.gigabytesPerSecond.toFixed(2),
      `${processors.receivers.length} × ${Math.max(...processors.receivers).toFixed(2)}`,
      processors.streamer.toFixed(2),
      processors.total.toFixed(1),
      String(processors.cores),
      `${ring.frames} = ${(ring.bytes / 2 ** 20).toFixed(0)} MiB`,
      `${Math.ceil(buffer / 2 ** 20)} MiB`,
    ];
  });
  const head = [
    'detector',
    'frames/s',
    'ports × Gbit/s',
    'packets/s',
    'GB/s out',
    'receiver threads × core',
    'streamer',
    'busy',
    'cores to give',
    'ring',
    `receive_buffer_bytes for ${coveredMs} ms`,
  ];
  return table(head, rows);
}

/** Figures in use beside those of the benchmark: what is used must not be smaller. */
export function costOf({ costs }: PipelineResult): string {
  const payload = 4096;
  const worst = (coalesced: boolean, thread: string): number =>
    Math.max(
      ...costs
        .filter((row) => row.coalesced === coalesced && row.rate >= 1000)
        .map((row) => spreadOf(row.byThread[thread] ?? []).median),
    );
  const packet = (coalesced: boolean): number =>
    (worst(coalesced, 'receivers') - processorCost.receiveGigabyte) * payload * 1e-3;
  const rows: [string, number, number, string][] = [
    ['each single datagram', packet(false), processorCost.packet.single * 1e6, 'µs'],
    ['each coalesced datagram', packet(true), processorCost.packet.coalesced * 1e6, 'µs'],
    ['streamer', Math.max(worst(false, 'streamer'), worst(true, 'streamer')), processorCost.zmtpGigabyte, 's/GB'],
  ];
  return table(
    ['what', 'measured, dearest median from 1000 frames/s on', 'used by the plan', ''],
    rows.map(([what, measured, used, unit]) => [
      what,
      `${measured.toFixed(2)} ${unit}`,
      `${used.toFixed(2)} ${unit}`,
      used >= measured ? '' : '**too small: raise it**',
    ]),
  );
}
