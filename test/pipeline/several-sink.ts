// A consumer without a network that reads several sockets, before the real SocketsSink: each socket a MemorySink, or
// one that looks like it, of a temper of its own. What comes from the sockets arrives in any order between them.
// Checked here: header and end leave by the first socket, images in turns, and an end leaves nothing behind in this
// process.

import type { Random } from '../../src/base/random.js';
import type { RefusedPeer } from '../../src/contract/refused-peers.js';
import type { Undelivered } from '../../src/contract/series.js';
import type { MessageKind, Offer } from '../../src/stream/output/message-sink.js';
import { SocketsSink } from '../../src/stream/output/sockets-sink.js';
import type { StreamMessage } from '../../simulators/consumer/stream-message.js';
import { MemorySink } from './memory-sink.js';
import type { ReceivedMessage } from './memory-sink.js';
import { parsed } from './stream-verdict.js';

/** A slow one reads one message at so many reads. */
const slowness = 4;

export class SeveralSink extends MemorySink {
  readonly sockets: readonly MemorySink[];
  readonly takeLoss?: () => number;
  readonly keep?: () => void;
  readonly problems: string[];
  readonly #sink: SocketsSink;
  readonly #random: Random;
  readonly #slow: number;
  readonly #collected: number[];
  #reads = 0;
  /** Image of the series that comes next. */
  #image = 0;

  /** @param slow index of the socket whose consumer reads little; −1 = none */
  constructor(random: Random, sockets: readonly MemorySink[], slow: number, problems: string[]) {
    super();
    this.#random = random;
    this.sockets = sockets;
    this.problems = problems;
    this.#slow = slow;
    this.#sink = new SocketsSink(sockets);
    this.#collected = sockets.map(() => 0);
    const { keep, takeLoss } = this.#sink;
    if (keep !== undefined) this.keep = keep;
    if (takeLoss !== undefined)
      this.takeLoss = () => {
        const messages = takeLoss();
        if (messages > this.taken.length)
          problems.push(`${messages} messages are called delivered, ${this.taken.length} were handed over`);
        return messages;
      };
    sockets.forEach((socket, index) => {
      socket.watch = (message) => this.#handedOver(index, message);
      socket.interrupt = () => this.interrupt?.();
    });
  }

  get endpoints(): readonly string[] {
    return this.sockets.map((_, index) => `memory:${index}`);
  }

  get takenBy(): readonly number[] {
    return this.#sink.takenBy;
  }

  get waitsFor(): number {
    return this.#sink.waitsFor;
  }

  override get unfinished(): boolean {
    return this.#sink.unfinished;
  }

  override get lonely(): boolean {
    return this.sockets.some(({ lonely }) => lonely);
  }

  /** To every socket that lacks its consumer. */
  override connect(): void {
    for (const socket of this.sockets) if (socket.lonely) socket.connect();
    this.#follow();
  }

  /** One of the connections ends; all do, one after the other. */
  override disconnect(): void {
    const socket = this.#random.pick(this.sockets.filter(({ peers }) => peers > 0));
    const lost = this.queue.length;
    socket.disconnect();
    this.#follow();
    this.losses.push({ received: this.received.length, lost: lost - this.queue.length });
  }

  override read(count = Infinity): void {
    this.#reads++;
    this.sockets.forEach((socket, index) => {
      if (index !== this.#slow || count === Infinity) socket.read(count);
      else if (this.#reads % slowness === 0 && count > 0) socket.read(1);
    });
    this.#follow();
  }

  override get moved(): number {
    return this.sockets.reduce((sum, { moved }) => sum + moved, 0);
  }

  override insert(message: StreamMessage): void {
    if (message.htype === 'header') this.#beginSeries();
    this.sockets[0].insert(message);
    this.#follow();
  }

  begins(): void {
    this.#sink.begins();
  }

  override poll(): void {
    this.#sink.poll();
    this.#follow();
  }

  override offer(parts: readonly Uint8Array[], kind?: MessageKind): Offer {
    this.sockets.forEach((socket, index) => (socket.reading = this.reading && index !== this.#slow));
    const outcome = this.#sink.offer(parts, kind);
    this.#follow();
    return outcome;
  }

  override outcome(): Offer {
    const outcome = this.#sink.outcome();
    this.#follow();
    return outcome;
  }

  override get underway(): Undelivered | null {
    return this.#sink.underway;
  }

  get lost(): Undelivered | null {
    return this.#sink.lost;
  }

  override takeRefused(): readonly RefusedPeer[] {
    return this.#sink.takeRefused();
  }

  /** What the sockets have received arrives in any order between them. */
  #follow(): void {
    this.peers = this.#sink.peers;
    this.disconnects = this.#sink.disconnects;
    this.queue.splice(0, this.queue.length, ...this.sockets.flatMap(({ queue }) => queue));
    const first = this.#random.integer(this.sockets.length);
    for (let turn = 0; turn < this.sockets.length; turn++) {
      const index = (first + turn) % this.sockets.length;
      const { received } = this.sockets[index];
      this.received.push(...received.slice(this.#collected[index]));
      this.#collected[index] = received.length;
    }
  }

  #handedOver(socket: number, message: ReceivedMessage): ReceivedMessage {
    const kept = this.watch === null ? { parts: message.parts.map((part) => part.slice()) } : this.watch(message);
    this.taken.push(kept);
    if (parsed(kept).htype === 'header') this.#beginSeries();
    this.#checkSocket(socket, parsed(kept).htype);
    return kept;
  }

  /**
   * What a machine has acknowledged its program has read before the next series begins: nobody can know that, and
   * docs/stream.md says so.
   */
  #beginSeries(): void {
    for (const one of this.sockets) one.readArrived();
    this.#follow();
    this.#image = 0;
  }

  #checkSocket(socket: number, htype: string): void {
    const due = htype === 'image' ? this.#image++ % this.sockets.length : 0;
    if (socket !== due) this.problems.push(`a message (${htype}) left by socket ${socket}, due was ${due}`);
    const left = this.sockets.findIndex(({ unfinished = false }, index) => index !== socket && unfinished);
    if (htype !== 'image' && left >= 0)
      this.problems.push(`a ${htype} left by socket ${socket} while socket ${left} had a message half-sent`);
  }
}
