// Records of a pcapng file: sections of either byte order, interfaces with their own link layers and clocks, enhanced,
// simple and old packet blocks; every other block is passed over. Source: draft-ietf-opsawg-pcapng.
// Tested by test/simulators/files/capture/capture.test.ts.

import { skip } from './byte-source.js';
import type { ByteSource } from './byte-source.js';
import { isLinkType, linkTypesKnown } from './link-layers.js';
import { cutOff, recordLimit, viewOf, WrongFile } from './record.js';
import type { CapturedRecord } from './record.js';

const block = { section: 0x0a0d0d0a, interface: 1, oldPacket: 2, simplePacket: 3, enhancedPacket: 6 } as const;
const byteOrderMagic = 0x1a2b3c4d;
const option = { end: 0, resolution: 9, timeOffset: 14 } as const;
/** A block of an interface or a packet has its options, too: a comment may be long. */
const blockLimit = recordLimit + (1 << 20);
/** Sections have few interfaces; a file that has more is damaged. */
const interfaceLimit = 65536;

interface Interface {
  readonly linkType: number;
  /** Ticks of its clock in a second. */
  readonly ticksPerSecond: number;
  readonly offsetSeconds: number;
  /** Bytes of a packet that are captured at most; 0 = all. */
  readonly snapBytes: number;
}

export function isPcapNg(start: Uint8Array): boolean {
  return start.length >= 4 && viewOf(start).getUint32(0) === block.section;
}

/**
 * @returns why it ended early, or null
 * @throws WrongFile when not one interface has a link layer that is known, or the first section cannot be read
 */
export function* readPcapNgRecords(source: ByteSource): Generator<CapturedRecord, string | null, undefined> {
  let little = true;
  let interfaces: Interface[] = [];
  let timeMs = 0;
  let unknown: number | null = null;
  let known = false;
  for (;;) {
    const start = source.at;
    const head = source.peek(12);
    if (head.length === 0) break;
    if (head.length < 12) return cutOff(start + head.length);
    const isSection = viewOf(head).getUint32(0) === block.section;
    if (isSection) {
      const order = byteOrder(head);
      if (order === null) {
        if (start === 0)
          throw new WrongFile('begins as a pcapng file, and its byte order cannot be read. Copy or capture it again');
        return `the section at byte ${start} has no byte order. The file is damaged from there on`;
      }
      little = order;
      interfaces = [];
    }
    const type = viewOf(head).getUint32(0, little);
    const length = viewOf(head).getUint32(4, little);
    if (length < 12 || length % 4 !== 0)
      return `the block at byte ${start} claims ${length} bytes, which no block has. The file is damaged from there on`;
    const needed =
      type === block.interface ||
      type === block.oldPacket ||
      type === block.simplePacket ||
      type === block.enhancedPacket;
    if (!needed) {
      if (!skip(source, length)) return cutOff(source.at);
      continue;
    }
    if (length > blockLimit)
      return (
        `the block at byte ${start} claims ${length} bytes, more than a packet can have. The file is damaged from ` +
        'there on'
      );
    const bytes = source.take(length);
    if (bytes.length < length) return cutOff(source.at);
    const body = bytes.subarray(8, length - 4);
    if (type === block.interface) {
      const described = readInterface(body, little);
      if (described === null || interfaces.length === interfaceLimit)
        return `the interface at byte ${start} cannot be read. The file is damaged from there on`;
      interfaces.push(described);
      if (isLinkType(described.linkType)) known = true;
      else unknown = described.linkType;
      continue;
    }
    const packet = readPacket(type, body, little, interfaces, timeMs);
    if (packet === null) return `the packet at byte ${start} cannot be read. The file is damaged from there on`;
    timeMs = packet.timeMs;
    yield packet;
  }
  if (!known && unknown !== null)
    throw new WrongFile(
      `its data link type is ${unknown}; needs ${linkTypesKnown}. Capture again on such an interface`,
    );
  return null;
}

/** Whether a section is little-endian; null when it is neither. */
function byteOrder(head: Uint8Array): boolean | null {
  if (viewOf(head).getUint32(8, true) === byteOrderMagic) return true;
  return viewOf(head).getUint32(8, false) === byteOrderMagic ? false : null;
}

function readInterface(body: Uint8Array, little: boolean): Interface | null {
  if (body.length < 8) return null;
  const view = viewOf(body);
  let ticksPerSecond = 1e6;
  let offsetSeconds = 0;
  for (let at = 8; at + 4 <= body.length;) {
    const code = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    if (code === option.end || at + 4 + length > body.length) break;
    if (code === option.resolution && length === 1) ticksPerSecond = resolutionOf(body[at + 4]);
    if (code === option.timeOffset && length === 8) offsetSeconds = Number(view.getBigInt64(at + 4, little));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return { linkType: view.getUint16(0, little), snapBytes: view.getUint32(4, little), ticksPerSecond, offsetSeconds };
}

/** A power of ten, or of two where the highest bit is set. */
function resolutionOf(value: number): number {
  return (value & 0x80) === 0 ? 10 ** value : 2 ** (value & 0x7f);
}

/** @returns null when the block is not long enough for what it says, or names an interface that is not described */
function readPacket(
  type: number,
  body: Uint8Array,
  little: boolean,
  interfaces: readonly Interface[],
  lastMs: number,
): CapturedRecord | null {
  const view = viewOf(body);
  const headBytes = type === block.simplePacket ? 4 : 20;
  if (body.length < headBytes) return null;
  const index =
    type === block.simplePacket ? 0 : type === block.oldPacket ? view.getUint16(0, little) : view.getUint32(0, little);
  const from = interfaces[index];
  if (from === undefined) return null;
  const captured =
    type === block.simplePacket
      ? Math.min(view.getUint32(0, little), from.snapBytes === 0 ? recordLimit : from.snapBytes)
      : view.getUint32(12, little);
  if (captured > recordLimit || headBytes + captured > body.length) return null;
  const ticks = type === block.simplePacket ? null : view.getUint32(4, little) * 2 ** 32 + view.getUint32(8, little);
  const timeMs = ticks === null ? lastMs : (ticks / from.ticksPerSecond + from.offsetSeconds) * 1000;
  return { timeMs, linkType: from.linkType, bytes: body.subarray(headBytes, headBytes + captured) };
}
