// The consumer of a simulated world behind the real ZMTP sink: its connections and its protocol over sockets that take
// any number of bytes, stop and reset (simulated-sockets.ts). To the world it looks like the consumer without a network
// whose place it takes. Checked (wire.ts): what comes out of a connection is, byte for byte, what was handed over,
// whole messages in their order, none twice. Of several connections each is read in its own time.

import type { VirtualClock } from '../../src/base/clock.js';
import type { Random } from '../../src/base/random.js';
import type { MessageKind, Offer } from '../../src/stream/output/message-sink.js';
import type { Undelivered } from '../../src/contract/series.js';
import type { RefusedPeer } from '../../src/contract/refused-peers.js';
import { ZmtpSink } from '../../src/stream/output/zmtp/zmtp-sink.js';
import { MemorySink } from '../pipeline/memory-sink.js';
import type { StreamMessage } from '../../simulators/consumer/stream-message.js';
import { SimulatedSockets } from './simulated-sockets.js';
import { Wire } from './wire.js';

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
  readonly #wires: readonly Wire[];
  /** The message that is offered, and the connection that has the beginning of it. */
  #offered: {
    readonly parts: readonly Uint8Array[];
    readonly kind: MessageKind | undefined;
    readonly to: number;
  } | null = null;
  /** Bytes that have arrived. */
  #bytes = 0;
  #lossTaken = 0;

  /** @param connections of this consumer */
  constructor(
    random: Random,
    clock: VirtualClock,
    { capacity, keptBytes, connections }: { capacity: number; keptBytes: number; connections: number },
    problems: string[],
  ) {
    super();
    this.#random = random;
    this.#problems = problems;
    this.#sockets = new SimulatedSockets(random, capacity);
    this.#sink = new ZmtpSink(this.#sockets, {
      host: '192.0.2.1',
      port: 9999,
      connections,
      sendBufferBytes: capacity,
      consumerTimeoutMs: 10_000,
      keptBytes,
      allowed: () => true,
      now: () => clock.now() + this.#skewMs,
      tell: () => undefined,
    });
    void this.#sink.open();
    this.#wires = Array.from({ length: connections }, () => new Wire(connections === 1 ? this.queue : [], problems));
  }

  override get lonely(): boolean {
    return this.#wires.some(({ connection }) => connection === null);
  }

  /** All connections that are not there. */
  override connect(): void {
    if (!this.lonely) return;
    for (const wire of this.#wires) if (wire.connection === null) wire.connect(this.#sockets.knock(pullWords));
    while (this.#sink.peers < this.#wires.length) this.#look();
    this.#follow();
  }

  /** One of the connections ends. */
  override disconnect(): void {
    const connected = this.#wires.filter(({ connection }) => connection !== null);
    if (connected.length === 0) return;
    const wire = this.#several ? this.#random.pick(connected) : connected[0];
    // Some of what is on its way arrives before the end.
    if (this.#random.chance(0.5)) this.#bytes += wire.take(this.#sockets);
    this.losses.push({ received: this.received.length, lost: wire.break() });
    while (this.#sink.peers >= connected.length) this.#look();
    this.#follow();
  }

  /** Of several connections some are not read this time, unless all there is is wanted. */
  override read(count = Infinity): void {
    for (const wire of this.#wires) {
      if (this.#several && count !== Infinity && this.#random.chance(0.5)) continue;
      if (wire.connection !== null && count > 0) this.#bytes += wire.take(this.#sockets);
      wire.read(count, this.received);
    }
    this.#collect();
  }

  override readArrived(): void {
    for (const wire of this.#wires) {
      wire.sort();
      wire.read(Infinity, this.received);
    }
    this.#collect();
  }

  override get moved(): number {
    return this.#bytes;
  }

  /** Others' messages come by connections of their own. */
  override insert(message: StreamMessage): void {
    if (this.#several) throw new Error('instances that share a detector are played with one connection each');
    super.insert(message);
    const [wire] = this.#wires;
    wire.readable++;
    wire.expect(Buffer.alloc(0));
  }

  override poll(): void {
    if (this.#random.chance(0.002))
      this.#sockets.knock(this.#random.pick([Buffer.from('GET /'), Buffer.alloc(0), pullWords.subarray(0, 70)]));
    this.#sink.poll();
    this.#follow();
  }

  override offer(parts: readonly Uint8Array[], kind?: MessageKind): Offer {
    this.interrupt?.();
    const outcome = this.#sink.offer(parts, kind);
    this.#offered = { parts, kind, to: this.#sockets.written };
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

  get #several(): boolean {
    return this.#wires.length > 1;
  }

  #follow(): void {
    this.peers = this.#sink.peers;
    this.disconnects = this.#sink.disconnects;
    this.#collect();
  }

  /** What waits on all connections. */
  #collect(): void {
    if (this.#several) this.queue.splice(0, this.queue.length, ...this.#wires.flatMap(({ queue }) => queue));
  }

  #handedOver(): void {
    if (this.#offered === null) return;
    const { parts, kind, to } = this.#offered;
    this.#offered = null;
    const wire = this.#several ? this.#wires.find(({ connection }) => connection?.descriptor === to) : this.#wires[0];
    // What a machine has acknowledged its program has read before the next series begins: nobody can know that, and
    // docs/stream.md says so.
    if (this.#several && kind === 'headers') this.readArrived();
    const message = this.watch === null ? { parts: parts.map((part) => part.slice()) } : this.watch({ parts });
    this.taken.push(message);
    // It went down with its connection before its hand-over was told.
    if (wire === undefined) return void this.losses.push({ received: this.received.length, lost: 1 });
    wire.expect(Buffer.concat(parts));
    wire.queue.push(message);
    this.#collect();
    if (this.reading) this.read(this.#several ? 1 : Infinity);
  }

  /** Messages that the sink called delivered at the last loss. */
  get delivered(): number {
    return this.#lossTaken;
  }
}
