// The few things that the ZMTP sink asks of the kernel, as an interface. Behind it is the real kernel
// (linux-sockets.ts); simulated worlds have a model that takes any number of bytes, stops and resets. Nothing here
// waits, except `awaitRoom`.

import type { DataHostPort } from '../bind-remedy.js';

/** A connection that was accepted. */
export interface Accepted {
  readonly descriptor: number;
  /** The other end; IPv4 as IPv4. */
  readonly address: string;
  readonly port: number;
}

/** What the kernel knows of the way to a peer (TCP_INFO). Times in ms. */
export interface PathFigures {
  /** Segments sent and not acknowledged. */
  readonly unacknowledged: number;
  /** Probes of a closed window that are unanswered: 0 as soon as the peer's kernel answers one. */
  readonly probes: number;
  /** Since data was sent last, retransmissions included. */
  readonly sinceSent: number;
  /** Since the peer's kernel acknowledged anything. */
  readonly sinceAcknowledged: number;
}

/** A socket that listens. */
export interface Listening {
  readonly descriptor: number;
  readonly port: number;
  /** What the send buffer of each connection may hold, in the unit of what was asked for; null = it cannot be read. */
  readonly sendBufferBytes: number | null;
}

export interface TcpSockets {
  /**
   * Bind and listen; what is accepted is non-blocking, with the keep-alive that MAX IV's fabric needs.
   * @param port 0 = any free one
   * @param sendBufferBytes what each connection's send buffer shall hold
   * @param key the option that has the port, for errors; data_port unless given
   * @throws OperatorError when the address is taken or not ours
   */
  listen(host: string, port: number, sendBufferBytes: number, key?: DataHostPort): Listening;
  /**
   * The next connection; null when none waits; `exhausted`: a connection waits, and no descriptor or memory is left
   * for it.
   */
  accept(listener: number): Accepted | 'exhausted' | null;
  /** Bytes that the peer has sent; 0 = none now, −1 = its end is closed or the connection is broken. */
  read(descriptor: number, into: Uint8Array): number;
  /**
   * Hand over bytes; the kernel has copied what it took when this returns.
   * @param pieces one after the other
   * @param from so many bytes of them were taken before
   * @returns how many more were taken: 0 = no room, −1 = the connection is broken
   */
  write(descriptor: number, pieces: readonly Uint8Array[], from: number): number;
  /**
   * Bytes that were handed over and that the peer's kernel has not acknowledged; exact also after the connection broke.
   */
  unacknowledgedBytes(descriptor: number): number;
  /** Null where the kernel does not tell. */
  path(descriptor: number): PathFigures | null;
  /** Have the kernel probe a silent connection: a peer that leaves the probes unanswered for so long is gone. */
  probeSilence(descriptor: number, milliseconds: number): void;
  /** Which of these have room for a good part of their buffer? `room` is 1 at the index of each that has, else 0. */
  withRoom(descriptors: readonly number[], room: Uint8Array): void;
  /** Block until one of these has room, or has something to say, for at most so long. @returns whether one has */
  awaitRoom(descriptors: readonly number[], milliseconds: number): boolean;
  /** Nothing more will be handed over: the peer is told when it has everything. It may be read on. */
  finish(descriptor: number): void;
  close(descriptor: number): void;
}
