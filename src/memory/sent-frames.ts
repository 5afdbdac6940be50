// The frames that were sent and still lie in the ring: which frame each slot holds, what its message said, where its
// ports had their places. Writer: streamer, when a frame was handed over, before its slot is released. Readers: code
// that shows frames; nothing waits for it. A reader copies and then checks whether the entry was written meanwhile, by
// the streamer (version of the entry) or a receiver (times that the port's records of the slot were opened).
//
//   head    word 0   slot of the frame sent last + 1, 0 = none yet
//   entry   word 0   version: odd while the entry is being written
//           1        bytes of the message; 0 = nothing is known of the slot
//           2        bytes of the pixels
//           3        times the slot was opened, sum over the ports (modulo 2³²)
//           4        series
//           5, 6     dynamic range, rows read out (0 = all)
//           8 – 13   frame number, frame index, running number of the hand-over (64-bit floats)
//           14 …     position of each port, −1 = unknown; then the message's JSON

import type { FrameIndex, FrameNumber } from '../detector/frame-share.js';
import { fence } from './fence.js';
import type { PortWords } from './port-words.js';
import type { SlotRecords } from './slot-records.js';

const headBytes = 128;
const entryWord = { version: 0, json: 1, pixels: 2, opened: 3, series: 4, dynamicRange: 5, readNRows: 6 } as const;
const entryNumber = { frameNumber: 4, frameIndex: 5, count: 6 } as const;
const positionsWord = 14;

/** Bytes of a message that names no missing packets, at most; of what it says of each port; of each range. */
const plainTextBytes = 512;
const portTextBytes = 16;
const rangeTextBytes = 12;

/**
 * Bytes kept for a message: the longest that frames of so many packets can have, with every other one missing. That is
 * less than a hundredth of the frame.
 */
export const messageBytes = (ports: number, packets: number): number =>
  plainTextBytes + ports * (portTextBytes + Math.ceil(packets / 2) * rangeTextBytes);

const entryBytes = (ports: number, packets: number): number =>
  Math.ceil((positionsWord * 4 + ports * 4 + messageBytes(ports, packets)) / 128) * 128;

/** Bytes of the region. @param packets of the largest port image */
export const sentFramesBytes = (slots: number, ports: number, packets: number): number =>
  headBytes + slots * entryBytes(ports, packets);

/** Where the ring and what is told of it lie. */
export interface SentFramesMemory {
  readonly buffer: ArrayBufferLike;
  readonly map: {
    readonly sizes: { readonly slots: number; readonly ports: number; readonly packets: number };
    readonly sentFrames: number;
    readonly ring: number;
    readonly slotStride: number;
  };
  /** Ports that receive, by index. */
  readonly ports: readonly { readonly index: number; readonly records: SlotRecords; readonly words: PortWords }[];
}

/** What the streamer tells of a frame. */
export interface SentFacts {
  readonly series: number;
  readonly frameNumber: FrameNumber;
  readonly frameIndex: FrameIndex;
  readonly dynamicRange: number;
  /** Null = all. */
  readonly readNRows: number | null;
  /** Part 0 of its message. */
  readonly json: Uint8Array;
  readonly pixelBytes: number;
}

/** What is told of a frame that lies in the ring. */
export interface SeenFrame extends Omit<SentFacts, 'pixelBytes'> {
  /** Running number of its hand-over. */
  readonly count: number;
  /** By index of the port; null = unknown. */
  readonly positions: readonly (number | null)[];
  /** By index of the port: the header of the first packet that was placed; null = none was, or the port is off. */
  readonly headers: readonly (Uint8Array | null)[];
}

/** A copy of a frame. Whole port images of which no packet came hold pixels of older frames. */
export interface SentFrame extends SeenFrame {
  /** As they lie in the ring: C order, little endian. */
  readonly pixels: Uint8Array;
}

export class SentFrames {
  readonly #memory: SentFramesMemory;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #entryBytes: number;
  readonly #textBytes: number;
  #count = 0;

  constructor(memory: SentFramesMemory) {
    const { ports, packets } = memory.map.sizes;
    this.#memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    this.#numbers = new Float64Array(memory.buffer);
    this.#entryBytes = entryBytes(ports, packets);
    this.#textBytes = messageBytes(ports, packets);
  }

  // --- the streamer's side

  /** Nothing is known of any slot: they will be written by others than receivers. */
  forget(): void {
    for (let slot = 0; slot < this.#memory.map.sizes.slots; slot++) {
      const base = this.#base(slot);
      if (this.#words[base + entryWord.json] === 0) continue;
      this.#begin(base);
      this.#words[base + entryWord.json] = 0;
      this.#end(base);
    }
    fence();
  }

  /** Tell of the frame in a slot that no receiver may write to yet. False when its message is too long to be kept. */
  note(slot: number, facts: SentFacts): boolean {
    const base = this.#base(slot);
    const { sizes, sentFrames } = this.#memory.map;
    const fits = facts.json.length <= this.#textBytes;
    const words = this.#words;
    this.#begin(base);
    words[base + entryWord.json] = fits ? facts.json.length : 0;
    words[base + entryWord.pixels] = facts.pixelBytes;
    words[base + entryWord.opened] = this.#opened(slot);
    words[base + entryWord.series] = facts.series;
    words[base + entryWord.dynamicRange] = facts.dynamicRange;
    words[base + entryWord.readNRows] = facts.readNRows ?? 0;
    this.#numbers[base / 2 + entryNumber.frameNumber] = facts.frameNumber;
    this.#numbers[base / 2 + entryNumber.frameIndex] = facts.frameIndex;
    this.#numbers[base / 2 + entryNumber.count] = ++this.#count;
    words.fill(-1, base + positionsWord, base + positionsWord + sizes.ports);
    for (const port of this.#memory.ports) words[base + positionsWord + port.index] = port.words.position;
    if (fits) this.#bytes.set(facts.json, this.#textAt(base));
    this.#end(base);
    Atomics.store(words, sentFrames / 4, slot + 1);
    return fits;
  }

  // --- readers

  /** Slot of the frame sent last, −1 = none. */
  get latest(): number {
    return Atomics.load(this.#words, this.#memory.map.sentFrames / 4) - 1;
  }

  /** Slot of the frame with this number that was sent last, −1 = none lies in the ring. */
  findNumber(frameNumber: FrameNumber): number {
    return this.#find((base) => this.#numbers[base / 2 + entryNumber.frameNumber] === frameNumber);
  }

  /** Slot of the frame with this index in a series, −1 = it does not lie in the ring. */
  findIndex(frameIndex: FrameIndex, series: number): number {
    return this.#find(
      (base) =>
        this.#words[base + entryWord.series] === series &&
        this.#numbers[base / 2 + entryNumber.frameIndex] === frameIndex,
    );
  }

  /** Series, number and index of the frame sent last, however it fared since; null = none yet. */
  told(): { series: number; frameNumber: FrameNumber; frameIndex: FrameIndex } | null {
    for (;;) {
      const slot = this.latest;
      if (slot < 0) return null;
      const base = this.#base(slot);
      const version = Atomics.load(this.#words, base + entryWord.version);
      const told = {
        series: this.#words[base + entryWord.series],
        frameNumber: this.#numbers[base / 2 + entryNumber.frameNumber] as FrameNumber,
        frameIndex: this.#numbers[base / 2 + entryNumber.frameIndex] as FrameIndex,
      };
      fence();
      if (Atomics.load(this.#words, base + entryWord.version) === version && (version & 1) === 0) return told;
    }
  }

  /** The message of the frame in a slot; only for the streamer, which writes it. */
  json(slot: number): Uint8Array {
    const at = this.#textAt(this.#base(slot));
    return this.#bytes.slice(at, at + this.#words[this.#base(slot) + entryWord.json]);
  }

  /**
   * Does the slot still hold the frame that was told? Asked again after its pixels were copied; what was copied before
   * is then whole.
   */
  holds(slot: number): boolean {
    const base = this.#base(slot);
    // All copies before are made before the look. Partners: `begin` here, `open` of the records.
    fence();
    return (
      (Atomics.load(this.#words, base + entryWord.version) & 1) === 0 &&
      this.#words[base + entryWord.json] !== 0 &&
      this.#words[base + entryWord.opened] === this.#opened(slot)
    );
  }

  /** A private copy of the frame in a slot, or null when it is not there, or was overwritten meanwhile. */
  read(slot: number): SentFrame | null {
    const { ring, slotStride } = this.#memory.map;
    const from = ring + slot * slotStride;
    return this.#whole(slot, (base) => ({
      ...this.#seen(slot, base),
      pixels: this.#bytes.slice(from, from + this.#words[base + entryWord.pixels]),
    }));
  }

  /** The same without its pixels, which may be 40 MB. */
  look(slot: number): SeenFrame | null {
    return this.#whole(slot, (base) => this.#seen(slot, base));
  }

  /** Does the slot still hold the frame that was read from it? What was copied elsewhere meanwhile is of the same. */
  shows(slot: number, { count }: SeenFrame): boolean {
    return this.holds(slot) && this.#numbers[this.#base(slot) / 2 + entryNumber.count] === count;
  }

  /** What `copy` makes of a slot, or null when no frame is there, or was overwritten meanwhile. */
  #whole<Copy>(slot: number, copy: (base: number) => Copy): Copy | null {
    const base = this.#base(slot);
    const version = Atomics.load(this.#words, base + entryWord.version);
    if (!this.holds(slot)) return null;
    const copied = copy(base);
    return this.holds(slot) && Atomics.load(this.#words, base + entryWord.version) === version ? copied : null;
  }

  #seen(slot: number, base: number): SeenFrame {
    const words = this.#words;
    const textAt = this.#textAt(base);
    const readNRows = words[base + entryWord.readNRows];
    return {
      count: this.#numbers[base / 2 + entryNumber.count],
      series: words[base + entryWord.series],
      frameNumber: this.#numbers[base / 2 + entryNumber.frameNumber] as FrameNumber,
      frameIndex: this.#numbers[base / 2 + entryNumber.frameIndex] as FrameIndex,
      dynamicRange: words[base + entryWord.dynamicRange],
      readNRows: readNRows === 0 ? null : readNRows,
      json: this.#bytes.slice(textAt, textAt + words[base + entryWord.json]),
      positions: Array.from({ length: this.#memory.map.sizes.ports }, (_, port) => {
        const position = words[base + positionsWord + port];
        return position < 0 ? null : position;
      }),
      headers: Array.from({ length: this.#memory.map.sizes.ports }, (_, index) => {
        const records = this.#memory.ports.find((port) => port.index === index)?.records;
        return records === undefined || records.accepted(slot) === 0 ? null : records.header(slot);
      }),
    };
  }

  #find(matches: (base: number) => boolean): number {
    let found = -1;
    let newest = 0;
    for (let slot = 0; slot < this.#memory.map.sizes.slots; slot++) {
      const base = this.#base(slot);
      const count = this.#numbers[base / 2 + entryNumber.count];
      if (count <= newest || !matches(base) || !this.holds(slot)) continue;
      found = slot;
      newest = count;
    }
    return found;
  }

  /** First word of a slot's entry. */
  #base(slot: number): number {
    return (this.#memory.map.sentFrames + headBytes + slot * this.#entryBytes) / 4;
  }

  #textAt(base: number): number {
    return (base + positionsWord + this.#memory.map.sizes.ports) * 4;
  }

  #opened(slot: number): number {
    let sum = 0;
    for (const { records } of this.#memory.ports) sum = (sum + records.opened(slot)) | 0;
    return sum;
  }

  #begin(base: number): void {
    Atomics.store(this.#words, base, this.#words[base] | 1);
    // A store-release alone lets later stores pass. Partner: `holds`.
    fence();
  }

  #end(base: number): void {
    Atomics.store(this.#words, base, (this.#words[base] + 1) | 0);
  }
}
