// The only place that reads the time. Everything else takes a Clock, so that tests and the deterministic simulation can
// run hours of a beamline in milliseconds of virtual time.
// Tested by test/doctor/preflight.test.ts.

// Imported, because the global of this name is looked up by a getter at every use: 4 % of a receiver's time.
import { performance } from 'node:perf_hooks';

/** Time in milliseconds. */
export interface Clock {
  /** Monotonic milliseconds with fractions; the same origin in every thread of the process. */
  now(): number;
  /** Milliseconds since 1970, for numbers and stamps that leave the process. */
  wall(): number;
}

const origin = (() => {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6 - performance.now();
})();

/** The machine's clock: CLOCK_MONOTONIC, read without allocating. */
export const systemClock: Clock = {
  now: () => origin + performance.now(),
  wall: () => Date.now(),
};

/** Runs something every so many ms until the function that it returns is called. */
export type Repeat = (milliseconds: number, run: () => void) => () => void;

/** By the machine's clock; keeps the process alive. */
export const repeat: Repeat = (milliseconds, run) => {
  const timer = setInterval(run, milliseconds);
  return () => clearInterval(timer);
};

/** A clock that moves only when told. */
export class VirtualClock implements Clock {
  #now: number;
  readonly #wallOrigin: number;

  constructor(start = 0, wallOrigin = 1_700_000_000_000) {
    this.#now = start;
    this.#wallOrigin = wallOrigin;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wallOrigin + Math.floor(this.#now);
  }

  /** Move forward by `milliseconds` (not negative). */
  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }
}
