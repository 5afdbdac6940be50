// The portable packet source: node:dgram. Datagrams arrive as events of the receiver thread's event loop and are copied
// into the landing buffers; the assembler's next turn takes them. Limit: about 50 000 datagrams of 4 kB per second and
// port.

import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Landing } from '../memory/landing.js';
import type { SenderWords } from '../memory/sender-words.js';
import { parseIp, socketAddress } from '../runtime/socket-address.js';
import { bindError } from './bind-error.js';
import { DropCounter } from './drop-counter.js';
import type { PacketSource, SourceInfo } from './packet-source.js';
import type { UdpSocketFigures } from './proc-net-udp.js';

export interface DgramSourceOptions {
  readonly landing: Landing;
  readonly host: string;
  readonly udpPort: number;
  readonly receiveBufferBytes: number;
  /** A word for this sender, 0 = not one of those configured. */
  senderWord(address: string, port: number): number;
  /**
   * The landing buffers are full, or something arrived: the assembler should have a turn. `full` = before this returns.
   */
  wake(full: boolean): void;
  /** What the kernel says of the socket with this inode, null = nothing. Without an inode: of the only one there. */
  readSocket(address: string, udpPort: number, inode: number | null): UdpSocketFigures | null;
}

export class DgramSource implements PacketSource {
  readonly landing: Landing;
  readonly #options: DgramSourceOptions;
  readonly #socket: Socket;
  #count = 0;
  #paused = false;
  /** What came while nothing was taken, in order: at most as many bytes as the socket's buffer shall hold. */
  #waiting: { bytes: Buffer; from: RemoteInfo }[] = [];
  #waitingBytes = 0;
  /** Datagrams for which even that was too little. */
  #dropped = 0;
  /** The event loop has looked into all sockets, from beginning to end, since the last `receive` or `lookAnew`. */
  #looked = false;
  /** The look that counts. */
  #look = 0;
  #empty = false;
  readonly #drops = new DropCounter();
  /** Of each entry of the landing buffers. */
  readonly #senders: RemoteInfo[] = [];
  #bound: { address: string; port: number; inode: number | null } | null = null;

  constructor(options: DgramSourceOptions) {
    this.#options = options;
    this.landing = options.landing;
    this.#socket = createSocket({ type: isIPv6(options.host) ? 'udp6' : 'udp4', reuseAddr: false });
  }

  get empty(): boolean {
    return this.#empty;
  }

  async open(): Promise<SourceInfo> {
    const { host, udpPort, receiveBufferBytes } = this.#options;
    const socket = this.#socket;
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (error: NodeJS.ErrnoException) =>
        reject(bindError(host, udpPort, error.code ?? error.message)),
      );
      socket.bind({ address: host, port: udpPort, exclusive: true }, resolve);
    });
    socket.removeAllListeners('error');
    // Errors of single datagrams (ICMP) lose nothing.
    socket.on('error', () => undefined);
    try {
      socket.setRecvBufferSize(Math.min(receiveBufferBytes, 0x7fffffff));
    } catch {
      // What was granted is read back below and reported.
    }
    const { address, port } = socket.address();
    // Bound for itself alone, it is the only one there yet: later ones of the same address and port are strangers.
    const inode = this.#options.readSocket(address, port, null)?.inode ?? null;
    this.#bound = { address, port, inode };
    socket.on('message', (bytes, from) => this.#land(bytes, from));
    // Linux doubles what is asked for, and reports the doubled figure.
    return {
      address,
      udpPort: port,
      receiveBufferRequestedBytes: receiveBufferBytes,
      receiveBufferGrantedBytes: Math.floor(socket.getRecvBufferSize() / 2),
      inode,
    };
  }

  receive(): number {
    if (this.#waiting.length > 0) this.#landWaiting();
    const count = this.#count;
    this.#count = 0;
    this.#empty = count === 0 && this.#looked;
    this.#beginLook();
    return count;
  }

  pause(paused: boolean): void {
    this.#paused = paused;
  }

  lookAnew(): number | null {
    this.#empty = false;
    this.#beginLook();
    return this.#figures()?.queueBytes ?? null;
  }

  tellSender(index: number, to: SenderWords): void {
    const { address, port } = this.#senders[index];
    const words = new Int32Array(8);
    new Uint8Array(words.buffer).set(socketAddress(parseIp(address), port));
    to.set(words, 0);
  }

  kernelDrops(): number | null {
    const figures = this.#figures();
    if (figures === null) return null;
    this.#drops.read(figures.drops);
    return this.#drops.total + this.#dropped;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      try {
        this.#socket.close(resolve);
      } catch {
        resolve();
      }
    });
  }

  #figures(): UdpSocketFigures | null {
    if (this.#bound === null) return null;
    const { address, port, inode } = this.#bound;
    return this.#options.readSocket(address, port, inode);
  }

  /**
   * The first of the two may follow in the middle of the loop's present look. It is not known what that look has left
   * in the socket.
   */
  #beginLook(): void {
    this.#looked = false;
    const look = ++this.#look;
    setImmediate(() => setImmediate(() => (this.#looked ||= this.#look === look)));
  }

  #land(bytes: Buffer, from: RemoteInfo): void {
    if (this.#paused || this.#waiting.length > 0) return this.#keep(bytes, from);
    if (this.#count === this.#options.landing.capacity) this.#options.wake(true);
    if (this.#paused) return this.#keep(bytes, from);
    // No turn takes them: the agent has not begun, or is closing. What comes then is not its.
    if (this.#count === this.#options.landing.capacity) return;
    this.#put(bytes, from);
    this.#options.wake(false);
  }

  #keep(bytes: Buffer, from: RemoteInfo): void {
    if (this.#waitingBytes + bytes.length > this.#options.receiveBufferBytes) {
      this.#dropped++;
      return;
    }
    this.#waiting.push({ bytes, from });
    this.#waitingBytes += bytes.length;
  }

  /** What waited comes before what comes now. */
  #landWaiting(): void {
    const landed = this.#waiting.splice(0, this.#options.landing.capacity - this.#count);
    for (const { bytes, from } of landed) {
      this.#waitingBytes -= bytes.length;
      this.#put(bytes, from);
    }
  }

  #put(bytes: Buffer, from: RemoteInfo): void {
    const { landing } = this.#options;
    const index = this.#count++;
    const at = landing.bufferAt(index);
    landing.bytes.set(bytes.length > landing.stride ? bytes.subarray(0, landing.stride) : bytes, at);
    landing.offsets[index] = at;
    landing.lengths[index] = bytes.length;
    landing.senders[index] = this.#options.senderWord(from.address, from.port);
    this.#senders[index] = from;
  }
}
