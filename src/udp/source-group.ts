// Waiting for several ports in one thread: sleeps in poll(2) until one of the sockets has something, or for a bounded
// time, so that the thread sees commands and its stop word. The sources are then received from one after the other,
// without waiting.
// Tested by test/udp/recvmmsg-source.test.ts.

import { exitCode, OperatorError } from '../base/errors.js';
import { errno, errnoName, lastErrno, libc } from '../runtime/ffi.js';

/** poll.h: data may be read. */
const readable = 1;

export class SourceGroup {
  /** struct pollfd: descriptor, then the events asked for and those seen, 16 bits each. */
  readonly #descriptors: Int32Array;

  /** @param sources open ones; `descriptor` of a closed one is −1, which poll passes over */
  constructor(sources: readonly { readonly descriptor: number }[]) {
    this.#descriptors = new Int32Array(sources.length * 2);
    sources.forEach((source, index) => {
      this.#descriptors[index * 2] = source.descriptor;
      this.#descriptors[index * 2 + 1] = readable;
    });
  }

  /**
   * Sleep until a source has something.
   * @param timeoutMs longest time, in whole ms; 0 = only look
   * @returns how many have something
   */
  wait(timeoutMs: number): number {
    const descriptors = this.#descriptors;
    const count = libc().poll(descriptors, descriptors.length / 2, timeoutMs);
    if (count >= 0) return count;
    const reason = lastErrno();
    if (reason === errno.EINTR) return 0;
    throw new OperatorError(
      `waiting for several ports failed (poll: ${errnoName(reason)}). Use receive: dgram ` +
        '(docs/operating.md#portable-ways)',
      exitCode.environment,
    );
  }

  /** Had source `index` something (or an error to tell) at the last `wait`? */
  ready(index: number): boolean {
    return this.#descriptors[index * 2 + 1] >>> 16 !== 0;
  }
}
