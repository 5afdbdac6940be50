// Messages into zeromq.js: the portable sink. Binds a PUSH socket, copies what it is given (zeromq.js sends by
// reference and says "sent" when a message is queued, so it must have the bytes for itself), and follows its consumers
// by the socket's events. What this way cannot: refuse one consumer too many, tell what was delivered, end a connection
// (docs/decisions/0019-consumers-that-are-gone.md). The event loop of its thread must turn.

import { Push } from 'zeromq';
import { OperatorError, messageOf } from '../../base/errors.js';
import { hostPort } from '../../base/host-port.js';
import { bindRemedy } from './bind-remedy.js';
import { keepAlive } from './keep-alive.js';
import { acceptQueue, handshakeMs, inbound } from './libzmq/options.js';
import { zmq } from './libzmq/libzmq.js';
import type { MessageSink, Offer } from './message-sink.js';
import type { RefusedPeer } from '../../contract/refused-peers.js';
import type { Undelivered } from '../../contract/series.js';

/** What the socket is bound to and how much it may queue. */
export interface ZmqSinkOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Messages that zmq may queue for one consumer. */
  readonly highWaterMark: number;
  /** Consumers that are let in at once. */
  readonly connections: number;
  /** A consumer's machine that acknowledges nothing for so long, in ms, is gone. */
  readonly timeoutMs: number;
  /** Called when something happened that the streamer should look at. */
  wake(): void;
}

/**
 * How many consumer_timeout_ms a consumer may leave unread what was sent: this way cannot tell it from a machine that
 * is gone.
 */
const patience = 6;

/** A PUSH that keeps only so many messages of a peer. */
class BoundedPush extends Push {
  constructor(options: ConstructorParameters<typeof Push>[0]) {
    super(options);
    this.setInt32Option(zmq.rcvhwm, inbound.messages);
  }
}

export class ZmqSink implements MessageSink {
  readonly #options: ZmqSinkOptions;
  readonly #socket: Push;
  #pending = false;
  #outcome: Offer = 'full';
  #peers = 0;
  #disconnects = 0;
  #refused: RefusedPeer[] = [];
  /** Connections that are no consumers yet; most of those that never will be are port scanners. */
  #strangers = 0;

  constructor(options: ZmqSinkOptions) {
    this.#options = options;
    // Keep-alive as MAX IV's fabric needs it: its connection tracking cuts idle flows (docs/stream.md).
    const { idle, interval, count } = keepAlive(options.timeoutMs);
    this.#socket = new BoundedPush({
      sendHighWaterMark: options.highWaterMark,
      sendTimeout: 0,
      backlog: acceptQueue,
      linger: 0,
      ipv6: options.host.includes(':'),
      // With a ZAP domain and no handler to ask, peers of old protocol versions (an HTTP request looks like one) are
      // refused.
      zapDomain: 'vdcu',
      tcpKeepalive: 1,
      tcpKeepaliveCount: count,
      tcpKeepaliveIdle: idle,
      tcpKeepaliveInterval: interval,
      handshakeInterval: handshakeMs,
      maxMessageSize: inbound.messageBytes,
      // The kernel ends a connection that leaves data unacknowledged for so long, but one whose program does not read
      // as well.
      tcpMaxRetransmitTimeout: options.timeoutMs * patience,
    });
    this.#followConsumers();
  }

  get peers(): number {
    return this.#peers;
  }

  get disconnects(): number {
    return this.#disconnects;
  }

  async open(): Promise<string> {
    const { host, port } = this.#options;
    const address = `tcp://${hostPort(host, port === 0 ? '*' : port)}`;
    try {
      await this.#socket.bind(address);
    } catch (error) {
      throw new OperatorError(`data port ${address}: ${messageOf(error)}. ${bindRemedy(host, port)}`, undefined, {
        cause: error,
      });
    }
    return this.#socket.lastEndpoint ?? address;
  }

  poll(): void {
    // Events arrive by themselves.
  }

  offer(parts: readonly Uint8Array[]): Offer {
    if (this.#peers === 0 || !this.#socket.writable) return 'full';
    this.#pending = true;
    this.#socket.send(parts.map((part) => Buffer.from(part))).then(
      () => this.#settle('sent'),
      () => this.#settle('full'),
    );
    return 'pending';
  }

  outcome(): Offer {
    return this.#pending ? 'pending' : this.#outcome;
  }

  get underway(): Undelivered | null {
    return null;
  }

  takeRefused(): readonly RefusedPeer[] {
    if (this.#refused.length === 0) return this.#refused;
    const refused = this.#refused;
    this.#refused = [];
    return refused;
  }

  close(lingerMs: number): Promise<Undelivered | null> {
    if (this.#socket.closed) return Promise.resolve(null);
    this.#socket.linger = lingerMs;
    this.#socket.close();
    return Promise.resolve(null);
  }

  #settle(outcome: Offer): void {
    this.#pending = false;
    this.#outcome = outcome;
    this.#options.wake();
  }

  /**
   * Events do not name their connection. A connection that ends while another has not finished its handshake is taken
   * for that one; if it was the consumer's after all, the stranger's own end, which comes within the limit of a
   * handshake, puts it right.
   */
  #followConsumers(): void {
    const { events } = this.#socket;
    events.on('accept', () => void this.#strangers++);
    events.on('handshake', () => {
      this.#strangers--;
      this.#peers++;
      this.#options.wake();
    });
    events.on('disconnect', () => {
      if (this.#strangers > 0) {
        this.#strangers--;
        this.#refused.push({ reason: 'not_a_consumer', address: '' });
      } else {
        this.#peers--;
        this.#disconnects++;
      }
      this.#options.wake();
    });
  }
}
