// Messages into zeromq.js: the portable sink. Binds a PUSH socket, copies what it is given (zeromq.js sends by reference and says
// "sent" when a message is queued, so the bytes must be nobody else's), and follows its consumers by the socket's events. Owned by
// the streamer's thread, whose event loop must turn.

import { Push } from 'zeromq';
import { OperatorError, messageOf } from '../base/errors.js';
import type { MessageSink, Offer } from './message-sink.js';

/** What the socket is bound to and how much it may queue. */
export interface ZmqSinkOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Messages that zmq may queue for one consumer. */
  readonly highWaterMark: number;
  /** Called when something happened that the streamer should look at. */
  wake(): void;
}

export class ZmqSink implements MessageSink {
  readonly #options: ZmqSinkOptions;
  readonly #socket: Push;
  #pending = false;
  #outcome: Offer = 'full';
  #peers = 0;
  #disconnects = 0;
  /** Connections that failed before they were consumers; their disconnect is nobody's loss. */
  #failedHandshakes = 0;

  constructor(options: ZmqSinkOptions) {
    this.#options = options;
    // Keep-alive as MAX IV's fabric needs it: its connection tracking cuts idle flows (docs/stream.md).
    this.#socket = new Push({
      sendHighWaterMark: options.highWaterMark,
      sendTimeout: 0,
      linger: 0,
      ipv6: options.host.includes(':'),
      // With a ZAP domain and nobody to ask, peers of old protocol versions (an HTTP request looks like one) are refused.
      zapDomain: 'vdcu',
      tcpKeepalive: 1,
      tcpKeepaliveCount: 10,
      tcpKeepaliveIdle: 60,
      tcpKeepaliveInterval: 1,
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
    const address = `tcp://${host.includes(':') ? `[${host}]` : host}:${port === 0 ? '*' : port}`;
    try {
      await this.#socket.bind(address);
    } catch (error) {
      throw new OperatorError(`data port ${address}: ${messageOf(error)}. Is another service running there? See data_host and data_port.`, undefined, { cause: error });
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

  async close(lingerMs: number): Promise<void> {
    this.#socket.linger = lingerMs;
    this.#socket.close();
    await Promise.resolve();
  }

  #settle(outcome: Offer): void {
    this.#pending = false;
    this.#outcome = outcome;
    this.#options.wake();
  }

  #followConsumers(): void {
    const { events } = this.#socket;
    events.on('handshake', () => {
      this.#peers++;
      this.#options.wake();
    });
    for (const type of ['handshake:error:protocol', 'handshake:error:auth', 'handshake:error:other'] as const) {
      events.on(type, () => void this.#failedHandshakes++);
    }
    events.on('disconnect', () => {
      if (this.#failedHandshakes > 0) this.#failedHandshakes--;
      else if (this.#peers > 0) {
        this.#peers--;
        this.#disconnects++;
      }
      this.#options.wake();
    });
  }
}
