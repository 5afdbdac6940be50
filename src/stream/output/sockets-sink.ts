// Several PUSH sockets as one: the header goes to the first, images in turns, the end to the first. In come messages of
// the outbox, one at a time and in their order; out they go to the socket whose turn it is, and to no other: what it
// does not take now waits, and everything behind it. So a consumer that puts the sockets' messages in order keeps no
// more than the sockets hold, and each socket has the frames that it would have alone.
//
// What goes to the first socket must not overtake (`overtakes`): an end waits until nothing of an image is left in this
// process; a header until the consumers' machines have everything from before it, where the way out knows.

import { assert } from '../../base/assert.js';
import type { RefusedPeer } from '../../contract/refused-peers.js';
import type { SendBuffer, Undelivered } from '../../contract/series.js';
import { together } from '../../memory/socket-words.js';
import { overtakes } from './message-sink.js';
import type { MessageKind, MessageSink, Offer } from './message-sink.js';

const noPeers: readonly RefusedPeer[] = [];

export class SocketsSink implements MessageSink {
  readonly sockets: readonly MessageSink[];
  endpoints: readonly string[] = [];
  /** Only where each socket can. */
  readonly keep?: () => void;
  readonly takeLoss?: () => number;
  /** Socket of the next image. */
  #turn = 0;
  #pending: { readonly socket: number; readonly kind: MessageKind } | null = null;
  #outcome: Offer = 'full';
  #waitsFor = -1;
  /** Messages taken over, by all and by each. */
  #taken = 0;
  readonly takenBy: number[];
  /** Up to the header of the present series, the header included where it leaves here. */
  #before = 0;
  #beforeBy: readonly number[];
  /** Up to the last image. */
  #upToImages = 0;

  /** @param sockets two at least */
  constructor(sockets: readonly MessageSink[]) {
    assert(sockets.length > 1, 'one socket is no several');
    this.sockets = sockets;
    this.takenBy = sockets.map(() => 0);
    this.#beforeBy = [...this.takenBy];
    if (sockets.every((socket) => socket.keep !== undefined)) this.keep = () => this.#keep();
    if (sockets.every((socket) => socket.takeLoss !== undefined)) this.takeLoss = () => this.#takeLoss();
  }

  get waitsFor(): number {
    return this.#waitsFor;
  }

  get peers(): number {
    return sum(this.sockets, ({ peers }) => peers);
  }

  get disconnects(): number {
    return sum(this.sockets, ({ disconnects }) => disconnects);
  }

  get unfinished(): boolean {
    return this.sockets.some(({ unfinished }) => unfinished === true);
  }

  get underway(): Undelivered | null {
    return together(this.sockets.map(({ underway }) => underway));
  }

  get lost(): Undelivered | null {
    return together(this.sockets.map(({ lost }) => lost ?? null));
  }

  /** The smallest that was granted. */
  get sendBuffer(): SendBuffer | null {
    let least: SendBuffer | null = null;
    for (const { sendBuffer = null } of this.sockets) {
      if (sendBuffer === null) return null;
      if (least === null || (sendBuffer.grantedBytes ?? 0) < (least.grantedBytes ?? 0)) least = sendBuffer;
    }
    return least;
  }

  takeRefused(): readonly RefusedPeer[] {
    let all = noPeers;
    for (const socket of this.sockets) {
      const refused = socket.takeRefused();
      if (refused.length > 0) all = [...all, ...refused];
    }
    return all;
  }

  async open(): Promise<string> {
    const endpoints: string[] = [];
    try {
      for (const socket of this.sockets) endpoints.push(await socket.open());
    } catch (error) {
      // The one that failed has nothing open.
      await Promise.all(this.sockets.slice(0, endpoints.length).map((socket) => socket.close(0)));
      throw error;
    }
    this.endpoints = endpoints;
    return endpoints.join(',');
  }

  poll(): void {
    for (const socket of this.sockets) socket.poll();
  }

  begins(): void {
    assert(this.#pending === null, 'a series begins while a message of the one before is pending');
    this.#begin();
  }

  /** Hot. */
  offer(parts: readonly Uint8Array[], kind: MessageKind = 'images'): Offer {
    assert(this.#pending === null, 'a message was offered while another is pending');
    const socket = kind === 'images' ? this.#turn : 0;
    this.#waitsFor = kind === 'images' ? -1 : this.#overtaken(kind);
    if (this.#waitsFor >= 0) return 'full';
    const outcome = this.sockets[socket].offer(parts, kind);
    if (outcome === 'sent') this.#sent(socket, kind);
    else {
      this.#waitsFor = socket;
      if (outcome === 'pending') this.#pending = { socket, kind };
    }
    return outcome;
  }

  outcome(): Offer {
    const pending = this.#pending;
    if (pending === null) return this.#outcome;
    this.#outcome = this.sockets[pending.socket].outcome();
    if (this.#outcome === 'pending') return 'pending';
    this.#pending = null;
    if (this.#outcome === 'sent') this.#sent(pending.socket, pending.kind);
    return this.#outcome;
  }

  awaitRoom(milliseconds: number): boolean {
    if (this.#waitsFor < 0) return false;
    return this.sockets[this.#waitsFor].awaitRoom?.(milliseconds) ?? false;
  }

  async close(lingerMs: number): Promise<Undelivered | null> {
    return together(await Promise.all(this.sockets.map((socket) => socket.close(lingerMs))));
  }

  /** A socket whose messages a message on the first one would overtake; −1 = none. */
  #overtaken(kind: MessageKind): number {
    // A header on the first one, too: then it is known that what was before it has come.
    return this.sockets.findIndex((socket, index) => (index > 0 || kind === 'headers') && overtakes(kind, socket));
  }

  #sent(socket: number, kind: MessageKind): void {
    this.#waitsFor = -1;
    this.#taken++;
    this.takenBy[socket] = this.takenBy[socket] + 1;
    if (kind === 'images') {
      this.#turn = (socket + 1) % this.sockets.length;
      this.#upToImages = this.#taken;
    } else if (kind === 'headers') this.#begin();
  }

  #begin(): void {
    this.#turn = 0;
    this.#before = this.#upToImages = this.#taken;
    this.#beforeBy = [...this.takenBy];
  }

  #keep(): void {
    if (this.#pending !== null) this.sockets[this.#pending.socket].keep?.();
  }

  /** Of the present series; of what was before its header only that something is lacking. */
  #takeLoss(): number {
    let from = this.#taken;
    this.sockets.forEach((socket, index) => {
      const underway = (socket.underway?.messages ?? 0) - (this.#pending?.socket === index ? 1 : 0);
      const delivered = Math.min(socket.takeLoss?.() ?? 0, this.takenBy[index] - underway);
      if (delivered < this.takenBy[index]) from = Math.min(from, this.#place(index, delivered));
    });
    return from;
  }

  /** Which of all messages is the one that a socket has taken after so many? */
  #place(socket: number, count: number): number {
    const image = count - this.#beforeBy[socket];
    if (image < 0) return this.#before - 1;
    return Math.min(this.#before + image * this.sockets.length + socket, this.#upToImages);
  }
}

function sum(sockets: readonly MessageSink[], of: (socket: MessageSink) => number): number {
  let all = 0;
  for (const socket of sockets) all += of(socket);
  return all;
}
