// How long ends may wait for a consumer: `closing_timeout_ms` each, and once the service ends, until one moment for all
// of it, so that main, which waits a little longer, hears of every series.
// Tested by test/pipeline/shutdown.test.ts.

import type { SeriesLimits } from './series/setup.js';

/** When the service ends: an end may be taken so long after the last image could, ms. */
const endGraceMs = 1000;

export class EndTimes {
  readonly #limits: Pick<SeriesLimits, 'closingTimeoutMs' | 'drainMs'>;
  /** Images have until then to go out; Infinity = the service does not end. */
  stopBy = Infinity;

  constructor(limits: Pick<SeriesLimits, 'closingTimeoutMs' | 'drainMs'>) {
    this.#limits = limits;
  }

  /** The service ends from now on: sockets are read for `drain_ms`, and what there is has `closing_timeout_ms`. */
  shutDown(now: number): void {
    this.stopBy = now + this.#limits.drainMs + this.#limits.closingTimeoutMs;
  }

  get shutdown(): boolean {
    return this.stopBy < Infinity;
  }

  /** Has an end that could be offered since then waited long enough? */
  late(since: number, now: number): boolean {
    return now >= (this.shutdown ? this.stopBy + endGraceMs : since + this.#limits.closingTimeoutMs);
  }
}
