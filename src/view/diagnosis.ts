// What is going wrong just now, or went wrong with the last series, in plain sentences: what, where, remedy. Beside the
// sentences of the service's state (state-text.ts) these look at the last seconds. Pure. Goes out: findings, for
// status, page, log and readiness.

import { findings } from '../contract/findings.js';
import type { Finding } from '../contract/findings.js';
import { frameReasons } from '../contract/frame-reasons.js';
import { abortText } from '../contract/abort-reasons.js';
import { lossCauses, socketRemedy } from '../contract/loss-causes.js';
import type { LossCause } from '../contract/loss-causes.js';
import { nearlyFull } from '../contract/nearly-full.js';
import { codesOf, remedyOf } from '../contract/row.js';
import type { Sample } from '../contract/sample.js';
import { strangersText } from '../contract/series-warnings.js';
import type { SeriesState, SeriesSummary } from '../contract/series.js';
import type { SeriesPackets } from '../memory/series-packets.js';
import type { UdpPortStatus } from './service-view.js';

/** Seconds that are looked at. */
const lookedAt = 10;
/** Seconds without anything accepted after which a port is called silent. */
const silentSeconds = 3;

type Packets = SeriesPackets & { readonly udp_port: number };

export interface TroubleFacts {
  readonly state: SeriesState;
  /** Series are opened by request only. */
  readonly armed: boolean;
  /** Loss by port of the series that is open; null = none is. */
  readonly open: readonly Packets[] | null;
  readonly last: Pick<SeriesSummary, 'series_id' | 'aborted' | 'unsent'> | null;
  /** At the socket that has the most of them; as many as the configuration says. */
  readonly consumers: { readonly most: number; readonly expected: number };
  /** Ports of which a warning says that their settings look wrong. */
  readonly doubted: ReadonlySet<number>;
  readonly ring: { readonly slots: number; readonly used: number };
  /** Those of ports that are on, in the order of `Sample.missing`. */
  readonly sockets: readonly Pick<
    UdpPortStatus,
    'udp_port' | 'socket_queue_bytes' | 'receive_buffer_granted_bytes' | 'receive_buffer_requested_bytes'
  >[];
  /** Oldest first. */
  readonly samples: readonly Sample[];
}

/** What is most urgent first; empty = nothing is seen. */
export function diagnose(facts: TroubleFacts): Finding[] {
  return [
    ...cutShort(facts),
    ...crowded(facts),
    ...refusedAll(facts),
    ...outsideAll(facts),
    ...silentPorts(facts),
    ...losingNow(facts),
    ...filling(facts),
  ];
}

/** The last series, until the next is opened. */
function cutShort({ open, last }: TroubleFacts): Finding[] {
  if (open !== null || last?.aborted === undefined) return [];
  const unsent =
    last.unsent === 0 ? '' : `, and ${last.unsent} frame${last.unsent === 1 ? ' was' : 's were'} never sent`;
  return [
    {
      code: 'cut_short',
      message: `series ${last.series_id} was cut short${unsent}: ${abortText(last.aborted)}`,
      series: last.series_id,
    },
  ];
}

/** Where the sink lets in every consumer. */
function crowded({ consumers: { most, expected } }: TroubleFacts): Finding[] {
  if (most <= expected) return [];
  return [{ code: 'crowded', message: `${strangersText(most, expected)}${remedyOf(findings.crowded)}.` }];
}

function refusedAll({ state, armed, samples }: TroubleFacts): Finding[] {
  // A second in which a series ended has packets of that series, too.
  const rate = samples.at(-1)?.unarmed_per_second ?? 0;
  if (!armed || state !== 'idle' || rate < 1) return [];
  return [
    {
      code: 'no_series',
      message:
        `${Math.round(rate)} packets/s arrive and no series is open, so none of them is ` +
        `kept${remedyOf(findings.no_series)}.`,
    },
  ];
}

/** Packets come, and the series takes none of them: the detector's counter was set back, or goes on from elsewhere. */
function outsideAll({ state, samples }: TroubleFacts): Finding[] {
  const last = samples.slice(-silentSeconds);
  const outside = mean(last.map(({ outside_per_second: rate }) => rate));
  if (
    state !== 'open' ||
    last.length < silentSeconds ||
    outside < 1 ||
    last.some(({ placed_per_second: rate }) => rate > 0)
  )
    return [];
  return [
    {
      code: 'outside',
      message:
        `${Math.round(outside)} packets/s arrive and none lies in a frame: their frame numbers are not those of the ` +
        `series${remedyOf(findings.outside)}.`,
    },
  ];
}

/** Ports that accept nothing while others do. */
function silentPorts({ state, samples, sockets }: TroubleFacts): Finding[] {
  const silent = silentIndices(samples, sockets.length);
  if (state !== 'open' || silent.length === 0) return [];
  return [
    {
      code: 'silent_port',
      message:
        `${portNames(silent, sockets)} ${silent.length === 1 ? 'sends' : 'send'} nothing while others ` +
        `do${remedyOf(findings.silent_port)}.`,
    },
  ];
}

function silentIndices(samples: readonly Sample[], ports: number): number[] {
  const last = samples.slice(-silentSeconds);
  if (last.length < silentSeconds) return [];
  const indices = Array.from({ length: ports }, (_, port) => port);
  const silent = indices.filter((port) => last.every(({ missing }) => missing[port] === 1));
  return silent.length === ports ? [] : silent;
}

function losingNow(facts: TroubleFacts): Finding[] {
  const { state, samples, sockets, open } = facts;
  if (state !== 'open' || open === null) return [];
  const last = samples.slice(-lookedAt);
  const silent = silentIndices(samples, sockets.length);
  const shares = sockets.map((_, port) => mean(last.flatMap(({ missing }) => missing[port] ?? [])));
  const losing = shares.flatMap((share, port) => (share > 0 && !silent.includes(port) ? [port] : []));
  if (losing.length === 0) return [];
  const most = Math.max(...losing.map((port) => shares[port]));
  const loses = losing.length === 1 ? 'loses packets: ' : 'lose packets: up to ';
  const share = `${loses}${percent(most)} in the last ${last.length} s`;
  return [{ code: 'loss', message: `${portNames(losing, sockets)} ${share}. ${mostlyBecause(facts, open, losing)}` }];
}

/** Why most packets of this series are missing on these ports, of those that are on. */
function mostlyBecause(
  { sockets, doubted }: TroubleFacts,
  open: readonly Packets[],
  losing: readonly number[],
): string {
  const concerned = losing.map((index) => sockets[index]).filter((socket) => socket !== undefined);
  const udpPorts = concerned.map(({ udp_port: port }) => port);
  const packets = open.filter(({ udp_port: port }) => udpPorts.includes(port));
  const sums = codesOf(lossCauses).map((cause) => ({
    cause,
    packets: packets.reduce((sum, port) => sum + (port[cause] ?? 0), 0),
  }));
  const worst = sums.reduce((most, sum) => (sum.packets > most.packets ? sum : most));
  if (worst.packets === 0) return 'The kernel does not tell why; docs/operating.md#packets-are-missing.';
  const clamped = concerned.some(
    ({ receive_buffer_granted_bytes: granted, receive_buffer_requested_bytes: asked }) =>
      granted !== null && granted < asked,
  );
  return `Most of this series' missing packets ${lossCauses[worst.cause].says}${remedyFor(
    worst.cause,
    clamped,
    udpPorts.every((port) => doubted.has(port)),
  )}.`;
}

/**
 * What fits what is known: a limit of the kernel's only where it was met, the network only where the settings are not
 * in doubt.
 */
function remedyFor(cause: LossCause, clamped: boolean, settingsInDoubt: boolean): string {
  if (cause === 'socket' && clamped) return remedyOf({ ...lossCauses.socket, remedy: socketRemedy.clamped });
  if (cause === 'unexplained' && settingsInDoubt) return remedyOf(frameReasons.settings);
  return remedyOf(lossCauses[cause]);
}

function filling({ ring, sockets }: TroubleFacts): Finding[] {
  const found: Finding[] = [];
  if (ring.slots > 0 && ring.used / ring.slots > nearlyFull.ring) {
    found.push({
      code: 'ring',
      message:
        `the frame ring is nearly full (${ring.used} of ${ring.slots}): frames are lost when it ` +
        `is${remedyOf(findings.ring)}.`,
    });
  }
  const full = sockets.flatMap(({ socket_queue_bytes: queue, receive_buffer_granted_bytes: buffer }, port) =>
    queue !== null && buffer !== null && buffer > 0 && queue / buffer > nearlyFull.socket ? [port] : [],
  );
  if (full.length > 0) {
    found.push({
      code: 'socket',
      message:
        `the socket of ${portNames(full, sockets)} is more than half full: the receiver does not keep ` +
        `up${remedyOf(findings.socket)}.`,
    });
  }
  return found;
}

/** `port 50001`, `ports 50001, 50002`, `ports 50001, 50002, 50003 and 33 more`. */
function portNames(indices: readonly number[], sockets: TroubleFacts['sockets']): string {
  const named = indices.slice(0, 3).map((index) => sockets[index]?.udp_port);
  const more = indices.length > named.length ? ` and ${indices.length - named.length} more` : '';
  return `${indices.length === 1 ? 'port' : 'ports'} ${named.join(', ')}${more}`;
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

const percent = (share: number): string => `${Number((share * 100).toPrecision(2))} %`;
