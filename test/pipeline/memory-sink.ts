// A consumer without a network, of any temper: connected or not, reading or not, with a queue of limited length before
// it. Bytes are copied at hand-over, as late as the seam allows, so that a slot that changes too early is seen.

import type { MessageKind, MessageSink, Offer } from '../../src/stream/output/message-sink.js';
import type { RefusedPeer } from '../../src/contract/refused-peers.js';
import type { Undelivered } from '../../src/contract/series.js';
import type { StreamMessage } from '../../simulators/consumer/stream-message.js';

/** A message as a consumer would receive it. */
export interface ReceivedMessage {
  readonly parts: readonly Uint8Array[];
  /** Read already. */
  readonly message?: StreamMessage;
}

export class MemorySink implements MessageSink {
  peers = 0;
  disconnects = 0;
  /** Messages that wait for a consumer which does not read. */
  readonly queue: ReceivedMessage[] = [];
  /** What was read. */
  readonly received: ReceivedMessage[] = [];
  /** Everything that was handed over, whether it was read or went down with a connection. */
  readonly taken: ReceivedMessage[] = [];
  /** At each disconnect: how many messages had been read, and how many were lost from the queue. */
  readonly losses: { readonly received: number; readonly lost: number }[] = [];
  /** Looks at each message at hand-over; what it returns is kept in its place. */
  watch: ((message: ReceivedMessage) => ReceivedMessage) | null = null;
  /** What another thread does in the middle of the streamer's turn: before each offer. */
  interrupt: (() => void) | null = null;
  readonly #limit: number;
  /** Offers are settled one turn later, as zeromq.js does. */
  readonly #late: boolean;
  #pending: readonly Uint8Array[] | null = null;
  reading = true;

  /**
   * @param limit messages queued at most before a consumer that does not read
   * @param late `offer` answers "pending", and the bytes are copied when `outcome` is asked
   */
  constructor(limit = 8, late = false) {
    this.#limit = limit;
    this.#late = late;
  }

  /** A consumer is lacking. */
  get lonely(): boolean {
    return this.peers === 0;
  }

  /** As MessageSink has it. */
  get unfinished(): boolean {
    return false;
  }

  connect(): void {
    this.peers++;
  }

  /** The consumer vanishes, and what was queued for it with it. */
  disconnect(): void {
    this.peers--;
    this.disconnects++;
    this.losses.push({ received: this.received.length, lost: this.queue.length });
    this.queue.length = 0;
  }

  /** The consumer reads up to `count` messages. */
  read(count = Infinity): void {
    for (let index = 0; index < count && this.queue.length > 0; index++)
      this.received.push(this.queue.shift() as ReceivedMessage);
  }

  /** The consumer reads what has come to its machine. Here that is nothing: it reads as soon as something comes. */
  readArrived(): void {
    // Nothing waits there.
  }

  /** Grows with all that has reached the consumer's machine. */
  get moved(): number {
    return this.received.length;
  }

  /** A message that the consumer gets from somebody else, after what is queued for it. */
  insert(message: StreamMessage): void {
    this.queue.push({ parts: [], message });
    if (this.reading && this.peers > 0) this.read();
  }

  open(): Promise<string> {
    return Promise.resolve('memory');
  }

  offer(parts: readonly Uint8Array[], _kind?: MessageKind): Offer {
    this.interrupt?.();
    if (this.#pending !== null) throw new Error('a message was offered while another is pending');
    if (this.#full) return 'full';
    if (this.#late) {
      this.#pending = parts;
      return 'pending';
    }
    this.#take(parts);
    return 'sent';
  }

  poll(): void {
    // Connections change only when the test says so.
  }

  outcome(): Offer {
    const parts = this.#pending;
    this.#pending = null;
    if (parts === null || this.#full) return 'full';
    this.#take(parts);
    return 'sent';
  }

  get #full(): boolean {
    return this.peers === 0 || this.queue.length >= this.#limit;
  }

  #take(parts: readonly Uint8Array[]): void {
    const message = this.watch === null ? { parts: parts.map((part) => part.slice()) } : this.watch({ parts });
    this.taken.push(message);
    this.queue.push(message);
    if (this.reading) this.read();
  }

  get underway(): Undelivered | null {
    return {
      messages: this.queue.length,
      bytes: this.queue.reduce((sum, { parts }) => sum + parts.reduce((bytes, part) => bytes + part.length, 0), 0),
    };
  }

  /** Peers that knock. */
  readonly refused: RefusedPeer[] = [];

  takeRefused(): readonly RefusedPeer[] {
    return this.refused.splice(0);
  }

  close(): Promise<Undelivered | null> {
    return Promise.resolve(this.underway);
  }
}
