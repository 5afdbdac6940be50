// A PUB socket of our own for live viewers: a viewer gets the messages that it has room for. In come whole messages;
// each goes to every subscriber that wants it and has finished the one before. Nothing here waits, and nothing is kept
// but messages that were begun. In the streamer's thread, with a `poll` in each turn.
// Tested by test/threads/preview.test.ts.

import { hostPort } from '../../../base/host-port.js';
import type { RefusedPeer } from '../../../contract/refused-peers.js';
import type { PreviewSink } from '../preview/preview-sink.js';
import { publisher } from './connection.js';
import type { Connection } from './connection.js';
import { Door } from './door.js';
import type { TcpSockets } from './tcp-sockets.js';

export interface PubSinkOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Subscribers at most. */
  readonly seats: number;
  readonly sendBufferBytes: number;
  /** A subscriber that takes nothing of what was begun for so long is closed. */
  readonly stuckMs: number;
  /** ms of the service's clock. */
  now(): number;
}

/** Subscribers are looked after this often, in ms; what was begun goes on in each turn. */
const lookEveryMs = 20;
/** Headers and ends that wait for a subscriber in the middle of a frame. */
const waitingMost = 4;

interface Subscriber {
  readonly connection: Connection;
  /** Bytes that the kernel had taken, and since when it has taken no more. */
  handed: number;
  since: number;
  /** What is half-sent lies here. */
  using: readonly Uint8Array[];
  readonly waiting: (readonly Uint8Array[])[];
}

export class PubSink implements PreviewSink {
  readonly #sockets: TcpSockets;
  readonly #options: PubSinkOptions;
  readonly #door: Door;
  /** What the door lets in. */
  readonly #connections: Connection[] = [];
  #subscribers: Subscriber[] = [];
  #lookedAt = -Infinity;
  #refused = 0;

  constructor(sockets: TcpSockets, options: PubSinkOptions) {
    this.#sockets = sockets;
    this.#options = options;
    this.#door = new Door({
      sockets,
      seats: options.seats,
      role: publisher,
      properties: {},
      refused: (_peer: RefusedPeer) => void this.#refused++,
      allowed: () => true,
      dismiss: () => undefined,
    });
  }

  get subscribers(): number {
    return this.#subscribers.length;
  }

  get refused(): number {
    return this.#refused;
  }

  get free(): number {
    let free = 0;
    for (const { connection } of this.#subscribers) if (!connection.sending) free++;
    return free;
  }

  async open(): Promise<string> {
    const { host, port, sendBufferBytes } = this.#options;
    const listening = this.#sockets.listen(host, port, sendBufferBytes, 'preview.port');
    this.#door.listen(listening.descriptor);
    return `tcp://${hostPort(host, listening.port)}`;
  }

  poll(): void {
    const now = this.#options.now();
    for (const subscriber of this.#subscribers) this.#goOn(subscriber, now);
    if (now - this.#lookedAt < lookEveryMs) return;
    this.#lookedAt = now;
    for (const subscriber of [...this.#subscribers])
      if (subscriber.connection.read(now) !== 'nothing') this.#close(subscriber);
    for (const connection of this.#door.look(now, this.#connections)) {
      this.#sockets.probeSilence(connection.descriptor, this.#options.stuckMs);
      this.#subscribers.push({ connection, handed: 0, since: now, using: [], waiting: [] });
    }
  }

  send(parts: readonly Uint8Array[], small: boolean): number {
    const now = this.#options.now();
    let taken = 0;
    for (const subscriber of [...this.#subscribers]) {
      const { connection, waiting } = subscriber;
      if (!connection.wants(parts[0])) continue;
      if (small && (connection.sending || waiting.length > 0)) {
        if (waiting.length < waitingMost) waiting.push(parts);
      } else if (!connection.sending && waiting.length === 0 && this.#begin(subscriber, parts, now)) taken++;
    }
    return taken;
  }

  uses(bytes: Uint8Array): boolean {
    return this.#subscribers.some(({ using }) => using.some(({ buffer }) => buffer === bytes.buffer));
  }

  close(): void {
    this.#door.close();
    for (const { connection } of this.#subscribers.splice(0)) this.#sockets.close(connection.descriptor);
  }

  /** False = nothing of it was taken. */
  #begin(subscriber: Subscriber, parts: readonly Uint8Array[], now: number): boolean {
    const sent = subscriber.connection.send(parts, now);
    if (sent === 'broken') this.#close(subscriber);
    if (sent !== 'begun' && sent !== 'sent') return false;
    subscriber.since = now;
    subscriber.using = sent === 'begun' ? parts : [];
    return true;
  }

  #goOn(subscriber: Subscriber, now: number): void {
    const { connection, waiting } = subscriber;
    if (connection.unfinished && !connection.flush(now)) return this.#close(subscriber);
    if (connection.handed !== subscriber.handed || !connection.sending) {
      subscriber.handed = connection.handed;
      subscriber.since = now;
    } else if (now - subscriber.since >= this.#options.stuckMs) return this.#close(subscriber);
    if (connection.sending) return;
    subscriber.using = [];
    const next = waiting[0];
    if (next !== undefined && this.#begin(subscriber, next, now)) waiting.shift();
  }

  #close(subscriber: Subscriber): void {
    this.#subscribers = this.#subscribers.filter((other) => other !== subscriber);
    this.#connections.splice(this.#connections.indexOf(subscriber.connection), 1);
    this.#sockets.close(subscriber.connection.descriptor);
  }
}
