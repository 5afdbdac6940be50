// Captures made by hand: files, link layers and tunnels as their specifications say, for tests of the reader and the
// replay.

import { gzipSync } from 'node:zlib';

export interface CaptureOptions {
  readonly little?: boolean;
  readonly nanoseconds?: boolean;
  /** Eight bytes more in each record's header. */
  readonly modified?: boolean;
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

export function capture(
  packets: readonly CapturedPacket[],
  { little = true, nanoseconds = false, modified = false, linkType = 1, gzip = false }: CaptureOptions = {},
): Uint8Array {
  const headBytes = modified ? 24 : 16;
  const file = new Uint8Array(24 + packets.reduce((sum, { bytes }) => sum + headBytes + bytes.length, 0));
  const view = new DataView(file.buffer);
  view.setUint32(0, modified ? 0xa1b2cd34 : nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, little);
  view.setUint16(4, 2, little);
  view.setUint16(6, 4, little);
  view.setUint32(16, 262144, little);
  view.setUint32(20, linkType, little);
  let at = 24;
  for (const { seconds, fraction = 0, bytes, original = bytes.length } of packets) {
    [seconds, fraction, bytes.length, original].forEach((value, index) => {
      view.setUint32(at + 4 * index, value, little);
    });
    file.set(bytes, at + headBytes);
    at += headBytes + bytes.length;
  }
  return gzip ? gzipSync(file) : file;
}

/** One block of a pcapng file. */
export function block(type: number, body: Uint8Array, little = true): Uint8Array {
  const length = 12 + Math.ceil(body.length / 4) * 4;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, little);
  view.setUint32(4, length, little);
  bytes.set(body, 8);
  view.setUint32(length - 4, length, little);
  return bytes;
}

/** Numbers of these sizes in bytes, one behind the other. */
export function words(
  sizes: readonly (1 | 2 | 4 | 8)[],
  values: readonly (number | bigint)[],
  little = false,
): Uint8Array {
  const bytes = new Uint8Array(sizes.reduce((sum: number, size) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  sizes.forEach((size, index) => {
    const value = values[index];
    if (size === 8) view.setBigInt64(at, BigInt(value), little);
    else if (size === 4) view.setUint32(at, Number(value), little);
    else if (size === 2) view.setUint16(at, Number(value), little);
    else view.setUint8(at, Number(value));
    at += size;
  });
  return bytes;
}

export const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

export interface NgInterface {
  readonly linkType?: number;
  readonly snapBytes?: number;
  /** Value of if_tsresol; default: none, which means microseconds. */
  readonly resolution?: number;
  readonly offsetSeconds?: number;
}

export const ng = {
  section: (little = true): Uint8Array =>
    block(0x0a0d0d0a, words([4, 2, 2, 8], [0x1a2b3c4d, 1, 0, -1n], little), little),
  interface: (
    { linkType = 1, snapBytes = 0, resolution, offsetSeconds }: NgInterface = {},
    little = true,
  ): Uint8Array =>
    block(
      1,
      joined(
        words([2, 2, 4], [linkType, 0, snapBytes], little),
        ...(resolution === undefined ? [] : [words([2, 2, 1, 1, 2], [9, 1, resolution, 0, 0], little)]),
        ...(offsetSeconds === undefined ? [] : [words([2, 2, 8], [14, 8, offsetSeconds], little)]),
        words([2, 2], [0, 0], little),
      ),
      little,
    ),
  packet: (ticks: number, bytes: Uint8Array, from = 0, little = true): Uint8Array =>
    block(
      6,
      joined(
        words(
          [4, 4, 4, 4, 4],
          [from, Math.floor(ticks / 2 ** 32), ticks % 2 ** 32, bytes.length, bytes.length],
          little,
        ),
        bytes,
      ),
      little,
    ),
  oldPacket: (ticks: number, bytes: Uint8Array, from = 0, little = true): Uint8Array =>
    block(
      2,
      joined(
        words(
          [2, 2, 4, 4, 4, 4],
          [from, 0, Math.floor(ticks / 2 ** 32), ticks % 2 ** 32, bytes.length, bytes.length],
          little,
        ),
        bytes,
      ),
      little,
    ),
  simplePacket: (bytes: Uint8Array, original = bytes.length, little = true): Uint8Array =>
    block(3, joined(words([4], [original], little), bytes), little),
};

/** @param length that the header tells; default: the true one */
export function udp(port: number, payload: Uint8Array, sourcePort = 1234, length = 8 + payload.length): Uint8Array {
  return joined(words([2, 2, 2, 2], [sourcePort, port, length, 0]), payload);
}

export interface IpOptions {
  readonly protocol?: number;
  /** The 16 bits of flags and fragment offset. */
  readonly flags?: number;
  /** Bytes of options. */
  readonly options?: number;
  readonly id?: number;
  /** Last byte of its address. */
  readonly source?: number;
  /** Length that the header tells; default: the true one. */
  readonly total?: number;
}

export function ipv4(
  content: Uint8Array,
  { protocol = 17, flags = 0x4000, options = 0, id = 0, source = 1, ...more }: IpOptions = {},
): Uint8Array {
  const total = more.total ?? 20 + options + content.length;
  const head = words([1, 1, 2, 2, 2, 1, 1, 2], [0x40 + (20 + options) / 4, 0, total, id, flags, 64, protocol, 0]);
  return joined(head, Uint8Array.from([127, 0, 0, source, 127, 0, 0, 1]), new Uint8Array(options), content);
}

/** @param extensions whole extension headers, the first of type `first` */
export function ipv6(content: Uint8Array, first = 17, extensions: Uint8Array = new Uint8Array(0)): Uint8Array {
  return joined(
    words([4, 2, 1, 1], [0x60000000, extensions.length + content.length, first, 64]),
    new Uint8Array(32),
    extensions,
    content,
  );
}

/**
 * The content of an IP packet in pieces, as a network with this many bytes for it (a multiple of 8) makes them, in
 * order.
 */
export function fragments(content: Uint8Array, { id = 1, step = 1480, source = 1, protocol = 17 } = {}): Uint8Array[] {
  return Array.from({ length: Math.ceil(content.length / step) }, (_, index) => {
    const more = (index + 1) * step < content.length;
    return ipv4(content.subarray(index * step, (index + 1) * step), {
      id,
      source,
      protocol,
      flags: (more ? 0x2000 : 0) + (index * step) / 8,
    });
  });
}

export function fragments6(content: Uint8Array, { id = 1, step = 1440, first = 17 } = {}): Uint8Array[] {
  return Array.from({ length: Math.ceil(content.length / step) }, (_, index) => {
    const more = (index + 1) * step < content.length;
    return ipv6(
      content.subarray(index * step, (index + 1) * step),
      44,
      words([1, 1, 2, 4], [first, 0, index * step + (more ? 1 : 0), id]),
    );
  });
}

/** @param vlans the types of its tags, the outer one first */
export function ethernet(
  content: Uint8Array,
  etherType = 0x0800,
  { vlans = [] as readonly number[], pad = 0 } = {},
): Uint8Array {
  return joined(
    new Uint8Array(12),
    ...vlans.map((type) => words([2, 2], [type, 5])),
    words([2], [etherType]),
    content,
    new Uint8Array(pad),
  );
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

/** GRE around something; `more`: words of checksum, key, sequence as the flags say. */
export function gre(type: number, content: Uint8Array, flags = 0, more: readonly number[] = []): Uint8Array {
  return ipv4(
    joined(
      words([2, 2], [flags, type]),
      words(
        more.map(() => 4 as const),
        more,
      ),
      content,
    ),
    { protocol: 47 },
  );
}

export const vxlan = (frame: Uint8Array, port = 4789): Uint8Array =>
  ipv4(udp(port, joined(words([4, 4], [0x08000000, 42 << 8]), frame)));
