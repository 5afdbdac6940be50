// Why a peer that came to the data port was not let in. Pure.
// Tested by test/contract/closed-lists.test.ts.

import type { Row } from './row.js';

interface RefusalRow extends Row {
  /** Of the data path. */
  readonly counter: string;
  /**
   * It may have been meant as a consumer, so a reader of the series that was open should know of it. Not a program of
   * ours that only looks on and gives way by itself, not what only opens the port, or with some ways out cannot be told
   * from that, nor what concerns the machine.
   */
  readonly maybeConsumer: boolean;
  /** VdcuStrangers rings: somebody has to look. */
  readonly alerts: boolean;
}

/** Why a peer is no consumer: label of `vdcu_zmq_peers_refused_total`. `says` goes on from "data port: 192.0.2.7 ". */
export const peerRefusals = {
  too_many: {
    says:
      'connected although consumer_connections consumers are there already: it was not let in, and gets no ' +
      'messages',
    remedy: 'Stop it, or set consumer_connections',
    docs: 'docs/operating.md#strangers',
    counter: 'refusedTooMany',
    maybeConsumer: true,
    alerts: true,
  },
  gives_way: {
    says: 'only looks on (vdcu watch, vdcu record): it was not let in, because a consumer is there',
    remedy: 'It may look when that is gone',
    docs: 'docs/operating.md#strangers',
    counter: 'refusedGivesWay',
    maybeConsumer: false,
    alerts: false,
  },
  source: {
    says: 'is not in consumer_source: it was not let in',
    remedy: 'Add its address or network there if it is a consumer',
    docs: 'docs/operating.md#strangers',
    counter: 'refusedSource',
    maybeConsumer: true,
    alerts: true,
  },
  old_protocol: {
    says: 'speaks no ZMTP 3 (a libzmq before 4.0, a browser, a port scanner): it was closed',
    remedy: 'Give the consumer libzmq 4 or newer',
    docs: 'docs/operating.md#strangers',
    counter: 'refusedOldProtocol',
    maybeConsumer: false,
    alerts: true,
  },
  mechanism: {
    says: 'wants an encrypted or authenticated connection: it was closed',
    remedy: 'A consumer must use the mechanism NULL',
    docs: 'docs/operating.md#strangers',
    counter: 'refusedMechanism',
    maybeConsumer: true,
    alerts: true,
  },
  socket_type: {
    says: 'connected with a socket that does not PULL: it was refused',
    remedy: 'The consumer must use a PULL socket, and be started again',
    docs: 'docs/operating.md#strangers',
    counter: 'refusedSocketType',
    maybeConsumer: true,
    alerts: true,
  },
  no_handshake: {
    says: 'did not finish the handshake in time: it was closed',
    remedy: 'A consumer does so by itself; this is a port scanner, or something that only checks the port',
    docs: 'docs/operating.md#strangers',
    counter: 'refusedNoHandshake',
    maybeConsumer: false,
    alerts: false,
  },
  malformed: {
    says: 'sent what is no ZMTP, or more than a consumer may send: it was closed',
    remedy: 'A consumer sends nothing but heartbeats after its handshake',
    docs: 'docs/operating.md#strangers',
    counter: 'refusedMalformed',
    maybeConsumer: true,
    alerts: true,
  },
  too_many_unfinished: {
    says: 'is one of too many connections without a handshake: the oldest were closed',
    remedy: 'Keep strangers away from the data port',
    docs: 'docs/operating.md#strangers',
    counter: 'refusedUnfinished',
    maybeConsumer: false,
    alerts: false,
  },
  not_a_consumer: {
    says: 'connected and was no consumer (no PULL socket, a libzmq before 4.0, or no zmq at all): it was closed',
    remedy: 'A consumer has a PULL socket of libzmq 4 or newer. send: zmtp would tell which it is, and its address',
    docs: 'docs/operating.md#strangers',
    counter: 'refusedNotAConsumer',
    maybeConsumer: false,
    alerts: true,
  },
  no_descriptors: {
    says: 'cannot be accepted, nor any other peer: no file descriptor or memory is left',
    remedy: 'Raise the limit (ulimit -n), and look which program uses them up',
    docs: 'docs/operating.md#strangers',
    counter: 'refusedNoDescriptors',
    maybeConsumer: false,
    alerts: true,
  },
} as const satisfies Readonly<Record<string, RefusalRow>>;

export type PeerRefusal = keyof typeof peerRefusals;

/** One refused connection. `address` as the way out knows it: "192.0.2.7:41312", or without port, or "" = unknown. */
export interface RefusedPeer {
  readonly reason: PeerRefusal;
  readonly address: string;
}
