// Packets as a detector sends them, written from PSI's description of the wire (udpdetspec.rst, GeneralData.h, header
// version 2) and on purpose without the receiver's code: a shared codec would hide a shared mistake. Comes in: port,
// frame number and pixels. Goes out: the datagrams of one port image.

import { profileOf } from '../../src/detector/profiles.js';
import type { DetectorProfile } from '../../src/detector/profile.js';
import { pixelBytes } from '../../src/detector/pixel-type.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { headerFieldValue, significantBits } from './header-fields.js';
import { pack12, pack4 } from './pack.js';
import { PixelMemory, pixelsAtOnce } from './pattern-kernel.js';
import { imageSeed, rowSeed, writePixels } from './pattern.js';
import type { PixelArray } from './pattern.js';

/** Bytes before the payload: the standard header. */
export const headerBytes = 48;

/** Sizes that all ports of a detector share. */
export interface WireFormat {
  readonly profile: DetectorProfile;
  /** Bits of one pixel on the wire, and how many of them carry a value. */
  readonly wireBits: number;
  readonly bits: number;
  /** Bytes of one pixel in the frame. */
  readonly pixelBytes: 1 | 2 | 4;
  /** Pixels of a port image. */
  readonly rows: number;
  readonly columns: number;
  readonly payloadBytes: number;
  readonly datagramBytes: number;
  /** Packets of a whole port image. */
  readonly packetsPerImage: number;
  /** Packets sent of each port image: all, or those that cover the rows read out. */
  readonly packetsSent: number;
}

/**
 * Sizes on the wire.
 * @throws OperatorError (usage) for a detector or bit depth without a profile
 */
export function wireFormat(settings: DetectorSettings): WireFormat {
  const profile = profileOf(settings.detector, settings);
  const { wireBits, pixelType } = profile.depths[settings.dynamicRange];
  const { rows, columns } = profile.portImage;
  const { payloadBytes } = profile;
  // The rows that an operator asks for are those of a module, where the two ports of a module share them.
  const portsSharing = profile.partialReadout === 'centre_of_unit' ? profile.unitPorts.rows : 1;
  const rowsSent = settings.readNRows === null ? rows : settings.readNRows / portsSharing;
  return {
    profile,
    wireBits,
    rows,
    columns,
    payloadBytes,
    bits: significantBits(profile.detectorType, wireBits),
    pixelBytes: pixelBytes[pixelType],
    datagramBytes: headerBytes + payloadBytes,
    packetsPerImage: (rows * columns * wireBits) / 8 / payloadBytes,
    packetsSent: Math.ceil((rowsSent * columns * wireBits) / 8 / payloadBytes),
  };
}

/**
 * Number of the first packet that a port sends. A partial readout keeps the rows around the module's centre where the
 * detector reads towards it: the middle packets of one port; of two, the last of the first port and the first of the
 * second.
 */
export function firstPacketNumber(settings: DetectorSettings, portIndex: number): number {
  const { profile, packetsPerImage, packetsSent } = wireFormat(settings);
  if (profile.partialReadout !== 'centre_of_unit') return 0;
  const left = packetsPerImage - packetsSent;
  if (settings.interfaces === 1) return left / 2;
  return portIndex % 2 === 0 ? left : 0;
}

/**
 * Row and column that the hardware writes into the headers of a port, in port units. Units are stacked downwards first;
 * a quad sends its first port as row 1 and its second as row 0. Configured overrides do not reach the hardware.
 */
export function headerPosition(settings: DetectorSettings, portIndex: number): { row: number; column: number } {
  if (settings.quad) return { row: settings.udpPorts.length - 1 - portIndex, column: 0 };
  const { rows, columns } = wireFormat(settings).profile.unitPorts;
  const unit = Math.floor(portIndex / (rows * columns));
  const within = portIndex % (rows * columns);
  return {
    row: (unit % settings.modules[0]) * rows + Math.floor(within / columns),
    column: Math.floor(unit / settings.modules[0]) * columns + (within % columns),
  };
}

/** Bytes of the datagrams of one port image. */
export function imageBytes(format: WireFormat): number {
  return Math.ceil((format.packetsSent * format.datagramBytes) / 64) * 64;
}

/** The datagrams of one port image in one piece of memory, written anew for each frame. */
export class PortImageDatagrams {
  /** One view per packet sent, in the order of packet numbers; their bytes change with every `write`. */
  readonly datagrams: readonly Uint8Array[];
  /** Number of the first of them. */
  readonly firstPacket: number;
  readonly #format: WireFormat;
  readonly #portIndex: number;
  readonly #memory: PixelMemory;
  readonly #offset: number;
  readonly #view: DataView;
  readonly #pixels: PixelArray;
  readonly #packed: PackedImage | null;

  /** @param memory where `imageBytes` are left; default: memory of its own */
  constructor(settings: DetectorSettings, portIndex: number, memory?: PixelMemory) {
    const format = wireFormat(settings);
    const bytes = imageBytes(format);
    this.#memory = memory ?? new PixelMemory(bytes);
    const offset = this.#memory.take(bytes);
    const { buffer } = this.#memory;
    this.#format = format;
    this.#portIndex = portIndex;
    this.#offset = offset;
    this.#view = new DataView(buffer, offset, bytes);
    this.#pixels =
      format.pixelBytes === 1
        ? new Uint8Array(buffer, offset, bytes)
        : format.pixelBytes === 2
          ? new Uint16Array(buffer, offset, bytes / 2)
          : new Uint32Array(buffer, offset, bytes / 4);
    this.#packed = format.wireBits < 8 * format.pixelBytes ? new PackedImage(format, settings.lowNibbleFirst) : null;
    this.firstPacket = firstPacketNumber(settings, portIndex);
    this.datagrams = Array.from(
      { length: format.packetsSent },
      (_, index) => new Uint8Array(buffer, offset + index * format.datagramBytes, format.datagramBytes),
    );
    const { row, column } = headerPosition(settings, portIndex);
    for (let index = 0; index < format.packetsSent; index++) this.#writeConstants(index, row, column);
  }

  #writeConstants(index: number, row: number, column: number): void {
    const at = index * this.#format.datagramBytes;
    const { detectorType, headerVersion } = this.#format.profile;
    const view = this.#view;
    view.setUint32(at + 12, this.firstPacket + index, true);
    view.setUint16(at + 32, this.#portIndex, true);
    view.setUint16(at + 34, row, true);
    view.setUint16(at + 36, column, true);
    view.setUint8(at + 46, detectorType);
    view.setUint8(at + 47, headerVersion);
  }

  /**
   * Write headers and pixels of one frame.
   * @param frameNumber 1 … 2⁵³ − 1
   * @param ticks time since the start of the measurement in units of 100 ns
   * @param given pixels of the whole port image; null = those of the formula
   */
  write(frameNumber: number, ticks: number, given: PixelArray | null = null): void {
    const {
      profile: { detectorType },
      wireBits,
      packetsSent,
      datagramBytes,
    } = this.#format;
    const view = this.#view;
    const expLength = headerFieldValue('expLength', detectorType, wireBits, frameNumber);
    const detSpec1 = headerFieldValue('detSpec1', detectorType, wireBits, frameNumber);
    const detSpec2 = headerFieldValue('detSpec2', detectorType, wireBits, frameNumber);
    const detSpec3 = headerFieldValue('detSpec3', detectorType, wireBits, frameNumber);
    const detSpec4 = headerFieldValue('detSpec4', detectorType, wireBits, frameNumber);
    for (let at = 0; at < packetsSent * datagramBytes; at += datagramBytes) {
      setUint64(view, at, frameNumber);
      view.setUint32(at + 8, expLength, true);
      setUint64(view, at + 16, detSpec1);
      setUint64(view, at + 24, ticks);
      view.setUint16(at + 38, detSpec2, true);
      view.setUint32(at + 40, detSpec3, true);
      view.setUint16(at + 44, detSpec4, true);
    }
    if (this.#packed !== null)
      this.#packed.write(given ?? imageSeed(frameNumber, this.#portIndex), this.datagrams, this.firstPacket);
    else if (given !== null) this.#copyPixels(given);
    else this.#writePixels(frameNumber);
  }

  #copyPixels(image: PixelArray): void {
    const { payloadBytes, packetsSent, datagramBytes, pixelBytes: size } = this.#format;
    const pixelsPerPacket = payloadBytes / size;
    for (let index = 0; index < packetsSent; index++) {
      const from = (this.firstPacket + index) * pixelsPerPacket;
      this.#pixels.set(image.subarray(from, from + pixelsPerPacket), (index * datagramBytes + headerBytes) / size);
    }
  }

  /** Payloads continue row by row; a packet may hold several rows or a part of one. */
  #writePixels(frameNumber: number): void {
    const { columns, payloadBytes, packetsSent, datagramBytes, pixelBytes: size, bits } = this.#format;
    const image = imageSeed(frameNumber, this.#portIndex);
    const pixelsPerPacket = payloadBytes / size;
    const compiled = bits === 16 && size === 2 && this.#memory.compiled;
    for (let index = 0; index < packetsSent; index++) {
      let target = (index * datagramBytes + headerBytes) / size;
      let pixel = (this.firstPacket + index) * pixelsPerPacket;
      const end = pixel + pixelsPerPacket;
      while (pixel < end) {
        const row = Math.floor(pixel / columns);
        const count = Math.min(end, (row + 1) * columns) - pixel;
        const seed = rowSeed(image, row);
        const column = pixel - row * columns;
        if (compiled && count % pixelsAtOnce === 0)
          this.#memory.write16(this.#offset + target * 2, count, seed, column);
        else writePixels(this.#pixels, target, count, seed, column, bits);
        target += count;
        pixel += count;
      }
    }
  }
}

/**
 * A port image whose pixels do not fill bytes: written whole, packed, and then cut, because packets begin inside a
 * pixel.
 */
class PackedImage {
  readonly #format: WireFormat;
  readonly #lowNibbleFirst: boolean;
  readonly #pixels: Uint8Array | Uint16Array;
  readonly #wire: Uint8Array;

  constructor(format: WireFormat, lowNibbleFirst: boolean) {
    const { rows, columns, packetsPerImage, payloadBytes, wireBits } = format;
    this.#format = format;
    this.#lowNibbleFirst = lowNibbleFirst;
    this.#pixels = wireBits === 4 ? new Uint8Array(rows * columns) : new Uint16Array(rows * columns);
    this.#wire = new Uint8Array(packetsPerImage * payloadBytes);
  }

  /** @param image seed of the formula's image, or the pixels themselves */
  write(image: number | PixelArray, datagrams: readonly Uint8Array[], firstPacket: number): void {
    const { rows, columns, bits, payloadBytes } = this.#format;
    if (typeof image !== 'number') this.#pixels.set(image);
    else
      for (let row = 0; row < rows; row++)
        writePixels(this.#pixels, row * columns, columns, rowSeed(image, row), 0, bits);
    if (this.#pixels instanceof Uint8Array) pack4(this.#pixels, this.#wire, this.#lowNibbleFirst);
    else pack12(this.#pixels, this.#wire);
    for (const [index, datagram] of datagrams.entries()) {
      const from = (firstPacket + index) * payloadBytes;
      datagram.set(this.#wire.subarray(from, from + payloadBytes), headerBytes);
    }
  }
}

function setUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 4294967296, true);
  view.setUint32(at + 4, Math.floor(value / 4294967296), true);
}
