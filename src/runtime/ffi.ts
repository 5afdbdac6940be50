// The only file that knows the foreign function interface (koffi): C functions of this process as typed TypeScript
// functions. It is loaded when first asked for. Where it cannot be loaded, `ffiUnavailable` says why, and the portable
// ways are taken. Memory: an argument that is a typed array is safe for the length of the call. What C remembers
// between calls, or reaches through a pointer inside a structure, must lie in memory that is referenced for ever: in
// the shared memory, named as `addressOf` + offset.

import { endianness } from 'node:os';
import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';
import type * as Koffi from 'koffi';
import { messageOf, OperatorError } from '../base/errors.js';

/** An address is a BigInt made once: passing it allocates nothing. */
export type Address = bigint;

/** A C function; numbers in, a number out. */
export type ForeignFunction = (...parameters: (number | bigint | string | ArrayBufferView)[]) => number;

/** A shared library, or the process itself. */
export interface Library {
  /**
   * @param prototype as C writes it; addresses as `uintptr_t` (then a BigInt is given) or `void *` (then a typed array)
   * @throws Error when the symbol is not there
   */
  func(prototype: string): ForeignFunction;
}

/** The system calls that are used. All return −1 on failure, then `lastErrno` says why. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(descriptor: number, address: Uint8Array, length: number): number;
  getsockname(descriptor: number, address: Uint8Array, length: Int32Array): number;
  setsockopt(descriptor: number, level: number, option: number, value: ArrayBufferView, length: number): number;
  getsockopt(descriptor: number, level: number, option: number, value: ArrayBufferView, length: Int32Array): number;
  getpeername(descriptor: number, address: Uint8Array, length: Int32Array): number;
  shutdown(descriptor: number, how: number): number;
  recvmmsg(descriptor: number, messages: Address, count: number, flags: number, timeout: Address): number;
  poll(descriptors: Int32Array, count: number, timeoutMs: number): number;
  listen(descriptor: number, backlog: number): number;
  accept4(descriptor: number, address: Uint8Array, length: Int32Array, flags: number): number;
  recv(descriptor: number, bytes: Uint8Array, length: number, flags: number): number;
  /** `message`: struct msghdr. */
  sendmsg(descriptor: number, message: BigUint64Array, flags: number): number;
  ioctl(descriptor: number, request: number, value: ArrayBufferView): number;
  fcntl(descriptor: number, command: number, value: number): number;
  eventfd(initial: number, flags: number): number;
  read(descriptor: number, bytes: ArrayBufferView, length: number): number;
  write(descriptor: number, bytes: ArrayBufferView, length: number): number;
  /** Less than a second. */
  usleep(microseconds: number): number;
  close(descriptor: number): number;
  /** Ends the process without waiting for any of its threads. */
  exitNow(code: number): number;
  prctlText(option: number, text: string, third: 0, fourth: 0, fifth: 0): number;
  prctlNumber(option: number, value: number, third: 0, fourth: 0, fifth: 0): number;
  schedSetaffinity(thread: number, bytes: number, mask: Uint8Array): number;
  /** `parameters`: struct sched_param. */
  schedSetscheduler(thread: number, policy: number, parameters: Int32Array): number;
  schedGetscheduler(thread: number): number;
}

/** Structures are written with the layout of 64-bit little-endian Linux, which these two share. */
const architectures = ['x64', 'arm64'];

interface Loaded {
  readonly koffi: typeof Koffi | null;
  readonly reason: string | null;
}

let loaded: Loaded | null = null;
let libcFunctions: Libc | null = null;

/** Why C functions cannot be called here, in one sentence; null when they can. */
export function ffiUnavailable(): string | null {
  return load().reason;
}

/**
 * A shared library.
 * @param path null = what is loaded in this process already, libc included
 * @throws OperatorError where C functions cannot be called, or the file is not a library for this machine
 */
export function openLibrary(path: string | null): Library {
  const koffi = available();
  try {
    return koffi.load(path);
  } catch (error) {
    throw new OperatorError(`${path}: not a library that can be loaded here (${messageOf(error)})`, undefined, {
      cause: error,
    });
  }
}

/**
 * The C library's functions, bound once per thread.
 * @throws OperatorError where C functions cannot be called
 */
export function libc(): Libc {
  libcFunctions ??= bindLibc(openLibrary(null));
  return libcFunctions;
}

/** Where a shared memory begins. It never moves and lives as long as it is referenced. */
export function addressOf(memory: ArrayBufferLike): Address {
  return available().address(new Uint8Array(memory));
}

/** Where the bytes of an array lie, as long as it is referenced: V8 does not move what was asked for once. */
export function addressOfBytes(bytes: Uint8Array | BigUint64Array): Address {
  return available().address(bytes);
}

/** The reason of the last failure on this thread. Ask at once. */
export function lastErrno(): number {
  return available().errno();
}

/** "EADDRINUSE" for 98; the number itself when it has no name. */
export function errnoName(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `errno ${errno}`;
  }
}

/** Reasons of failure that the code tells apart (Linux, x64 and arm64). */
export const errno = {
  EPERM: 1,
  EINTR: 4,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  ENFILE: 23,
  EMFILE: 24,
  ENOSYS: 38,
  ENOBUFS: 105,
} as const;

function available(): typeof Koffi {
  const { koffi, reason } = load();
  if (koffi === null) throw new OperatorError(`${reason}. Use the portable way (receive: dgram)`);
  return koffi;
}

function load(): Loaded {
  loaded ??= tryLoad();
  return loaded;
}

function tryLoad(): Loaded {
  if (process.platform !== 'linux')
    return unavailable(`C functions are called on Linux only, this is ${process.platform}`);
  if (!architectures.includes(process.arch) || endianness() !== 'LE') {
    return unavailable(`C functions are called on ${architectures.join(' and ')} only, this is ${process.arch}`);
  }
  try {
    return { koffi: createRequire(import.meta.url)('koffi') as typeof Koffi, reason: null };
  } catch (error) {
    return unavailable(`the package koffi cannot be loaded (${messageOf(error).split('\n', 1)[0]})`);
  }
}

function unavailable(reason: string): Loaded {
  return { koffi: null, reason };
}

function bindLibc(library: Library): Libc {
  return {
    socket: library.func('int socket(int domain, int type, int protocol)'),
    bind: library.func('int bind(int fd, void *address, uint32_t length)'),
    getsockname: library.func('int getsockname(int fd, void *address, void *length)'),
    setsockopt: library.func('int setsockopt(int fd, int level, int option, void *value, uint32_t length)'),
    getsockopt: library.func('int getsockopt(int fd, int level, int option, void *value, void *length)'),
    getpeername: library.func('int getpeername(int fd, void *address, void *length)'),
    shutdown: library.func('int shutdown(int fd, int how)'),
    recvmmsg: library.func('int recvmmsg(int fd, uintptr_t messages, uint32_t count, int flags, uintptr_t timeout)'),
    poll: library.func('int poll(void *descriptors, unsigned long count, int timeout)'),
    listen: library.func('int listen(int fd, int backlog)'),
    accept4: library.func('int accept4(int fd, void *address, void *length, int flags)'),
    recv: library.func('intptr_t recv(int fd, void *bytes, size_t length, int flags)'),
    sendmsg: library.func('intptr_t sendmsg(int fd, void *message, int flags)'),
    ioctl: library.func('int ioctl(int fd, unsigned long request, void *value)'),
    fcntl: library.func('int fcntl(int fd, int command, int value)'),
    eventfd: library.func('int eventfd(uint32_t initial, int flags)'),
    read: library.func('intptr_t read(int fd, void *bytes, size_t length)'),
    write: library.func('intptr_t write(int fd, void *bytes, size_t length)'),
    usleep: library.func('int usleep(uint32_t microseconds)'),
    close: library.func('int close(int fd)'),
    exitNow: library.func('void _exit(int status)'),
    prctlText: library.func(
      'int prctl(int option, const char *text, unsigned long third, unsigned long fourth, unsigned long fifth)',
    ),
    prctlNumber: library.func(
      'int prctl(int option, unsigned long value, unsigned long third, unsigned long fourth, unsigned long fifth)',
    ),
    schedSetaffinity: library.func('int sched_setaffinity(int thread, size_t bytes, void *mask)'),
    schedSetscheduler: library.func('int sched_setscheduler(int thread, int policy, void *parameters)'),
    schedGetscheduler: library.func('int sched_getscheduler(int thread)'),
  };
}
