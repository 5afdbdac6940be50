// Uncaught errors on the main thread of a running service: a timer, an event or a promise that failed for want of a
// descriptor, memory or a case that was not thought of. The data path has its own threads and goes on; so does the
// service. In come errors; out go a counter, a sentence for the state and log lines at a bounded rate. An error of a
// data path thread is not one of these: it ends the service.

import { systemClock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Logger } from './log.js';

/** There is one log line in this time at most, ms. */
const tellMs = 10_000;

/** A problem is shown in the state for so long after the last error, ms. */
const shownMs = 600_000;

export class InternalErrors {
  readonly #now: () => number;
  #count = 0;
  #last: { readonly at: number; readonly message: string } | null = null;
  #toldAt = -Infinity;
  #untold = 0;

  constructor(now: () => number = () => systemClock.now()) {
    this.#now = now;
  }

  /** Since the start of the process. */
  get count(): number {
    return this.#count;
  }

  /** What the state says of them; null = nothing of late. */
  get problem(): string | null {
    if (this.#last === null || this.#now() - this.#last.at > shownMs) return null;
    return (
      `internal errors were survived (${this.#count} so far, the last: ${this.#last.message}). Frames are not ` +
      'affected; the log has the place, please report it (docs/operating.md#internal-errors)'
    );
  }

  /** Count it, and say it unless one was said a moment ago. Never throws. */
  note(error: unknown, logger: Logger): void {
    const now = this.#now();
    this.#count++;
    this.#untold++;
    this.#last = { at: now, message: messageOf(error).slice(0, 200) };
    if (now - this.#toldAt < tellMs) return;
    const more = this.#untold > 1 ? ` (one of ${this.#untold} since the last such line)` : '';
    this.#toldAt = now;
    this.#untold = 0;
    logger.error(
      { event: 'internal_error', err: error, internal_errors: this.#count },
      `survived an internal error: ${messageOf(error)}${more}`,
    );
  }
}

/** Those of this process. */
export const internalErrors = new InternalErrors();
