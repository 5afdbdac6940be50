// hot path. The fast packet source: many datagrams per system call, straight into the landing buffers. The kernel fills
// them through the structures in shared memory (memory/kernel-structures.ts); here their lengths and senders become the
// entries of the batch for the port assembler, in the same thread. Nothing is allocated per packet.
// With coalescing (UDP_GRO) a buffer may hold datagrams of one sender behind each other; each becomes an entry of its
// own. The kernel does that for datagrams sent with UDP_SEGMENT or merged by a network card, never for those with
// checksum 0, as detectors send them; so it is off unless asked for.

import { assert } from '../base/assert.js';
import { exitCode, OperatorError } from '../base/errors.js';
import type { UdpSource } from '../config/networks.js';
import { KernelStructures } from '../memory/kernel-structures.js';
import type { Landing } from '../memory/landing.js';
import type { SenderWords } from '../memory/sender-words.js';
import { addressOf, errno, errnoName, lastErrno, libc } from '../runtime/ffi.js';
import type { Address, Libc } from '../runtime/ffi.js';
import { DropCounter } from './drop-counter.js';
import type { PacketSource, SourceInfo } from './packet-source.js';
import { SenderWord } from './source-filter.js';
import { socketLevel, socketOption, UdpSocket } from './udp-socket.js';

/** MSG_TRUNC asks for true lengths; MSG_DONTWAIT; MSG_WAITFORONE waits for the first datagram only (linux/socket.h). */
const flag = { truncated: 0x20, dontWait: 0x40, waitForOne: 0x10000 } as const;

const portableRemedy = 'Use receive: dgram (docs/operating.md#portable-ways)';

export interface RecvmmsgSourceOptions {
  /** The shared memory that holds landing buffers and structures. */
  readonly buffer: SharedArrayBuffer;
  /** Made with `coalescedBuffers` if `coalesce`. */
  readonly landing: Landing;
  /** Offset of the port's kernel structures in the memory. */
  readonly structuresAt: number;
  readonly host: string;
  readonly udpPort: number;
  /** The detector's addresses; empty = any. */
  readonly sources: readonly UdpSource[];
  readonly receiveBufferBytes: number;
  /**
   * How long `receive` may wait for a first datagram; 0 = never, as where several ports share a thread. The kernel's
   * resolution is a few ms. Having waited in vain, it does not wait again before there is one: a thread that has
   * nothing else to do waits for a `SourceGroup`, where a command wakes it.
   */
  readonly waitMs: number;
  /** Take coalesced datagrams. */
  readonly coalesce: boolean;
}

export class RecvmmsgSource implements PacketSource {
  readonly landing: Landing;
  readonly #options: RecvmmsgSourceOptions;
  readonly #structures: KernelStructures;
  readonly #drops = new DropCounter();
  #c: Libc | null = null;
  #messages: Address = 0n;
  #flags: number = flag.truncated;
  #socket: UdpSocket | null = null;
  #sender: SenderWord | null = null;
  #empty = false;
  /** The last wait was in vain, or it was asked what is there now: the next call does not wait. */
  #waits = true;
  #dropsKnown = true;
  /** Buffers of the last call, and how far they have become entries. */
  #filled = 0;
  #buffer = 0;
  #within = 0;
  /** What is left of the last call was read before `lookAnew`. */
  #readBefore = false;

  constructor(options: RecvmmsgSourceOptions) {
    const { landing, buffer, structuresAt, coalesce } = options;
    assert(landing.coalesced === coalesce, 'landing buffers and coalescing disagree');
    assert(landing.buffer === buffer, 'landing buffers lie in another memory than the structures');
    this.landing = landing;
    this.#options = options;
    this.#structures = new KernelStructures(buffer, structuresAt, landing.buffers);
  }

  get empty(): boolean {
    return this.#empty;
  }

  lookAnew(): number | null {
    this.#empty = this.#waits = false;
    this.#readBefore = this.#buffer < this.#filled;
    return this.queueBytes();
  }

  /** For `SourceGroup`; −1 unless open. */
  get descriptor(): number {
    return this.#socket?.descriptor ?? -1;
  }

  /** @throws OperatorError when the port is taken, the address is not here, or C functions cannot be called */
  open(): Promise<SourceInfo> {
    return Promise.resolve().then(() => this.#open());
  }

  /** As in `PacketSource`; waits up to `waitMs` for the first datagram, see there. Returns 0 after `close`. */
  receive(): number {
    // What is left of coalesced datagrams that did not fit into one batch.
    if (this.#buffer < this.#filled) return this.#spread();
    const { landing } = this;
    const c = this.#c;
    if (c === null) return 0;
    this.#readBefore = false;
    const flags = this.#waits ? this.#flags : flag.truncated | flag.dontWait;
    const count = c.recvmmsg(this.descriptor, this.#messages, landing.buffers, flags, 0n);
    if (count <= 0) return this.#nothing(count);
    this.#waits = true;
    this.#noteDrops();
    if (landing.coalesced) {
      this.#filled = count;
      this.#buffer = this.#within = 0;
      return this.#spread();
    }
    this.#empty = count < landing.buffers;
    const structures = this.#structures;
    const sender = this.#sender as SenderWord;
    for (let index = 0; index < count; index++) {
      landing.lengths[index] = structures.length(index);
      landing.senders[index] = sender.of(structures.words, structures.nameAt(index));
    }
    structures.offerControls(1);
    return count;
  }

  /**
   * Exact for single datagrams; with coalescing the kernel counts a dropped buffer of many as one, so it is an
   * estimate. The count comes with the first datagram of each batch (SO_RXQ_OVFL), but as of when that was queued; here
   * the socket itself is asked too (SO_MEMINFO, else /proc/net/udp), because the tail of a burst shows in no datagram.
   * They are one counter; the larger reading holds.
   */
  kernelDrops(): number | null {
    if (this.#socket !== null && this.descriptor >= 0) {
      const count = this.#socket.drops();
      this.#dropsKnown = count !== null;
      if (count !== null) this.#drops.read(count);
    }
    return this.#dropsKnown ? this.#drops.total : null;
  }

  tellSender(index: number, to: SenderWords): void {
    const { landing } = this;
    const at = landing.offsets[index];
    to.set(this.#structures.words, this.#structures.nameAt(landing.coalesced ? landing.bufferOf(at) : index));
  }

  /** Bytes charged for what waits in the socket; null = cannot be known. */
  queueBytes(): number | null {
    return this.descriptor < 0 ? null : (this.#socket as UdpSocket).queueBytes();
  }

  /** From the thread that receives. */
  close(): Promise<void> {
    if (this.#socket !== null && this.descriptor >= 0) {
      this.kernelDrops();
      this.#socket.close();
    }
    this.#c = null;
    this.#filled = this.#buffer = 0;
    return Promise.resolve();
  }

  #open(): SourceInfo {
    const { buffer, landing, host, udpPort, sources, receiveBufferBytes, waitMs, coalesce } = this.#options;
    const socket = new UdpSocket(host, udpPort);
    try {
      this.#sender = new SenderWord(sources, socket.version);
      if (coalesce) {
        const refused = socket.set(socketLevel.udp, socketOption.udpCoalesce, 1);
        if (refused !== null)
          throw new OperatorError(
            `port ${udpPort} on ${host}: the kernel does not coalesce datagrams (UDP_GRO: ${refused}). It needs ` +
              'Linux 5.0; switch coalescing off (receive_coalesced)',
          );
      }
      const endless = waitMs > 0 ? socket.boundWait(waitMs) : null;
      if (endless !== null)
        throw new OperatorError(
          `port ${udpPort} on ${host}: a call that waits cannot be bounded (SO_RCVTIMEO: ${endless}). ` +
            `${portableRemedy}`,
          exitCode.environment,
        );
    } catch (error) {
      socket.close();
      throw error;
    }
    const granted = socket.askReceiveBuffer(receiveBufferBytes);
    socket.set(socketLevel.socket, socketOption.dropCount, 1);
    this.#flags = flag.truncated | (waitMs > 0 ? flag.waitForOne : flag.dontWait);
    const base = addressOf(buffer);
    this.#structures.prepare(base, landing, coalesce ? 'all' : 'first');
    this.#messages = base + BigInt(this.#structures.messagesAt);
    for (let index = 0; index < landing.buffers && !coalesce; index++) landing.offsets[index] = landing.bufferAt(index);
    this.#socket = socket;
    this.#c = libc();
    return {
      address: socket.address,
      udpPort: socket.udpPort,
      receiveBufferRequestedBytes: receiveBufferBytes,
      receiveBufferGrantedBytes: granted,
      inode: socket.inode,
    };
  }

  #nothing(count: number): number {
    const reason = count < 0 ? lastErrno() : errno.EAGAIN;
    this.#empty = reason === errno.EAGAIN;
    this.#waits = false;
    if (reason !== errno.EAGAIN && reason !== errno.EINTR) {
      const { host } = this.#options;
      throw new OperatorError(
        `port ${this.#socket?.udpPort} on ${host}: receiving by recvmmsg failed (${errnoName(reason)}). ` +
          `${portableRemedy}`,
        exitCode.environment,
      );
    }
    return 0;
  }

  #noteDrops(): void {
    const count = this.#structures.controlValue(0, socketLevel.socket, socketOption.dropCount);
    if (count !== -1) this.#drops.read(count);
  }

  /** Entries from buffers that may hold several datagrams: all of one size, the last of a buffer may be shorter. */
  #spread(): number {
    const { landing } = this;
    const { offsets, lengths, senders, capacity } = landing;
    const structures = this.#structures;
    const sender = this.#sender as SenderWord;
    let entries = 0;
    while (this.#buffer < this.#filled && entries < capacity) {
      const buffer = this.#buffer;
      const bytes = structures.length(buffer);
      const told = structures.controlValue(buffer, socketLevel.udp, socketOption.udpCoalesce);
      const size = told > 0 ? told : bytes;
      const word = sender.of(structures.words, structures.nameAt(buffer));
      const at = landing.bufferAt(buffer);
      let within = this.#within;
      do {
        offsets[entries] = at + within;
        lengths[entries] = Math.min(size, bytes - within);
        senders[entries] = word;
        within += size;
        entries++;
      } while (within < bytes && entries < capacity);
      if (within < bytes) {
        this.#within = within;
      } else {
        this.#buffer++;
        this.#within = 0;
      }
    }
    this.#empty = this.#buffer === this.#filled && this.#filled < landing.buffers && !this.#readBefore;
    if (this.#buffer === this.#filled) structures.offerControls(this.#filled);
    return entries;
  }
}
