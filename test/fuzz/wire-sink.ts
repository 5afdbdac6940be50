// The consumer of a simulated world behind the real ZMTP sink: its connections and its protocol over sockets that take
// any number of bytes, stop and reset (simulated-sockets.ts). To the world it looks like the consumer without a network
// whose place it takes. Checked here: what comes out of a connection is, byte for byte, what was handed over, whole
// messages in their order, none twice.

import type { VirtualClock } from '../../src/base/clock.js';
import type { Random } from '../../src/base/random.js';
import type { MessageKind, Offer } from '../../src/stream/output/message-sink.js';
import type { Undelivered } from '../../src/contract/series.js';
import type { RefusedPeer } from '../../src/contract/refused-peers.js';
import { ZmtpSink } from '../../src/stream/output/zmtp/zmtp-sink.js';
import { MemorySink } from '../pipeline/memory-sink.js';
import type { StreamMessage } from '../../simulators/consumer/stream-message.js';
import { SimulatedSockets } from './simulated-sockets.js';
import type { SimulatedConnection } from './simulated-sockets.js';

/** What a libzmq PULL says, byte by byte: greeting and READY (RFC 37). */
const pullWords = Buffer.concat([
  Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1]),
  Buffer.from('NULL'),
  Buffer.alloc(16 + 32),
  Buffer.from([4, 26, 5]),
  Buffer.from('READY'),
  Buffer.from([11]),
  Buffer.from('Socket-Type'),
  Buffer.from([0, 0, 0, 4]),
  Buffer.from('PULL'),
]);
/** More than the sink's pause between two looks, in ms. */
const lookMs = 5;

export class WireSink extends MemorySink {
  readonly #random: Random;
  readonly #sockets: SimulatedSockets;
  readonly #sink: ZmtpSink;
  readonly #problems: string[];
  #skewMs = 0;
  #connection: SimulatedConnection | null = null;
  /** Bytes that have arrived and are no whole message yet; the greeting is still to come. */
  #arrived: Buffer = Buffer.alloc(0);
  #greeted = false;
  /** The message that is offered. */
  #offered: readonly Uint8Array[] | null = null;
  /** Messages handed over on this connection that have not arrived, as bytes. */
  #expected: Buffer[] = [];
  /** How many of the queue have arrived. */
  #readable = 0;
  /** Bytes that have arrived. */
  #bytes = 0;
  #lossTaken = 0;

  constructor(random: Random, clock: VirtualClock, capacity: number, keptBytes: number, problems: string[]) {
    super();
    this.#random = random;
    this.#problems = problems;
    this.#sockets = new SimulatedSockets(random, capacity);
    this.#sink = new ZmtpSink(this.#sockets, {
      host: '192.0.2.1',
      port: 9999,
      connections: 1,
      sendBufferBytes: capacity,
      consumerTimeoutMs: 10_000,
      keptBytes,
      allowed: () => true,
      now: () => clock.now() + this.#skewMs,
      tell: () => undefined,
    });
    void this.#sink.open();
  }

  override connect(): void {
    if (this.#connection !== null) return;
    this.#connection = this.#sockets.knock(pullWords);
    this.#arrived = Buffer.alloc(0);
    this.#greeted = false;
    while (this.#sink.peers === 0) this.#look();
    this.#follow();
  }

  override disconnect(): void {
    const connection = this.#connection;
    if (connection === null) return;
    // Some of what is on its way arrives before the end.
    if (this.#random.chance(0.5)) this.#arrive();
    connection.broken = true;
    this.#connection = null;
    this.losses.push({ received: this.received.length, lost: this.queue.length });
    this.queue.length = 0;
    this.#expected = [];
    this.#readable = 0;
    while (this.#sink.peers > 0) this.#look();
    this.#follow();
  }

  override read(count = Infinity): void {
    if (this.#connection !== null && count > 0) this.#arrive();
    const readable = Math.min(count, this.#readable, this.queue.length);
    this.#readable -= readable;
    super.read(readable);
  }

  override readArrived(): void {
    const readable = Math.min(this.#readable, this.queue.length);
    this.#readable -= readable;
    super.read(readable);
  }

  override get moved(): number {
    return this.#bytes;
  }

  /** Others' messages come by connections of their own. */
  override insert(message: StreamMessage): void {
    super.insert(message);
    this.#readable++;
    this.#expected.push(Buffer.alloc(0));
  }

  override poll(): void {
    if (this.#random.chance(0.002))
      this.#sockets.knock(this.#random.pick([Buffer.from('GET /'), Buffer.alloc(0), pullWords.subarray(0, 70)]));
    this.#sink.poll();
    this.#follow();
  }

  override offer(parts: readonly Uint8Array[], kind?: MessageKind): Offer {
    this.interrupt?.();
    this.#offered = parts;
    const outcome = this.#sink.offer(parts, kind);
    if (outcome === 'sent') this.#handedOver();
    this.#follow();
    return outcome;
  }

  override outcome(): Offer {
    const outcome = this.#sink.outcome();
    if (outcome === 'sent') this.#handedOver();
    return outcome;
  }

  keep(): void {
    this.#sink.keep();
  }

  takeLoss(): number {
    const messages = this.#sink.takeLoss();
    if (messages > this.taken.length)
      this.#problems.push(`${messages} messages are called delivered, ${this.taken.length} were handed over`);
    this.#lossTaken = messages;
    return messages;
  }

  override get unfinished(): boolean {
    return this.#sink.unfinished;
  }

  override get underway(): Undelivered {
    return this.#sink.underway;
  }

  get lost(): Undelivered {
    return this.#sink.lost;
  }

  override takeRefused(): readonly RefusedPeer[] {
    return this.#sink.takeRefused();
  }

  #look(): void {
    this.#skewMs += lookMs;
    this.#sink.poll();
  }

  #follow(): void {
    this.peers = this.#sink.peers;
    this.disconnects = this.#sink.disconnects;
  }

  #handedOver(): void {
    const parts = this.#offered;
    if (parts === null) return;
    this.#offered = null;
    this.#expected.push(Buffer.concat(parts));
    const message = this.watch === null ? { parts: parts.map((part) => part.slice()) } : this.watch({ parts });
    this.taken.push(message);
    this.queue.push(message);
    if (this.reading) this.read();
  }

  /** The consumer's machine takes what is there. */
  #arrive(): void {
    const bytes = this.#sockets.take(this.#connection as SimulatedConnection);
    this.#bytes += bytes.length;
    this.#arrived = Buffer.concat([this.#arrived, bytes]);
    if (!this.#greeted) {
      if (this.#arrived.length < 64 + 28) return;
      this.#greeted = true;
      this.#arrived = this.#arrived.subarray(64 + 28);
    }
    for (let message = this.#nextMessage(); message !== null; message = this.#nextMessage()) {
      const own = this.#expected.findIndex((bytes) => bytes.length > 0);
      const expected = this.#expected[own];
      // Arrived whole, but its hand-over will be told in the next turn.
      if (expected === undefined) {
        this.#arrived = Buffer.concat([this.#undone, this.#arrived]);
        return;
      }
      if (!expected.equals(message))
        this.#problems.push(
          `a message of ${message.length} bytes arrived where one of ${expected.length} was handed over, or with ` +
            'other bytes',
        );
      this.#expected.splice(0, own + 1);
      this.#readable++;
    }
  }

  #undone: Buffer = Buffer.alloc(0);

  /** All parts of a message, without their heads; commands are passed over. Written from the RFC. */
  #nextMessage(): Buffer | null {
    const parts: Buffer[] = [];
    for (let at = 0; ;) {
      const flags = this.#arrived[at];
      if (flags === undefined) return null;
      const long = (flags & 2) !== 0;
      const head = at + (long ? 9 : 2);
      if (this.#arrived.length < head) return null;
      const length = long ? Number(this.#arrived.readBigUInt64BE(at + 1)) : this.#arrived[at + 1];
      if (this.#arrived.length < head + length) return null;
      if ((flags & 0xf8) !== 0 || ((flags & 4) !== 0 && parts.length > 0))
        this.#problems.push(`flags ${flags} on the wire`);
      if ((flags & 4) === 0) parts.push(this.#arrived.subarray(head, head + length));
      at = head + length;
      if ((flags & 5) !== 0) continue;
      this.#undone = this.#arrived.subarray(0, at);
      this.#arrived = this.#arrived.subarray(at);
      return Buffer.concat(parts);
    }
  }

  /** Messages that the sink called delivered at the last loss. */
  get delivered(): number {
    return this.#lossTaken;
  }
}
