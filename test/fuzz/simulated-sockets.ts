// TCP as the ZMTP sink sees it, without a network: connections whose buffers take any number of bytes, that stop and go
// on, and are reset at any byte; reads come in any pieces. Nothing is lost or changed on an open connection. Written
// from what sockets do, for wire-sink.ts.

import type { Random } from '../../src/base/random.js';
import type { Accepted, Listening, PathFigures, TcpSockets } from '../../src/stream/output/zmtp/tcp-sockets.js';

/** One connection, seen from the peer's side. */
export interface SimulatedConnection {
  readonly descriptor: number;
  /** Bytes of the peer that the sink has not read. */
  toSink: Uint8Array;
  /** Bytes of the sink that the peer has not taken, piece by piece. */
  readonly toPeer: Uint8Array[];
  waiting: number;
  broken: boolean;
  closed: boolean;
}

export class SimulatedSockets implements TcpSockets {
  readonly #random: Random;
  readonly #capacity: number;
  readonly #backlog: SimulatedConnection[] = [];
  readonly #connections = new Map<number, SimulatedConnection>();
  #descriptors = 10;
  /** The connection that took bytes last. */
  written = -1;

  /** @param capacity bytes that a connection holds */
  constructor(random: Random, capacity: number) {
    this.#random = random;
    this.#capacity = capacity;
  }

  /** A peer connects, and says this. */
  knock(words: Uint8Array): SimulatedConnection {
    const connection: SimulatedConnection = {
      descriptor: this.#descriptors++,
      toSink: words,
      toPeer: [],
      waiting: 0,
      broken: false,
      closed: false,
    };
    this.#backlog.push(connection);
    return connection;
  }

  /** What the peer takes now; it has acknowledged that. */
  take(connection: SimulatedConnection): Uint8Array {
    const bytes = Buffer.concat(connection.toPeer.splice(0));
    connection.waiting = 0;
    return bytes;
  }

  listen(): Listening {
    return { descriptor: 3, port: 9999, sendBufferBytes: this.#capacity };
  }

  accept(): Accepted | null {
    const connection = this.#backlog.shift();
    if (connection === undefined) return null;
    this.#connections.set(connection.descriptor, connection);
    return { descriptor: connection.descriptor, address: '192.0.2.7', port: 40_000 + connection.descriptor };
  }

  read(descriptor: number, into: Uint8Array): number {
    const connection = this.#of(descriptor);
    if (connection.broken) return -1;
    const count = Math.min(into.length, connection.toSink.length, 1 + this.#random.integer(80));
    into.set(connection.toSink.subarray(0, count));
    connection.toSink = connection.toSink.subarray(count);
    return count;
  }

  write(descriptor: number, pieces: readonly Uint8Array[], from: number): number {
    const connection = this.#of(descriptor);
    if (connection.broken) return -1;
    const offered = pieces.reduce((sum, piece) => sum + piece.length, 0) - from;
    const room = Math.min(offered, this.#capacity - connection.waiting);
    const count = this.#random.chance(0.3) ? this.#random.integer(room + 1) : room;
    // The kernel copies what it takes when it takes it.
    connection.toPeer.push(Buffer.concat(pieces).subarray(from, from + count));
    connection.waiting += count;
    if (count > 0) this.written = descriptor;
    return count;
  }

  unacknowledgedBytes(descriptor: number): number {
    return this.#of(descriptor).waiting;
  }

  path(): PathFigures {
    return { unacknowledged: 0, probes: 0, sinceSent: 0, sinceAcknowledged: 0 };
  }

  probeSilence(): void {
    // Whoever is there answers.
  }

  withRoom(descriptors: readonly number[], room: Uint8Array): void {
    for (const [index, descriptor] of descriptors.entries())
      room[index] = this.#of(descriptor).waiting < this.#capacity ? 1 : 0;
  }

  awaitRoom(): boolean {
    return false;
  }

  finish(descriptor: number): void {
    // Whoever has everything closes its end, too.
    this.#of(descriptor).broken = true;
  }

  close(descriptor: number): void {
    const connection = this.#connections.get(descriptor);
    if (connection !== undefined) connection.closed = true;
  }

  #of(descriptor: number): SimulatedConnection {
    const connection = this.#connections.get(descriptor);
    if (connection === undefined || connection.closed) throw new Error(`descriptor ${descriptor} is not open`);
    return connection;
  }
}
