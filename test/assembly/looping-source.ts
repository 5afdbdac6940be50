// A packet source without a network and without garbage: the same landing buffers over and over, each batch with the
// next frame numbers. For measurements and for the test that counts allocations.

import { PortImageDatagrams } from '../../simulators/detector/packet.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import type { Landing } from '../../src/memory/landing.js';
import type { PacketSource, SourceInfo } from '../../src/udp/packet-source.js';

/** Every batch is `frames` whole frames. */
export class LoopingSource implements PacketSource {
  readonly landing: Landing;
  readonly packetsPerFrame: number;
  /** Frame numbers go on from `high` × 2³² + `low`. */
  readonly #high: number;
  #low: number;
  readonly #frames: number;
  readonly #words: Int32Array;
  /** Batches are given out only while this is true. */
  flowing = false;

  constructor(landing: Landing, settings: DetectorSettings, port: number, frames: number, high: number, low: number) {
    this.landing = landing;
    this.#high = high;
    this.#low = low;
    this.#frames = frames;
    this.#words = new Int32Array(landing.buffer);
    const image = new PortImageDatagrams(settings, port);
    image.write(1, 0);
    this.packetsPerFrame = image.datagrams.length;
    for (let index = 0; index < frames * this.packetsPerFrame; index++) {
      const at = landing.bufferAt(index);
      const datagram = image.datagrams[index % this.packetsPerFrame];
      landing.bytes.set(datagram, at);
      landing.offsets[index] = at;
      landing.lengths[index] = datagram.length;
      landing.senders[index] = 1;
    }
  }

  /** The next frame number. */
  get next(): number {
    return this.#high * 4294967296 + this.#low;
  }

  get empty(): boolean {
    return !this.flowing;
  }

  lookAnew(): number {
    return 0;
  }

  receive(): number {
    if (!this.flowing) return 0;
    const { landing } = this;
    for (let frame = 0, index = 0; frame < this.#frames; frame++) {
      for (const end = index + this.packetsPerFrame; index < end; index++) {
        const word = landing.offsets[index] >> 2;
        this.#words[word] = this.#low;
        this.#words[word + 1] = this.#high;
      }
      this.#low++;
    }
    return this.#frames * this.packetsPerFrame;
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

  kernelDrops(): number | null {
    return 0;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
