// What is going wrong just now, or went wrong with the last series, in plain sentences: what, where, remedy. Beside the sentences of
// the service's state (state-text.ts) these look at the last seconds. Pure; page/state.ts puts them into the state that the page shows.

import type { PortLoss, Sample, Series, State } from '../../page/messages.js';

/** Seconds that are looked at. */
const lookedAt = 10;
/** Seconds without anything accepted after which a port is called silent. */
const silentSeconds = 3;
const ringHigh = 0.8;
const socketHigh = 0.5;

export interface TroubleFacts {
  readonly state: State['state'];
  /** Series are opened by request only. */
  readonly armed: boolean;
  readonly series: Series | null;
  readonly ring: State['ring'];
  /** Those of ports that are on, in the order of `Sample.missing`. */
  readonly sockets: State['sockets'];
  /** Oldest first. */
  readonly samples: readonly Sample[];
}

type Cause = 'late' | 'ring' | 'socket' | 'unexplained';

const causes: Readonly<Record<Cause, string>> = {
  unexplained: 'did not reach the socket. Look at the card (ethtool -S IF), cable, switch and MTU; docs/operating.md#packets-are-missing',
  socket: 'were dropped by the kernel because the socket was full. Raise net.core.rmem_max, give the receivers a free core; docs/operating.md#receive-buffer',
  late: 'came after their frame was closed. Raise frame_timeout_ms or overtake_frames, or look for reordering in the network; docs/operating.md#packets-are-missing',
  ring: 'were refused because the ring was full: the consumer is too slow. Speed it up, or slow the detector down; docs/operating.md#ring-full',
};

const aborts: Readonly<Record<string, string>> = {
  consumer_lost: 'its consumer went away. Find out why it ended, start it again, and repeat the series; docs/operating.md#consumer-lost',
  no_consumer: 'no consumer ever took its header. Start the consumer first, and repeat the series; docs/operating.md#consumer-lost',
  closing_timeout: 'the consumer took nothing while the series was closing. Look at the consumer; docs/operating.md#consumer-lost',
  consumer_stalled: 'the consumer took nothing for too long and the ring was full. Look at its disk and network; docs/operating.md#ring-full',
  detector_stopped: 'the detector stopped before all frames had come. Look at the detector, and repeat the series; docs/operating.md#the-series-does-not-end',
  ports_disagree: 'frame numbers differ between ports. Stop the detector, set nextframenumber of all to the same value, and arm again; docs/operating.md#ports-disagree',
  frame_jump: 'frame numbers jumped or went back. Stop the detector, set nextframenumber, and arm again; docs/operating.md#ports-disagree',
};

/** Sentences, what is most urgent first; empty = nothing is seen. */
export function troubles(facts: TroubleFacts): string[] {
  return [...cutShort(facts.series), ...refusedAll(facts), ...silentPorts(facts), ...losingNow(facts), ...filling(facts)];
}

/** The last series, until the next is opened. */
function cutShort(series: Series | null): string[] {
  if (series === null || series.open || series.aborted === undefined) return [];
  const unsent = series.unsent > 0 ? `, and ${series.unsent} of its frames were never sent` : '';
  return [`series ${series.series_id} was cut short${unsent}: ${aborts[series.aborted] ?? `${series.aborted}; docs/operating.md#consumer-lost`}.`];
}

function refusedAll({ state, armed, samples }: TroubleFacts): string[] {
  const rate = samples.at(-1)?.packets_per_second ?? 0;
  if (!armed || state !== 'idle' || rate < 1) return [];
  return [`${Math.round(rate)} packets/s arrive and no series is open, so none of them is kept. Arm a series, or stop the detector.`];
}

/** Ports that accept nothing while others do. */
function silentPorts({ state, samples, sockets }: TroubleFacts): string[] {
  const silent = silentIndices(samples, sockets.length);
  if (state !== 'open' || silent.length === 0) return [];
  return [`${portNames(silent, sockets)} ${silent.length === 1 ? 'sends' : 'send'} nothing while others do. Look at power and link of the module, its udp_dstport and udp_dstmac; docs/operating.md#silent-port.`];
}

function silentIndices(samples: readonly Sample[], ports: number): number[] {
  const last = samples.slice(-silentSeconds);
  if (last.length < silentSeconds) return [];
  const indices = Array.from({ length: ports }, (_, port) => port);
  const silent = indices.filter((port) => last.every(({ missing }) => missing[port] === 1));
  return silent.length === ports ? [] : silent;
}

function losingNow({ state, samples, sockets, series }: TroubleFacts): string[] {
  if (state !== 'open' || series === null) return [];
  const last = samples.slice(-lookedAt);
  const silent = silentIndices(samples, sockets.length);
  const shares = sockets.map((_, port) => mean(last.flatMap(({ missing }) => missing[port] ?? [])));
  const losing = shares.flatMap((share, port) => (share > 0 && !silent.includes(port) ? [port] : []));
  if (losing.length === 0) return [];
  const most = Math.max(...losing.map((port) => shares[port] as number));
  const where = portNames(losing, sockets);
  return [`${where} ${losing.length === 1 ? 'loses' : 'lose'} packets: ${losing.length === 1 ? '' : 'up to '}${percent(most)} in the last ${last.length} s. ${mostlyBecause(series.ports, losing.map((port) => sockets[port]?.udp_port as number))}`];
}

/** Why most packets of this series are missing on these ports. */
function mostlyBecause(ports: readonly PortLoss[], udpPorts: readonly number[]): string {
  const concerned = ports.filter(({ udp_port: port }) => udpPorts.includes(port));
  const sums = (Object.keys(causes) as Cause[]).map((cause) => ({ cause, packets: concerned.reduce((sum, port) => sum + (port[cause] ?? 0), 0) }));
  const worst = sums.reduce((most, sum) => (sum.packets > most.packets ? sum : most));
  if (worst.packets === 0) return 'The kernel does not tell why; docs/operating.md#packets-are-missing.';
  return `Most of this series' missing packets ${causes[worst.cause]}.`;
}

function filling({ ring, sockets }: TroubleFacts): string[] {
  const sentences: string[] = [];
  if (ring.slots > 0 && ring.used / ring.slots > ringHigh) {
    sentences.push(`the frame ring is nearly full (${ring.used} of ${ring.slots}): frames are lost when it is. The consumer takes too little: look at its disk and network; docs/operating.md#ring-full.`);
  }
  const full = sockets.flatMap(({ queue_bytes: queue, buffer_bytes: buffer }, port) => (queue !== null && buffer !== null && buffer > 0 && queue / buffer > socketHigh ? [port] : []));
  if (full.length > 0) {
    sentences.push(`the socket of ${portNames(full, sockets)} is more than half full: the receiver does not keep up. Give it a free core (receiver_threads, pin_cpus); docs/operating.md#receive-buffer.`);
  }
  return sentences;
}

/** `port 50001`, `ports 50001, 50002`, `ports 50001, 50002, 50003 and 33 more`. */
function portNames(indices: readonly number[], sockets: State['sockets']): string {
  const named = indices.slice(0, 3).map((index) => sockets[index]?.udp_port);
  const more = indices.length > named.length ? ` and ${indices.length - named.length} more` : '';
  return `${indices.length === 1 ? 'port' : 'ports'} ${named.join(', ')}${more}`;
}

const mean = (values: readonly number[]): number => (values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length);

const percent = (share: number): string => `${Number((share * 100).toPrecision(2))} %`;
