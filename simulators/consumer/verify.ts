// Compares every pixel of a received frame with what the simulated detector sent: the formula's value, the missing
// value exactly where the message says that packets are missing, or the gap value. For images that are cut, turned,
// mirrored or masked it computes the whole frame first, and the image from that.

import { exitCode, messageOf, OperatorError } from '../../src/base/errors.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { unpackBslz4 } from './bslz4.js';
import { headerFieldValue } from '../detector/header-fields.js';
import { frameLayout } from '../detector/layout.js';
import type { FrameLayout, PortLayout } from '../detector/layout.js';
import { countRanges, readMissing } from './missing-packets.js';
import type { MissingPackets } from './missing-packets.js';
import { wireFormat } from '../detector/packet.js';
import type { WireFormat } from '../detector/packet.js';
import { firstWrongPixel, imageSeed, pixelValue, rowSeed, writePixels } from '../detector/pattern.js';
import type { PixelArray } from '../detector/pattern.js';
import { Rings } from '../detector/rings.js';
import type { Picture } from '../detector/pictures.js';
import { SentForm } from './sent-form.js';
import type { FormWish } from './sent-form.js';
import { isCount } from './stream-message.js';
import type { JsonObject } from './stream-message.js';

/** A pixel that is not what it should be. */
export interface WrongPixel {
  readonly frameNumber: number;
  readonly y: number;
  readonly x: number;
  readonly seen: number;
  readonly expected: number;
}

/** What was seen of one frame; checked = right + wrong pixels, of every kind. */
export interface FrameVerdict {
  checked: number;
  wrong: number;
  /** Pixels of packets that the message calls missing. */
  missing: number;
  firstWrong: WrongPixel | null;
}

const gapValue = 0;

const came = 0;
const notSent = 1;
const calledMissing = 2;

/** Pixels of a row that lie side by side in the frame, all of them in the same state. */
interface Run {
  readonly row: number;
  readonly column: number;
  /** First pixel in the frame. */
  readonly at: number;
  readonly count: number;
  readonly state: number;
}

/** Checks frames of one configuration; holds scratch memory, so one frame at a time. */
export class FrameVerifier {
  readonly layout: FrameLayout;
  readonly #format: WireFormat;
  readonly #missingValue: number;
  readonly #type: string;
  /** Per packet of a port image: came, is not sent at all, or is called missing. */
  readonly #absent: Uint8Array;

  /** Null = the pixels are those of the formula. */
  readonly #rings: Rings | null;
  /** Null = images are whole frames as the detector has them. */
  readonly #form: SentForm | null;
  /** Of images. */
  readonly #columns: number;

  /**
   * @param picture what the detector sends @param form of images
   * @throws OperatorError (usage) for settings without a profile
   */
  constructor(settings: DetectorSettings, picture: Picture = 'formula', form: FormWish | null = null) {
    this.#rings = picture === 'rings' ? new Rings(settings) : null;
    this.layout = frameLayout(settings);
    this.#form = form === null ? null : new SentForm(form, this.layout.rows, this.layout.columns);
    this.#columns = (this.#form ?? this.layout).columns;
    this.#format = wireFormat(settings);
    this.#missingValue = 2 ** (8 * this.#format.pixelBytes) - 1;
    this.#type = `uint${8 * this.#format.pixelBytes}`;
    this.#absent = new Uint8Array(this.#format.packetsPerImage);
    if (this.layout.ports.length === 0)
      throw new OperatorError('udp_ports: none; needs the ports of the detector', exitCode.usage);
  }

  /**
   * Check one image message.
   * @param fields part 0
   * @param blob part 1, pixels or a chunk of them
   * @returns counts, or a sentence when the message does not describe a frame of this configuration at all
   */
  verify(fields: JsonObject, blob: Uint8Array): FrameVerdict | string {
    const { rows, columns } = this.#form ?? this.layout;
    const shape = JSON.stringify(fields['shape']);
    if (shape !== `[${rows},${columns}]`) return `shape is ${shape}, the configuration gives [${rows},${columns}]`;
    if (fields['type'] !== this.#type)
      return `type is ${JSON.stringify(fields['type'])}, the configuration gives ${this.#type}`;
    const bytes = rows * columns * this.#format.pixelBytes;
    if (fields['compression'] === 'bslz4') {
      try {
        blob = unpackBslz4(blob, this.#format.pixelBytes, bytes);
      } catch (error) {
        return messageOf(error);
      }
    } else if (fields['compression'] !== 'none')
      return `compression ${JSON.stringify(fields['compression'])}, neither none nor bslz4`;
    if (blob.length !== bytes) return `the frame has ${blob.length} bytes, the configuration gives ${bytes}`;
    const frameNumber = fields['frame_number'];
    if (!isCount(frameNumber))
      return `frame_number is ${JSON.stringify(frameNumber)}, so the right pixels are not known`;
    const missing = fields['missing'] === undefined ? new Map<number, never>() : readMissing(fields['missing']);
    if (typeof missing === 'string') return missing;
    const impossible = this.#impossible(missing);
    if (impossible !== null) return impossible;
    const pixels = this.#pixels(blob, this.#format.pixelBytes);
    return this.#form === null
      ? this.#compare(frameNumber, pixels, missing)
      : this.#compareForm(frameNumber, pixels, missing, this.#form);
  }

  /**
   * Check what the message says from the packet header: the formula's values when a packet came, nothing otherwise.
   * @returns what is wrong, one sentence each
   */
  checkHeaderFields(fields: JsonObject): string[] {
    const frameNumber = fields['frame_number'];
    const missing = fields['missing'] === undefined ? new Map<number, never>() : readMissing(fields['missing']);
    if (!isCount(frameNumber) || typeof missing === 'string') return [];
    const { profile, wireBits } = this.#format;
    const nothing = this.#nothingArrived(missing);
    return Object.entries(profile.headerFields).flatMap(([key, field]) => {
      const seen = fields[key];
      if (nothing) return seen === undefined ? [] : [`${key} is ${JSON.stringify(seen)}, but no packet came`];
      // Ticks may exceed 2⁵³: then JSON.parse rounds what was written exactly.
      if (field === 'timestamp')
        return Number.isInteger(seen) && (seen as number) >= 0
          ? []
          : [`${key} is ${JSON.stringify(seen)}, not a count of ticks`];
      const expected = headerFieldValue(field, profile.detectorType, wireBits, frameNumber);
      return seen === expected ? [] : [`${key} is ${JSON.stringify(seen)}, the detector sent ${expected}`];
    });
  }

  /** Packets that the detector never sends cannot be missing. */
  #impossible(missing: MissingPackets): string | null {
    for (const [udpPort, ranges] of missing) {
      const port = this.layout.ports.find((candidate) => candidate.udpPort === udpPort);
      if (port === undefined) return `missing names port ${udpPort}, which the configuration does not have`;
      if (port.off && ranges.length > 0) return `missing names port ${udpPort}, which is switched off`;
      const end = port.firstPacket + this.#format.packetsSent - 1;
      for (const [first, last] of ranges) {
        if (first < port.firstPacket || last > end)
          return (
            `missing names packets ${first} to ${last} of port ${udpPort}, which sends ` +
            `${port.firstPacket} to ${end}`
          );
      }
    }
    return null;
  }

  #pixels(blob: Uint8Array, size: number): PixelArray {
    const { buffer, byteOffset } = blob.byteOffset % size === 0 ? blob : new Uint8Array(blob);
    const count = blob.length / size;
    return size === 1
      ? new Uint8Array(buffer, byteOffset, count)
      : size === 2
        ? new Uint16Array(buffer, byteOffset, count)
        : new Uint32Array(buffer, byteOffset, count);
  }

  #compare(frameNumber: number, pixels: PixelArray, missing: MissingPackets): FrameVerdict {
    const verdict: FrameVerdict = { checked: pixels.length, wrong: 0, missing: 0, firstWrong: null };
    for (const port of this.layout.ports) this.#comparePort(frameNumber, pixels, port, missing, verdict);
    this.#compareGaps(frameNumber, pixels, this.#nothingArrived(missing), verdict);
    return verdict;
  }

  /** Every packet of every port that sends is called missing. */
  #nothingArrived(missing: MissingPackets): boolean {
    const sending = this.layout.ports.filter((port) => !port.off);
    return (
      sending.length > 0 &&
      sending.every((port) => countRanges(missing.get(port.udpPort) ?? []) === this.#format.packetsSent)
    );
  }

  #comparePort(
    frameNumber: number,
    pixels: PixelArray,
    port: PortLayout,
    missing: MissingPackets,
    verdict: FrameVerdict,
  ): void {
    const image = imageSeed(frameNumber, port.portIndex);
    const picture = this.#rings?.portImage(port.portIndex, frameNumber) ?? null;
    this.#eachRun(port, missing, ({ row, column, at, count, state }) => {
      if (state === calledMissing) verdict.missing += count;
      if (state !== came) this.#expectConstant(frameNumber, pixels, at, count, this.#missingValue, verdict);
      else if (picture !== null)
        this.#expectPicture(frameNumber, pixels, at, count, picture, row * this.#format.columns + column, verdict);
      else this.#expectFormula(frameNumber, pixels, at, count, rowSeed(image, row), column, port, row, verdict);
    });
  }

  /**
   * Hot: row by row, a row without absent packets in one go per piece. A pixel in two packets is there when both are.
   */
  #eachRun(port: PortLayout, missing: MissingPackets, take: (run: Run) => void): void {
    const { columns, rows, wireBits, payloadBytes, packetsSent } = this.#format;
    this.#absent.fill(notSent);
    if (!port.off) this.#absent.fill(came, port.firstPacket, port.firstPacket + packetsSent);
    for (const [first, last] of missing.get(port.udpPort) ?? []) this.#absent.fill(calledMissing, first, last + 1);
    const packetBits = payloadBytes * 8;
    for (let row = 0; row < rows; row++) {
      const rowStart = port.y[row] * this.layout.columns;
      for (const { column, x, length } of port.pieces) {
        let from = column;
        while (from < column + length) {
          const pixel = row * columns + from;
          const packet = Math.floor((pixel * wireBits) / packetBits);
          const whole = Math.floor(((packet + 1) * packetBits) / wireBits) - pixel;
          const count = Math.min(column + length - from, Math.max(1, whole));
          const state = Math.max(this.#absent[packet], whole === 0 ? this.#absent[packet + 1] : came);
          take({ row, column: from, at: rowStart + x + from - column, count, state });
          from += count;
        }
      }
    }
  }

  /** The whole frame is worked out, and of that what the form makes of it. */
  #compareForm(frameNumber: number, pixels: PixelArray, missing: MissingPackets, form: SentForm): FrameVerdict {
    const { rows, columns, ports, gaps } = this.layout;
    const size = this.#format.pixelBytes;
    const frame = this.#pixels(new Uint8Array(rows * columns * size), size);
    const absent = new Uint8Array(rows * columns);
    const gap = 1;
    for (const [start, length] of gaps) absent.fill(gap, start, start + length);
    for (const port of ports) {
      const image = imageSeed(frameNumber, port.portIndex);
      const picture = this.#rings?.portImage(port.portIndex, frameNumber) ?? null;
      this.#eachRun(port, missing, ({ row, column, at, count, state }) => {
        const from = row * this.#format.columns + column;
        if (state === calledMissing) absent.fill(calledMissing, at, at + count);
        if (state !== came) frame.fill(this.#missingValue, at, at + count);
        else if (picture !== null) frame.set(picture.subarray(from, from + count), at);
        else writePixels(frame, at, count, rowSeed(image, row), column, this.#format.bits);
      });
    }
    if (this.#nothingArrived(missing)) {
      const seen = form.sources.findIndex((source, at) => absent[source] === gap && form.masked[at] === 0);
      if (seen >= 0 && pixels[seen] === this.#missingValue)
        for (const [start, length] of gaps) frame.fill(this.#missingValue, start, start + length);
    }
    const expected = form.imageOf(frame, this.#missingValue);
    const verdict: FrameVerdict = { checked: pixels.length, wrong: 0, missing: 0, firstWrong: null };
    for (let at = 0; at < pixels.length; at++) {
      if (absent[form.sources[at]] === calledMissing && form.masked[at] === 0) verdict.missing++;
      if (pixels[at] !== expected[at]) this.#wrong(frameNumber, pixels, at, expected[at], verdict);
    }
    return verdict;
  }

  #expectFormula(
    frameNumber: number,
    pixels: PixelArray,
    start: number,
    count: number,
    seed: number,
    column: number,
    port: PortLayout,
    row: number,
    verdict: FrameVerdict,
  ): void {
    const { bits } = this.#format;
    const end = start + count;
    let at = firstWrongPixel(pixels, start, count, seed, column, bits);
    while (at >= 0) {
      const here = column + at - start;
      if (verdict.firstWrong === null) {
        this.#wrong(frameNumber, pixels, at, pixelValue(frameNumber, port.portIndex, row, here, bits), verdict);
      } else verdict.wrong++;
      at = firstWrongPixel(pixels, at + 1, end - at - 1, seed, here + 1, bits);
    }
  }

  #expectPicture(
    frameNumber: number,
    pixels: PixelArray,
    start: number,
    count: number,
    picture: PixelArray,
    from: number,
    verdict: FrameVerdict,
  ): void {
    for (let at = 0; at < count; at++) {
      if (pixels[start + at] !== picture[from + at])
        this.#wrong(frameNumber, pixels, start + at, picture[from + at], verdict);
    }
  }

  #expectConstant(
    frameNumber: number,
    pixels: PixelArray,
    start: number,
    count: number,
    expected: number,
    verdict: FrameVerdict,
  ): void {
    for (let at = start; at < start + count; at++) {
      if (pixels[at] !== expected) this.#wrong(frameNumber, pixels, at, expected, verdict);
    }
  }

  /** A frame of which nothing arrived may be the missing value everywhere, gaps included, but not partly. */
  #compareGaps(frameNumber: number, pixels: PixelArray, nothingArrived: boolean, verdict: FrameVerdict): void {
    const first = this.layout.gaps[0]?.[0];
    if (first === undefined) return;
    const expected = nothingArrived && pixels[first] === this.#missingValue ? this.#missingValue : gapValue;
    for (const [start, length] of this.layout.gaps)
      this.#expectConstant(frameNumber, pixels, start, length, expected, verdict);
  }

  #wrong(frameNumber: number, pixels: PixelArray, at: number, expected: number, verdict: FrameVerdict): void {
    verdict.wrong++;
    verdict.firstWrong ??= {
      frameNumber,
      y: Math.floor(at / this.#columns),
      x: at % this.#columns,
      seen: pixels[at],
      expected,
    };
  }
}
