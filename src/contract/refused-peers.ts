// Who came to the data port and was not let in: the reasons, each with its sentence and remedy, and who was told of already. Comes in: what
// a sink refused. Goes out: a sentence per reason and address, at most once a minute, however often the peer knocks.

import { streamCounter } from '../memory/counters.js';
import type { StreamCounter } from '../memory/counters.js';

/** Why a peer is no consumer: label of `vdcu_zmq_peers_refused_total` → what it did, and the remedy. */
export const peerRefusals = {
  too_many: 'connected although consumer_connections consumers are there already: it was not let in, and gets no messages. Stop it, or set consumer_connections',
  gives_way: 'only looks on (vdcu watch, vdcu record): it was not let in, because a consumer is there. It may look when that is gone',
  source: 'is not in consumer_source: it was not let in. Add its address or network there if it is a consumer',
  old_protocol: 'speaks no ZMTP 3 (a libzmq before 4.0, a browser, a port scanner): it was closed. Give the consumer libzmq 4 or newer',
  mechanism: 'wants an encrypted or authenticated connection: it was closed. A consumer must use the mechanism NULL',
  socket_type: 'connected with a socket that does not PULL: it was refused. The consumer must use a PULL socket, and be started again',
  no_handshake: 'did not finish the handshake in time: it was closed. A consumer does so by itself; this is a port scanner, or something that only checks the port',
  malformed: 'sent what is no ZMTP, or more than a consumer may send: it was closed. A consumer sends nothing after its handshake',
  too_many_unfinished: 'is one of too many connections without a handshake: the oldest were closed. Keep strangers away from the data port (docs/operating.md#strangers)',
  no_descriptors: 'cannot be accepted, nor anybody else: no file descriptor or memory is left. Raise the limit (ulimit -n), and look who uses them up',
} as const;

export type PeerRefusal = keyof typeof peerRefusals;

const counters = {
  too_many: 'refusedTooMany',
  gives_way: 'refusedGivesWay',
  source: 'refusedSource',
  old_protocol: 'refusedOldProtocol',
  mechanism: 'refusedMechanism',
  socket_type: 'refusedSocketType',
  no_handshake: 'refusedNoHandshake',
  malformed: 'refusedMalformed',
  too_many_unfinished: 'refusedUnfinished',
  no_descriptors: 'refusedNoDescriptors',
} as const satisfies Record<PeerRefusal, StreamCounter>;

/** Index of the counter of a reason among the streamer's. */
export function refusalCounter(reason: PeerRefusal): number {
  return streamCounter[counters[reason]];
}

/** One refused connection. `address` as the way out knows it: "192.0.2.7:41312", or without port, or "" = unknown. */
export interface RefusedPeer {
  readonly reason: PeerRefusal;
  readonly address: string;
}

const againAfterMs = 60_000;
/** Addresses remembered at most: beyond these one sentence stands for all. */
const addressesLimit = 64;

/** Remembers who was told of. */
export class RefusedPeers {
  readonly #toldAt = new Map<string, number>();

  /** @returns the sentence to tell, or null when it was told within the last minute */
  sentence({ reason, address }: RefusedPeer, now: number): string | null {
    for (const [key, at] of this.#toldAt) if (now - at >= againAfterMs) this.#toldAt.delete(key);
    const host = hostOf(address);
    const key = this.#toldAt.size < addressesLimit ? `${reason} ${host}` : reason;
    if (this.#toldAt.has(key)) return null;
    this.#toldAt.set(key, now);
    return `data port: ${host === '' ? 'a peer' : host} ${peerRefusals[reason]}.`;
  }
}

/** The address without its port. */
export function hostOf(address: string): string {
  const [, host] = /^(?:tcp:\/\/)?(.*?)(?::\d+)?$/.exec(address) as unknown as [string, string];
  return host.replace(/^\[(.*)\]$/, '$1');
}
