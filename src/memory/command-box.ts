// One command at a time from main to the streamer: a JSON text of bounded size and a word that says it is there. Writer
// of text and post word: main; writer of the take word: streamer. Replies and events go back as messages (runtime/).

/** Bytes that one command may have; an arm request with more metadata is refused. */
export const commandLimitBytes = 262144;

export const commandBoxBytes = 256 + commandLimitBytes;

const at = { posted: 0, length: 1, taken: 32 } as const;

export class CommandBox {
  readonly #words: Int32Array;
  readonly #text: Uint8Array;

  constructor(buffer: ArrayBufferLike, offset: number) {
    this.#words = new Int32Array(buffer, offset, 64);
    this.#text = new Uint8Array(buffer, offset + 256, commandLimitBytes);
  }

  /** Is the last command taken? */
  get free(): boolean {
    return Atomics.load(this.#words, at.posted) === Atomics.load(this.#words, at.taken);
  }

  /** Post a command; false when the last one is still there. Partner: `take`. @throws RangeError when it is too long */
  post(command: object): boolean {
    if (!this.free) return false;
    const text = new TextEncoder().encode(JSON.stringify(command));
    if (text.length > commandLimitBytes)
      throw new RangeError(`a command of ${text.length} bytes; at most ${commandLimitBytes} fit`);
    this.#text.set(text);
    this.#words[at.length] = text.length;
    Atomics.add(this.#words, at.posted, 1);
    return true;
  }

  /** The posted command, or null. */
  take(): unknown {
    const posted = Atomics.load(this.#words, at.posted);
    if (posted === Atomics.load(this.#words, at.taken)) return null;
    const text = this.#text.slice(0, this.#words[at.length]);
    Atomics.store(this.#words, at.taken, posted);
    return JSON.parse(new TextDecoder().decode(text)) as unknown;
  }
}
