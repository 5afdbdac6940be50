// The connections of a libzmq socket: which of them are consumers, which peers are refused and why, what consumers'
// machines have acknowledged, and which of them are gone. Comes in: the monitor's events. What the kernel knows of one
// connection: tcp-connection.ts.
// Tested by test/stream/output/libzmq/libzmq-sink.test.ts.

import { hostOf } from '../../../base/host-port.js';
import type { PeerRefusal, RefusedPeer } from '../../../contract/refused-peers.js';
import type { LibzmqDoor } from './door.js';
import { zmq } from './libzmq.js';
import { inbound } from './options.js';
import { TcpConnection } from './tcp-connection.js';

/** Connections in their handshake at once; the oldest beyond these are closed. */
const unfinishedLimit = 32;
/** A connection that was cut is told by the monitor within this time, in ms, or the socket is made anew. */
const cutLimitMs = 1000;
const greetingBytes = 64;
/** What libzmq sends before the first message: greeting, READY of a PUSH. */
const handshakeBytes = greetingBytes + 28;
/** A PING of a consumer, and the PONG that it gets. */
const pingBytes = 9;
const pongBytes = 7;

const nothing: readonly RefusedPeer[] = [];

/** A connection, from its acceptance on. */
interface Peer {
  readonly tcp: TcpConnection;
  readonly since: number;
  consumer: boolean;
  /** Bytes that it had sent when it became a consumer. */
  greeted: number;
  /** When it was cut; −1 = it was not. */
  cutAt: number;
  /** Said already why it is refused. */
  refused: boolean;
}

/** Times in ms of the service's clock. */
export class LibzmqPeers {
  readonly #door: Pick<LibzmqDoor, 'arrived' | 'isPromised' | 'isWaiting'>;
  readonly #timeoutMs: number;
  /** By their other end, as libzmq writes it. */
  readonly #all = new Map<string, Peer>();
  #consumers = 0;
  #acknowledged = 0;
  #refused: RefusedPeer[] = [];

  /** @param timeoutMs a consumer's machine that acknowledges nothing for so long is gone */
  constructor(door: Pick<LibzmqDoor, 'arrived' | 'isPromised' | 'isWaiting'>, timeoutMs: number) {
    this.#door = door;
    this.#timeoutMs = timeoutMs;
  }

  get consumers(): number {
    return this.#consumers;
  }

  /** Connections, those that are not through their handshake included. */
  get size(): number {
    return this.#all.size;
  }

  /** Bytes of messages that the machines of the consumers have acknowledged, as of the last look. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /**
   * How many connections of this address libzmq goes on with, since the door let them in: it has sent them more than
   * the greeting, and they are in their handshake still.
   */
  goingOn(host: string): number {
    let count = 0;
    for (const [remote, { consumer, tcp }] of this.#all) {
      if (consumer || hostOf(remote) !== host || !tcp.look() || !tcp.open) continue;
      if (tcp.sent === null || tcp.sent > greetingBytes) count++;
    }
    return count;
  }

  /** Those refused since the last call. */
  takeRefused(): readonly RefusedPeer[] {
    if (this.#refused.length === 0) return nothing;
    const refused = this.#refused;
    this.#refused = [];
    return refused;
  }

  /**
   * A peer that never finished the handshake is no consumer: a port scanner, or a socket of another type, whose end is
   * reported like any other. So consumers are known by their address.
   * @param remote as libzmq writes it: tcp://127.0.0.1:40000
   * @returns a consumer left; what it has acknowledged was looked up before
   */
  happened(event: number, value: number, remote: string, now: number): boolean {
    if (event === zmq.eventAccepted) {
      this.#accepted(remote, value, now);
      return false;
    }
    const peer = this.#all.get(remote);
    if (peer === undefined) return false;
    const host = hostOf(remote);
    switch (event) {
      case zmq.eventHandshakeSucceeded:
        this.#arrived(host, peer);
        return false;
      case zmq.eventHandshakeFailedNoDetail:
        this.#refuse(this.#door.isWaiting(host) ? 'too_many' : 'no_handshake', remote, peer);
        return false;
      case zmq.eventHandshakeFailedProtocol:
        this.#refuse('malformed', remote, peer);
        return false;
      case zmq.eventDisconnected:
        return this.#left(host, remote, peer);
      default:
        return false;
    }
  }

  #accepted(remote: string, descriptor: number, now: number): void {
    const port = Number(remote.slice(remote.lastIndexOf(':') + 1));
    this.#all.set(remote, {
      tcp: new TcpConnection(descriptor, port),
      since: now,
      consumer: false,
      greeted: 0,
      cutAt: -1,
      refused: false,
    });
    this.#boundUnfinished(now);
  }

  #arrived(host: string, peer: Peer): void {
    peer.consumer = true;
    peer.tcp.hold();
    peer.tcp.look();
    peer.greeted = peer.tcp.received;
    this.#consumers++;
    this.#door.arrived(host);
  }

  #left(host: string, remote: string, peer: Peer): boolean {
    // One last look: a consumer that read everything and left at once has lost nothing.
    if (peer.consumer) this.lookAtConsumers();
    this.#all.delete(remote);
    peer.tcp.release();
    if (peer.consumer) this.#consumers--;
    else {
      const greeted = this.#door.isPromised(host) || this.#door.isWaiting(host);
      this.#refuse(greeted ? 'socket_type' : 'old_protocol', remote, peer);
    }
    return peer.consumer;
  }

  #refuse(reason: PeerRefusal, address: string, peer: Peer): void {
    if (peer.refused) return;
    peer.refused = true;
    this.#refused.push({ reason, address });
  }

  /** Descriptors are few: of the connections in their handshake the oldest have to go. */
  #boundUnfinished(now: number): void {
    let unfinished = 0;
    for (const peer of this.#all.values()) if (!peer.consumer && peer.cutAt < 0) unfinished++;
    if (unfinished <= unfinishedLimit) return;
    for (const [remote, peer] of this.#all) {
      if (peer.consumer || peer.cutAt >= 0) continue;
      this.#refuse('too_many_unfinished', remote, peer);
      this.#cut(peer, now);
      return;
    }
  }

  #cut(peer: Peer, now: number): void {
    if (peer.cutAt < 0) peer.cutAt = now;
    peer.tcp.cut();
  }

  /**
   * Cut connections that send anything but PINGs, and those that are gone.
   * @returns false when the monitor tells nothing of one that was cut: libzmq forgets a connection whose input it had
   *   stopped, and would queue messages for it for ever
   */
  look(now: number): boolean {
    this.lookAtConsumers();
    for (const [remote, peer] of this.#all) {
      if (!peer.consumer) continue;
      const { tcp } = peer;
      const talks = tcp.received - peer.greeted > inbound.bytes + (inbound.bytesPerSecond * (now - peer.since)) / 1000;
      if (talks) this.#refuse('malformed', remote, peer);
      if (talks || tcp.gone(this.#timeoutMs)) this.#cut(peer, now);
      else if (!tcp.open && peer.cutAt < 0) peer.cutAt = now;
      if (peer.cutAt >= 0 && now - peer.cutAt > cutLimitMs) return false;
    }
    return true;
  }

  lookAtConsumers(): void {
    this.#acknowledged = 0;
    for (const peer of this.#all.values()) {
      if (!peer.consumer) continue;
      peer.tcp.look();
      const pings = Math.max(0, peer.tcp.received - peer.greeted) / pingBytes;
      // A PING that has not come whole was not answered yet; the end of a connection counts as a byte.
      this.#acknowledged += peer.tcp.acknowledged - handshakeBytes - Math.floor(pings) * pongBytes;
    }
  }

  /** The socket is closed, and all connections with it. @returns how many were consumers */
  release(): number {
    const consumers = this.#consumers;
    for (const { tcp } of this.#all.values()) tcp.release();
    this.#all.clear();
    this.#consumers = 0;
    return consumers;
  }
}
