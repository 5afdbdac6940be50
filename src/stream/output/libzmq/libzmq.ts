// libzmq's C functions, taken from the very addon that the `zeromq` package loads: one library in the process, the
// version that the package was tested with. Declared here and nowhere else. A typed array that is handed over is held
// by the call itself, and libzmq has copied it when the call returns: it never keeps an address of ours.
// Tested by test/stream/output/libzmq/libzmq-sink.test.ts.

import { messageOf } from '../../../base/errors.js';
import { ffiUnavailable, openLibrary } from '../../../runtime/ffi.js';
import type { ForeignFunction } from '../../../runtime/ffi.js';

/** A context or a socket: an address that only libzmq looks at. */
export type ZmqHandle = number | bigint;

/**
 * The functions in use, as zmq.h (4.3) has them. −1 or 0 as a handle is a failure; `errno` says which, asked at once.
 */
export interface Libzmq {
  readonly version: string;
  ctxNew(): ZmqHandle;
  /** Blocks until all sockets are closed and what lingers has left or its time is over; on a thread of libuv's pool. */
  ctxTerm(context: ZmqHandle, done: (error: unknown, result: number) => void): void;
  socket(context: ZmqHandle, type: number): ZmqHandle;
  close(socket: ZmqHandle): number;
  setsockopt(socket: ZmqHandle, option: number, value: Uint8Array, length: number): number;
  /** `length`: 8 bytes, capacity in and length out. */
  getsockopt(socket: ZmqHandle, option: number, value: Uint8Array, length: Uint8Array): number;
  bind(socket: ZmqHandle, endpoint: string): number;
  connect(socket: ZmqHandle, endpoint: string): number;
  send(socket: ZmqHandle, bytes: Uint8Array, length: number, flags: number): number;
  /** Copies at most `length` bytes; returns the true length of the part. */
  recv(socket: ZmqHandle, bytes: Uint8Array, length: number, flags: number): number;
  /** Events of `version` 2 name both ends of a connection; not in the stable part of zmq.h, but exported. */
  socketMonitor(socket: ZmqHandle, endpoint: string, events: number, version: number, type: number): number;
  stopMonitor(socket: ZmqHandle): number;
  errno(): number;
  strerror(errno: number): string;
}

/** Numbers of zmq.h, version 4.3. */
export const zmq = {
  pair: 0,
  router: 6,
  pull: 7,
  push: 8,
  dontwait: 1,
  sndmore: 2,
  events: 15,
  linger: 17,
  backlog: 19,
  maxmsgsize: 22,
  sndhwm: 23,
  rcvhwm: 24,
  lastEndpoint: 32,
  routerMandatory: 33,
  tcpKeepalive: 34,
  tcpKeepaliveCnt: 35,
  tcpKeepaliveIdle: 36,
  tcpKeepaliveIntvl: 37,
  ipv6: 42,
  zapDomain: 55,
  handshakeIvl: 66,
  eventAccepted: 0x0020,
  eventDisconnected: 0x0200,
  eventHandshakeFailedNoDetail: 0x0800,
  eventHandshakeSucceeded: 0x1000,
  eventHandshakeFailedProtocol: 0x2000,
} as const;

/**
 * Load the package, find its library in this process and declare its functions. On the thread that will use them, and
 * never on the main thread while receivers run: the report that is read here waits for the answers of threads below
 * this one.
 * @param find path of the library, after the package was loaded
 * @returns the functions, or why there are none
 */
export async function loadLibzmq(find: () => string | undefined = loadedAddon): Promise<Libzmq | string> {
  const missing = ffiUnavailable();
  if (missing !== null) return missing;
  try {
    await import('zeromq');
    const path = find();
    return path === undefined ? 'the zeromq package loaded no library that this process knows of' : declare(path);
  } catch (error) {
    return messageOf(error);
  }
}

/** The addon in use: the package brings builds for other C libraries too, which must not be loaded here. */
function loadedAddon(): string | undefined {
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  // Where Node has the switch, the report is made without resolving the names of all connections.
  const before = report.excludeNetwork;
  report.excludeNetwork = true;
  const { sharedObjects } = report.getReport() as { sharedObjects: readonly string[] };
  if (before !== undefined) report.excludeNetwork = before;
  return sharedObjects.find((path) => /[\\/]zeromq[\\/].*\.node$/.test(path));
}

function declare(path: string): Libzmq {
  const library = openLibrary(path);
  const numbers = [new Int32Array(1), new Int32Array(1), new Int32Array(1)];
  library.func('void zmq_version(void *major, void *minor, void *patch)')(...numbers);
  const term = library.func('int zmq_ctx_term(uintptr_t context)') as ForeignFunction & {
    readonly async: Libzmq['ctxTerm'];
  };
  const stopMonitor = library.func('int zmq_socket_monitor(uintptr_t socket, uintptr_t endpoint, int events)');
  return {
    version: numbers.map(([number]) => number).join('.'),
    ctxNew: library.func('uintptr_t zmq_ctx_new()'),
    ctxTerm: (context, done) => {
      term.async(context, done);
    },
    socket: library.func('uintptr_t zmq_socket(uintptr_t context, int type)'),
    close: library.func('int zmq_close(uintptr_t socket)'),
    setsockopt: library.func('int zmq_setsockopt(uintptr_t socket, int option, void *value, size_t length)'),
    getsockopt: library.func('int zmq_getsockopt(uintptr_t socket, int option, void *value, void *length)'),
    bind: library.func('int zmq_bind(uintptr_t socket, str endpoint)'),
    connect: library.func('int zmq_connect(uintptr_t socket, str endpoint)'),
    send: library.func('int zmq_send(uintptr_t socket, void *bytes, size_t length, int flags)'),
    recv: library.func('int zmq_recv(uintptr_t socket, void *bytes, size_t length, int flags)'),
    socketMonitor: library.func(
      'int zmq_socket_monitor_versioned(uintptr_t socket, str endpoint, uint64_t events, int version, int type)',
    ),
    stopMonitor: (socket) => stopMonitor(socket, 0, 0),
    errno: library.func('int zmq_errno()'),
    strerror: library.func('str zmq_strerror(int errno)') as unknown as Libzmq['strerror'],
  };
}
