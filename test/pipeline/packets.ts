// Packets one by one, with the pixels of the documented formula: what tests deliver when the order, the gaps or the
// lies of a detector matter more than its rate.

import type { DetectorSettings } from '../../src/detector/settings.js';
import { PortImageDatagrams, imageBytes, wireFormat } from '../../simulators/detector/packet.js';
import type { WireFormat } from '../../simulators/detector/packet.js';
import { PixelMemory } from '../../simulators/detector/pattern-kernel.js';

/** Port images that are kept per port before the oldest is written anew. */
const imagesKept = 8;

/** Header fields that a test may falsify. */
export interface HeaderChanges {
  readonly frameNumber?: number;
  readonly packetNumber?: number;
  readonly row?: number;
  readonly column?: number;
  readonly detectorType?: number;
  readonly version?: number;
}

/** Timestamp of a port's packets of a frame; small enough to be exact. */
export const ticksOf = (frameNumber: number, port: number): number => (frameNumber % 2 ** 40) * 10 + port;

export class PacketMaker {
  readonly format: WireFormat;
  readonly #ports: readonly { frameNumber: number; image: PortImageDatagrams }[][];
  readonly #next: number[];

  constructor(settings: DetectorSettings) {
    this.format = wireFormat(settings);
    const memory = new PixelMemory(imageBytes(this.format) * imagesKept * settings.udpPorts.length);
    this.#ports = settings.udpPorts.map((_, port) =>
      Array.from({ length: imagesKept }, () => ({
        frameNumber: -1,
        image: new PortImageDatagrams(settings, port, memory),
      })),
    );
    this.#next = settings.udpPorts.map(() => 0);
  }

  /** Packets of a port image. */
  get packets(): number {
    return this.format.packetsSent;
  }

  /** Number on the wire of a port's packet `index`. */
  number(port: number, index: number): number {
    return (this.#ports[port] as { image: PortImageDatagrams }[])[0].image.firstPacket + index;
  }

  /**
   * One packet, counted from the first that is sent; its bytes are valid until seven other frames of the port were
   * made.
   */
  packet(port: number, frameNumber: number, index: number): Uint8Array {
    const images = this.#ports[port] as { frameNumber: number; image: PortImageDatagrams }[];
    let kept = images.find((image) => image.frameNumber === frameNumber);
    if (kept === undefined) {
      const next = this.#next[port];
      this.#next[port] = (next + 1) % imagesKept;
      kept = images[next];
      kept.frameNumber = frameNumber;
      // Ports differ in what their headers say.
      kept.image.write(frameNumber, ticksOf(frameNumber, port));
    }
    return kept.image.datagrams[index];
  }
}

/** A copy of a datagram with other header fields. */
export function changed(bytes: Uint8Array, changes: HeaderChanges): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  if (changes.frameNumber !== undefined) {
    view.setUint32(0, changes.frameNumber % 4294967296, true);
    view.setUint32(4, Math.floor(changes.frameNumber / 4294967296), true);
  }
  if (changes.packetNumber !== undefined) view.setUint32(12, changes.packetNumber, true);
  if (changes.row !== undefined) view.setUint16(34, changes.row, true);
  if (changes.column !== undefined) view.setUint16(36, changes.column, true);
  if (changes.detectorType !== undefined) view.setUint8(46, changes.detectorType);
  if (changes.version !== undefined) view.setUint8(47, changes.version);
  return copy;
}
