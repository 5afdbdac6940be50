// Datagrams to the network with sendmmsg: one system call per batch. Sends them one by one, as detectors do, or
// coalesced: runs of equal datagrams to one port as a single buffer that the kernel, or the network card, cuts up again
// (UDP_SEGMENT). Where these calls cannot be made: udp-sender.ts.

import { isIPv6 } from 'node:net';
import { assert } from '../../src/base/assert.js';
import { exitCode, OperatorError } from '../../src/base/errors.js';
import type { Datagram } from './detector.js';
import { sendCalls } from './ffi.js';
import type { SendCalls } from './ffi.js';
import { resolveHost } from './udp-sender.js';
import type { DatagramSender } from './udp-sender.js';

export interface BatchSenderOptions {
  /** Address or name of the receiver; a wildcard address means this machine. */
  readonly host: string;
  /** Port to send from; null = any. */
  readonly sourcePort: number | null;
  /** Bytes of a whole datagram when they are to leave coalesced; null = one by one. */
  readonly coalesceBytes: number | null;
  /** False: UDP checksum 0, as detectors send it (IPv4 only, and not coalesced: the kernel computes those). */
  readonly checksum: boolean;
}

/**
 * Datagrams of one batch, and of one coalesced buffer: 64 is the limit of old kernels; its bytes are IPv4's, less for
 * IPv6.
 */
const batchLimit = { single: 64, coalesced: 256 };
const segmentLimit = 64;
const bufferLimit = 65535 - 20 - 8 - 40;

/** Asked for, and granted as the system allows: a paced sender needs no more. */
const sendBufferBytes = 4 << 20;

/** Numbers of Linux' headers, x64 and arm64. */
const linux = {
  inet: 2,
  inet6: 10,
  dgram: 2,
  cloexec: 0x80000,
  socketLevel: 1,
  sndbuf: 7,
  noCheck: 11,
  udpLevel: 17,
  segment: 103,
};

/** struct mmsghdr, iovec and sockaddr_in6 in bytes. */
const messageBytes = 64;
const vectorBytes = 16;
const addressBytes = 28;

/**
 * Open one unconnected socket for all ports, as a detector has one source.
 * @returns the sender, or why system calls cannot be made here
 * @throws OperatorError when the name is unknown, the source port is taken, or the kernel does not know an option
 */
export async function openBatchSender(
  options: BatchSenderOptions,
  calls: SendCalls | string = sendCalls(),
): Promise<DatagramSender | string> {
  if (typeof calls === 'string') return calls;
  const { address } = await resolveHost(options.host);
  if (address.includes('%')) return `the address ${address} names an interface, which is left to node:dgram`;
  if (!options.checksum && isIPv6(address))
    throw new OperatorError(`UDP to ${address}: IPv6 needs checksums. Leave out --no-checksum`, exitCode.usage);
  const family = isIPv6(address) ? linux.inet6 : linux.inet;
  const descriptor = calls.socket(family, linux.dgram | linux.cloexec, 0);
  if (descriptor < 0) throw new OperatorError(`no socket to send from: ${calls.failure()}. See ulimit -n`);
  // The C library has the call, and the kernel, or what confines this process, may still refuse it.
  if (calls.sendmmsg(descriptor, new Uint8Array(0), 0, 0) < 0) {
    const reason = calls.failure();
    calls.close(descriptor);
    return `sendmmsg is refused here (${reason})`;
  }
  const set = (level: number, option: number, value: number, what: string): void => {
    if (calls.setsockopt(descriptor, level, option, Int32Array.of(value), 4) < 0)
      throw new OperatorError(`${what}: ${calls.failure()}. Send without it`);
  };
  try {
    set(linux.socketLevel, linux.sndbuf, sendBufferBytes, 'send buffer');
    if (!options.checksum) set(linux.socketLevel, linux.noCheck, 1, 'UDP checksum 0');
    if (options.coalesceBytes !== null)
      set(linux.udpLevel, linux.segment, options.coalesceBytes, 'coalesced datagrams');
    const source = options.sourcePort ?? 0;
    if (
      calls.bind(
        descriptor,
        socketAddress(family === linux.inet6 ? '::' : '0.0.0.0', source),
        family === linux.inet6 ? addressBytes : 16,
      ) < 0
    ) {
      throw new OperatorError(
        `source port ${source}: cannot send from it (${calls.failure()}). Choose another, or none`,
      );
    }
  } catch (error) {
    calls.close(descriptor);
    throw error;
  }
  return new BatchSender(calls, descriptor, address, options.coalesceBytes);
}

/** A sockaddr_in or sockaddr_in6, 28 bytes. */
function socketAddress(address: string, port: number): Uint8Array {
  const bytes = new Uint8Array(addressBytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(2, port);
  if (isIPv6(address)) {
    view.setUint16(0, linux.inet6, true);
    // Written with hexadecimal words only.
    const plain = new URL(`http://[${address}]`).hostname.slice(1, -1);
    const [head, tail] = plain.split('::').map((half) =>
      half
        .split(':')
        .filter((word) => word !== '')
        .map((word) => parseInt(word, 16)),
    );
    const words =
      tail === undefined ? head : [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
    words.forEach((word, index) => {
      view.setUint16(8 + 2 * index, word);
    });
  } else {
    view.setUint16(0, linux.inet, true);
    address.split('.').forEach((byte, index) => {
      bytes[4 + index] = Number(byte);
    });
  }
  return bytes;
}

/** A message that may still take datagrams of its port. */
interface OpenMessage {
  index: number;
  count: number;
  bytes: number;
}

class BatchSender implements DatagramSender {
  readonly batchLimit: number;
  sent = 0;
  errors = 0;
  lastError: string | null = null;
  readonly #calls: SendCalls;
  readonly #descriptor: number;
  readonly #address: string;
  readonly #coalesceBytes: number | null;
  /** The structures; they refer to each other and to datagrams by address, so memory and batch are held here. */
  readonly #messages: Uint8Array;
  readonly #words: Uint32Array;
  readonly #vectorsAt: number;
  readonly #structuresAddress: number;
  #held: readonly Datagram[] = [];
  readonly #destinations = new Map<number, { readonly bytes: Uint8Array; readonly address: number }>();
  readonly #memories = new WeakMap<ArrayBufferLike, number>();
  readonly #open = new Map<number, OpenMessage>();
  /** Datagrams in each message. */
  readonly #counts: Int32Array;

  constructor(calls: SendCalls, descriptor: number, address: string, coalesceBytes: number | null) {
    this.#calls = calls;
    this.#descriptor = descriptor;
    this.#address = address;
    this.#coalesceBytes = coalesceBytes;
    const limit = coalesceBytes === null ? batchLimit.single : batchLimit.coalesced;
    this.batchLimit = limit;
    // Each message has room for as many vectors as it may have datagrams.
    this.#vectorsAt = limit * messageBytes;
    this.#messages = new Uint8Array(this.#vectorsAt + limit * this.#vectorsPerMessage * vectorBytes);
    this.#words = new Uint32Array(this.#messages.buffer);
    this.#structuresAddress = calls.addressOf(this.#messages.buffer);
    this.#counts = new Int32Array(limit);
  }

  get #vectorsPerMessage(): number {
    return this.#coalesceBytes === null ? 1 : segmentLimit;
  }

  /** Blocks while the kernel has no room, which a network that takes datagrams soon ends. */
  sendBatch(batch: readonly Datagram[]): Promise<void> {
    assert(batch.length <= this.batchLimit, 'a batch is longer than the sender takes');
    this.#held = batch;
    this.#open.clear();
    let messages = 0;
    for (const { bytes, udpPort } of this.#held) {
      const open = this.#open.get(udpPort);
      if (open !== undefined && this.#join(open, bytes)) continue;
      this.#begin(messages, udpPort, bytes);
      messages++;
    }
    for (let done = 0; done < messages;) {
      const taken = this.#calls.sendmmsg(
        this.#descriptor,
        this.#messages.subarray(done * messageBytes),
        messages - done,
        0,
      );
      for (const end = done + Math.max(taken, 0); done < end; done++) this.sent += this.#counts[done];
      if (taken >= 0) continue;
      const reason = this.#calls.failure();
      if (reason === 'EINTR') continue;
      this.lastError = reason;
      this.errors += this.#counts[done++];
    }
    this.#held = [];
    return Promise.resolve();
  }

  /** A further datagram of the same size, or a shorter one as the last, goes along with those of its port. */
  #join(message: OpenMessage, bytes: Uint8Array): boolean {
    const size = this.#coalesceBytes as number;
    if (bytes.length > size || message.count === segmentLimit || message.bytes + bytes.length > bufferLimit)
      return false;
    this.#point(message.index, message.count, bytes);
    message.count++;
    message.bytes += bytes.length;
    this.#setCount(message.index, message.count);
    // What follows a shorter one begins a message of its own.
    if (bytes.length < size) message.count = segmentLimit;
    return true;
  }

  #begin(index: number, udpPort: number, bytes: Uint8Array): void {
    const { address } = this.#destination(udpPort);
    const at = (index * messageBytes) / 4;
    const vectors = this.#structuresAddress + this.#vectorsAt + index * this.#vectorsPerMessage * vectorBytes;
    this.#setAddress(at, address);
    this.#words[at + 2] = addressBytes;
    this.#setAddress(at + 4, vectors);
    this.#point(index, 0, bytes);
    this.#setCount(index, 1);
    if (this.#coalesceBytes === bytes.length) {
      const open = this.#open.get(udpPort);
      if (open === undefined) this.#open.set(udpPort, { index, count: 1, bytes: bytes.length });
      else {
        open.index = index;
        open.count = 1;
        open.bytes = bytes.length;
      }
    } else this.#open.delete(udpPort);
  }

  #setCount(index: number, count: number): void {
    this.#words[(index * messageBytes) / 4 + 6] = count;
    this.#counts[index] = count;
  }

  /** Let vector `number` of a message point to a datagram. */
  #point(message: number, number: number, bytes: Uint8Array): void {
    let memory = this.#memories.get(bytes.buffer);
    if (memory === undefined) {
      memory = this.#calls.addressOf(bytes.buffer);
      this.#memories.set(bytes.buffer, memory);
    }
    const at = (this.#vectorsAt + (message * this.#vectorsPerMessage + number) * vectorBytes) / 4;
    this.#setAddress(at, memory + bytes.byteOffset);
    this.#words[at + 2] = bytes.length;
  }

  #setAddress(at: number, address: number): void {
    this.#words[at] = address % 4294967296;
    this.#words[at + 1] = Math.floor(address / 4294967296);
  }

  #destination(udpPort: number): { readonly bytes: Uint8Array; readonly address: number } {
    let destination = this.#destinations.get(udpPort);
    if (destination === undefined) {
      const bytes = socketAddress(this.#address, udpPort);
      destination = { bytes, address: this.#calls.addressOf(bytes.buffer) };
      this.#destinations.set(udpPort, destination);
    }
    return destination;
  }

  close(): Promise<void> {
    this.#calls.close(this.#descriptor);
    return Promise.resolve();
  }
}
