// Reads capture files as tcpdump and Wireshark write them: records one after the other, and the UDP datagram inside each. Knows
// no detector. The replay walks through a file with it once, from front to back; memory holds about a megabyte, or the whole
// file where it is gzip'ed.
// Source: draft-ietf-opsawg-pcap (file), tcpdump.org/linktypes.html (link layers), RFC 791, 8200, 768.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { exitCode, messageOf, OperatorError } from '../src/base/errors.js';

/** One record. Bytes are not reused, and belong to whoever takes them. */
export interface PcapRecord {
  /** Milliseconds since 1970, to the resolution of the file. */
  readonly timeMs: number;
  /** Data link type of the file. */
  readonly linkType: number;
  /** What was captured, from the link layer on. */
  readonly bytes: Uint8Array;
}

/** A UDP datagram as it was captured. */
export interface UdpDatagram {
  readonly sourcePort: number;
  readonly port: number;
  readonly payload: Uint8Array;
}

/** Why a record is no whole datagram: other traffic, a piece of a datagram, or not captured to its end. */
export type NoDatagram = 'other' | 'fragment' | 'cut';

/** Largest record; a length above it is no length. Wireshark and libpcap have the same limit. */
const recordLimit = 262144;
/** Bytes that a gzip'ed capture may have unpacked; `vdcu` holds them in memory. */
const unpackedLimit = 2 ** 30;
const chunkBytes = 1 << 20;
const fileHeaderBytes = 24;
const recordHeaderBytes = 16;

/** Data link types. */
const link = { null: 0, ethernet: 1, rawBsd: 12, rawOpenBsd: 14, raw: 101, loop: 108, linuxCooked: 113, ipv4: 228, ipv6: 229, linuxCooked2: 276 } as const;
const linkTypes: readonly number[] = Object.values(link);
const etherTypes = { ipv4: 0x0800, vlan: 0x8100, ipv6: 0x86dd, serviceVlan: 0x88a8 } as const;
const udp = 17;

/** Bytes of a file from front to back. */
interface Bytes {
  /** Exactly `count` bytes; fewer at the end of the file. */
  take(count: number): Uint8Array;
  close(): void;
}

/**
 * All records of a file.
 * @param file .pcap with microseconds or nanoseconds, of either byte order; also gzip'ed
 * @throws OperatorError (usage) for anything else, and where the file is damaged: what, and at which byte
 */
export function* readPcap(file: string): Generator<PcapRecord, void, undefined> {
  const bytes = openBytes(file);
  try {
    yield* records(file, bytes);
  } finally {
    bytes.close();
  }
}

/** The same of bytes in memory, not gzip'ed. @param name for messages */
export function readPcapBytes(name: string, content: Uint8Array): Generator<PcapRecord, void, undefined> {
  return records(name, new MemoryBytes(content));
}

function* records(name: string, bytes: Bytes): Generator<PcapRecord, void, undefined> {
  const header = bytes.take(fileHeaderBytes);
  const { little, unitsPerMs } = readMagic(name, header);
  const view = viewOf(header);
  const linkType = view.getUint32(20, little) & 0xffff;
  if (!linkTypes.includes(linkType)) {
    refuse(name, `its data link type is ${linkType}; needs Ethernet (1), Linux cooked (113, 276), raw IP (101) or loopback (0). Capture again on such an interface`);
  }
  let at = fileHeaderBytes;
  for (;;) {
    const head = bytes.take(recordHeaderBytes);
    if (head.length === 0) return;
    if (head.length < recordHeaderBytes) refuse(name, `ends within a record, at byte ${at + head.length}. The file is cut off: copy or capture it again`);
    const fields = viewOf(head);
    const captured = fields.getUint32(8, little);
    if (captured > recordLimit) refuse(name, `the record at byte ${at} claims ${captured} bytes, more than the ${recordLimit} that a record can have. The file is damaged`);
    const content = bytes.take(captured);
    at += recordHeaderBytes + captured;
    if (content.length < captured) refuse(name, `ends within a record, at byte ${at - captured + content.length}. The file is cut off: copy or capture it again`);
    yield {
      timeMs: fields.getUint32(0, little) * 1000 + fields.getUint32(4, little) / unitsPerMs,
      linkType, bytes: content,
    };
  }
}

function readMagic(name: string, header: Uint8Array): { little: boolean; unitsPerMs: number } {
  if (header.length >= 4) {
    const magic = viewOf(header).getUint32(0, true);
    if (magic === 0x0a0d0d0a) refuse(name, 'is a pcapng file; needs pcap. Convert it: editcap -F pcap IN OUT, or tcpdump -r IN -w OUT');
    const known = ([[0xa1b2c3d4, true, 1e3], [0xd4c3b2a1, false, 1e3], [0xa1b23c4d, true, 1e6], [0x4d3cb2a1, false, 1e6]] as const).find(([number]) => number === magic);
    if (known === undefined) refuse(name, 'is no capture file. Give a .pcap or .pcap.gz, as tcpdump -w writes it');
    if (header.length >= fileHeaderBytes) return { little: known[1], unitsPerMs: known[2] };
  }
  return refuse(name, `has ${header.length} bytes, too few for a capture file. Give a .pcap or .pcap.gz, as tcpdump -w writes it`);
}

function openBytes(file: string): Bytes {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    throw new OperatorError(`${file}: cannot be read (${messageOf(error)}). Give a capture file`, exitCode.usage, { cause: error });
  }
  const chunks = new FileBytes(file, descriptor);
  try {
    if (!fstatSync(descriptor).isFile()) refuse(file, 'is no file. Give a capture file');
    if (!chunks.startsWith(0x1f, 0x8b)) return chunks;
  } catch (error) {
    chunks.close();
    throw error;
  }
  try {
    const { buffer, byteOffset, length } = gunzipSync(chunks.rest(), { maxOutputLength: unpackedLimit });
    return new MemoryBytes(new Uint8Array(buffer, byteOffset, length));
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return refuse(file, tooLarge ? 'is larger than 1 GiB unpacked. Unpack it with gunzip and give the .pcap' : `cannot be unpacked (${messageOf(error)}). Copy or capture it again`);
  } finally {
    chunks.close();
  }
}

class MemoryBytes implements Bytes {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(count: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += taken.length;
    return taken;
  }

  close(): void {
    // Memory needs none.
  }
}

/** Reads ahead by chunks; chunks are not reused, because what was taken from them stays with the taker. */
class FileBytes implements Bytes {
  readonly #file: string;
  readonly #descriptor: number;
  #chunk = new Uint8Array(0);

  constructor(file: string, descriptor: number) {
    this.#file = file;
    this.#descriptor = descriptor;
  }

  take(count: number): Uint8Array {
    this.#fill(count);
    const taken = this.#chunk.subarray(0, count);
    this.#chunk = this.#chunk.subarray(taken.length);
    return taken;
  }

  startsWith(...values: readonly number[]): boolean {
    this.#fill(values.length);
    return values.every((value, index) => this.#chunk[index] === value);
  }

  /** Everything that is left, as far as unpacking it could be allowed. */
  rest(): Uint8Array {
    const { size } = fstatSync(this.#descriptor);
    if (size > unpackedLimit) refuse(this.#file, 'is larger than 1 GiB. Unpack it with gunzip and give the .pcap');
    return this.take(size);
  }

  #fill(count: number): void {
    if (this.#chunk.length >= count) return;
    const chunk = new Uint8Array(Math.max(chunkBytes, count));
    chunk.set(this.#chunk);
    let filled = this.#chunk.length;
    while (filled < chunk.length) {
      const read = this.#read(chunk, filled);
      if (read === 0) break;
      filled += read;
    }
    this.#chunk = chunk.subarray(0, filled);
  }

  #read(chunk: Uint8Array, from: number): number {
    try {
      return readSync(this.#descriptor, chunk, from, chunk.length - from, null);
    } catch (error) {
      throw new OperatorError(`${this.#file}: reading failed (${messageOf(error)})`, exitCode.environment, { cause: error });
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** The datagram of a record, or why there is none. Takes any bytes. */
export function udpOf({ linkType, bytes }: PcapRecord): UdpDatagram | NoDatagram {
  const packet = ipOf(linkType, bytes);
  if (packet === null) return 'other';
  const version = (packet[0] as number) >> 4;
  return version === 4 ? ofIpv4(packet) : version === 6 ? ofIpv6(packet) : 'other';
}

/** The IP packet behind the link layer, at least one byte; null for other traffic. */
function ipOf(linkType: number, bytes: Uint8Array): Uint8Array | null {
  const behind = (offset: number): Uint8Array | null => (bytes.length > offset ? bytes.subarray(offset) : null);
  switch (linkType) {
    case link.ethernet: return behindEtherType(bytes, 12);
    case link.linuxCooked: return behindEtherType(bytes, 14);
    case link.linuxCooked2: return isIp(viewOf(bytes), 0) ? behind(20) : null;
    case link.null:
    case link.loop: return behind(4);
    default: return behind(0);
  }
}

function isIp(view: DataView, at: number): boolean {
  const type = view.byteLength >= at + 2 ? view.getUint16(at) : 0;
  return type === etherTypes.ipv4 || type === etherTypes.ipv6;
}

/** Behind the type at `at`, and the VLAN tags that may follow it. */
function behindEtherType(bytes: Uint8Array, at: number): Uint8Array | null {
  const view = viewOf(bytes);
  let position = at;
  while (position + 2 < bytes.length && (view.getUint16(position) === etherTypes.vlan || view.getUint16(position) === etherTypes.serviceVlan)) position += 4;
  return isIp(view, position) && bytes.length > position + 2 ? bytes.subarray(position + 2) : null;
}

function ofIpv4(packet: Uint8Array): UdpDatagram | NoDatagram {
  if (packet.length < 20) return 'other';
  const view = viewOf(packet);
  const headerBytes = ((packet[0] as number) & 15) * 4;
  if (packet[9] !== udp || headerBytes < 20) return 'other';
  // More fragments follow, or this is a later one.
  if ((view.getUint16(6) & 0x3fff) !== 0) return 'fragment';
  return ofUdp(packet, headerBytes);
}

/** Extension headers are passed over, as far as a datagram on its way to a receiver can have them. */
function ofIpv6(packet: Uint8Array): UdpDatagram | NoDatagram {
  if (packet.length < 40) return 'other';
  const view = viewOf(packet);
  let next = packet[6] as number;
  let at = 40;
  while (at + 8 <= packet.length) {
    if (next === udp) return ofUdp(packet, at);
    if (next === 44) {
      if ((view.getUint16(at + 2) & 0xfff9) !== 0) return 'fragment';
      next = packet[at] as number;
      at += 8;
    } else if (next === 0 || next === 43 || next === 60) {
      next = packet[at] as number;
      at += 8 + (packet[at + 1] as number) * 8;
    } else return 'other';
  }
  return 'other';
}

/** The length counts, not the packet's end: Ethernet pads short packets. */
function ofUdp(packet: Uint8Array, at: number): UdpDatagram | NoDatagram {
  if (packet.length < at + 8) return 'other';
  const view = viewOf(packet);
  const length = view.getUint16(at + 4);
  if (length < 8) return 'other';
  if (packet.length < at + length) return 'cut';
  return { sourcePort: view.getUint16(at), port: view.getUint16(at + 2), payload: packet.subarray(at + 8, at + length) };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function refuse(name: string, what: string): never {
  throw new OperatorError(`${name}: ${what}`, exitCode.usage);
}
