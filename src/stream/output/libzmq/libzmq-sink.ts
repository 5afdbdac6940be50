// Messages into libzmq without detours: zmq_send copies each part into libzmq's own memory, so pixels may change as
// soon as `offer` returns. Owns a context and its PUSH socket in the streamer's thread. Which peers are let in:
// door.ts; what happens to connections: monitor.ts; which are consumers: peers.ts. Where libzmq cannot be called:
// zmq-sink.ts.

import { assert } from '../../../base/assert.js';
import { OperatorError } from '../../../base/errors.js';
import { hostPort } from '../../../base/host-port.js';
import { bindRemedy } from '../bind-remedy.js';
import { DeliveryLedger, wireBytes } from '../delivery-ledger.js';
import { LibzmqDoor } from './door.js';
import { LibzmqMonitor } from './monitor.js';
import { handshakeMs, setNumber, setPushOptions } from './options.js';
import { zmq } from './libzmq.js';
import type { Libzmq, ZmqHandle } from './libzmq.js';
import { overtakes } from '../message-sink.js';
import type { MessageKind, MessageSink, Offer } from '../message-sink.js';
import { LibzmqPeers } from './peers.js';
import type { RefusedPeer } from '../../../contract/refused-peers.js';
import type { Undelivered } from '../../../contract/series.js';

/** What the socket is bound to, how much it may queue, and for how many consumers. */
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
  /** ms of the service's clock. */
  now(): number;
}

/** Numbers of errno.h that are told apart: the same on every Linux; others are "no room". */
const interrupted = 4;
const notOurSocket = [14, 22, 88, 156384763, 156384765];

/** Connections of consumers are looked at so often, in ms. */
const lookMs = 50;
/** The threads of libzmq get this much longer than the messages after `close`, in ms. */
const graceMs = 500;

const decoder = new TextDecoder();
const nothing: readonly RefusedPeer[] = [];

export class LibzmqSink implements MessageSink {
  readonly #library: Libzmq;
  readonly #options: LibzmqSinkOptions;
  /** For options, handed to every call anew; longer than what V8 keeps among its own objects. */
  readonly #scratch = new Uint8Array(512);
  readonly #scratchView = new DataView(this.#scratch.buffer);
  readonly #ledger = new DeliveryLedger();
  #context: ZmqHandle = 0;
  #socket: ZmqHandle = 0;
  #monitor: LibzmqMonitor | null = null;
  #door: LibzmqDoor | null = null;
  #address = '';
  #peers: LibzmqPeers | null = null;
  #disconnects = 0;
  /** One of several consumers went, and something was on its way: which messages were its own is not known. */
  #unclear = false;
  /** What the present consumers had acknowledged when the ledger was begun anew. */
  #acknowledgedBefore = 0;
  #lookedAt = 0;
  /** Lost with connections since the sink was opened; null = cannot be told any more. */
  #lost: Undelivered | null = { messages: 0, bytes: 0 };

  constructor(library: Libzmq, options: LibzmqSinkOptions) {
    this.#library = library;
    this.#options = options;
  }

  get peers(): number {
    return this.#peers?.consumers ?? 0;
  }

  get disconnects(): number {
    return this.#disconnects;
  }

  get underway(): Undelivered | null {
    if (this.#unclear) return null;
    this.#lookAtConsumers();
    return this.#ledger.underway;
  }

  get lost(): Undelivered | null {
    return this.#lost;
  }

  takeRefused(): readonly RefusedPeer[] {
    return this.#peers?.takeRefused() ?? nothing;
  }

  open(): Promise<string> {
    const { host, port } = this.#options;
    const library = this.#library;
    this.#context = library.ctxNew();
    try {
      this.#door = new LibzmqDoor(library, this.#context, handshakeMs);
      this.#must(this.#door.ready, 'zmq socket');
      this.#peers = new LibzmqPeers(this.#door, this.#options.timeoutMs);
      this.#openSocket(`tcp://${hostPort(host, port === 0 ? '*' : port)}`);
      this.#address = this.#lastEndpoint();
      return Promise.resolve(this.#address);
    } catch (error) {
      return this.close(0).then((): never => {
        throw error;
      });
    }
  }

  #openSocket(address: string): void {
    const library = this.#library;
    this.#socket = library.socket(this.#context, zmq.push);
    this.#must(this.#socket !== 0, 'zmq socket');
    this.#must(setPushOptions(library, this.#socket, this.#options), 'zmq option');
    this.#monitor = new LibzmqMonitor(library, this.#context, this.#socket);
    this.#must(this.#monitor.ready, 'zmq monitor');
    this.#must(
      library.bind(this.#socket, address) === 0,
      `data port ${address}`,
      bindRemedy(this.#options.host, this.#options.port),
    );
  }

  /** Read what the monitor and the door have to say, and look at the connections. */
  poll(): void {
    const now = this.#options.now();
    // The door first: a peer that greeted and was refused at once was there.
    this.#door?.listen(now);
    this.#monitor?.read((event, value, remote) => this.#happened(event, value, remote, now));
    this.#door?.admit(this.#options.connections - this.peers, now, (host) => this.#peers?.goingOn(host) ?? 0);
    if (now - this.#lookedAt >= lookMs && this.#peers !== null && this.#peers.size > 0) this.#look(this.#peers, now);
    if (this.#socket === 0 && this.#context !== 0) this.#reopen();
  }

  #happened(event: number, value: number, remote: string, now: number): void {
    if (this.#peers?.happened(event, value, remote, now) === true) {
      this.#acknowledge(this.#peers.acknowledged);
      this.#lostConsumer();
    }
    // libzmq frees what was queued for one that went, and what it had sent, when its owner calls.
    this.#settle();
  }

  #lostConsumer(): void {
    this.#disconnects++;
    this.#noteLoss();
    this.#unclear = this.peers > 0 && (this.#unclear || !this.#ledger.idle);
    if (this.#unclear) return;
    this.#ledger.reset();
    this.#peers?.lookAtConsumers();
    this.#acknowledgedBefore = this.#peers?.acknowledged ?? 0;
  }

  /** What is on its way is lost; whose it was only one connection can tell. */
  #noteLoss(): void {
    if (this.#unclear || (this.peers > 0 && !this.#ledger.idle)) this.#lost = null;
    const { messages, bytes } = this.#ledger.underway;
    if (this.#lost !== null) this.#lost = { messages: this.#lost.messages + messages, bytes: this.#lost.bytes + bytes };
  }

  #look(peers: LibzmqPeers, now: number): void {
    this.#lookedAt = now;
    const wellTold = peers.look(now);
    this.#acknowledge(peers.acknowledged);
    if (!wellTold) this.#closeSocket();
  }

  #lookAtConsumers(): void {
    if (this.#peers === null) return;
    this.#peers.lookAtConsumers();
    this.#acknowledge(this.#peers.acknowledged);
  }

  #acknowledge(bytes: number): void {
    if (!this.#unclear) this.#ledger.acknowledge(bytes - this.#acknowledgedBefore);
  }

  /** With all its connections; `poll` makes it anew. */
  #closeSocket(): void {
    // The monitor first, while it is still read: libzmq's thread waits for a reader for ever, with a lock that
    // stopping it wants as well.
    if (this.#socket !== 0) this.#library.stopMonitor(this.#socket);
    this.#monitor?.close();
    this.#monitor = null;
    if (this.#socket === 0) return;
    this.#library.close(this.#socket);
    this.#socket = 0;
    const consumers = this.#peers?.release() ?? 0;
    if (consumers > 0) {
      this.#disconnects += consumers;
      this.#noteLoss();
    }
    this.#ledger.reset();
    this.#acknowledgedBefore = 0;
    this.#unclear = false;
  }

  /** The threads of libzmq free the address in their own time: until then there is no consumer. */
  #reopen(): void {
    try {
      this.#openSocket(this.#address);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      this.#closeSocket();
    }
  }

  /**
   * Hot. When the consumer dies between two parts, libzmq takes back the parts that it has (lb_t::sendpipe) and says
   * EAGAIN, or it drops the rest as it drops all that was queued for this consumer, and says nothing: nothing half-sent
   * remains either way.
   */
  offer(parts: readonly Uint8Array[], kind: MessageKind = 'images'): Offer {
    // The monitor knows of an end before the socket does: nothing is queued for a consumer that is gone.
    if (this.peers === 0) return 'full';
    // libzmq says not which of several gets it.
    if (this.peers > 1 && overtakes(kind, this)) return 'full';
    const last = parts.length - 1;
    let bytes = 0;
    for (let index = 0; index <= last; index++) {
      const part = parts[index];
      const flags = index === last ? zmq.dontwait : zmq.dontwait | zmq.sndmore;
      bytes += wireBytes(part.length);
      while (this.#library.send(this.#socket, part, part.length, flags) < 0) {
        const errno = this.#library.errno();
        if (errno === interrupted) continue;
        assert(!notOurSocket.includes(errno), 'zmq_send refused socket, bytes or order');
        return 'full';
      }
    }
    this.#ledger.handed(bytes);
    return 'sent';
  }

  outcome(): Offer {
    // Nothing is ever pending here.
    return 'full';
  }

  async close(lingerMs: number): Promise<Undelivered | null> {
    const library = this.#library;
    const context = this.#context;
    if (context === 0) return null;
    const until = this.#options.now() + lingerMs;
    const before = this.#lost;
    this.#context = 0;
    for (this.poll(); this.peers > 0 && !this.#delivered() && this.#options.now() < until; this.poll())
      await new Promise((resolve) => setTimeout(resolve, 5));
    const left = this.#left(before);
    // What can be counted was waited for; what cannot lingers.
    const stillMs = left === null ? Math.max(0, until - this.#options.now()) : 0;
    if (this.#socket !== 0 && stillMs > 0) setNumber(library, this.#socket, zmq.linger, Math.ceil(stillMs));
    this.#closeSocket();
    this.#door?.close();
    await new Promise<void>((resolve) => {
      const limit = setTimeout(resolve, stillMs + graceMs);
      library.ctxTerm(context, () => {
        clearTimeout(limit);
        resolve();
      });
    });
    return left;
  }

  #delivered(): boolean {
    const { underway } = this;
    return underway === null || underway.messages === 0;
  }

  /** What did not get out: on its way still, and lost since `before`. */
  #left(before: Undelivered | null): Undelivered | null {
    const lost = this.#lost;
    if (this.#unclear || before === null || lost === null) return null;
    const { messages, bytes } = this.peers > 0 ? this.#ledger.underway : { messages: 0, bytes: 0 };
    return { messages: messages + lost.messages - before.messages, bytes: bytes + lost.bytes - before.bytes };
  }

  /** Let the socket do what it has to do. */
  #settle(): void {
    if (this.#socket === 0) return;
    this.#scratchView.setBigUint64(64, 4n, true);
    this.#library.getsockopt(this.#socket, zmq.events, this.#scratch, this.#scratch.subarray(64, 72));
  }

  #lastEndpoint(): string {
    this.#scratchView.setBigUint64(256, 256n, true);
    const result = this.#library.getsockopt(
      this.#socket,
      zmq.lastEndpoint,
      this.#scratch,
      this.#scratch.subarray(256, 264),
    );
    this.#must(result === 0, 'zmq option');
    return decoder.decode(this.#scratch.subarray(0, this.#scratch.indexOf(0)));
  }

  /** @throws OperatorError when libzmq refused */
  #must(done: boolean, what: string, remedy = 'See ulimit -n, and the memory that is left.'): void {
    if (!done) throw new OperatorError(`${what}: ${this.#library.strerror(this.#library.errno())}. ${remedy}`);
  }
}
