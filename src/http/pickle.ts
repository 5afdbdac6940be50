// A writer of Python pickles, protocol 3, for what an image message is made of. streaming-receiver's /last_frame speaks
// it, and its viewers read nothing else. Opcodes: CPython 3.11, Lib/pickletools.py.

import { assert } from '../base/assert.js';

/** Opcodes by their names in pickletools. */
const op = {
  proto: 0x80,
  stop: 0x2e,
  mark: 0x28,
  none: 0x4e,
  newTrue: 0x88,
  newFalse: 0x89,
  binInt: 0x4a,
  binInt1: 0x4b,
  binInt2: 0x4d,
  long1: 0x8a,
  binFloat: 0x47,
  binUnicode: 0x58,
  binBytes: 0x42,
  shortBinBytes: 0x43,
  emptyList: 0x5d,
  appends: 0x65,
  emptyDict: 0x7d,
  setItems: 0x75,
} as const;

/**
 * The pickle of `value`: null, booleans, numbers (whole ones become int, the others float), bigint, strings, Uint8Array
 * (bytes), arrays (list) and plain objects (dict). Anything else is an assertion.
 */
export function pickle(value: unknown): Buffer {
  const chunks: Uint8Array[] = [Uint8Array.of(op.proto, 3)];
  write(value, chunks);
  chunks.push(Uint8Array.of(op.stop));
  return Buffer.concat(chunks);
}

function write(value: unknown, out: Uint8Array[]): void {
  if (value === null) out.push(Uint8Array.of(op.none));
  else if (typeof value === 'boolean') out.push(Uint8Array.of(value ? op.newTrue : op.newFalse));
  else if (typeof value === 'number') out.push(Number.isInteger(value) ? integer(BigInt(value)) : float(value));
  else if (typeof value === 'bigint') out.push(integer(value));
  else if (typeof value === 'string') writeSized(op.binUnicode, Buffer.from(value), out);
  else if (value instanceof Uint8Array) writeBytes(value, out);
  else if (Array.isArray(value)) writeList(value, out);
  else {
    assert(typeof value === 'object', 'a pickle holds plain values only');
    writeDict(value as Record<string, unknown>, out);
  }
}

function writeList(items: readonly unknown[], out: Uint8Array[]): void {
  out.push(Uint8Array.of(op.emptyList));
  if (items.length === 0) return;
  out.push(Uint8Array.of(op.mark));
  for (const item of items) write(item, out);
  out.push(Uint8Array.of(op.appends));
}

function writeDict(object: Readonly<Record<string, unknown>>, out: Uint8Array[]): void {
  out.push(Uint8Array.of(op.emptyDict));
  const entries = Object.entries(object);
  if (entries.length === 0) return;
  out.push(Uint8Array.of(op.mark));
  for (const [key, value] of entries) {
    write(key, out);
    write(value, out);
  }
  out.push(Uint8Array.of(op.setItems));
}

function writeBytes(bytes: Uint8Array, out: Uint8Array[]): void {
  if (bytes.length < 256) out.push(Uint8Array.of(op.shortBinBytes, bytes.length), bytes);
  else writeSized(op.binBytes, bytes, out);
}

/** Opcode, 32-bit length, bytes. */
function writeSized(opcode: number, bytes: Uint8Array, out: Uint8Array[]): void {
  const head = Buffer.alloc(5);
  head.writeUInt8(opcode, 0);
  head.writeUInt32LE(bytes.length, 1);
  out.push(head, bytes);
}

function float(value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes.writeUInt8(op.binFloat, 0);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function integer(value: bigint): Uint8Array {
  if (value >= 0n && value < 0x100n) return Uint8Array.of(op.binInt1, Number(value));
  if (value >= 0n && value < 0x1_0000n) return Uint8Array.of(op.binInt2, Number(value) & 0xff, Number(value) >> 8);
  if (BigInt.asIntN(32, value) === value) {
    const bytes = Buffer.alloc(5);
    bytes.writeUInt8(op.binInt, 0);
    bytes.writeInt32LE(Number(value), 1);
    return bytes;
  }
  return long(value);
}

/** Two's complement, little endian, as few bytes as hold the sign. */
function long(value: bigint): Uint8Array {
  let count = 5;
  while (BigInt.asIntN(count * 8, value) !== value) count += 1;
  assert(count < 256, 'a pickled integer has at most 255 bytes');
  const bytes = new Uint8Array(2 + count);
  bytes.set([op.long1, count]);
  for (let index = 0; index < count; index++) bytes[2 + index] = Number(BigInt.asUintN(8, value >> BigInt(8 * index)));
  return bytes;
}
