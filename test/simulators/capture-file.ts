// Captures made by hand: files and link layers as their specifications say, for tests of the reader and the replay.

import { gzipSync } from 'node:zlib';

export interface CaptureOptions {
  readonly little?: boolean;
  readonly nanoseconds?: boolean;
  readonly linkType?: number;
  readonly gzip?: boolean;
}

export interface CapturedPacket {
  readonly seconds: number;
  /** Of the file's unit. */
  readonly fraction?: number;
  readonly bytes: Uint8Array;
  /** Length on the wire; default: all was captured. */
  readonly original?: number;
}

export function capture(packets: readonly CapturedPacket[], { little = true, nanoseconds = false, linkType = 1, gzip = false }: CaptureOptions = {}): Uint8Array {
  const file = new Uint8Array(24 + packets.reduce((sum, { bytes }) => sum + 16 + bytes.length, 0));
  const view = new DataView(file.buffer);
  view.setUint32(0, nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, little);
  view.setUint16(4, 2, little);
  view.setUint16(6, 4, little);
  view.setUint32(16, 262144, little);
  view.setUint32(20, linkType, little);
  let at = 24;
  for (const { seconds, fraction = 0, bytes, original = bytes.length } of packets) {
    [seconds, fraction, bytes.length, original].forEach((value, index) => { view.setUint32(at + 4 * index, value, little); });
    file.set(bytes, at + 16);
    at += 16 + bytes.length;
  }
  return gzip ? gzipSync(file) : file;
}

export function udp(port: number, payload: Uint8Array, sourcePort = 1234): Uint8Array {
  const bytes = new Uint8Array(8 + payload.length);
  const view = new DataView(bytes.buffer);
  [sourcePort, port, bytes.length].forEach((value, index) => { view.setUint16(2 * index, value); });
  bytes.set(payload, 8);
  return bytes;
}

/** @param flags the 16 bits of flags and fragment offset */
export function ipv4(content: Uint8Array, { protocol = 17, flags = 0x4000, options = 0 } = {}): Uint8Array {
  const bytes = new Uint8Array(20 + options + content.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x40 + (20 + options) / 4;
  view.setUint16(2, bytes.length);
  view.setUint16(6, flags);
  bytes[8] = 64;
  bytes[9] = protocol;
  bytes.set([127, 0, 0, 1, 127, 0, 0, 1], 12);
  bytes.set(content, 20 + options);
  return bytes;
}

/** @param extensions whole extension headers, the first of type `first` */
export function ipv6(content: Uint8Array, first = 17, extensions: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(40 + extensions.length + content.length);
  new DataView(bytes.buffer).setUint16(4, extensions.length + content.length);
  bytes[0] = 0x60;
  bytes[6] = first;
  bytes.set(extensions, 40);
  bytes.set(content, 40 + extensions.length);
  return bytes;
}

export function ethernet(content: Uint8Array, etherType = 0x0800, { vlans = 0, pad = 0 } = {}): Uint8Array {
  const bytes = new Uint8Array(14 + 4 * vlans + content.length + pad);
  const view = new DataView(bytes.buffer);
  for (let tag = 0; tag < vlans; tag++) view.setUint16(12 + 4 * tag, tag === 0 && vlans > 1 ? 0x88a8 : 0x8100);
  view.setUint16(12 + 4 * vlans, etherType);
  bytes.set(content, 14 + 4 * vlans);
  return bytes;
}

/** Bytes that a link layer puts before an IP packet. */
export function before(linkType: number, content: Uint8Array, etherType = 0x0800): Uint8Array {
  const length = { 0: 4, 1: 14, 101: 0, 108: 4, 113: 16, 276: 20 }[linkType] as number;
  const bytes = new Uint8Array(length + content.length);
  const typeAt = { 1: 12, 113: 14, 276: 0 }[linkType];
  if (typeAt !== undefined) new DataView(bytes.buffer).setUint16(typeAt, etherType);
  bytes.set(content, length);
  return bytes;
}
