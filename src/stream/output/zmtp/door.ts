// Which peers are let in: connections from accept until they are consumers or closed. In come connections of the
// listener; out go consumers, never more than configured, and refusals. A connected consumer stays; only onlookers give
// way to a real consumer. A stranger is refused by closing, never by an ERROR or a READY that does not fit: a libzmq
// peer that gets one of these never comes again. A peer that would come again at once first waits inside its handshake.
// Tested by test/stream/output/zmtp/zmtp-sink.test.ts.

import { Connection, pusher } from './connection.js';
import type { Role } from './connection.js';
import type { PeerRefusal, RefusedPeer } from '../../../contract/refused-peers.js';
import type { TcpSockets } from './tcp-sockets.js';

/** A peer must have finished its handshake in this time, in ms. */
export const handshakeMs = 2000;
/**
 * One that is refused waits so long from its connecting on, in ms: closed at once it would knock seven times a second.
 */
const refusedAfterMs = 1000;
/** Connections that are no consumers, beyond those that could become some. */
const halfOpenSpare = 8;
/** Connections accepted in one look. */
const acceptsPerLook = 16;
/** No connection is accepted for so long when no descriptor is left, in ms. */
const exhaustedPauseMs = 1000;

/** These speak zmq, and come again as soon as they are closed. */
const comesAgain: readonly PeerRefusal[] = ['too_many', 'gives_way', 'source', 'socket_type'];

export interface DoorOptions {
  readonly sockets: TcpSockets;
  /** Consumers at most. */
  readonly seats: number;
  /** A PUSH socket unless given. */
  readonly role?: Role;
  /** May a peer with this address be a consumer? */
  allowed(address: string): boolean;
  /** A connection was refused, once each, or could not be accepted. */
  refused(peer: RefusedPeer): void;
  /** Properties of our READY, whose names begin with "X-". */
  readonly properties: Readonly<Record<string, string>>;
  /** An onlooker that is to leave, since a consumer is at the door. */
  dismiss(onlooker: Connection): void;
}

export class Door {
  readonly #options: DoorOptions;
  readonly #halfOpen: Connection[] = [];
  #listener = -1;
  #exhaustedUntil = -Infinity;
  /** A peer that may come in found no room, at that time. */
  knockedAt = -Infinity;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** Connections that are no consumers yet, or never will be. */
  get halfOpen(): number {
    return this.#halfOpen.length;
  }

  listen(listener: number): void {
    this.#listener = listener;
  }

  /** Look after all connections at the door; one that may come in is put among `consumers`, and returned. */
  look(now: number, consumers: Connection[]): Connection[] {
    this.#accept(now);
    const came: Connection[] = [];
    for (let index = 0; index < this.#halfOpen.length;) {
      const peer = this.#halfOpen[index];
      if (this.#attend(peer, now, consumers)) {
        index++;
        continue;
      }
      this.#halfOpen.splice(index, 1);
      if (peer.state === 'consumer') came.push(peer);
    }
    // An onlooker that came in may have given way to a consumer that came behind it.
    return came.filter((peer) => consumers.includes(peer));
  }

  close(): void {
    const { sockets } = this.#options;
    if (this.#listener >= 0) sockets.close(this.#listener);
    this.#listener = -1;
    for (const peer of this.#halfOpen.splice(0)) sockets.close(peer.descriptor);
  }

  #accept(now: number): void {
    if (this.#listener < 0 || now < this.#exhaustedUntil) return;
    const options = this.#options;
    for (let accepts = 0; accepts < acceptsPerLook; accepts++) {
      const accepted = options.sockets.accept(this.#listener);
      if (accepted === null) return;
      if (accepted === 'exhausted') {
        this.#exhaustedUntil = now + exhaustedPauseMs;
        return options.refused({ reason: 'no_descriptors', address: '' });
      }
      const peer = new Connection(options.sockets, accepted, now, options.role ?? pusher);
      if (!options.allowed(accepted.address)) this.#refuse(peer, 'source', now);
      if (this.#halfOpen.length < options.seats + halfOpenSpare || this.#makeRoom(now)) this.#halfOpen.push(peer);
      else this.#shut(peer, 'too_many_unfinished');
    }
  }

  /**
   * One that is refused already goes first, then the one silent for longest, then the one that knocks for longest; not
   * one that has only just come.
   */
  #makeRoom(now: number): boolean {
    const stayed = this.#halfOpen.filter(({ acceptedAt }) => now - acceptedAt >= refusedAfterMs / 4);
    const oldest =
      this.#halfOpen.find(({ refused }) => refused !== null) ??
      stayed.find(({ state }) => state !== 'knocking') ??
      stayed[0];
    if (oldest === undefined) return false;
    this.#halfOpen.splice(this.#halfOpen.indexOf(oldest), 1);
    if (oldest.state !== 'knocking') this.#shut(oldest, 'too_many_unfinished');
    else this.#shut(oldest, oldest.onlooker ? 'gives_way' : 'too_many');
    return true;
  }

  /** @returns false when the peer is no longer at the door */
  #attend(peer: Connection, now: number, consumers: Connection[]): boolean {
    const { sockets } = this.#options;
    const heard = peer.flush(now) ? peer.read(now) : 'gone';
    if (heard === 'gone') {
      sockets.close(peer.descriptor);
      return false;
    }
    if (peer.refused !== null) {
      if (now < peer.refused.at && (heard === 'nothing' || peer.refused.reason !== 'source')) return true;
      return this.#shut(peer, peer.refused.reason);
    }
    if (heard !== 'nothing') {
      if (!comesAgain.includes(heard)) return this.#shut(peer, heard);
      this.#refuse(peer, heard, now);
      return true;
    }
    if (peer.state === 'knocking') return !this.#admit(peer, now, consumers);
    return now - peer.acceptedAt < handshakeMs || this.#shut(peer, 'no_handshake');
  }

  /** A peer that knocks comes in if there is room; else it waits, in case that a consumer leaves. */
  #admit(peer: Connection, now: number, consumers: Connection[]): boolean {
    const options = this.#options;
    if (!peer.onlooker) for (const other of consumers.filter(({ onlooker }) => onlooker)) options.dismiss(other);
    const consumed = consumers.some(({ onlooker }) => !onlooker);
    if (consumers.length < options.seats && !(peer.onlooker && consumed)) {
      peer.welcome(options.properties);
      consumers.push(peer);
      return true;
    }
    if (!peer.onlooker) this.knockedAt = now;
    if (now - peer.acceptedAt >= refusedAfterMs) {
      this.#shut(peer, peer.onlooker && consumed ? 'gives_way' : 'too_many');
      return true;
    }
    return false;
  }

  /** A refusal is told now, and the peer is closed later; one that leaves before that was refused all the same. */
  #refuse(peer: Connection, reason: PeerRefusal, now: number): void {
    peer.refused = { reason, at: Math.max(now, peer.acceptedAt + refusedAfterMs) };
    this.#options.refused({ reason, address: peer.name });
  }

  /** @param reason not told of one that was refused before */
  #shut(peer: Connection, reason: PeerRefusal): false {
    this.#options.sockets.close(peer.descriptor);
    if (peer.refused === null) this.#options.refused({ reason, address: peer.name });
    return false;
  }
}
