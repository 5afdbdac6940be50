// What the streamer tells of the preview. Writer: streamer. Readers: main.
// Tested by test/stream/output/preview/preview-output.test.ts.

import { load53, store53 } from './number53.js';

export const previewWordsBytes = 64;

const at = { subscribers: 0, refused: 1, shown: 2, sent: 6, skipped: 10 } as const;

export class PreviewWords {
  readonly #words: Int32Array;

  constructor(buffer: ArrayBufferLike, offset: number) {
    this.#words = new Int32Array(buffer, offset, previewWordsBytes / 4);
  }

  publish(subscribers: number, refused: number): void {
    Atomics.store(this.#words, at.subscribers, subscribers);
    Atomics.store(this.#words, at.refused, refused);
  }

  /** A frame was shown. @param taken subscribers that took it @param without those that had no room, or want no such */
  show(taken: number, without: number): void {
    this.#add(at.shown, 1);
    this.#add(at.sent, taken);
    this.#add(at.skipped, without);
  }

  /** Frames that no viewer was shown. */
  skip(frames: number): void {
    this.#add(at.skipped, frames);
  }

  /** Connected now. */
  get subscribers(): number {
    return Atomics.load(this.#words, at.subscribers);
  }

  /** Peers that were not let in. */
  get refused(): number {
    return Atomics.load(this.#words, at.refused);
  }

  /** Frames that were shown, and frames by subscriber. */
  get shown(): number {
    return load53(this.#words, at.shown);
  }

  get sent(): number {
    return load53(this.#words, at.sent);
  }

  /** Frames that were not, to all or to one subscriber. */
  get skipped(): number {
    return load53(this.#words, at.skipped);
  }

  #add(word: number, count: number): void {
    store53(this.#words, word, load53(this.#words, word) + count);
  }
}
