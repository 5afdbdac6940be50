// What is going wrong just now, or went wrong with the last series, in plain sentences: what, where, remedy. Beside the sentences of
// the service's state (state-text.ts) these look at the last seconds. Pure; page/state.ts puts them into the state that the page shows.

import { abortText } from '../../contract/abort-reasons.js';
import { lossCauses } from '../../contract/loss-causes.js';
import { codesOf, remedyOf } from '../../contract/row.js';
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

/** Sentences, what is most urgent first; empty = nothing is seen. */
export function troubles(facts: TroubleFacts): string[] {
  return [...cutShort(facts.series), ...refusedAll(facts), ...silentPorts(facts), ...losingNow(facts), ...filling(facts)];
}

/** The last series, until the next is opened. */
function cutShort(series: Series | null): string[] {
  if (series === null || series.open || series.aborted === undefined) return [];
  const unsent = series.unsent > 0 ? `, and ${series.unsent} of its frames were never sent` : '';
  return [`series ${series.series_id} was cut short${unsent}: ${abortText(series.aborted)}`];
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
  const sums = codesOf(lossCauses).map((cause) => ({ cause, packets: concerned.reduce((sum, port) => sum + (port[cause] ?? 0), 0) }));
  const worst = sums.reduce((most, sum) => (sum.packets > most.packets ? sum : most));
  if (worst.packets === 0) return 'The kernel does not tell why; docs/operating.md#packets-are-missing.';
  return `Most of this series' missing packets ${lossCauses[worst.cause].says}${remedyOf(lossCauses[worst.cause])}.`;
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
