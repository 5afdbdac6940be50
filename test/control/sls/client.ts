// Calls as PSI's client sends them, made by hand from the layout in its documentation of the wire.

import { connect } from 'node:net';
import { functions } from '../../../src/control/sls/functions.js';
import type { FunctionName } from '../../../src/control/sls/functions.js';

/** What a test changes of a set-up; the rest is that of an Eiger half-module, the first of two. */
export interface SetupFields {
  type?: number;
  x?: number;
  y?: number;
  index?: number;
  hostname?: string;
  interfaces?: number;
  ports?: readonly [number, number];
  address?: string;
  address2?: string;
  mac?: bigint;
  frames?: bigint;
  triggers?: bigint;
  activate?: number;
  quad?: number;
  rows?: number;
  depth?: number;
  tenGiga?: number;
  counterMask?: number;
}

/** The structure of F_SETUP_RECEIVER as release 10 sends it, or those before. */
export function setupBytes(fields: SetupFields = {}, release: 10 | 9 = 10): Buffer {
  const { type = 1, x = 1, y = 2, index = 0, hostname = 'beb001', interfaces = 2 } = fields;
  const { ports = [50_001 + 2 * index, 50_002 + 2 * index], address = '127.0.0.1', address2 = '0.0.0.0' } = fields;
  const { mac = 0n, frames = 1n, triggers = 1n, activate = 1, quad = 0, rows = 256, depth = 16 } = fields;
  const { tenGiga = 1, counterMask = 0 } = fields;
  const bytes = Buffer.alloc(release === 10 ? 1272 : 1284);
  const late = release === 10 ? 0 : 16;
  const i32 = (at: number, ...values: number[]): void =>
    values.forEach((value, offset) => bytes.writeInt32LE(value, at + 4 * offset));
  i32(0, type, x, y, index);
  bytes.write(hostname, 16);
  i32(1016, interfaces);
  bytes.writeUInt16LE(ports[0], 1020);
  bytes.set(address.split('.').map(Number), 1022);
  bytes.writeBigUInt64LE(mac, 1026);
  bytes.writeUInt16LE(ports[1], 1034);
  bytes.set(address2.split('.').map(Number), 1036);
  bytes.writeBigInt64LE(frames, 1048);
  bytes.writeBigInt64LE(triggers, 1056);
  bytes.writeBigInt64LE(1_000_000n, 1084);
  bytes.writeBigInt64LE(20_000_000n, 1092);
  i32(1116, activate, 1, 1, quad, rows);
  i32(1148, depth, 0, tenGiga);
  i32(1172 + late, counterMask);
  if (release === 10) i32(1268, 0);
  return bytes;
}

export const callBytes = (name: FunctionName, ...argument: Uint8Array[]): Buffer =>
  Buffer.concat([i32(functions[name].id), ...argument]);

export const i32 = (...values: number[]): Buffer => Buffer.from(new Int32Array(values).buffer);
export const i64 = (...values: bigint[]): Buffer => Buffer.from(new BigInt64Array(values).buffer);
export const chars = (text: string, size = 1000): Buffer => {
  const bytes = Buffer.alloc(size);
  bytes.write(text);
  return bytes;
};

/** The sentence of a refusal; null = it is none. */
export function sentenceOf(reply: Buffer): string | null {
  if (reply.length !== 1004 || reply.readInt32LE() !== 1) return null;
  return reply.toString('utf8', 4, reply.indexOf(0, 4));
}

/** One call over TCP; resolves with all that is answered until the connection ends. */
export function callOver(port: number, ...pieces: Uint8Array[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => {
      for (const piece of pieces) socket.write(piece);
    });
    socket.on('data', (part: Buffer) => parts.push(part));
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(Buffer.concat(parts)));
    socket.on('error', reject);
  });
}
