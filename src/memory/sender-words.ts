// One sender of datagrams as the receiver of a port names it, for people. Writer: that receiver, at most once in a
// series. Readers: streamer, main.

/** struct sockaddr_in has 16 bytes, sockaddr_in6 28. */
const addressWords = 7;

export const senderWordsBytes = (addressWords + 1) * 4;

export class SenderWords {
  readonly #words: Int32Array;

  constructor(buffer: ArrayBufferLike, offset: number) {
    this.#words = new Int32Array(buffer, offset, addressWords + 1);
  }

  forget(): void {
    Atomics.store(this.#words, addressWords, 0);
  }

  /**
   * Name a sender. Partner: `address`.
   * @param words that hold its socket address, from index `at` on, as the kernel writes it
   */
  set(words: Int32Array, at: number): void {
    for (let word = 0; word < addressWords; word++) this.#words[word] = words[at + word];
    Atomics.store(this.#words, addressWords, 1);
  }

  get known(): boolean {
    return Atomics.load(this.#words, addressWords) === 1;
  }

  /** A copy of the socket address; null = none is named. */
  get address(): Uint8Array | null {
    if (!this.known) return null;
    const words = this.#words.slice(0, addressWords);
    return new Uint8Array(words.buffer, 0, words.byteLength);
  }
}
