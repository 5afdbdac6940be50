// What a stop must wait for, checked in a simulated world: who asked for the end of a series is answered when its
// consumer has read all of it, or when closing_timeout_ms is over; then the answer names what was not read. Comes in:
// the events of one process, and what its sink has handed over. Goes out: sentences. Consumers that keep bytes of their
// own (wire-sink.ts) are checked for the time only.

import type { VirtualClock } from '../../src/base/clock.js';
import type { StreamEvent } from '../../src/contract/series.js';
import type { MemorySink } from '../pipeline/memory-sink.js';

/** The end of a series, as it was handed over. */
interface End {
  readonly at: number;
  /** Messages taken over up to then. */
  readonly taken: number;
  readonly disconnects: number;
}

/** Between two turns of the streamer, and as long as one may be held up, in ms. */
const turnMs = 2500;

export class Deliveries {
  readonly #sink: MemorySink;
  readonly #exact: boolean;
  readonly #clock: VirtualClock;
  readonly #limitMs: number;
  readonly #ends = new Map<number, End>();

  /** @param exact the sink's queue is all that is under way: not where it has messages of other instances too */
  constructor(sink: MemorySink, exact: boolean, clock: VirtualClock, limitMs: number) {
    this.#sink = sink;
    this.#exact = exact;
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /** @returns what does not hold */
  hear(event: StreamEvent): string[] {
    const { taken, queue, disconnects } = this.#sink;
    const now = this.#clock.now();
    if (event.kind === 'ended') this.#ends.set(event.summary.series_id, { at: now, taken: taken.length, disconnects });
    if (event.kind !== 'stopped' || event.summary === null || !event.summary.header_sent) return [];
    const { series_id: id, undelivered, end_pending: endPending } = event.summary;
    const end = this.#ends.get(id);
    if (end === undefined) return [`the stop of series ${id} was answered before its end was told`];
    const waited = now - end.at;
    if (waited > this.#limitMs + turnMs)
      return [
        `the stop of series ${id} was answered ${waited} ms after its end: closing_timeout_ms is ${this.#limitMs}`,
      ];
    if (!this.#exact || disconnects !== end.disconnects) return [];
    const left = Math.max(0, queue.length - (taken.length - end.taken));
    if (left !== (undelivered?.messages ?? 0))
      return [
        `the stop of series ${id} was answered with ${undelivered?.messages ?? 0} messages undelivered, and ` +
          `${left} were not read`,
      ];
    if (left > 0 && !endPending && waited < this.#limitMs)
      return [
        `the stop of series ${id} was answered after ${waited} ms although ${left} messages were not read and ` +
          `there was time (${this.#limitMs} ms)`,
      ];
    return [];
  }
}
