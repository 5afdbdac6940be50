// What the streamer tells of each socket that its messages leave by. Writer: streamer. Readers: main.
// Tested by test/pipeline/sockets.test.ts.

import { load53, store53, storeChanged, storeChanged53 } from './number53.js';

/** Sockets of one service at most. */
export const socketsMost = 16;

/** Messages, and bytes on the wire. */
export interface Underway {
  readonly messages: number;
  readonly bytes: number;
}

/** Of all sockets; null = of one at least it is not known. */
export function together(all: readonly (Underway | null)[]): Underway | null {
  let messages = 0;
  let bytes = 0;
  for (const one of all) {
    if (one === null) return null;
    messages += one.messages;
    bytes += one.bytes;
  }
  return { messages, bytes };
}

const at = { peers: 0, disconnects: 1, messages: 2, underwayMessages: 6, underwayBytes: 8, blocked: 12 } as const;
const wordsEach = 32;

export const socketWordsBytes = (sockets: number): number => sockets * wordsEach * 4;

export class SocketWords {
  readonly #words: Int32Array;

  /** @param index of the socket */
  constructor(buffer: ArrayBufferLike, offset: number, index: number) {
    this.#words = new Int32Array(buffer, offset + socketWordsBytes(index), wordsEach);
  }

  /** Once per turn of the streamer. @param messages taken over by this socket */
  publish(peers: number, disconnects: number, messages: number): void {
    storeChanged(this.#words, at.peers, peers);
    storeChanged(this.#words, at.disconnects, disconnects);
    storeChanged53(this.#words, at.messages, messages);
  }

  /** Consumers connected now. */
  get peers(): number {
    return Atomics.load(this.#words, at.peers);
  }

  get disconnects(): number {
    return Atomics.load(this.#words, at.disconnects);
  }

  /** Messages that it has taken over. */
  get messages(): number {
    return load53(this.#words, at.messages);
  }

  /** Told now and then. Null = the way out cannot tell. */
  setUnderway(underway: Underway | null): void {
    store53(this.#words, at.underwayBytes, underway?.bytes ?? 0);
    Atomics.store(this.#words, at.underwayMessages, underway?.messages ?? -1);
  }

  /** Handed over, and not acknowledged by its consumers' machines. */
  get underway(): Underway | null {
    const messages = Atomics.load(this.#words, at.underwayMessages);
    return messages < 0 ? null : { messages, bytes: load53(this.#words, at.underwayBytes) };
  }

  /** The present message has waited so long for this socket, in ms. */
  addBlocked(milliseconds: number): void {
    store53(this.#words, at.blocked, load53(this.#words, at.blocked) + Math.round(milliseconds * 1000));
  }

  get blockedSeconds(): number {
    return load53(this.#words, at.blocked) / 1e6;
  }
}
