// TCP sockets of Linux for the ZMTP sink, by system calls of our own: accept4, recv, sendmsg straight from where the
// bytes lie, TCP_INFO, SIOCOUTQ. Arguments live for the length of a call; the structures that sendmsg reads are held
// here.
// Tested by test/stream/output/zmtp/zmtp-sink.test.ts.

import { readFileSync } from 'node:fs';
import { OperatorError } from '../../../base/errors.js';
import { addressOfBytes, errno, errnoName, lastErrno, libc } from '../../../runtime/ffi.js';
import type { Libc } from '../../../runtime/ffi.js';
import { addressFamily, parseIp, portOf, socketAddress, textOf } from '../../../runtime/socket-address.js';
import { bindRemedy } from '../bind-remedy.js';
import type { DataHostPort } from '../bind-remedy.js';
import { keepAlive } from '../keep-alive.js';
import {
  acceptedFlags,
  dontWait,
  infoBytes,
  level,
  noMoreSent,
  option,
  sendFlags,
  streamSocket,
  unsentRequest,
} from './linux-tcp.js';
import type { Accepted, Listening, PathFigures, TcpSockets } from './tcp-sockets.js';

const pollFor = { in: 1, out: 4, peerClosed: 0x2000 } as const;
/** A peer that finds the kernel's queue full tries again after 1, 3, 7, 15 s, a consumer as well. */
const backlog = 1024;
/** Pieces of a message that one call hands over; longer messages take several. */
const piecesPerCall = 16;
/** struct tcp_info: where the figures stand. */
const info = { probes: 3, unacknowledged: 24, sinceSent: 44, sinceAcknowledged: 56 } as const;
/**
 * Between two probes of a closed window at most (Linux 6.15 and later): so long a peer may be dead before that can
 * show, in ms.
 */
const longestBackoffMs = 5000;
/** As the C library says it, and so the other ways. */
const bindErrors: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EACCES: 'Permission denied',
};
const noMoreDescriptors: readonly number[] = [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM];

export class LinuxSockets implements TcpSockets {
  readonly #c: Libc = libc();
  readonly #address = new Uint8Array(28);
  readonly #length = new Int32Array(1);
  readonly #int = new Int32Array(1);
  readonly #info = new Uint8Array(infoBytes);
  readonly #infoView = new DataView(this.#info.buffer);
  /** struct iovec, and struct msghdr that names them; and the lower half of each word. */
  readonly #pieces = new BigUint64Array(2 * piecesPerCall);
  readonly #pieceHalves = new Uint32Array(this.#pieces.buffer);
  readonly #message = new BigUint64Array(7);
  #polled = new Int32Array(64);

  constructor() {
    this.#message[2] = addressOfBytes(this.#pieces);
  }

  listen(host: string, port: number, sendBufferBytes: number, key: DataHostPort = 'data_port'): Listening {
    const c = this.#c;
    const address = parseIp(host);
    const what = key === 'data_port' ? 'data port' : 'preview port';
    const where = `${what} tcp://${address.version === 6 ? `[${host}]` : host}:${port === 0 ? '*' : port}`;
    const descriptor = c.socket(address.version === 4 ? addressFamily.inet : addressFamily.inet6, streamSocket, 0);
    if (descriptor < 0)
      throw new OperatorError(`${where}: ${errnoName(lastErrno())}. See ulimit -n, and the memory that is left.`);
    if (address.version === 6) this.#set(descriptor, level.ipv6, option.ipv6Only, 0);
    this.#set(descriptor, level.socket, option.reuseAddress, 1);
    // Connections inherit these. Keep-alive as MAX IV's fabric needs it: its connection tracking cuts idle flows
    // (docs/stream.md).
    this.#set(descriptor, level.socket, option.keepAlive, 1);
    this.#set(descriptor, level.tcp, option.keepCount, 10);
    this.#set(descriptor, level.tcp, option.keepIdle, 60);
    this.#set(descriptor, level.tcp, option.keepInterval, 1);
    this.#set(descriptor, level.tcp, option.noDelay, 1);
    this.#set(descriptor, level.tcp, option.longestBackoff, longestBackoffMs);
    const granted = this.#askSendBuffer(descriptor, sendBufferBytes);
    const bytes = socketAddress(address, port);
    if (c.bind(descriptor, bytes, bytes.length) !== 0 || c.listen(descriptor, backlog) !== 0) {
      const code = errnoName(lastErrno());
      c.close(descriptor);
      throw new OperatorError(`${where}: ${bindErrors[code] ?? code}. ${bindRemedy(host, port, key)}`);
    }
    this.#length[0] = bytes.length;
    c.getsockname(descriptor, bytes, this.#length);
    return { descriptor, port: portOf(bytes), sendBufferBytes: granted };
  }

  accept(listener: number): Accepted | 'exhausted' | null {
    // A connection that is gone again before it was taken is an error of this call, not of the listener.
    for (let attempt = 0; attempt < 16; attempt++) {
      // Asked many times a second, mostly in vain: accept4 would make a socket first, and look only then. Where it
      // cannot make one it does not look.
      if (this.#poll([listener], pollFor.in, 0) <= 0) return null;
      this.#length[0] = this.#address.length;
      const descriptor = this.#c.accept4(listener, this.#address, this.#length, acceptedFlags);
      if (descriptor >= 0) return { descriptor, address: textOf(this.#address), port: portOf(this.#address) };
      const reason = lastErrno();
      if (reason === errno.EAGAIN) return null;
      if (noMoreDescriptors.includes(reason)) return 'exhausted';
    }
    return null;
  }

  read(descriptor: number, into: Uint8Array): number {
    const count = this.#c.recv(descriptor, into, into.length, dontWait);
    if (count > 0) return count;
    if (count === 0) return -1;
    const reason = lastErrno();
    return reason === errno.EAGAIN || reason === errno.EINTR ? 0 : -1;
  }

  write(descriptor: number, pieces: readonly Uint8Array[], from: number): number {
    let total = 0;
    for (;;) {
      const offered = this.#describe(pieces, from + total);
      if (offered === 0) return total;
      const taken = this.#c.sendmsg(descriptor, this.#message, sendFlags);
      if (taken < 0) {
        const reason = lastErrno();
        if (reason === errno.EINTR) continue;
        // Out of memory for a moment is like a full buffer.
        return reason === errno.EAGAIN || reason === errno.ENOBUFS || reason === errno.ENOMEM ? total : -1;
      }
      total += taken;
      if (taken < offered) return total;
    }
  }

  unacknowledgedBytes(descriptor: number): number {
    return this.#c.ioctl(descriptor, unsentRequest, this.#int) === 0 ? this.#int[0] : 0;
  }

  path(descriptor: number): PathFigures | null {
    this.#length[0] = infoBytes;
    if (this.#c.getsockopt(descriptor, level.tcp, option.info, this.#info, this.#length) !== 0) return null;
    const view = this.#infoView;
    return {
      unacknowledged: view.getUint32(info.unacknowledged, true),
      probes: view.getUint8(info.probes),
      sinceSent: view.getUint32(info.sinceSent, true),
      sinceAcknowledged: view.getUint32(info.sinceAcknowledged, true),
    };
  }

  probeSilence(descriptor: number, milliseconds: number): void {
    const { idle, interval, count } = keepAlive(milliseconds);
    this.#set(descriptor, level.tcp, option.keepIdle, idle);
    this.#set(descriptor, level.tcp, option.keepInterval, interval);
    this.#set(descriptor, level.tcp, option.keepCount, count);
  }

  withRoom(descriptors: readonly number[], room: Uint8Array): void {
    const any = this.#poll(descriptors, pollFor.out, 0) > 0;
    for (let index = 0; index < descriptors.length; index++)
      room[index] = any && this.#polled[index * 2 + 1] >> 16 !== 0 ? 1 : 0;
  }

  awaitRoom(descriptors: readonly number[], milliseconds: number): boolean {
    return this.#poll(descriptors, pollFor.out | pollFor.peerClosed, milliseconds) > 0;
  }

  finish(descriptor: number): void {
    this.#c.shutdown(descriptor, noMoreSent);
  }

  close(descriptor: number): void {
    this.#c.close(descriptor);
  }

  /**
   * Beyond net.core.wmem_max first (needs CAP_NET_ADMIN), else as far as that allows, unless the kernel's own sizing,
   * which an explicit size switches off, goes further. What is asked for is doubled by the kernel, because it charges
   * its own bookkeeping to the buffer too; its own sizing is not.
   * @returns what was granted, in the unit of what was asked for; null = it cannot be read
   */
  #askSendBuffer(descriptor: number, bytes: number): number | null {
    if (!this.#set(descriptor, level.socket, option.sendBufferForce, bytes)) {
      const ownSizing = kernelLimit('/proc/sys/net/ipv4/tcp_wmem', 2);
      if (2 * Math.min(bytes, kernelLimit('/proc/sys/net/core/wmem_max', 0)) <= ownSizing)
        return Math.floor(ownSizing / 2);
      this.#set(descriptor, level.socket, option.sendBuffer, bytes);
    }
    this.#length[0] = 4;
    const read = this.#c.getsockopt(descriptor, level.socket, option.sendBuffer, this.#int, this.#length);
    return read === 0 ? Math.floor(this.#int[0] / 2) : null;
  }

  #set(descriptor: number, optionLevel: number, name: number, value: number): boolean {
    this.#int[0] = value;
    return this.#c.setsockopt(descriptor, optionLevel, name, this.#int, 4) === 0;
  }

  /** What is left of the pieces, as far as one call takes them, into the structures; returns their bytes. */
  #describe(pieces: readonly Uint8Array[], from: number): number {
    let skip = from;
    let count = 0;
    let bytes = 0;
    for (const piece of pieces) {
      if (skip >= piece.length) {
        skip -= piece.length;
        continue;
      }
      if (count === piecesPerCall) break;
      const address = addressOfBytes(piece);
      this.#pieces[count * 2] = skip === 0 ? address : address + BigInt(skip);
      // The upper half is always 0.
      this.#pieceHalves[count * 4 + 2] = piece.length - skip;
      bytes += piece.length - skip;
      skip = 0;
      count++;
    }
    this.#message[3] = BigInt(count);
    return bytes;
  }

  #poll(descriptors: readonly number[], events: number, milliseconds: number): number {
    const count = descriptors.length;
    if (this.#polled.length < count * 2) this.#polled = new Int32Array(count * 2);
    for (let index = 0; index < count; index++) {
      this.#polled[index * 2] = descriptors[index];
      this.#polled[index * 2 + 1] = events;
    }
    return this.#c.poll(this.#polled, count, milliseconds);
  }
}

/** A number of a file under /proc/sys, 0 where it is not there. */
function kernelLimit(path: string, index: number): number {
  try {
    return Number(readFileSync(path, 'latin1').trim().split(/\s+/)[index]);
  } catch {
    return 0;
  }
}
