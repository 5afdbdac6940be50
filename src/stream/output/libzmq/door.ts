// Which peers are let in at a libzmq socket. libzmq asks a handler inside its context about each connection that has
// greeted (ZAP, RFC 27). That handler is here: it answers while there is room, and otherwise lets the connection wait
// in its handshake. When the time for that is over libzmq closes it, without an error that would drive the peer away
// for ever. When a consumer leaves, a waiting peer is let in.

import { setNumber } from './options.js';
import { zmq } from './libzmq.js';
import type { Libzmq, ZmqHandle } from './libzmq.js';

interface Waiting {
  readonly envelope: Uint8Array;
  readonly request: Uint8Array;
  readonly host: string;
  readonly since: number;
}

const text = new TextEncoder();
const decoder = new TextDecoder();
const endpoint = 'inproc://zeromq.zap.01';
/** Requests that wait at most; the newest beyond get no answer at all. */
const waitingLimit = 64;
/** So long after it was let in libzmq has gone on with a connection, or the connection has ended; ms. */
const goesOnMs = 250;
const empty = new Uint8Array(0);
const version = text.encode('1.0');
const yes = text.encode('200');

/** Times in ms of any one clock. */
export class LibzmqDoor {
  readonly #library: Libzmq;
  readonly #socket: ZmqHandle;
  readonly #scratch = new Uint8Array(512);
  readonly #limitMs: number;
  /** Let in, and not through the handshake yet: until when they keep their place. */
  #promised: { readonly host: string; readonly at: number; readonly until: number }[] = [];
  #waiting: Waiting[] = [];

  /** @param limitMs how long a handshake may take */
  constructor(library: Libzmq, context: ZmqHandle, limitMs: number) {
    this.#library = library;
    this.#limitMs = limitMs;
    this.#socket = library.socket(context, zmq.router);
    if (this.#socket === 0) return;
    // An answer to a connection that has ended is refused, not dropped: no place is promised to it.
    setNumber(library, this.#socket, zmq.routerMandatory, 1);
    library.bind(this.#socket, endpoint);
  }

  get ready(): boolean {
    return this.#socket !== 0;
  }

  /** A peer of this address waits, or has waited until now, for a place. */
  isWaiting(host: string): boolean {
    return this.#waiting.some((one) => one.host === host);
  }

  /** A peer of this address was promised a place: it has greeted. */
  isPromised(host: string): boolean {
    return this.#promised.some((one) => one.host === host);
  }

  /** A connection of this address is a consumer now. */
  arrived(host: string): void {
    const index = this.#promised.findIndex((one) => one.host === host);
    if (index >= 0) this.#promised.splice(index, 1);
  }

  /** Read the requests. */
  listen(now: number): void {
    for (let envelope = this.#part(); envelope !== null; envelope = this.#part()) {
      // Delimiter, version, number of the request, domain, address, identity, mechanism: all visible at once.
      const parts: Uint8Array[] = [];
      for (let index = 0; index < 7; index++) parts.push(this.#part() ?? empty);
      if (this.#waiting.length >= waitingLimit) this.#waiting.shift();
      this.#waiting.push({ envelope, request: parts[2], host: decoder.decode(parts[4]), since: now });
    }
  }

  /**
   * Answer as many as there is room for.
   * @param free places that no consumer has
   * @param goingOn connections of an address that were let in and are in their handshake still
   */
  admit(free: number, now: number, goingOn: (host: string) => number): void {
    if (this.#waiting.length === 0 && this.#promised.length === 0) return;
    this.#promised = this.#promised.filter(({ until }) => now < until);
    this.#waiting = this.#waiting.filter(({ since }) => now - since < this.#limitMs);
    if (this.#waiting.length > 0 && free <= this.#promised.length) this.#takeBack(now, goingOn);
    while (free - this.#promised.length > 0) {
      const one = this.#waiting.shift();
      if (one === undefined) return;
      if (this.#answer(one)) this.#promised.push({ host: one.host, at: now, until: one.since + this.#limitMs });
    }
  }

  /** Places whose connections have ended in their handshake: a stranger that comes and goes would keep all of them. */
  #takeBack(now: number, goingOn: (host: string) => number): void {
    for (const host of new Set(this.#promised.filter(({ at }) => now - at >= goesOnMs).map((one) => one.host))) {
      let kept = goingOn(host);
      this.#promised = this.#promised.filter((one) => one.host !== host || now - one.at < goesOnMs || kept-- > 0);
    }
  }

  /** @returns false when the connection has ended */
  #answer({ envelope, request }: Waiting): boolean {
    const reply = [envelope, empty, version, request, yes, empty, empty, empty];
    const last = reply.length - 1;
    for (const [index, part] of reply.entries()) {
      const flags = index === last ? zmq.dontwait : zmq.dontwait | zmq.sndmore;
      if (this.#library.send(this.#socket, part, part.length, flags) < 0 && index === 0) return false;
    }
    return true;
  }

  close(): void {
    if (this.#socket !== 0) this.#library.close(this.#socket);
  }

  #part(): Uint8Array | null {
    const length = this.#library.recv(this.#socket, this.#scratch, this.#scratch.length, zmq.dontwait);
    return length < 0 ? null : this.#scratch.slice(0, Math.min(length, this.#scratch.length));
  }
}
