// The only file of the simulators that knows the foreign function interface (koffi): the system calls that send many
// datagrams at once, and the one that locks a file. Loaded when first asked for; where it cannot be, the reason is
// returned, datagrams go through node:dgram, and files are not locked.
// Tested by test/simulators/detector/batch-sender.test.ts.

import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type * as Koffi from 'koffi';
import { messageOf } from '../../src/base/errors.js';

/** System calls; −1 is a failure, then `failure` names the reason, asked at once. */
export interface SendCalls {
  socket(domain: number, type: number, protocol: number): number;
  bind(descriptor: number, address: Uint8Array, length: number): number;
  setsockopt(descriptor: number, level: number, option: number, value: Int32Array, length: number): number;
  /** `messages`: structures mmsghdr; the caller holds what they point to. Returns how many were sent. */
  sendmmsg(descriptor: number, messages: Uint8Array, count: number, flags: number): number;
  close(descriptor: number): number;
  flock(descriptor: number, operation: number): number;
  /** Address of the first byte of a memory; it never moves. */
  addressOf(memory: ArrayBufferLike): number;
  /** Name of the last failure, as "EINVAL". */
  failure(): string;
}

let loaded: SendCalls | string | null = null;

/** The calls, or why they cannot be made here. Structures are laid out as 64-bit little-endian Linux has them. */
export function sendCalls(): SendCalls | string {
  loaded ??= load();
  return loaded;
}

function load(): SendCalls | string {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch) || endianness() !== 'LE') {
    return `sendmmsg is called on 64-bit Linux only, this is ${process.platform} ${process.arch}`;
  }
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
    const library = koffi.load(null);
    return {
      socket: library.func('int socket(int domain, int type, int protocol)'),
      bind: library.func('int bind(int fd, void *address, uint32_t length)'),
      setsockopt: library.func('int setsockopt(int fd, int level, int option, void *value, uint32_t length)'),
      sendmmsg: library.func('int sendmmsg(int fd, void *messages, uint32_t count, int flags)'),
      close: library.func('int close(int fd)'),
      flock: library.func('int flock(int fd, int operation)'),
      addressOf: (memory) => Number(koffi.address(new Uint8Array(memory))),
      failure: () => getSystemErrorName(-koffi.errno()),
    };
  } catch (error) {
    return `the package koffi cannot be loaded (${messageOf(error).split('\n', 1)[0]})`;
  }
}
