// One TCP connection to a peer, from the moment it was accepted: its handshake, its heartbeats, and messages on their
// way to it. In come bytes of the peer, which may say little; out go messages, straight from where their parts lie.
// Nothing waits and nothing is copied, except the rest of a message whose memory its owner needs back.
// Tested by test/stream/output/zmtp/zmtp-sink.test.ts.

import { assert } from '../../../base/assert.js';
import { hostPort } from '../../../base/host-port.js';
import {
  greeting,
  greetingBytes,
  longestCommand,
  partHeadBytes,
  ping,
  pongFor,
  readCommand,
  readGreeting,
  readProperties,
  readSubscription,
  ready,
  subscriptionOf,
  writePartHead,
} from './codec.js';
import type { Command, Subscription } from './codec.js';
import { OnItsWay } from './delivery.js';
import { Liveness } from './liveness.js';
import type { PeerRefusal } from '../../../contract/refused-peers.js';
import type { Accepted, TcpSockets } from './tcp-sockets.js';

/** What kind of socket this is, and with which kinds it speaks. */
export interface Role {
  readonly type: 'PUSH' | 'PUB';
  readonly peers: readonly string[];
}
export const pusher: Role = { type: 'PUSH', peers: ['PULL'] };
export const publisher: Role = { type: 'PUB', peers: ['SUB', 'XSUB'] };

/** Topics that are kept of a subscriber: viewers have one, the empty one. */
const topicsMost = 64;

/** Where a peer stands. `knocking`: its handshake is read, and it waits to be let in. */
export type PeerState = 'greeting' | 'handshake' | 'knocking' | 'consumer';

/** What reading has brought. `gone`: it closed, or the connection broke. */
export type Heard = 'nothing' | 'gone' | PeerRefusal;

/** READY property by which `vdcu watch` and `vdcu record` say that they only look on. */
const roleProperty = 'x-vdcu-role';
const onlookerRole = 'onlooker';

/** Answers to heartbeats that a peer does not read are not made beyond this, in bytes. */
const controlMost = 256;
/**
 * What a peer may say after its handshake: a heartbeat or a topic in each ms, the shortest interval that libzmq knows.
 * What it has not said is saved up, for this process may have stood still and hear all of it at once (decision 79).
 */
const commandsAtFirst = 1000;
const commandsMost = 60_000;
/** Nothing was sent for so long: a PING asks for a sign of life, in ms. */
const pingEveryMs = 3000;

const nothing: Uint8Array = new Uint8Array(0);

export class Connection {
  readonly descriptor: number;
  readonly address: string;
  readonly port: number;
  readonly acceptedAt: number;
  readonly onItsWay = new OnItsWay();
  readonly liveness = new Liveness();
  state: PeerState = 'greeting';
  /** It will be closed at that time, and why; null = it may come in. */
  refused: { readonly reason: PeerRefusal; readonly at: number } | null = null;
  onlooker = false;
  /** It was handed a message. */
  served = false;
  /**
   * It sends heartbeats by itself. The next one that meets a closed socket is answered by a reset, and libzmq then
   * throws away what its program has not read.
   */
  asks = false;
  /** What kind of socket it says it is; empty = it has not said. */
  socketType = '';
  /** Bytes handed to the kernel. */
  handed = 0;
  /** Of these: acknowledged by the peer's kernel, as of the last look. */
  acknowledged = 0;
  readonly #sockets: TcpSockets;
  readonly #role: Role;
  /** Of a subscriber. */
  #topics: Uint8Array[] = [];
  readonly #inbox = new Uint8Array(greetingBytes + longestCommand + partHeadBytes);
  #received = 0;
  #minor = 0;
  #allowance = commandsAtFirst;
  #allowanceAt: number;
  #sentAt: number;
  /** Greeting, READY and heartbeats that the kernel has not taken yet; never within a message. */
  #control = nothing;
  #heads = new Uint8Array(8 * partHeadBytes);
  /** The message that was begun, and how much of it the kernel has; no pieces = none. */
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #written = 0;
  /** What was read last ends within a subscription. */
  #halfSubscribed = false;

  constructor(sockets: TcpSockets, { descriptor, address, port }: Accepted, now: number, role: Role = pusher) {
    this.#sockets = sockets;
    this.#role = role;
    this.descriptor = descriptor;
    this.address = address;
    this.port = port;
    this.acceptedAt = this.#sentAt = this.#allowanceAt = now;
    this.#control = greeting();
  }

  /** Something that was begun is not with the kernel yet. */
  get unfinished(): boolean {
    return this.#pieces.length > 0 || this.#control.length > 0;
  }

  /** A message is half-sent. */
  get sending(): boolean {
    return this.#pieces.length > 0;
  }

  /** It speaks ZMTP 3.1: heartbeats came with that. */
  get answersPing(): boolean {
    return this.#minor > 0;
  }

  /** "10.0.0.7:51234". */
  get name(): string {
    return hostPort(this.address, this.port);
  }

  /** What does the peer say? Looks once; what a PULL has no reason to say is a reason to refuse it. */
  read(now: number): Heard {
    const count = this.#sockets.read(this.descriptor, this.#inbox.subarray(this.#received));
    if (count < 0) return 'gone';
    this.#received += count;
    if (count === 0) return 'nothing';
    if (this.state === 'greeting') {
      const said = readGreeting(this.#inbox.subarray(0, Math.min(this.#received, greetingBytes)));
      if (said === 'incomplete') return 'nothing';
      if (typeof said === 'string') return said;
      this.#minor = said.minor;
      this.#consume(greetingBytes);
      this.state = 'handshake';
    }
    return this.#readCommands(now);
  }

  /** Nothing more is handed over; what it says is thrown away. @returns whether it has closed its end */
  hasLeft(): boolean {
    return this.#sockets.read(this.descriptor, this.#inbox) < 0;
  }

  /** It may come in: from here on it gets messages. */
  welcome(properties: Readonly<Record<string, string>>): void {
    assert(this.state === 'knocking', 'a peer was let in that did not ask');
    this.state = 'consumer';
    this.#queue(ready(this.#role.type, properties));
  }

  /** Ask an idle peer for a sign of life, where it knows how; `urgent`: at once. A dead one will not acknowledge it. */
  heartbeat(now: number, urgent: boolean): void {
    if (!this.answersPing || this.unfinished || this.handed !== this.acknowledged) return;
    if (now - this.#sentAt >= (urgent ? 1000 : pingEveryMs)) this.#queue(ping(0));
  }

  /** Hand over what was begun; false = the connection is broken. */
  flush(now: number): boolean {
    if (this.#pieces.length > 0 && !this.#writeMessage(now)) return false;
    if (this.#pieces.length > 0 || this.#control.length === 0) return true;
    const count = this.#sockets.write(this.descriptor, [this.#control], 0);
    if (count < 0) return false;
    this.#count(count, now);
    this.#control = this.#control.subarray(count);
    return true;
  }

  /**
   * Hand over a message. The parts must stay as they are until nothing of it is left.
   * @returns `full`: nothing was taken; `begun`: `flush` goes on with it; `broken`: it will never arrive
   */
  send(parts: readonly Uint8Array[], now: number): 'sent' | 'begun' | 'full' | 'broken' {
    assert(this.#pieces.length === 0, 'a message was sent while another is half-sent');
    if (this.#control.length > 0) {
      if (!this.flush(now)) return 'broken';
      if (this.#control.length > 0) return 'full';
    }
    this.#frame(parts);
    if (!this.#writeMessage(now)) return 'broken';
    if (this.#pieces.length === 0) return 'sent';
    if (this.#written > 0) return 'begun';
    this.#pieces = [];
    return 'full';
  }

  /** Where the message that is half-sent will end, counted in bytes handed over; without one, how many these are. */
  get endOfMessage(): number {
    return this.#pieces.length === 0 ? this.handed : this.handed + this.#bytes - this.#written;
  }

  /** The owner needs the memory of the message that is half-sent: what is left of it is copied. */
  keep(): void {
    if (this.#pieces.length === 0) return;
    const rest = new Uint8Array(this.#bytes - this.#written);
    let skip = this.#written;
    let at = 0;
    for (const piece of this.#pieces) {
      const left = piece.subarray(Math.min(skip, piece.length));
      skip -= piece.length - left.length;
      rest.set(left, at);
      at += left.length;
    }
    this.#pieces = [rest];
    this.#bytes = rest.length;
    this.#written = 0;
  }

  /** How far has the peer's kernel acknowledged? Exact also after the connection broke. Returns what it has not. */
  measure(): number {
    const waiting = this.#sockets.unacknowledgedBytes(this.descriptor);
    this.acknowledged = Math.max(this.acknowledged, this.handed - waiting);
    this.onItsWay.acknowledge(this.acknowledged);
    return this.handed - this.acknowledged;
  }

  /** @returns why the peer is to be refused, or 'nothing' */
  #readCommands(now: number): Heard {
    for (;;) {
      const command = readCommand(this.#inbox.subarray(0, this.#received));
      if (command === 'incomplete') return 'nothing';
      if (command === 'message' && this.#subscribed(this.#inbox.subarray(0, this.#received), now)) continue;
      if (typeof command === 'string') return this.#halfSubscribed ? 'nothing' : 'malformed';
      const refusal = this.state === 'handshake' ? this.#introduced(command) : this.#heartbeatOf(command, now);
      this.#consume(command.bytes);
      if (refusal !== null) return refusal;
    }
  }

  #introduced({ name, data }: Command): PeerRefusal | null {
    if (name !== 'READY') return 'malformed';
    const properties = readProperties(data);
    if (properties === null) return 'malformed';
    this.socketType = (properties.get('socket-type') ?? '').replace(/[^A-Za-z]/g, '?').slice(0, 16);
    if (!this.#role.peers.includes(this.socketType)) return 'socket_type';
    this.onlooker = properties.get(roleProperty) === onlookerRole;
    this.state = 'knocking';
    return null;
  }

  #heartbeatOf(command: Command, now: number): PeerRefusal | null {
    const { name, data } = command;
    if (this.#talksTooMuch(now)) return 'malformed';
    if (name === 'PONG') return null;
    const subscription = this.#role === publisher ? subscriptionOf(command) : null;
    if (subscription !== null) return this.#subscribe(subscription);
    const pong = name === 'PING' && this.state === 'consumer' ? pongFor(data) : null;
    if (pong === null) return 'malformed';
    this.asks = true;
    this.#queue(pong);
    return null;
  }

  #talksTooMuch(now: number): boolean {
    this.#allowance = Math.min(this.#allowance + now - this.#allowanceAt, commandsMost) - 1;
    this.#allowanceAt = now;
    return this.#allowance < 0;
  }

  /** Does a subscriber want a message that begins so? */
  wants(part: Uint8Array): boolean {
    return this.#topics.some((topic) => topic.every((byte, index) => part[index] === byte));
  }

  /** Take a subscription that came as a message. False = there is none. */
  #subscribed(bytes: Uint8Array, now: number): boolean {
    this.#halfSubscribed = false;
    if (this.#role !== publisher || this.state === 'handshake') return false;
    const subscription = readSubscription(bytes);
    this.#halfSubscribed = subscription === 'incomplete';
    if (subscription === null || subscription === 'incomplete' || this.#talksTooMuch(now)) return false;
    if (this.#subscribe(subscription) !== null) return false;
    this.#consume(subscription.bytes);
    return true;
  }

  #subscribe({ adds, topic }: Subscription): PeerRefusal | null {
    if (adds && this.#topics.length >= topicsMost) return 'malformed';
    const known = this.#topics.findIndex((other) => Buffer.compare(other, topic) === 0);
    if (adds) this.#topics.push(topic);
    else if (known >= 0) this.#topics.splice(known, 1);
    return null;
  }

  #queue(bytes: Uint8Array): void {
    if (this.#control.length + bytes.length > controlMost) return;
    const queued = new Uint8Array(this.#control.length + bytes.length);
    queued.set(this.#control);
    queued.set(bytes, this.#control.length);
    this.#control = queued;
  }

  #consume(bytes: number): void {
    this.#inbox.copyWithin(0, bytes, this.#received);
    this.#received -= bytes;
  }

  /** The pieces of a message: each part behind its head. */
  #frame(parts: readonly Uint8Array[]): void {
    if (this.#heads.length < parts.length * partHeadBytes) this.#heads = new Uint8Array(parts.length * partHeadBytes);
    let at = 0;
    let bytes = 0;
    for (let index = 0; index < parts.length; index++) {
      const part = parts[index];
      const length = writePartHead(this.#heads, at, part.length, index < parts.length - 1);
      this.#pieces.push(this.#heads.subarray(at, at + length), part);
      at += length;
      bytes += length + part.length;
    }
    this.#bytes = bytes;
    this.#written = 0;
  }

  #writeMessage(now: number): boolean {
    const count = this.#sockets.write(this.descriptor, this.#pieces, this.#written);
    if (count < 0) return false;
    this.#count(count, now);
    this.#written += count;
    if (this.#written === this.#bytes) this.#pieces = [];
    return true;
  }

  #count(bytes: number, now: number): void {
    if (bytes === 0) return;
    this.handed += bytes;
    this.#sentAt = now;
  }
}
