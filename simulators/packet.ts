// Packets as a detector sends them, written from PSI's description of the wire (udpdetspec.rst, GeneralData.h, header version
// 2) and on purpose without the receiver's code: a shared codec would hide a shared mistake. The simulated detector calls this
// once per port and frame; the datagrams then go to a UDP sender or straight into a pipeline test.

import { profiles } from '../src/detector/profiles.js';
import type { DetectorProfile } from '../src/detector/profile.js';
import { pixelBytes } from '../src/detector/pixel-type.js';
import type { DetectorSettings } from '../src/detector/settings.js';
import { exitCode, OperatorError } from '../src/base/errors.js';
import { PixelMemory, pixelsAtOnce } from './pattern-kernel.js';
import { imageSeed, rowSeed, writePixels } from './pattern.js';
import type { PixelArray } from './pattern.js';

/** Bytes before the payload: the standard header. */
export const headerBytes = 48;

/** Sizes that all ports of a detector share. */
export interface WireFormat {
  readonly profile: DetectorProfile;
  /** Bits and bytes of one pixel. */
  readonly bits: number;
  readonly pixelBytes: 1 | 2 | 4;
  /** Pixels of a port image. */
  readonly rows: number;
  readonly columns: number;
  readonly payloadBytes: number;
  readonly datagramBytes: number;
  readonly pixelsPerPacket: number;
  /** Packets of a whole port image. */
  readonly packetsPerImage: number;
  /** Packets sent of each port image: all, or those that cover the rows read out. Their numbers are 0 … packetsSent − 1. */
  readonly packetsSent: number;
}

/**
 * Sizes on the wire.
 * @throws OperatorError (usage) for a detector or bit depth without a profile
 */
export function wireFormat(settings: DetectorSettings): WireFormat {
  const profile = profiles[settings.detector];
  if (profile === undefined) {
    throw new OperatorError(`detector ${settings.detector} is not known; use one of ${Object.keys(profiles).join(', ')}`, exitCode.usage);
  }
  const depth = profile.depths[settings.dynamicRange];
  if (depth === undefined) {
    throw new OperatorError(
      `dynamic_range ${settings.dynamicRange} is not possible for ${profile.name}; use one of ${Object.keys(profile.depths).join(', ')}`,
      exitCode.usage);
  }
  const { rows, columns } = profile.portImage;
  const bytes = pixelBytes[depth.pixelType];
  const payloadBytes = settings.tenGiga ? profile.payloadBytes.tenGiga : profile.payloadBytes.oneGiga;
  const pixelsPerPacket = payloadBytes / bytes;
  return {
    profile, bits: depth.wireBits, pixelBytes: bytes, rows, columns, payloadBytes, pixelsPerPacket,
    datagramBytes: headerBytes + payloadBytes,
    packetsPerImage: (rows * columns) / pixelsPerPacket,
    packetsSent: Math.ceil(((settings.readNRows ?? rows) * columns) / pixelsPerPacket),
  };
}

/**
 * Row and column that the hardware writes into the headers of a port, in port units. Units are stacked downwards first; a quad
 * sends its first port as row 1 and its second as row 0. Configured overrides do not reach the hardware.
 */
export function headerPosition(settings: DetectorSettings, portIndex: number): { row: number; column: number } {
  const profile = wireFormat(settings).profile;
  if (settings.quad) return { row: settings.udpPorts.length - 1 - portIndex, column: 0 };
  const { rows, columns } = profile.unitPorts;
  const unit = Math.floor(portIndex / (rows * columns));
  const within = portIndex % (rows * columns);
  return {
    row: (unit % settings.modules[0]) * rows + Math.floor(within / columns),
    column: Math.floor(unit / settings.modules[0]) * columns + (within % columns),
  };
}

const eigerType = 1;
/** detSpec3 by detector type, where it is a constant. */
const constantDetSpec3: Readonly<Record<number, number>> = { [eigerType]: 0xe14a };

/** The header's expLength: Eiger counts sub-frames at 32 bit (here 1 … 1000, by frame), others give their exposure in ticks. */
function exposureWord(format: WireFormat, frameNumber: number, periodTicks: number): number {
  if (format.profile.detectorType !== eigerType) return Math.min(periodTicks, 0xffffffff);
  return format.bits === 32 ? (frameNumber % 1000) + 1 : 0;
}

/** Bytes of the datagrams of one port image. */
export function imageBytes(format: WireFormat): number {
  return Math.ceil((format.packetsSent * format.datagramBytes) / 64) * 64;
}

/** The datagrams of one port image in one piece of memory, written anew for each frame. */
export class PortImageDatagrams {
  /** One view per packet sent, in the order of packet numbers; their bytes change with every `write`. */
  readonly datagrams: readonly Uint8Array[];
  readonly #format: WireFormat;
  readonly #portIndex: number;
  readonly #memory: PixelMemory;
  readonly #offset: number;
  readonly #view: DataView;
  readonly #pixels: PixelArray;

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
    this.#pixels = format.pixelBytes === 1 ? new Uint8Array(buffer, offset, bytes)
      : format.pixelBytes === 2 ? new Uint16Array(buffer, offset, bytes / 2) : new Uint32Array(buffer, offset, bytes / 4);
    this.datagrams = Array.from({ length: format.packetsSent }, (_, packet) =>
      new Uint8Array(buffer, offset + packet * format.datagramBytes, format.datagramBytes));
    const { row, column } = headerPosition(settings, portIndex);
    for (let packet = 0; packet < format.packetsSent; packet++) this.#writeConstants(packet, row, column);
  }

  #writeConstants(packet: number, row: number, column: number): void {
    const at = packet * this.#format.datagramBytes;
    const { detectorType, headerVersion } = this.#format.profile;
    const view = this.#view;
    view.setUint32(at + 12, packet, true);
    view.setUint16(at + 32, this.#portIndex, true);
    view.setUint16(at + 34, row, true);
    view.setUint16(at + 36, column, true);
    view.setUint32(at + 40, constantDetSpec3[detectorType] ?? 0, true);
    view.setUint8(at + 46, detectorType);
    view.setUint8(at + 47, headerVersion);
  }

  /**
   * Write headers and pixels of one frame.
   * @param frameNumber 1 … 2⁵³ − 1
   * @param ticks time since the start of the measurement in units of 100 ns
   * @param periodTicks time between two frames in the same unit
   */
  write(frameNumber: number, ticks: number, periodTicks: number): void {
    const format = this.#format;
    const view = this.#view;
    const exposure = exposureWord(format, frameNumber, periodTicks);
    for (let packet = 0; packet < format.packetsSent; packet++) {
      const at = packet * format.datagramBytes;
      view.setUint32(at, frameNumber % 4294967296, true);
      view.setUint32(at + 4, Math.floor(frameNumber / 4294967296), true);
      view.setUint32(at + 8, exposure, true);
      view.setUint32(at + 24, ticks % 4294967296, true);
      view.setUint32(at + 28, Math.floor(ticks / 4294967296), true);
    }
    this.#writePixels(frameNumber);
  }

  /** Payloads continue row by row; a packet may hold several rows or a part of one. */
  #writePixels(frameNumber: number): void {
    const { columns, pixelsPerPacket, packetsSent, datagramBytes, pixelBytes: size, bits } = this.#format;
    const image = imageSeed(frameNumber, this.#portIndex);
    const compiled = bits === 16 && size === 2;
    for (let packet = 0; packet < packetsSent; packet++) {
      let target = (packet * datagramBytes + headerBytes) / size;
      let pixel = packet * pixelsPerPacket;
      const end = pixel + pixelsPerPacket;
      while (pixel < end) {
        const row = Math.floor(pixel / columns);
        const count = Math.min(end, (row + 1) * columns) - pixel;
        const seed = rowSeed(image, row);
        const column = pixel - row * columns;
        if (compiled && count % pixelsAtOnce === 0) this.#memory.write16(this.#offset + target * 2, count, seed, column);
        else writePixels(this.#pixels, target, count, seed, column, bits);
        target += count;
        pixel += count;
      }
    }
  }
}
