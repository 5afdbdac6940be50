// One connection of a simulated consumer, as its machine sees it: bytes come in, whole messages are taken out of them
// and compared with what was handed over. Written from the RFC (23, 37).

import type { ReceivedMessage } from '../pipeline/memory-sink.js';
import type { SimulatedConnection, SimulatedSockets } from './simulated-sockets.js';

/** Our greeting and READY. */
const handshakeBytes = 64 + 28;

export class Wire {
  connection: SimulatedConnection | null = null;
  /** Messages handed over that the consumer has not read. */
  readonly queue: ReceivedMessage[];
  /** How many of the queue have arrived. */
  readable = 0;
  readonly #problems: string[];
  /** Bytes that have arrived and are no whole message yet; the greeting is still to come. */
  #arrived: Buffer = Buffer.alloc(0);
  #greeted = false;
  /** Messages handed over that have not arrived, as bytes; empty = it comes another way. */
  #expected: Buffer[] = [];
  #undone: Buffer = Buffer.alloc(0);

  constructor(queue: ReceivedMessage[], problems: string[]) {
    this.queue = queue;
    this.#problems = problems;
  }

  connect(connection: SimulatedConnection): void {
    this.connection = connection;
    this.#arrived = Buffer.alloc(0);
    this.#greeted = false;
  }

  /** What was on its way is lost. @returns how many messages were, or were not read */
  break(): number {
    const lost = this.queue.length;
    if (this.connection !== null) this.connection.broken = true;
    this.connection = null;
    this.queue.length = 0;
    this.#expected = [];
    this.readable = 0;
    return lost;
  }

  /** A message is handed over whose bytes these are. */
  expect(bytes: Buffer): void {
    this.#expected.push(bytes);
  }

  /** The consumer's machine takes what is there. @returns bytes */
  take(sockets: SimulatedSockets): number {
    const bytes = sockets.take(this.connection as SimulatedConnection);
    this.#arrived = Buffer.concat([this.#arrived, bytes]);
    this.sort();
    return bytes.length;
  }

  /** The consumer reads so many of the messages that have arrived. */
  read(count: number, into: ReceivedMessage[]): void {
    const readable = Math.min(count, this.readable, this.queue.length);
    this.readable -= readable;
    into.push(...this.queue.splice(0, readable));
  }

  /** Whole messages out of the bytes that have arrived. */
  sort(): void {
    if (!this.#greeted) {
      if (this.#arrived.length < handshakeBytes) return;
      this.#greeted = true;
      this.#arrived = this.#arrived.subarray(handshakeBytes);
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
      this.readable++;
    }
  }

  /** All parts of a message, without their heads; commands are passed over. */
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
}
