// Messages into TCP by ZMTP of our own: without a second copy and without strangers. In come messages of the outbox,
// one at a time. Each goes to one consumer, in turns among those that have room, by sendmsg straight from the memory of
// its parts. What is handed over lies in the kernel, nothing in this process. In the streamer's thread; `poll` comes
// first in each turn.

import { assert } from '../../../base/assert.js';
import { hostPort } from '../../../base/host-port.js';
import { overtakes } from '../message-sink.js';
import type { MessageKind, MessageSink, Offer } from '../message-sink.js';
import type { ConsumerNotice, ConsumerNoticeCode } from '../../../contract/consumer-notices.js';
import type { RefusedPeer } from '../../../contract/refused-peers.js';
import type { SendBuffer, Undelivered } from '../../../contract/series.js';
import type { Connection } from './connection.js';
import { ConsumersBefore } from './consumers-before.js';
import { Door } from './door.js';
import { takeLeave } from './parting.js';
import type { TcpSockets } from './tcp-sockets.js';

export interface ZmtpSinkOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Consumers at most. */
  readonly connections: number;
  /** What the send buffer of each connection shall hold. */
  readonly sendBufferBytes: number;
  /** A consumer whose host owes an acknowledgement for so long is lost. */
  readonly consumerTimeoutMs: number;
  /** What is left of a message up to this size is copied, and the message counts as sent; 256 KiB unless given. */
  readonly keptBytes?: number;
  /** May a peer with this address be a consumer? */
  allowed(address: string): boolean;
  /** ms of the service's clock. */
  now(): number;
  tell(notice: ConsumerNotice): void;
}

/** Connections are looked after this often, in ms; what was begun goes on in each turn. */
const lookEveryMs = 4;
/** How far kernels have acknowledged is asked this often, and whether hosts are dead, in ms. */
const measureEveryMs = 50;
const judgeEveryMs = 250;
/** Where another consumer waits at the door, one that owes an acknowledgement for so long is lost, in ms. */
const rivalTimeoutMs = 3000;
/** While a rival knocked so recently, in ms. */
const rivalMs = 2000;
/** Headers and ends are never longer, nor is what an aborted series has to wait for. */
const keptMost = 256 * 1024;
/** Between looks while the end is awaited, in ms. */
const lingerStepMs = 2;

const noPeers: readonly RefusedPeer[] = [];

export class ZmtpSink implements MessageSink {
  readonly #options: ZmtpSinkOptions;
  readonly #sockets: TcpSockets;
  readonly #consumers: Connection[] = [];
  readonly #door: Door;
  #refused: RefusedPeer[] = [];
  #turn = 0;
  /** Which consumers have room, by index; asked where there are several. */
  readonly #room: Uint8Array;
  #disconnects = 0;
  /** Messages taken over, over all connections. */
  #taken = 0;
  #pendingOn: Connection | null = null;
  #outcome: Offer = 'full';
  /** Room was promised, and nothing was taken since. */
  #promised = false;
  #lookedAt = -Infinity;
  #measuredAt = -Infinity;
  #judgedAt = -Infinity;
  /** At the losses since the last question: so many messages had been acknowledged, in order. */
  #lostFrom = Infinity;
  readonly #before: ConsumersBefore;
  #lost: Undelivered = { messages: 0, bytes: 0 };
  #sendBuffer: SendBuffer | null = null;
  #closed = false;

  constructor(sockets: TcpSockets, options: ZmtpSinkOptions) {
    this.#sockets = sockets;
    this.#options = options;
    this.#before = new ConsumersBefore(options.connections);
    this.#room = new Uint8Array(options.connections);
    this.#door = new Door({
      sockets,
      seats: options.connections,
      properties: {},
      refused: (peer) => void this.#refused.push(peer),
      allowed: (address) => options.allowed(address),
      dismiss: (onlooker) => this.#lose(onlooker, 'gave_way', 'gives way to a consumer'),
    });
  }

  get sendBuffer(): SendBuffer | null {
    return this.#sendBuffer;
  }

  get peers(): number {
    return this.#consumers.length;
  }

  get disconnects(): number {
    return this.#disconnects;
  }

  get underway(): Undelivered {
    this.#measure(this.#options.now());
    let messages = this.#pendingOn === null ? 0 : 1;
    let bytes = 0;
    for (const consumer of this.#consumers) {
      const { onItsWay, acknowledged } = consumer;
      messages += onItsWay.count;
      bytes += consumer === this.#pendingOn ? consumer.endOfMessage - acknowledged : onItsWay.bytesFrom(acknowledged);
    }
    return { messages, bytes };
  }

  get unfinished(): boolean {
    for (const consumer of this.#consumers) if (consumer.sending && consumer !== this.#pendingOn) return true;
    return false;
  }

  get lost(): Undelivered {
    return this.#lost;
  }

  takeRefused(): readonly RefusedPeer[] {
    if (this.#refused.length === 0) return noPeers;
    const refused = this.#refused;
    this.#refused = [];
    return refused;
  }

  takeLoss(): number {
    const from = Math.min(this.#lostFrom, this.#taken);
    this.#lostFrom = Infinity;
    return from;
  }

  async open(): Promise<string> {
    const { host, port, sendBufferBytes } = this.#options;
    const listening = this.#sockets.listen(host, port, sendBufferBytes);
    this.#door.listen(listening.descriptor);
    this.#sendBuffer = { requestedBytes: sendBufferBytes, grantedBytes: listening.sendBufferBytes };
    return `tcp://${hostPort(host, listening.port)}`;
  }

  poll(): void {
    if (this.#closed) return;
    const now = this.#options.now();
    this.#flush(now);
    if (now - this.#lookedAt < lookEveryMs) return;
    this.#lookedAt = now;
    this.#listen(now);
    this.#welcome(now);
    if (now - this.#measuredAt >= measureEveryMs) this.#measure(now);
    if (now - this.#judgedAt >= judgeEveryMs) this.#judge(now);
  }

  /**
   * Hot. Large messages may be taken in pieces: then the parts must stay until `outcome` is not 'pending', or `keep`
   * was called.
   */
  offer(parts: readonly Uint8Array[], kind: MessageKind = 'images'): Offer {
    assert(this.#pendingOn === null, 'a message was offered while another is pending');
    const consumers = this.#consumers;
    const now = this.#options.now();
    const several = consumers.length > 1;
    // On its own connection a header would pass nothing. It waits for that one, too: then it is known that what was
    // before it has come.
    if (several && overtakes(kind, this)) return 'full';
    if (several)
      this.#sockets.withRoom(
        consumers.map(({ descriptor }) => descriptor),
        this.#room,
      );
    for (let tries = consumers.length; tries > 0 && consumers.length > 0; tries--) {
      const index = this.#turn % consumers.length;
      const consumer = consumers[index];
      this.#turn = (index + 1) % consumers.length;
      if (consumer.sending || (several && this.#room[index] === 0)) continue;
      const sent = consumer.send(parts, now);
      if (sent === 'sent' || sent === 'begun') return this.#taking(consumer, sent);
      // Others have other places in the list then: the next offer begins anew.
      if (sent === 'broken') {
        this.#lose(consumer, 'gone', 'is gone');
        return 'full';
      }
    }
    return 'full';
  }

  outcome(): Offer {
    return this.#pendingOn === null ? this.#outcome : 'pending';
  }

  keep(): void {
    const consumer = this.#pendingOn;
    if (consumer === null) return;
    consumer.keep();
    this.#pendingOn = null;
    this.#outcome = 'sent';
    this.#note(consumer, consumer.endOfMessage);
  }

  awaitRoom(milliseconds: number): boolean {
    // A kernel that is short of memory promises room and takes nothing: no turn after turn for that.
    if (this.#consumers.length === 0 || this.#promised) return false;
    const waited = this.#pendingOn === null ? this.#consumers : [this.#pendingOn];
    this.#promised = this.#sockets.awaitRoom(
      waited.map(({ descriptor }) => descriptor),
      milliseconds,
    );
    return true;
  }

  async close(lingerMs: number): Promise<Undelivered> {
    if (this.#closed) return this.underway;
    this.#door.close();
    const before = this.#lost;
    const end = this.#options.now() + lingerMs;
    for (;;) {
      const now = this.#options.now();
      this.#flush(now);
      this.#listen(now);
      this.#measure(now);
      if (this.underway.messages === 0 || now >= end) break;
      await new Promise((resolve) => setTimeout(resolve, lingerStepMs));
    }
    this.#closed = true;
    const { messages, bytes } = this.underway;
    await takeLeave(this.#sockets, this.#consumers.splice(0), end, () => this.#options.now());
    return {
      messages: messages + this.#lost.messages - before.messages,
      bytes: bytes + this.#lost.bytes - before.bytes,
    };
  }

  #taking(consumer: Connection, sent: 'sent' | 'begun'): Offer {
    this.#promised = false;
    if (sent === 'sent') {
      this.#note(consumer, consumer.handed);
      return 'sent';
    }
    this.#pendingOn = consumer;
    if (consumer.endOfMessage - consumer.handed > (this.#options.keptBytes ?? keptMost)) return 'pending';
    this.keep();
    return 'sent';
  }

  #note(consumer: Connection, end: number): void {
    consumer.onItsWay.add(this.#taken++, end);
    this.#before.handed(consumer);
  }

  #flush(now: number): void {
    // From behind: one that is lost goes out of the list.
    for (let index = this.#consumers.length - 1; index >= 0; index--) {
      const consumer = this.#consumers[index];
      if (!consumer.unfinished) continue;
      const { handed } = consumer;
      const whole = consumer.flush(now);
      if (consumer.handed !== handed) this.#promised = false;
      if (!whole) this.#lose(consumer, 'gone', 'is gone');
      else if (consumer === this.#pendingOn && !consumer.sending) {
        this.#pendingOn = null;
        this.#outcome = 'sent';
        this.#note(consumer, consumer.handed);
      }
    }
  }

  /** What do the consumers say? Nothing but signs of life, and goodbye. */
  #listen(now: number): void {
    for (let index = this.#consumers.length - 1; index >= 0; index--) {
      const consumer = this.#consumers[index];
      const heard = consumer.read(now);
      if (heard === 'nothing') continue;
      if (heard !== 'gone') this.#refused.push({ reason: heard, address: consumer.name });
      this.#lose(consumer, 'gone', heard === 'gone' ? 'is gone' : 'was closed');
    }
  }

  #welcome(now: number): void {
    for (const consumer of this.#door.look(now, this.#consumers)) {
      // It knows no PING: the kernel finds out when its machine is gone.
      if (!consumer.answersPing) this.#sockets.probeSilence(consumer.descriptor, this.#options.consumerTimeoutMs);
      this.#options.tell(this.#before.notice(consumer));
    }
    // What was queued for peers that came in goes out at once.
    this.#flush(now);
  }

  #measure(now: number): void {
    this.#measuredAt = now;
    for (const consumer of this.#consumers) consumer.measure();
  }

  #judge(now: number): void {
    this.#judgedAt = now;
    const rival = now - this.#door.knockedAt < rivalMs;
    const limitMs = rival ? Math.min(rivalTimeoutMs, this.#options.consumerTimeoutMs) : this.#options.consumerTimeoutMs;
    for (const consumer of [...this.#consumers]) {
      const waiting = consumer.measure();
      const path = waiting === 0 ? null : this.#sockets.path(consumer.descriptor);
      if (!consumer.liveness.dead(now, consumer.acknowledged, waiting, path, limitMs)) consumer.heartbeat(now, rival);
      else
        this.#lose(
          consumer,
          'unacknowledged',
          `has acknowledged nothing for ${limitMs / 1000} s although it was asked: its host is dead or cannot be ` +
            'reached (consumer_timeout_ms). It is lost',
        );
    }
  }

  #lose(consumer: Connection, code: ConsumerNoticeCode, why: string): void {
    for (const each of this.#consumers) {
      each.measure();
      this.#lostFrom = Math.min(this.#lostFrom, each.onItsWay.oldest, this.#taken);
    }
    // Of messages that were taken over, whether the kernel had them or this process; one that is pending was not.
    const bytes = consumer.onItsWay.bytesFrom(consumer.acknowledged);
    const messages = consumer.onItsWay.count;
    this.#lost = { messages: this.#lost.messages + messages, bytes: this.#lost.bytes + bytes };
    this.#consumers.splice(this.#consumers.indexOf(consumer), 1);
    this.#sockets.close(consumer.descriptor);
    this.#disconnects++;
    if (this.#pendingOn === consumer) {
      this.#pendingOn = null;
      this.#outcome = 'full';
    }
    const rest =
      messages === 0 ? '' : `; of what it was handed, ${messages} messages (${bytes} bytes) were not acknowledged`;
    this.#options.tell({
      code,
      trouble: code === 'unacknowledged' || messages > 0,
      message: `${consumer.onlooker ? 'onlooker' : 'consumer'} ${consumer.name} ${why}${rest}`,
    });
  }
}
