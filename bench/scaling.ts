// How many nodes a detector needs at its highest rate: the plan of the service (config/plan.ts, with the costs of
// processor-load.ts that the benchmarks measured) for each number of instances that share its frames, until one fits on
// a node. Prints the table between the marks of docs/scaling.md, or writes it there.
//
//   node dist/bench/scaling.js            prints
//   node dist/bench/scaling.js --write    writes docs/scaling.md

import { readFileSync, writeFileSync } from 'node:fs';
import { parseConfig } from '../src/config/load.js';
import { makePlan, type Plan } from '../src/config/plan.js';
import { loadOf } from '../src/config/processor-load.js';
import { OperatorError } from '../src/base/errors.js';
import { destinationsMost } from '../src/detector/frame-share.js';
import { table } from './statistics.js';

/**
 * A node: its link, of which so much is used at most, each way; processors that the services may have; memory for them.
 */
export const node = { gigabitsPerSecond: 100, linkShare: 0.8, cores: 32, memoryGiB: 256 } as const;

/** Each UDP port of the detector has a link of its own. */
const portGigabitsPerSecond = 10;
/** Frames of 514 × 514 × 16 bit that one real consumer wrote to a file in a second. */
const consumerGigabytesPerSecond = (1000 * 514 * 514 * 2) / 1e9;

/**
 * Detectors: name, frames per second that the chips give, keys of the configuration. Rates as usually quoted, neither
 * measured nor checked against a publication here.
 */
const detectors: readonly (readonly [name: string, chipRate: number, keys: Readonly<Record<string, unknown>>])[] = [
  ['Eiger 500k, 8 bit', 11_200, { detector: 'eiger', modules: [2, 1], dynamic_range: 8 }],
  ['Eiger 500k, 16 bit', 6_100, { detector: 'eiger', modules: [2, 1], dynamic_range: 16 }],
  ['Eiger 1M, 16 bit', 6_100, { detector: 'eiger', modules: [4, 1], dynamic_range: 16 }],
  ['Eiger 9M, 16 bit', 6_100, { detector: 'eiger', modules: [12, 3], dynamic_range: 16 }],
  ['Jungfrau 4M', 2_200, { detector: 'jungfrau', modules: [4, 2], interfaces: 2 }],
  ['Jungfrau 16M', 2_200, { detector: 'jungfrau', modules: [16, 2], interfaces: 2 }],
];

/**
 * The plan of one of `instances`, or why there is none. A short frame time-out keeps the ring within one shared memory.
 */
function planOf(rate: number, keys: Readonly<Record<string, unknown>>, instances: number): Plan | string {
  const { modules } = keys as { modules: [number, number] };
  const ports = Array.from({ length: modules[0] * modules[1] * 2 }, (_, index) => 50001 + index);
  const entry = {
    udp_ports: ports,
    frame_rate_hz: rate,
    frame_timeout_ms: 100,
    receive_buffer_bytes: 33554432,
    series: 'armed',
    frames_stride: instances,
    ...keys,
  };
  try {
    return makePlan(
      parseConfig(JSON.stringify({ table: entry }), 'table', 'table'),
      Math.min(ports.length, node.cores - 2),
    );
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return 'ring in shared memory';
  }
}

interface Traffic {
  readonly plan: Plan;
  readonly rate: NonNullable<Plan['rate']>;
  /** Gbit/s of one instance, in and out. */
  readonly receives: number;
  readonly sends: number;
}

function trafficOf(plan: Plan): Traffic {
  const { rate } = plan;
  if (rate === null) throw new Error('the rate is known');
  return {
    plan,
    rate,
    receives: rate.perPort.gigabitsPerSecond * plan.ports.length,
    sends: rate.gigabytesPerSecond * 8,
  };
}

/** What stands in the way of one instance on a node of its own; empty = it fits. */
function limitsOf({ plan, rate: { processors }, receives, sends }: Traffic): string[] {
  const link = node.gigabitsPerSecond * node.linkShare;
  return [
    ...new Set(processors.overloaded.map((name) => `one core for ${name.replace(/ [0-9]+$/, '')}`)),
    ...(receives > link || sends > link ? ['link'] : []),
    ...(processors.cores > node.cores ? ['cores'] : []),
    ...(plan.memoryBytes > node.memoryGiB * 2 ** 30 ? ['memory'] : []),
  ];
}

/** What the chips give, or what the links of the detector carry. */
function highestRate(chipRate: number, keys: Readonly<Record<string, unknown>>): number {
  const plan = planOf(1, keys, 1);
  if (typeof plan === 'string') throw new Error('one frame per second always fits');
  return Math.min(chipRate, Math.floor(portGigabitsPerSecond / trafficOf(plan).rate.perPort.gigabitsPerSecond));
}

/** Can so many instances as a detector knows destinations carry this? */
function carried(rate: number, keys: Readonly<Record<string, unknown>>): boolean {
  const plan = planOf(rate, keys, destinationsMost);
  return typeof plan !== 'string' && limitsOf(trafficOf(plan)).length === 0;
}

/** The highest rate that is carried, in steps of 10; at most `most`. */
function carriedRate(most: number, keys: Readonly<Record<string, unknown>>): number {
  if (carried(most, keys)) return most;
  let rate = Math.floor(most / 10) * 10;
  while (rate > 10 && !carried(rate, keys)) rate -= 10;
  return rate;
}

function row(name: string, chipRate: number, keys: Readonly<Record<string, unknown>>): string[] {
  const highest = highestRate(chipRate, keys);
  const rate = carriedRate(highest, keys);
  let before: readonly string[] = [];
  for (let instances = 1; instances <= destinationsMost; instances++) {
    const plan = planOf(rate, keys, instances);
    const traffic = typeof plan === 'string' ? null : trafficOf(plan);
    const limits = traffic === null ? [plan as string] : limitsOf(traffic);
    if (traffic === null || limits.length > 0) {
      before = limits;
      continue;
    }
    const {
      rate: { processors, perPort, gigabytesPerSecond },
      receives,
      sends,
    } = traffic;
    const { ports, ring, memoryBytes } = traffic.plan;
    const perNode = Math.min(
      Math.floor((node.gigabitsPerSecond * node.linkShare) / Math.max(receives, sends)),
      Math.floor(node.cores / processors.cores),
      Math.floor((node.memoryGiB * 2 ** 30) / memoryBytes),
    );
    return [
      name,
      rate === highest ? String(rate) : `${rate} of ${highest}`,
      (gigabytesPerSecond * instances).toFixed(1),
      String(instances),
      before.join(', '),
      String(Math.ceil(instances / perNode)),
      String(ports.length),
      receives.toFixed(0),
      sends.toFixed(0),
      Math.round(perPort.packetsPerSecond * ports.length).toString(),
      `${processors.receivers.length} × ${Math.max(...processors.receivers).toFixed(2)}`,
      processors.streamer.toFixed(2),
      String(processors.cores),
      (ring.bytes / 2 ** 30).toFixed(1),
      ((gigabytesPerSecond * instances) / consumerGigabytesPerSecond).toFixed(0),
    ];
  }
  return [name, String(rate), '', `more than ${destinationsMost}`, before.join(', ')];
}

function scalingTable(): string {
  const head = [
    'detector',
    'frames/s',
    'GB/s',
    'instances',
    'one fewer fails by',
    'nodes',
    'ports',
    'Gbit/s in',
    'Gbit/s out',
    'packets/s',
    'receiver threads × core',
    'streamer',
    'cores',
    'ring, GiB',
    '× one consumer',
  ];
  return table(
    head,
    detectors.map(([name, chipRate, keys]) => row(name, chipRate, keys)),
  );
}

/** By so much frames shrink that are compressed; pictures of detectors shrink 3 to 20 times. */
const shrink = 4;
const socketCounts = [1, 2, 4, 8];

/** The same where what is sent has shrunk. */
function compressed({ plan, rate, receives, sends }: Traffic): Traffic {
  const { streamer, zmq } = rate.processors;
  const processors = loadOf({
    ...rate.processors,
    streamer: streamer / shrink,
    zmq: zmq === null ? null : zmq / shrink,
  });
  return { plan, rate: { ...rate, processors }, receives, sends: sends / shrink };
}

/** The fewest instances that carry this; null = more than the detector knows destinations. */
function least(
  rate: number,
  keys: Readonly<Record<string, unknown>>,
  form: (traffic: Traffic) => Traffic,
): { readonly instances: number; readonly traffic: Traffic } | null {
  for (let instances = 1; instances <= destinationsMost; instances++) {
    const plan = planOf(rate, keys, instances);
    const traffic = typeof plan === 'string' ? null : form(trafficOf(plan));
    if (traffic !== null && limitsOf(traffic).length === 0) return { instances, traffic };
  }
  return null;
}

/** Instances × cores of each, by the number of sockets, as frames lie and compressed. */
function socketsTable(): string {
  const head = [
    'detector',
    'frames/s',
    ...socketCounts.map((count) => `${count} ${count === 1 ? 'socket' : 'sockets'}, MB/s each`),
    'instances × cores, whatever the sockets',
    `compressed (÷ ${shrink})`,
  ];
  return table(
    head,
    detectors.map(([name, chipRate, keys]) => {
      const rate = carriedRate(highestRate(chipRate, keys), keys);
      const plain = least(rate, keys, (traffic) => traffic);
      const small = least(rate, { ...keys, compression: 'bslz4' }, compressed);
      const each = socketCounts.map((count) =>
        plain === null ? '' : ((plain.traffic.rate.gigabytesPerSecond * 1000) / count).toFixed(0),
      );
      const [asItLies, packed] = [plain, small].map((found) =>
        found === null
          ? `more than ${destinationsMost}`
          : `${found.instances} × ${found.traffic.rate.processors.cores}`,
      );
      return [name, String(rate), ...each, asItLies, packed];
    }),
  );
}

const file = new URL('../../docs/scaling.md', import.meta.url);
const tables = [
  ['<!-- bench:scaling -->', '<!-- /bench:scaling -->', scalingTable],
  ['<!-- bench:scaling-sockets -->', '<!-- /bench:scaling-sockets -->', socketsTable],
] as const;

/** The document with the tables of now between their marks. */
export function withTable(document: string): string {
  let text = document;
  for (const [from, to, make] of tables) {
    const [start, end] = [text.indexOf(from), text.indexOf(to)];
    if (start < 0 || end < start) throw new Error('docs/scaling.md has no marks for the table');
    text = `${text.slice(0, start + from.length)}\n${make()}\n${text.slice(end)}`;
  }
  return text;
}

if (process.argv[1]?.endsWith('scaling.js') === true) {
  if (process.argv.includes('--write')) writeFileSync(file, withTable(readFileSync(file, 'utf8')));
  else process.stdout.write(`${scalingTable()}\n\n${socketsTable()}\n`);
}
