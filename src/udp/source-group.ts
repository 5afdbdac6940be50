// Waiting for the ports of a thread: sleeps in poll(2) until one of the sockets has something, a command is given (the
// wake descriptor rings), or for a bounded time. The sources are then received from one after the other, without
// waiting.
// Tested by test/udp/recvmmsg-source.test.ts.

import { exitCode, OperatorError } from '../base/errors.js';
import { noDescriptor, quiet } from '../runtime/wake-descriptor.js';
import { errno, errnoName, lastErrno, libc } from '../runtime/ffi.js';

/** poll.h: data may be read. */
const readable = 1;

export class SourceGroup {
  /** struct pollfd: descriptor, then the events asked for and those seen, 16 bits each. */
  readonly #descriptors: Int32Array;
  readonly #wake: number;
  readonly #sources: number;

  /**
   * @param sources open ones; `descriptor` of a closed one is −1, which poll passes over
   * @param wake ends a wait when it rings, too
   */
  constructor(sources: readonly { readonly descriptor: number }[], wake = noDescriptor) {
    this.#wake = wake;
    this.#sources = sources.length;
    this.#descriptors = new Int32Array((sources.length + 1) * 2);
    [...sources, { descriptor: wake }].forEach(({ descriptor }, index) => {
      this.#descriptors[index * 2] = descriptor;
      this.#descriptors[index * 2 + 1] = readable;
    });
  }

  /**
   * Sleep until a source has something, or it rings.
   * @param timeoutMs longest time, in whole ms; 0 = only look
   * @returns how many sources have something
   */
  wait(timeoutMs: number): number {
    const descriptors = this.#descriptors;
    const count = libc().poll(descriptors, descriptors.length / 2, timeoutMs);
    if (count > 0 && this.ready(this.#sources)) {
      quiet(this.#wake);
      return count - 1;
    }
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
