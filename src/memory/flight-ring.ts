// The flight recorder of one port: headers, arrival times and classes of its last packets, and for the batch at hand
// the class of each packet before it is copied here. Writer: the port's receiver (assembly/flight-writer.ts), once per
// batch. Reader: main, which copies the ring whenever it likes and leaves out what was overwritten meanwhile.

import { fence } from './fence.js';
import { flightEntryBytes, flightTime } from './flight-words.js';
import { placesOf } from './kernel-fields.js';
import { flightEntry } from './kernel-words.js';
import { load53, number53Words, store53 } from './number53.js';

/** Class of a packet that is held: it has none yet. Other classes are indices into the port counters. */
export const notClassed = 0;

const headBytes = 128;
/** Words of an entry, and places in it: in words, of the time in words of 64 bits. */
export const entryWords = flightEntryBytes / 4;
export const { words: entryWord, numbers: entryNumber } = placesOf(flightEntry);

const align = (bytes: number): number => Math.ceil(bytes / 128) * 128;

/**
 * Bytes of one ring.
 * @param packets that can be read back; 0 = nothing is recorded
 * @param batch packets that are written at once at most
 */
export const flightRingBytes = (packets: number, batch: number): number =>
  packets === 0 ? 0 : headBytes + align(batch * 4) + (packets + batch) * flightEntryBytes;

/** Packets copied out of a ring, oldest first. */
export class FlightCopy {
  /** Packets in the copy. */
  readonly count: number;
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #bytes: Uint8Array;

  /** @param words whole entries, in memory of their own */
  constructor(words: Int32Array) {
    this.count = words.length / entryWords;
    this.#words = words;
    this.#times = new Float64Array(words.buffer, words.byteOffset, words.length / 2);
    this.#bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  }

  /** ms of the service's clock; packets of one batch have the same. */
  time(index: number): number {
    return this.#times[(index * entryWords) / 2 + entryNumber.time];
  }

  /** True bytes of the datagram. */
  length(index: number): number {
    return this.#words[index * entryWords + entryWord.length];
  }

  /** Index into the port counters, or `notClassed`. */
  class(index: number): number {
    return this.#words[index * entryWords + entryWord.class];
  }

  /** The first bytes of the datagram: 48, or as many as it has. */
  header(index: number): Uint8Array {
    const at = index * flightEntryBytes;
    return this.#bytes.subarray(at, at + Math.min(flightTime, this.length(index)));
  }
}

export class FlightRing {
  /** Packets that can be read back; 0 = nothing is recorded. */
  readonly packets: number;
  /** Room for entries: as many, and one batch. */
  readonly entries: number;
  /** All entries, as words. */
  readonly words: Int32Array;
  readonly times: Float64Array;
  /** Classes of the batch at hand. */
  readonly classes: Int32Array;
  readonly #head: Int32Array;

  /** @param packets and batch as given to `flightRingBytes` */
  constructor(buffer: ArrayBufferLike, offset: number, packets: number, batch: number) {
    this.packets = packets;
    this.entries = packets === 0 ? 0 : packets + batch;
    const there = packets === 0 ? 0 : batch;
    const entriesAt = offset + headBytes + align(there * 4);
    this.#head = new Int32Array(buffer, offset, packets === 0 ? 0 : number53Words);
    this.classes = new Int32Array(buffer, packets === 0 ? 0 : offset + headBytes, there);
    this.words = new Int32Array(buffer, packets === 0 ? 0 : entriesAt, this.entries * entryWords);
    this.times = new Float64Array(buffer, packets === 0 ? 0 : entriesAt, (this.entries * entryWords) / 2);
  }

  /** Packets recorded so far, those that were overwritten included. */
  get recorded(): number {
    return this.packets === 0 ? 0 : load53(this.#head, 0);
  }

  /**
   * Hand over all entries below this number, which were stored before; it is seen before any entry stored later.
   * Partner: `copy`.
   */
  publish(recorded: number): void {
    store53(this.#head, 0, recorded);
    fence();
  }

  /**
   * The last packets, at most `packets`. While they are copied the writer goes on; it writes one batch beyond what it
   * has published, for which the ring has room, so whatever it published meanwhile tells how many of the oldest entries
   * may be torn: those are left out.
   */
  copy(): FlightCopy {
    const before = this.recorded;
    const oldest = Math.max(0, before - this.packets);
    const words = new Int32Array((before - oldest) * entryWords);
    const start = this.packets === 0 ? 0 : oldest % this.entries;
    const untilEnd = Math.min(before - oldest, this.entries - start);
    words.set(this.words.subarray(start * entryWords, (start + untilEnd) * entryWords));
    words.set(this.words.subarray(0, (before - oldest - untilEnd) * entryWords), untilEnd * entryWords);
    // Only what is copied before the number is read again is known to be older than it. Partner: `publish`.
    fence();
    const intact = Math.min(before, Math.max(oldest, this.recorded - this.packets));
    return new FlightCopy(words.subarray((intact - oldest) * entryWords));
  }
}
