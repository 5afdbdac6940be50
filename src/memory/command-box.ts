// One command at a time from main to the streamer: a JSON text of bounded size and a word that says it is there. Writer
// of text and post word: main; writer of the take word: streamer. Replies and events go back as messages (runtime/).

import { filenameBytesLimit, metadataBytesLimit } from '../contract/series.js';

/** Keys, numbers and punctuation of the longest command have fewer bytes. */
const restBytes = 1024;

/**
 * Bytes that one command may have: as many as an arm request that the rules accept can come to. Texts are JSON strings
 * in it. A control character, which a path may hold, takes six bytes there ("\u0001"). Metadata are JSON already and
 * have none; of their characters a quotation mark or a backslash takes two.
 */
export const commandLimitBytes = 6 * filenameBytesLimit + 2 * metadataBytesLimit + restBytes;

/** Of whole cache lines. */
export const commandBoxBytes = 256 + 128 * Math.ceil(commandLimitBytes / 128);

const at = { posted: 0, length: 1, taken: 32 } as const;

const encoder = new TextEncoder();

/**
 * A command as it lies in the box.
 * @throws RangeError when it is too long
 */
export function commandText(command: object): Uint8Array {
  const text = encoder.encode(JSON.stringify(command));
  if (text.length > commandLimitBytes)
    throw new RangeError(`a command of ${text.length} bytes; at most ${commandLimitBytes} fit`);
  return text;
}

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

  /** Post a command; false when the last one is still there. Partner: `take`. @param text of `commandText` */
  post(text: Uint8Array): boolean {
    if (!this.free) return false;
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
