// Packets without a network: what a test delivers waits here, as in a socket of limited size, until the assembler's
// turn.

import type { Landing } from '../../src/memory/landing.js';
import type { SenderWords } from '../../src/memory/sender-words.js';
import type { PacketSource, SourceInfo } from '../../src/udp/packet-source.js';

export class MemorySource implements PacketSource {
  readonly landing: Landing;
  readonly #queue: { bytes: Uint8Array; sender: number; tag: unknown }[] = [];
  /** Of the queue: the first that was not taken. */
  #head = 0;
  readonly #limit: number;
  /** Told of each datagram that the assembler takes, with the tag that it was delivered with. */
  watch: ((tag: unknown, bytes: number) => void) | null = null;
  /** Datagrams taken in one turn at most. */
  batch: number;
  empty = false;
  drops: number | null = 0;
  /** Can it be read how much waits? */
  bytesKnown = true;
  /** What another thread does in the middle of this port's turn: after its commands were read, before its packets. */
  interrupt: (() => void) | null = null;
  /** The same when the packets have been taken, and the call has not returned. */
  linger: (() => void) | null = null;

  constructor(landing: Landing, limit = Infinity, batch = landing.capacity) {
    this.landing = landing;
    this.#limit = limit;
    this.batch = batch;
  }

  /** The tag of what has waited longest; null = nothing waits. */
  get oldest(): unknown {
    return this.queued === 0 ? null : this.#queue[this.#head].tag;
  }

  get queued(): number {
    return this.#queue.length - this.#head;
  }

  /** A datagram arrives; the bytes are copied. @param sender 0 = not one of those configured */
  deliver(bytes: Uint8Array, sender = 1, tag: unknown = null): void {
    if (this.queued >= this.#limit) {
      if (this.drops !== null) this.drops++;
      return;
    }
    this.#queue.push({ bytes: bytes.slice(), sender, tag });
  }

  open(): Promise<SourceInfo> {
    return Promise.resolve({
      address: 'memory',
      udpPort: 0,
      receiveBufferRequestedBytes: 0,
      receiveBufferGrantedBytes: null,
      inode: null,
    });
  }

  receive(): number {
    this.interrupt?.();
    const { landing } = this;
    const count = Math.min(this.queued, landing.capacity, this.batch);
    for (let index = 0; index < count; index++) {
      const { bytes, sender, tag } = this.#queue[this.#head++];
      const at = landing.bufferAt(index);
      landing.bytes.set(bytes.length > landing.stride ? bytes.subarray(0, landing.stride) : bytes, at);
      landing.offsets[index] = at;
      landing.lengths[index] = bytes.length;
      landing.senders[index] = sender;
      this.watch?.(tag, bytes.length);
    }
    if (this.queued === 0) this.#queue.length = this.#head = 0;
    this.empty = this.queued === 0;
    this.linger?.();
    return count;
  }

  lookAnew(): number | null {
    this.empty = false;
    return this.bytesKnown
      ? this.#queue.slice(this.#head).reduce((sum, { bytes }) => sum + bytes.length + 768, 0)
      : null;
  }

  /** Sender n has the address 192.0.2.n. */
  tellSender(index: number, to: SenderWords): void {
    const words = Int32Array.of(2, 0, 0, 0, 0, 0, 0);
    new Uint8Array(words.buffer).set([192, 0, 2, this.landing.senders[index]], 4);
    to.set(words, 0);
  }

  kernelDrops(): number | null {
    return this.drops;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
