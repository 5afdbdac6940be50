// One word per thread by which main tells it to end; for threads that block in system calls and never turn an event
// loop. Writer: main. Reader: the thread.
// Tested by test/service/service.test.ts.

export const threadWordsBytes = (threads: number): number => threads * 128;

export class ThreadWords {
  readonly #words: Int32Array;

  /** @param thread index of the thread: receivers first, the streamer last */
  constructor(buffer: ArrayBufferLike, offset: number, thread: number) {
    this.#words = new Int32Array(buffer, offset + thread * 128, 1);
  }

  askToStop(): void {
    Atomics.store(this.#words, 0, 1);
  }

  get stopAsked(): boolean {
    return Atomics.load(this.#words, 0) === 1;
  }
}
