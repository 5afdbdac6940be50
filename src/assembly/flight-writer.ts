// hot path. The writing side of a port's flight recorder: the class of each packet is noted while a batch is gone through, then the
// headers of the whole batch are copied into the ring (memory/flight-ring.ts). Called by the port assembler. By the kernel where
// placement is compiled, else word by word; allocates nothing.

import { portCounter } from '../memory/counters.js';
import type { FlightRing } from '../memory/flight-ring.js';
import { flightClass, flightEntryBytes, flightLength, flightTime } from '../memory/flight-words.js';
import type { Landing } from '../memory/landing.js';
import type { CompiledPlacement } from './compiled-placement.js';

const entryWords = flightEntryBytes / 4;
const headerWords = flightTime / 4;

/** Packets are numbered as they come, from 0. A packet of whose class nothing is said was accepted. */
export class FlightWriter {
  readonly #ring: FlightRing;
  readonly #landing: Landing;
  readonly #compiled: CompiledPlacement | null;
  readonly #memory: Int32Array;
  /** Entry that the next batch begins with. */
  #next = 0;
  #recorded = 0;

  /** The ring forgets what an earlier writer left. */
  constructor(ring: FlightRing, landing: Landing, compiled: CompiledPlacement | null) {
    this.#ring = ring;
    this.#landing = landing;
    this.#compiled = compiled;
    this.#memory = new Int32Array(landing.buffer);
    ring.classes.fill(portCounter.accepted);
    if (ring.packets > 0) ring.publish(0);
  }

  get on(): boolean {
    return this.#ring.packets > 0;
  }

  /** Class of a packet of the batch at hand: index into the port counters, or `notClassed`. */
  note(index: number, found: number): void {
    if (this.on) this.#ring.classes[index] = found;
  }

  /** Number of a packet of the batch at hand. */
  numberOf(index: number): number {
    return this.#recorded + index;
  }

  /** The class of a packet, whenever it came; forgotten ones are left alone. */
  settle(number: number, found: number): void {
    if (!this.on) return;
    const ring = this.#ring;
    if (number >= this.#recorded) ring.classes[number - this.#recorded] = found;
    else if (number >= this.#recorded - ring.entries) ring.words[(number % ring.entries) * entryWords + flightClass / 4] = found;
  }

  /** Record the batch at hand. @param now when it was received, ms */
  append(count: number, now: number): void {
    if (!this.on) return;
    const untilEnd = Math.min(count, this.#ring.entries - this.#next);
    this.#copy(0, untilEnd, this.#next, now);
    if (untilEnd < count) this.#copy(untilEnd, count, 0, now);
    this.#next = (this.#next + count) % this.#ring.entries;
    this.#recorded += count;
    this.#ring.publish(this.#recorded);
  }

  /** Entries `from` … `end` − 1 of the batch become those from `entry` on; their noted classes are used up. */
  #copy(from: number, end: number, entry: number, now: number): void {
    const { words, times, classes } = this.#ring;
    if (this.#compiled !== null) return this.#compiled.record(classes.byteOffset, from, end, words.byteOffset + entry * flightEntryBytes, now, portCounter.accepted);
    const { offsets, lengths } = this.#landing;
    let to = entry * entryWords;
    for (let index = from; index < end; index++, to += entryWords) {
      const at = offsets[index] as number;
      if ((at & 3) === 0) {
        const source = at >>> 2;
        for (let word = 0; word < headerWords; word++) words[to + word] = this.#memory[source + word] as number;
      } else {
        this.#copyBytes(at, to);
      }
      times[(to * 4 + flightTime) / 8] = now;
      words[to + flightLength / 4] = lengths[index] as number;
      words[to + flightClass / 4] = classes[index] as number;
      classes[index] = portCounter.accepted;
    }
  }

  /** Coalesced datagrams begin anywhere. */
  #copyBytes(at: number, to: number): void {
    const { bytes } = this.#landing;
    const { words } = this.#ring;
    for (let word = 0, byte = at; word < headerWords; word++, byte += 4) {
      words[to + word] = (bytes[byte] as number) | ((bytes[byte + 1] as number) << 8) | ((bytes[byte + 2] as number) << 16) | ((bytes[byte + 3] as number) << 24);
    }
  }
}
