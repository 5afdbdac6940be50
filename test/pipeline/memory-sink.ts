// A consumer without a network, of any temper: connected or not, reading or not, with a queue of limited length before it. Bytes
// are copied at hand-over, as zmq does.

import type { MessageSink, Offer } from '../../src/stream/message-sink.js';

/** A message as a consumer would receive it. */
export interface ReceivedMessage {
  readonly parts: readonly Uint8Array[];
}

export class MemorySink implements MessageSink {
  peers = 0;
  disconnects = 0;
  /** Messages that wait for a consumer which does not read. */
  readonly queue: ReceivedMessage[] = [];
  readonly received: ReceivedMessage[] = [];
  readonly #limit: number;
  /** Offers are settled one turn later, as zeromq.js does. */
  readonly #late: boolean;
  #pending: ReceivedMessage | null = null;
  reading = true;

  constructor(limit = 8, late = false) {
    this.#limit = limit;
    this.#late = late;
  }

  connect(): void {
    this.peers++;
  }

  /** The consumer vanishes, and what was queued for it with it. */
  disconnect(): void {
    this.peers--;
    this.disconnects++;
    this.queue.length = 0;
  }

  /** The consumer reads up to `count` messages. */
  read(count = Infinity): void {
    for (let index = 0; index < count && this.queue.length > 0; index++) this.received.push(this.queue.shift() as ReceivedMessage);
  }

  open(): Promise<string> {
    return Promise.resolve('memory');
  }

  offer(parts: readonly Uint8Array[]): Offer {
    if (this.peers === 0 || this.queue.length >= this.#limit) return 'full';
    const message = { parts: parts.map((part) => part.slice()) };
    if (this.#late) {
      this.#pending = message;
      return 'pending';
    }
    this.#take(message);
    return 'sent';
  }

  poll(): void {
    // Connections change only when the test says so.
  }

  outcome(): Offer {
    const message = this.#pending;
    this.#pending = null;
    if (message === null || this.peers === 0) return 'full';
    this.#take(message);
    return 'sent';
  }

  #take(message: ReceivedMessage): void {
    this.queue.push(message);
    if (this.reading) this.read();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
