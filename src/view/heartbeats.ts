// The watch on the threads of the data path: does each still turn? It looks at their heartbeats from the main thread,
// twice a second.
// Tested by test/view/shared-view.test.ts.

import type { Clock } from '../base/clock.js';

const lookIntervalMs = 500;

/** One that turns. `name` in plain words, `agent` as metrics have it. */
export interface Watched {
  readonly name: string;
  readonly agent: string;
  /** Changes with every turn. */
  heartbeat(): number;
  /** Longest time between two turns since the series was begun, in ms; NaN = not known. */
  stallMsMax(): number;
}

export class Heartbeats {
  readonly #clock: Clock;
  readonly #beats: readonly { readonly watched: Watched; last: number; since: number }[];
  readonly #timer: NodeJS.Timeout;

  constructor(clock: Clock, all: readonly Watched[]) {
    this.#clock = clock;
    const since = clock.now();
    this.#beats = all.map((watched) => ({ watched, last: 0, since }));
    this.#timer = setInterval(() => this.#look(), lookIntervalMs).unref();
  }

  /** How long each was not seen to turn, in ms. */
  ages(): { watched: Watched; ageMs: number }[] {
    this.#look();
    const now = this.#clock.now();
    return this.#beats.map(({ watched, since }) => ({ watched, ageMs: now - since }));
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = this.#clock.now();
    for (const beat of this.#beats) {
      const value = beat.watched.heartbeat();
      if (value === beat.last) continue;
      beat.last = value;
      beat.since = now;
    }
  }
}
