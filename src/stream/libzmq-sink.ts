// Messages into libzmq without detours: zmq_send copies each part into libzmq's own memory, so pixels may change as soon as `offer`
// returns. Owns a context and its PUSH socket in the streamer's thread; consumers are followed by the socket's monitor. The
// streamer calls it; zmq-sink.ts is what stands in where libzmq's functions cannot be had.

import { assert } from '../base/assert.js';
import { OperatorError } from '../base/errors.js';
import type { RefusedPeer } from './refused-peers.js';
import type { Undelivered } from './series-types.js';
import { bindRemedy } from './bind-remedy.js';
import { loadLibzmq, zmq } from './libzmq.js';
import type { Libzmq, ZmqHandle } from './libzmq.js';
import type { MessageSink, Offer } from './message-sink.js';

/** What the socket is bound to and how much it may queue. */
export interface LibzmqSinkOptions {
  /** IPv4 or IPv6 address. */
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Messages that libzmq may queue for one consumer. */
  readonly highWaterMark: number;
  /** Consumers that are let in at once. */
  readonly connections: number;
  /** A consumer's machine that acknowledges nothing for so long, in ms, is gone. */
  readonly timeoutMs: number;
}

/** Numbers of errno.h that are told apart: the same on every Linux; others are "no room". */
const interrupted = 4;
const notOurSocket = [14, 22, 88, 156384763, 156384765];

/** After `close` the threads of libzmq get this much longer than the messages, in ms. */
const graceMs = 500;

const decoder = new TextDecoder();
const monitorEndpoint = 'inproc://consumers';
const monitored = zmq.eventHandshakeSucceeded | zmq.eventDisconnected;

/** @returns the sink, not open yet, or why libzmq's functions cannot be had here */
export async function libzmqSink(options: LibzmqSinkOptions): Promise<LibzmqSink | string> {
  const library = await loadLibzmq();
  return typeof library === 'string' ? library : new LibzmqSink(library, options);
}

export class LibzmqSink implements MessageSink {
  readonly #library: Libzmq;
  readonly #options: LibzmqSinkOptions;
  /** For options and events, handed to every call anew; longer than what V8 keeps among its own objects. */
  readonly #scratch = new Uint8Array(512);
  readonly #scratchView = new DataView(this.#scratch.buffer);
  #context: ZmqHandle = 0;
  #socket: ZmqHandle = 0;
  #monitor: ZmqHandle = 0;
  /** Consumers by their end of the connection, as libzmq writes it. */
  readonly #consumers = new Set<string>();
  #disconnects = 0;

  constructor(library: Libzmq, options: LibzmqSinkOptions) {
    this.#library = library;
    this.#options = options;
  }

  get peers(): number {
    return this.#consumers.size;
  }

  get disconnects(): number {
    return this.#disconnects;
  }

  open(): Promise<string> {
    const { host, port, highWaterMark } = this.#options;
    const library = this.#library;
    this.#context = library.ctxNew();
    this.#socket = library.socket(this.#context, zmq.push);
    this.#monitor = library.socket(this.#context, zmq.pair);
    const address = `tcp://${host.includes(':') ? `[${host}]` : host}:${port === 0 ? '*' : port}`;
    try {
      this.#must(this.#socket !== 0 && this.#monitor !== 0, 'zmq socket');
      this.#set(zmq.sndhwm, highWaterMark);
      this.#set(zmq.linger, 0);
      this.#set(zmq.ipv6, host.includes(':') ? 1 : 0);
      // Keep-alive as MAX IV's fabric needs it: its connection tracking cuts idle flows (docs/stream.md).
      this.#set(zmq.tcpKeepalive, 1);
      this.#set(zmq.tcpKeepaliveCnt, 10);
      this.#set(zmq.tcpKeepaliveIdle, 60);
      this.#set(zmq.tcpKeepaliveIntvl, 1);
      // libzmq takes whoever sends anything at all for a consumer of ZMTP 1, and gives it messages: a web browser, a port
      // scanner. With a domain for authentication, and nobody who authenticates, it wants ZMTP 3 and admits everyone who has it.
      this.#scratch.set(new TextEncoder().encode('vdcu'));
      this.#must(library.setsockopt(this.#socket, zmq.zapDomain, this.#scratch, 4) === 0, 'zmq option');
      this.#must(library.socketMonitor(this.#socket, monitorEndpoint, monitored, 2, zmq.pair) === 0, 'zmq monitor');
      this.#must(library.connect(this.#monitor, monitorEndpoint) === 0, 'zmq monitor');
      this.#must(library.bind(this.#socket, address) === 0, `data port ${address}`, bindRemedy(host, port));
      return Promise.resolve(this.#lastEndpoint());
    } catch (error) {
      return this.close(0).then((): never => { throw error; });
    }
  }

  /**
   * Read what the monitor has to say. Who never finished the handshake is no consumer: a port scanner, or a socket of another
   * type, whose end is reported like any other. So consumers are known by their address, which only events of version 2 carry.
   */
  poll(): void {
    while (this.#receive() >= 0) {
      const event = Number(this.#scratchView.getBigUint64(0, true));
      this.#receive();
      // All parts of an event become visible at once: event, count of values, the values, local and remote address.
      for (let values = Number(this.#scratchView.getBigUint64(0, true)); values > 0; values--) this.#receive();
      this.#receive();
      const remote = decoder.decode(this.#scratch.subarray(0, this.#receive()));
      if (event === zmq.eventHandshakeSucceeded) this.#consumers.add(remote);
      else if (this.#consumers.delete(remote)) this.#disconnects++;
      // libzmq frees what was queued for one that went when its owner calls.
      this.#settle();
    }
  }

  /**
   * Hot. When the consumer dies between two parts, libzmq takes back the parts that it has (lb_t::sendpipe) and says EAGAIN, or it
   * drops the rest as it drops all that was queued for this consumer, and says nothing: nothing half-sent remains either way.
   */
  offer(parts: readonly Uint8Array[]): Offer {
    // The monitor knows of an end before the socket does: nothing is queued for who is gone.
    if (this.#consumers.size === 0) return 'full';
    const last = parts.length - 1;
    for (let index = 0; index <= last; index++) {
      const part = parts[index] as Uint8Array;
      const flags = index === last ? zmq.dontwait : zmq.dontwait | zmq.sndmore;
      while (this.#library.send(this.#socket, part, part.length, flags) < 0) {
        const errno = this.#library.errno();
        if (errno === interrupted) continue;
        assert(!notOurSocket.includes(errno), 'zmq_send refused socket, bytes or order');
        return 'full';
      }
    }
    return 'sent';
  }

  outcome(): Offer {
    // Nothing is ever pending here.
    return 'full';
  }

  get underway(): Undelivered | null {
    return null;
  }

  takeRefused(): readonly RefusedPeer[] {
    return [];
  }

  async close(lingerMs: number): Promise<Undelivered | null> {
    const library = this.#library;
    const context = this.#context;
    if (context === 0) return null;
    this.#context = 0;
    if (this.#socket !== 0) {
      library.stopMonitor(this.#socket);
      this.#set(zmq.linger, lingerMs);
      library.close(this.#socket);
    }
    if (this.#monitor !== 0) library.close(this.#monitor);
    this.#consumers.clear();
    await new Promise<void>((resolve) => {
      const limit = setTimeout(resolve, lingerMs + graceMs);
      library.ctxTerm(context, () => {
        clearTimeout(limit);
        resolve();
      });
    });
    return null;
  }

  /** One part of an event into the scratch; its length, or −1 when there is none. */
  #receive(): number {
    return this.#library.recv(this.#monitor, this.#scratch, this.#scratch.length, zmq.dontwait);
  }

  /** Let the socket do what it has to do. */
  #settle(): void {
    this.#scratchView.setBigUint64(64, 4n, true);
    this.#library.getsockopt(this.#socket, zmq.events, this.#scratch, this.#scratch.subarray(64, 72));
  }

  #set(option: number, value: number): void {
    this.#scratchView.setInt32(0, value, true);
    this.#must(this.#library.setsockopt(this.#socket, option, this.#scratch, 4) === 0, 'zmq option');
  }

  #lastEndpoint(): string {
    this.#scratchView.setBigUint64(256, 256n, true);
    const result = this.#library.getsockopt(this.#socket, zmq.lastEndpoint, this.#scratch, this.#scratch.subarray(256, 264));
    this.#must(result === 0, 'zmq option');
    return decoder.decode(this.#scratch.subarray(0, this.#scratch.indexOf(0)));
  }

  /** @throws OperatorError when libzmq refused */
  #must(done: boolean, what: string, remedy = 'See ulimit -n, and the memory that is left.'): void {
    if (!done) throw new OperatorError(`${what}: ${this.#library.strerror(this.#library.errno())}. ${remedy}`);
  }
}
