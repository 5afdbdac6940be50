// Waiting for the state of the service: a client that wants to go on when a series has ended asks once and is answered
// then. Comes in: the state that is waited for, and for how long. Goes out: that it is time to answer.

import { systemClock } from '../base/clock.js';
import type { Clock } from '../base/clock.js';
import type { SeriesState } from '../contract/series.js';

/** Requests that may wait at once. */
export const waitLimit = 32;
/** Time from look to look, ms. */
const lookMs = 100;

interface Waiting {
  readonly wanted: SeriesState;
  /** ms of the clock */
  readonly until: number;
  readonly resolve: () => void;
}

export class SeriesWait {
  readonly #state: () => SeriesState;
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(state: () => SeriesState, clock: Clock = systemClock) {
    this.#state = state;
    this.#clock = clock;
  }

  /** No more can wait. */
  get full(): boolean {
    return this.#waiting.size >= waitLimit;
  }

  /**
   * Resolves when the state is as wanted, when the time is over, or when the service ends.
   * @param gone resolves it, too: the client does not listen any more
   */
  for(wanted: SeriesState, ms: number, gone: AbortSignal): Promise<void> {
    if (this.#closed || gone.aborted || this.#state() === wanted) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting: Waiting = { wanted, until: this.#clock.now() + ms, resolve };
      this.#waiting.add(waiting);
      gone.addEventListener('abort', () => this.#end(waiting), { once: true });
      this.#timer ??= setInterval(() => this.look(), lookMs).unref();
    });
  }

  /** Answer the requests whose time has come. Done ten times a second while one waits. */
  look(): void {
    const now = this.#clock.now();
    const state = this.#state();
    for (const waiting of this.#waiting) if (state === waiting.wanted || now >= waiting.until) this.#end(waiting);
  }

  /** Answer all of them; from here on none waits. */
  close(): void {
    this.#closed = true;
    for (const waiting of this.#waiting) this.#end(waiting);
  }

  #end(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    waiting.resolve();
    if (this.#waiting.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}
