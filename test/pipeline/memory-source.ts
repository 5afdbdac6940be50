// Packets without a network: what a test delivers waits here, as in a socket of limited size, until the assembler's turn.

import type { Landing } from '../../src/memory/landing.js';
import type { PacketSource, SourceInfo } from '../../src/udp/packet-source.js';

export class MemorySource implements PacketSource {
  readonly landing: Landing;
  readonly #queue: { bytes: Uint8Array; foreign: boolean }[] = [];
  readonly #limit: number;
  /** Datagrams taken in one turn at most. */
  batch: number;
  empty = false;
  drops: number | null = 0;
  /** What another thread does in the middle of this port's turn: after its commands were read, before its packets. */
  interrupt: (() => void) | null = null;

  constructor(landing: Landing, limit = Infinity, batch = landing.capacity) {
    this.landing = landing;
    this.#limit = limit;
    this.batch = batch;
  }

  get queued(): number {
    return this.#queue.length;
  }

  /** A datagram arrives; the bytes are copied. */
  deliver(bytes: Uint8Array, foreign = false): void {
    if (this.#queue.length >= this.#limit) {
      if (this.drops !== null) this.drops++;
      return;
    }
    this.#queue.push({ bytes: bytes.slice(), foreign });
  }

  open(): Promise<SourceInfo> {
    return Promise.resolve({ address: 'memory', udpPort: 0, receiveBufferRequestedBytes: 0, receiveBufferGrantedBytes: null });
  }

  receive(): number {
    this.interrupt?.();
    const { landing } = this;
    const count = Math.min(this.#queue.length, landing.capacity, this.batch);
    for (let index = 0; index < count; index++) {
      const { bytes, foreign } = this.#queue.shift() as { bytes: Uint8Array; foreign: boolean };
      const at = landing.bufferAt(index);
      landing.bytes.set(bytes.length > landing.stride ? bytes.subarray(0, landing.stride) : bytes, at);
      landing.offsets[index] = at;
      landing.lengths[index] = bytes.length;
      landing.foreign[index] = foreign ? 1 : 0;
    }
    this.empty = this.#queue.length === 0;
    return count;
  }

  kernelDrops(): number | null {
    return this.drops;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
