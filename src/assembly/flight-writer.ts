// hot path. The writing side of a port's flight recorder: the class of each packet is noted while a batch is gone
// through, then the headers of the whole batch are copied into the ring (memory/flight-ring.ts). Allocates nothing.

import { portCounter } from '../memory/counters.js';
import { entryWord, entryWords } from '../memory/flight-ring.js';
import type { FlightRing } from '../memory/flight-ring.js';
import { flightEntryBytes } from '../memory/flight-words.js';
import type { Placement } from './placement.js';

/** Packets are numbered as they come, from 0. A packet of whose class nothing is said was accepted. */
export class FlightWriter {
  readonly #ring: FlightRing;
  readonly #placement: Placement;
  /** Entry that the next batch begins with. */
  #next = 0;
  #recorded = 0;
  /** Where the batch at hand begins. */
  #from = 0;

  /** The ring forgets what an earlier writer left. */
  constructor(ring: FlightRing, placement: Placement) {
    this.#ring = ring;
    this.#placement = placement;
    ring.classes.fill(portCounter.accepted);
    if (ring.packets > 0) ring.publish(0);
  }

  get on(): boolean {
    return this.#ring.packets > 0;
  }

  /** The batch at hand begins with entry `from` of the landing buffers. */
  begin(from: number): void {
    this.#from = from;
  }

  /** Class of a packet of the batch at hand: index into the port counters, or `notClassed`. */
  note(index: number, found: number): void {
    if (this.on) this.#ring.classes[index] = found;
  }

  /** Number of a packet of the batch at hand. */
  numberOf(index: number): number {
    return this.#recorded + index - this.#from;
  }

  /** The class of a packet, whenever it came; forgotten ones are left alone. */
  settle(number: number, found: number): void {
    if (!this.on) return;
    const ring = this.#ring;
    if (number >= this.#recorded) ring.classes[number - this.#recorded + this.#from] = found;
    else if (number >= this.#recorded - ring.entries)
      ring.words[(number % ring.entries) * entryWords + entryWord.class] = found;
  }

  /** Record the batch at hand, up to entry `end`. @param now when it was received, ms */
  append(end: number, now: number): void {
    if (!this.on) return;
    const from = this.#from;
    const count = end - from;
    const untilEnd = Math.min(end, from + this.#ring.entries - this.#next);
    this.#copy(from, untilEnd, this.#next, now);
    if (untilEnd < end) this.#copy(untilEnd, end, 0, now);
    this.#next = (this.#next + count) % this.#ring.entries;
    this.#recorded += count;
    this.#ring.publish(this.#recorded);
  }

  /** Entries `from` … `end` − 1 of the batch become those from `entry` on; their noted classes are used up. */
  #copy(from: number, end: number, entry: number, now: number): void {
    const { words, classes } = this.#ring;
    this.#placement.record(
      classes.byteOffset,
      from,
      end,
      words.byteOffset + entry * flightEntryBytes,
      now,
      portCounter.accepted,
    );
  }
}
