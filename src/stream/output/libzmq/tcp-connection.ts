// A TCP connection of libzmq's, as the kernel knows it: what its peer has acknowledged, whether the peer's machine is
// still there, and a way to end it. Comes in: the descriptor, which libzmq's monitor tells. Linux, and only where C
// functions can be called.
// The descriptor is libzmq's: it may be closed at any time and be given to something else. So each look compares the
// port of the peer. One that is held has a descriptor of our own beside it: what the peer has acknowledged can be asked
// to the last byte after libzmq has closed its own. The connection ends for the peer when both are closed.

import { libc } from '../../../runtime/ffi.js';

/** Linux, asm-generic/socket.h and netinet/tcp.h. */
const level = { socket: 1, tcp: 6 } as const;
const option = { linger: 13, info: 11 } as const;
/** F_DUPFD_CLOEXEC, linux/fcntl.h. */
const duplicateOnExecClosed = 1030;
const established = 1;
const shutBoth = 2;

/** Offsets in struct tcp_info (linux/tcp.h, since 4.1; bytesSent since 4.19). */
const at = {
  state: 0,
  retransmits: 2,
  probes: 3,
  lastAckReceived: 56,
  bytesAcked: 120,
  bytesReceived: 128,
  bytesSent: 200,
} as const;
const infoBytes = 136;
const wholeInfoBytes = 208;

/** A machine that has left so many repetitions without an answer, and the time-out besides, is not there. */
const unansweredLeast = 2;

const info = new Uint8Array(256);
const infoView = new DataView(info.buffer);
const name = new Uint8Array(128);
const nameView = new DataView(name.buffer);
const length = new Int32Array(1);
const lingerNot = Int32Array.of(1, 0);

export class TcpConnection {
  #descriptor: number;
  #held = false;
  readonly #peerPort: number;
  /** As of the last look. Bytes of the whole connection, its handshake included. */
  acknowledged = 0;
  received = 0;
  /** null = the kernel does not tell. */
  sent: number | null = 0;
  /** The kernel still calls it connected. */
  open = true;
  #unanswered = 0;
  #lastAckMs = 0;

  /** @param peerPort as the monitor tells it */
  constructor(descriptor: number, peerPort: number) {
    this.#descriptor = descriptor;
    this.#peerPort = peerPort;
  }

  /** It is ours as well from here on, until `release`. */
  hold(): void {
    if (this.#held || !this.#same()) return;
    const own = libc().fcntl(this.#descriptor, duplicateOnExecClosed, 0);
    if (own < 0) return;
    const theirs = this.#descriptor;
    this.#descriptor = own;
    this.#held = this.#same();
    if (this.#held) return;
    libc().close(own);
    this.#descriptor = theirs;
  }

  release(): void {
    if (this.#held) libc().close(this.#descriptor);
    this.#held = false;
    this.#descriptor = -1;
  }

  /** Ask the kernel. @returns false when the descriptor is not this connection any more */
  look(): boolean {
    if (!this.#held && !this.#same()) {
      this.open = false;
      return false;
    }
    length[0] = wholeInfoBytes;
    if (libc().getsockopt(this.#descriptor, level.tcp, option.info, info, length) !== 0 || length[0] < infoBytes)
      return false;
    this.open = info[at.state] === established;
    this.#unanswered = Math.max(info[at.retransmits], info[at.probes]);
    this.#lastAckMs = infoView.getUint32(at.lastAckReceived, true);
    this.acknowledged = wide(at.bytesAcked);
    this.received = wide(at.bytesReceived);
    this.sent = length[0] < wholeInfoBytes ? null : wide(at.bytesSent);
    return true;
  }

  /**
   * Has the peer's machine left everything unanswered for so long? One whose program does not read answers each probe
   * of its closed window, however seldom the kernel sends one: it is there.
   */
  gone(timeoutMs: number): boolean {
    return this.#unanswered >= unansweredLeast && this.#lastAckMs >= timeoutMs;
  }

  /** End it at once, whatever is under way: libzmq sees that it ended, and closes it. */
  cut(): void {
    if (!this.#held && !this.#same()) return;
    libc().setsockopt(this.#descriptor, level.socket, option.linger, lingerNot, 8);
    libc().shutdown(this.#descriptor, shutBoth);
  }

  #same(): boolean {
    length[0] = name.length;
    return libc().getpeername(this.#descriptor, name, length) === 0 && nameView.getUint16(2) === this.#peerPort;
  }
}

function wide(offset: number): number {
  return infoView.getUint32(offset, true) + infoView.getUint32(offset + 4, true) * 2 ** 32;
}
