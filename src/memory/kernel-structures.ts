// The structures through which the kernel fills a port's landing buffers: message headers, one piece vector, sender
// address and control buffer each. They lie in the shared memory, because the kernel knows them by address only.
// Writer: the port's packet source and, inside its system calls, the kernel. Layout of 64-bit little-endian Linux
// (glibc and musl agree): bits/socket.h, uio.h.
// Tested by test/udp/recvmmsg-source.test.ts.

import type { Landing } from './landing.js';

/**
 * struct mmsghdr: name 0, namelen 8, iov 16, iovlen 24, control 32, controllen 40, flags 48 (56 bytes), then the length
 * received.
 */
const messageBytes = 64;
const message = {
  name: 0,
  nameLength: 8,
  pieces: 16,
  pieceCount: 24,
  control: 32,
  controlLength: 40,
  flags: 48,
  length: 56,
} as const;
/** struct iovec: base, length. */
const pieceBytes = 16;
/** struct sockaddr_in has 16 bytes, sockaddr_in6 28. */
const nameBytes = 32;
const nameLength = 28;
/** Room for two control messages of one int each (24 bytes with header and padding). */
const controlBytes = 64;
/**
 * struct cmsghdr: length 0 (64 bit, header included), level 8, type 12, data from 16; the next begins at a multiple of
 * 8.
 */
const controlHeader = { length: 0, level: 2, type: 3, data: 4, bytes: 16 } as const;

const int32 = 4;

/** Bytes of the region for `messages` datagrams per system call. */
export const kernelStructuresBytes = (messages: number): number =>
  messages * (messageBytes + pieceBytes + nameBytes + controlBytes);

/** Where control buffers are offered to the kernel. */
export type ControlUse = 'first' | 'all';

export class KernelStructures {
  /** The memory as words; positions that this class returns are indices into it. */
  readonly words: Int32Array;
  readonly messages: number;
  readonly #at: number;
  readonly #lengths: number;
  readonly #controlLengths: number;
  readonly #names: number;
  readonly #controls: number;

  /** @param messages as given to `kernelStructuresBytes` */
  constructor(buffer: ArrayBufferLike, offset: number, messages: number) {
    this.words = new Int32Array(buffer);
    this.messages = messages;
    this.#at = offset;
    this.#lengths = (offset + message.length) / int32;
    this.#controlLengths = (offset + message.controlLength) / int32;
    this.#names = this.#pieceAt(messages) / int32;
    this.#controls = this.#names + (messages * nameBytes) / int32;
  }

  /** Position in bytes of the array of message headers. */
  get messagesAt(): number {
    return this.#at;
  }

  /**
   * Write every address, once.
   * @param base address of the shared memory
   */
  prepare(base: bigint, landing: Landing, control: ControlUse): void {
    const view = new DataView(landing.buffer);
    const pointer = (at: number, to: number): void => view.setBigUint64(at, base + BigInt(to), true);
    for (let index = 0; index < this.messages; index++) {
      const header = this.#at + index * messageBytes;
      const piece = this.#pieceAt(index);
      for (let byte = 0; byte < messageBytes; byte += 8) view.setBigUint64(header + byte, 0n, true);
      pointer(header + message.name, this.#names * int32 + index * nameBytes);
      // The kernel writes back what it stored: 16 on IPv4 sockets, 28 on IPv6 ones, so never too little for the next
      // time.
      view.setUint32(header + message.nameLength, nameLength, true);
      pointer(piece, landing.bufferAt(index));
      view.setBigUint64(piece + 8, BigInt(landing.stride), true);
      pointer(header + message.pieces, piece);
      view.setUint32(header + message.pieceCount, 1, true);
      if (control === 'all' || index === 0)
        pointer(header + message.control, this.#controls * int32 + index * controlBytes);
    }
    this.offerControls(control === 'all' ? this.messages : 1);
  }

  /** Offer the control buffers of the first `count` messages again; the kernel has written over their lengths. */
  offerControls(count: number): void {
    for (let index = 0; index < count; index++)
      this.words[this.#controlLengths + index * (messageBytes / int32)] = controlBytes;
  }

  /** True length of datagram `index`, also where it was longer than its buffer. */
  length(index: number): number {
    return this.words[this.#lengths + index * (messageBytes / int32)];
  }

  /** Index into `words` of the sender's address. */
  nameAt(index: number): number {
    return this.#names + index * (nameBytes / int32);
  }

  /** The int that control message (level, type) of datagram `index` carries; −1 = there is none. */
  controlValue(index: number, level: number, type: number): number {
    const { words } = this;
    const given = words[this.#controlLengths + index * (messageBytes / int32)];
    const start = this.#controls + index * (controlBytes / int32);
    for (let at = 0; at + controlHeader.bytes < given;) {
      const header = start + at / int32;
      const bytes = words[header + controlHeader.length];
      if (words[header + controlHeader.level] === level && words[header + controlHeader.type] === type)
        return words[header + controlHeader.data];
      if (bytes < controlHeader.bytes) return -1;
      at += Math.ceil(bytes / 8) * 8;
    }
    return -1;
  }

  #pieceAt(index: number): number {
    return this.#at + this.messages * messageBytes + index * pieceBytes;
  }
}
