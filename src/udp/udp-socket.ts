// A bound UDP socket that the kernel knows by its descriptor: opened, sized, asked about drops and queue, closed. Every
// argument lives for the length of its call only.
// Tested by test/udp/recvmmsg-source.test.ts.

import { fstatSync } from 'node:fs';
import { errnoName, lastErrno, libc } from '../runtime/ffi.js';
import { bindError } from './bind-error.js';
import { readUdpSocket } from './proc-net-udp.js';
import { addressFamily, parseIp, portOf, socketAddress } from '../runtime/socket-address.js';

/** Linux, asm-generic/socket.h, linux/in6.h, linux/udp.h (the same numbers on x64 and arm64). */
export const socketLevel = { socket: 1, udp: 17, ipv6: 41 } as const;
export const socketOption = {
  receiveBuffer: 8,
  receiveTimeout: 20,
  receiveBufferForce: 33,
  dropCount: 40,
  memoryFigures: 55,
  ipv6Only: 26,
  udpCoalesce: 104,
} as const;

/** SOCK_DGRAM | SOCK_CLOEXEC. */
export const datagramSocket = 2 | 0o2000000;
/** The kernel doubles what is asked for and keeps it in an int. */
const largestBuffer = 2 ** 30 - 1;
/** SK_MEMINFO_… of linux/sock_diag.h: words of SO_MEMINFO. */
const memoryFigure = { queued: 0, drops: 8, count: 9 } as const;

export class UdpSocket {
  readonly version: 4 | 6;
  readonly address: string;
  readonly udpPort: number;
  readonly #figures = new Int32Array(memoryFigure.count);
  readonly #length = new Int32Array(1);
  #descriptor: number;
  #inode: number | null;
  /** Older kernels (before 4.12) do not know SO_MEMINFO. */
  #hasFigures = true;

  /**
   * Open and bind; `udpPort` 0 takes any free one. "::" receives IPv4 too.
   * @throws OperatorError when the port is taken or the address is not here
   */
  constructor(host: string, udpPort: number) {
    const address = parseIp(host);
    const c = libc();
    this.version = address.version;
    this.#descriptor = c.socket(address.version === 4 ? addressFamily.inet : addressFamily.inet6, datagramSocket, 0);
    if (this.#descriptor < 0) throw bindError(host, udpPort, errnoName(lastErrno()));
    if (address.version === 6) this.set(socketLevel.ipv6, socketOption.ipv6Only, 0);
    const bytes = socketAddress(address, udpPort);
    if (c.bind(this.#descriptor, bytes, bytes.length) !== 0) {
      const code = errnoName(lastErrno());
      this.close();
      throw bindError(host, udpPort, code);
    }
    this.#length[0] = bytes.length;
    c.getsockname(this.#descriptor, bytes, this.#length);
    this.address = host;
    this.udpPort = portOf(bytes);
    this.#inode = fstatSync(this.#descriptor).ino;
  }

  /** −1 after `close`. */
  get descriptor(): number {
    return this.#descriptor;
  }

  /** By which /proc/net/udp tells it from other sockets; null after `close`. */
  get inode(): number | null {
    return this.#inode;
  }

  /** Set an option that is an int. @returns the name of the error, or null when it is done */
  set(level: number, option: number, value: number): string | null {
    return libc().setsockopt(this.#descriptor, level, option, Int32Array.of(value), 4) === 0
      ? null
      : errnoName(lastErrno());
  }

  /**
   * Ask for a receive buffer: beyond net.core.rmem_max first (needs CAP_NET_ADMIN), else as far as that allows, which
   * the kernel does not say. What was granted is therefore read back.
   * @returns bytes granted in the unit of what was asked for: the kernel doubles the request, because it charges its
   * own bookkeeping to the buffer too, and reports the doubled figure; this is half of it. Null where it cannot be read
   */
  askReceiveBuffer(bytes: number): number | null {
    const asked = Math.min(bytes, largestBuffer);
    if (this.set(socketLevel.socket, socketOption.receiveBufferForce, asked) !== null)
      this.set(socketLevel.socket, socketOption.receiveBuffer, asked);
    const granted = new Int32Array(1);
    this.#length[0] = 4;
    if (
      libc().getsockopt(this.#descriptor, socketLevel.socket, socketOption.receiveBuffer, granted, this.#length) !== 0
    )
      return null;
    return Math.floor(granted[0] / 2);
  }

  /**
   * Let a receive call that waits return after this time at the latest. @returns the name of the error, or null when it
   * is done
   */
  boundWait(milliseconds: number): string | null {
    const timeval = BigInt64Array.of(
      BigInt(Math.floor(milliseconds / 1000)),
      BigInt(Math.round((milliseconds % 1000) * 1000)),
    );
    return libc().setsockopt(this.#descriptor, socketLevel.socket, socketOption.receiveTimeout, timeval, 16) === 0
      ? null
      : errnoName(lastErrno());
  }

  /** Datagrams dropped since the socket was opened, mod 2³², the tail of a burst included; null = cannot be known. */
  drops(): number | null {
    if (this.#readFigures()) return this.#figures[memoryFigure.drops] >>> 0;
    return readUdpSocket(this.address, this.udpPort, this.#inode)?.drops ?? null;
  }

  /** Bytes charged for what waits in the socket; null = cannot be known. */
  queueBytes(): number | null {
    if (this.#readFigures()) return this.#figures[memoryFigure.queued] >>> 0;
    return readUdpSocket(this.address, this.udpPort, this.#inode)?.queueBytes ?? null;
  }

  /** Idempotent. */
  close(): void {
    if (this.#descriptor >= 0) libc().close(this.#descriptor);
    this.#descriptor = -1;
    this.#inode = null;
  }

  #readFigures(): boolean {
    if (!this.#hasFigures) return false;
    this.#length[0] = memoryFigure.count * 4;
    const done =
      libc().getsockopt(
        this.#descriptor,
        socketLevel.socket,
        socketOption.memoryFigures,
        this.#figures,
        this.#length,
      ) === 0;
    this.#hasFigures = done && this.#length[0] === memoryFigure.count * 4;
    return this.#hasFigures;
  }
}
