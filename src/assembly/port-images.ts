// hot path. The port images of one port in the frame ring: opening, filling, closing them, with their records and
// counters. A closed image is handed to the streamer and never written again.
// Tested by test/pipeline/closing.test.ts.

import { assert } from '../base/assert.js';
import { earlierOf, laterOf, noFrame } from '../detector/frame-share.js';
import type { OwnNumber } from '../detector/frame-share.js';
import type { Layout, PortLayout } from '../detector/layout.js';
import { makePieceTable } from '../detector/piece-table.js';
import { headerBytes } from '../detector/packet-header.js';
import { portCounter } from '../memory/counters.js';
import type { MemoryMap } from '../memory/memory-map.js';
import { portEvent } from '../memory/port-words.js';
import type { PortWords } from '../memory/port-words.js';
import { SlotRecords, bitmapWords, outcome, recordState, recordWord } from '../memory/slot-records.js';
import type { Placement } from './placement.js';

/** Successive port images with the very same packets missing that make the settings doubtful. */
const sameMissingLimit = 10;
/**
 * Packets with a number that no image has, of late, from which on images are not called complete; how many are left of
 * them after an image.
 */
const suspectLimit = 3;
const suspectKept = 3 / 4;

/** Images of a port: their frames; packets accepted, and those that closed ones should have. */
export interface ImageTally {
  readonly smallest: OwnNumber;
  readonly newest: OwnNumber;
  readonly accepted: number;
  readonly expected: number;
}

/** What images of a port lie in, and what brings their packets there. */
export interface PortImagesDeps {
  readonly buffer: ArrayBufferLike;
  readonly map: MemoryMap;
  /** Index into `udp_ports`. */
  readonly port: number;
  readonly counters: Float64Array;
  readonly words: PortWords;
  readonly placement: Placement;
}

/** Times in ms of the service's clock. */
export class PortImages {
  readonly #buffer: ArrayBufferLike;
  readonly #memory: Int32Array;
  readonly #records: SlotRecords;
  readonly #counters: Float64Array;
  readonly #words: PortWords;
  readonly #ring: number;
  readonly #previousBits: Int32Array;
  readonly #placement: Placement;
  #placed = false;
  #expected = 0;
  #sameMissing = 0;
  /** Packets with impossible numbers, of late: the settings of the port are in doubt. */
  #badNumbers = 0;
  #published = false;

  constructor({ buffer, map, port, counters, words, placement }: PortImagesDeps) {
    this.#buffer = buffer;
    this.#memory = new Int32Array(buffer);
    this.#records = new SlotRecords(buffer, map.slotRecords[port], map.sizes.slots, map.sizes.packets);
    this.#counters = counters;
    this.#words = words;
    this.#placement = placement;
    this.#ring = map.sizes.slots;
    this.#previousBits = new Int32Array(bitmapWords(map.sizes.packets));
  }

  /**
   * Forget the last series; `expected` packets make an image from now on.
   * @param above images of later frames are the next series' and stay; Infinity = none is
   * @returns are there any?
   */
  forget(expected: number, above: OwnNumber): boolean {
    let kept = false;
    for (let slot = 0; slot < this.#ring; slot++) {
      if (this.#records.frameIn(slot) > above) kept = true;
      else this.#records.forget(slot);
    }
    this.#placed &&= kept;
    this.#expected = expected;
    this.#sameMissing = 0;
    this.#badNumbers = 0;
    return kept;
  }

  /** What there is of frames after `above`: between two series, what the next one has already. */
  tally(above: OwnNumber): ImageTally {
    const found = { smallest: noFrame, newest: noFrame, accepted: 0, expected: 0 };
    for (let slot = 0; slot < this.#ring; slot++) {
      const frameNumber = this.#records.frameIn(slot);
      if (frameNumber <= above) continue;
      found.smallest = found.smallest === 0 ? frameNumber : earlierOf(found.smallest, frameNumber);
      found.newest = laterOf(found.newest, frameNumber);
      found.accepted += this.#records.accepted(slot);
      if (this.#records.stateOf(slot, frameNumber) === recordState.closed) found.expected += this.#expected;
    }
    return found;
  }

  /** Packets of a whole image. */
  get expected(): number {
    return this.#expected;
  }

  /** What came before the first frame is no sign of what its series is like. */
  forgetBadNumbers(): void {
    this.#badNumbers = 0;
  }

  /** A packet had a number that no image has. True when images are not called complete because of that. */
  noteBadNumber(): boolean {
    return ++this.#badNumbers >= suspectLimit;
  }

  /** The port's place in the frame is known. */
  setPosition(layout: Layout, position: number, port: PortLayout): void {
    this.#placement.bind(layout, position, port.fixed, makePieceTable(layout, position, port.flip));
    this.#placed = true;
  }

  /** State of this frame's image: empty when its slot holds another frame or none. */
  stateOf(frameNumber: OwnNumber): number {
    return this.#records.stateOf(frameNumber % this.#ring, frameNumber);
  }

  /** Packets that this frame's image lacks; those of a whole image when it is not open. */
  lacking(frameNumber: OwnNumber): number {
    const slot = frameNumber % this.#ring;
    return this.#records.stateOf(slot, frameNumber) === recordState.open
      ? this.#expected - this.#records.accepted(slot)
      : this.#expected;
  }

  /** Has packet `packet` been accepted, or come late? Only for a frame whose image is open or closed. */
  knows(frameNumber: OwnNumber, packet: number): boolean {
    const slot = frameNumber % this.#ring;
    return this.#records.has(slot, packet) || this.#records.hasLate(slot, packet);
  }

  /** Note a packet that came after its image was closed. */
  noteLate(frameNumber: OwnNumber, packet: number): void {
    this.#records.setLate(frameNumber % this.#ring, packet);
  }

  /** Begin the image of a frame whose slot is free. */
  open(frameNumber: OwnNumber, now: number): void {
    const slot = frameNumber % this.#ring;
    assert(
      this.#records.frameIn(slot) === 0 ||
        this.#records.stateOf(slot, this.#records.frameIn(slot)) === recordState.closed,
      'a slot was reused while its port image was open',
    );
    this.#records.open(slot, frameNumber, now);
  }

  /**
   * Place a packet of an open image; closes the image when it was the last one missing.
   * @param at position of the datagram in the memory
   * @param overtaken a later frame of this port was seen before
   */
  accept(frameNumber: OwnNumber, packet: number, at: number, overtaken: boolean, now: number): void {
    const slot = frameNumber % this.#ring;
    if (overtaken || packet < this.#records.highest(slot)) this.#count(portCounter.reordered);
    if (this.#records.accepted(slot) === 0) this.#keepHeader(slot, at);
    this.#place(slot, packet, at);
    this.#count(portCounter.accepted);
    if (this.#records.set(slot, packet) === this.#expected) this.close(frameNumber, outcome.complete, now);
  }

  /**
   * Place the plain packets of the batch from entry `from` on, of open images of frames `lowest` … `highest`; closes
   * each image that is complete. Returns the first entry that is not plain.
   * @param newest frames below it were overtaken
   */
  acceptPlain(from: number, count: number, lowest: number, highest: number, newest: number, now: number): number {
    const placement = this.#placement;
    placement.setWindow(lowest, highest, newest);
    let index = from;
    while (index < count) {
      index = placement.run(index, count);
      const completed = placement.completed;
      if (completed === 0) break;
      this.close(completed, outcome.complete, now);
    }
    return index;
  }

  /**
   * Close an open image: count, fill the holes and only the holes, hand over.
   * @param cutOff its series ends, and nothing behind it has come: packets behind the last one were still to come
   */
  close(frameNumber: OwnNumber, reason: number, now: number, cutOff = false): void {
    const slot = frameNumber % this.#ring;
    const accepted = this.#records.accepted(slot);
    const missing = this.#expected - accepted;
    if (cutOff) this.#countCutOff(this.#expected - 1 - this.#records.highest(slot));
    this.#counters[portCounter.expected] = this.#counters[portCounter.expected] + this.#expected;
    this.#counters[portCounter.missing] = this.#counters[portCounter.missing] + missing;
    if (missing > 0) {
      this.#placement.fill(slot);
      this.#compareMissing(slot, accepted);
    } else {
      this.#sameMissing = 0;
    }
    const result = missing === 0 && this.#badNumbers >= suspectLimit ? outcome.suspect : reason;
    this.#badNumbers *= suspectKept;
    this.#count(result === outcome.complete ? portCounter.imagesComplete : portCounter.imagesIncomplete);
    this.#records.publish(slot, frameNumber, result, now);
    this.#published = true;
  }

  /**
   * Close the image of a frame of which no packet came. Its pixels are not touched: the streamer knows that they are
   * missing.
   * @param cutOff its series ends, and all its packets were still to come
   */
  closeAbsent(frameNumber: OwnNumber, reason: number, now: number, cutOff = false): void {
    this.open(frameNumber, now);
    const slot = frameNumber % this.#ring;
    if (cutOff) this.#countCutOff(this.#expected);
    this.#counters[portCounter.expected] = this.#counters[portCounter.expected] + this.#expected;
    this.#counters[portCounter.missing] = this.#counters[portCounter.missing] + this.#expected;
    this.#count(portCounter.imagesAbsent);
    this.#records.publish(slot, frameNumber, reason, now);
    this.#published = true;
  }

  /**
   * The series ends: close whatever is open, without making up frames of which nothing came.
   * @param newest of the frames that have come
   */
  closeOpen(newest: OwnNumber, now: number): void {
    for (let slot = 0; slot < this.#ring; slot++) {
      const frameNumber = this.#records.frameIn(slot);
      if (frameNumber !== 0 && this.#records.stateOf(slot, frameNumber) === recordState.open)
        this.close(frameNumber, outcome.ended, now, frameNumber >= newest);
    }
  }

  /**
   * Drop what was begun beyond the last frame of the series before that was known. Its packets stay accepted and were
   * all that was expected; it is no port image of the series and is not handed over.
   */
  dropBeyond(last: OwnNumber): void {
    for (let slot = 0; slot < this.#ring; slot++) {
      const frameNumber = this.#records.frameIn(slot);
      if (frameNumber <= last || this.#records.stateOf(slot, frameNumber) !== recordState.open) continue;
      this.#counters[portCounter.expected] = this.#counters[portCounter.expected] + this.#records.accepted(slot);
      this.#records.drop(slot);
    }
  }

  /** The image of this frame is none. Its packets stay accepted and were all that was expected. */
  discard(frameNumber: OwnNumber): void {
    const slot = frameNumber % this.#ring;
    if (this.#records.stateOf(slot, frameNumber) === recordState.open)
      this.#counters[portCounter.expected] += this.#records.accepted(slot);
    this.#records.forget(slot);
  }

  /** Was an image handed over since this was asked last? */
  takePublished(): boolean {
    const published = this.#published;
    this.#published = false;
    return published;
  }

  #place(slot: number, packet: number, at: number): void {
    assert(this.#placed, 'a packet was accepted before the place of its port was known');
    this.#placement.place(slot, packet, at);
  }

  #count(counter: number): void {
    this.#counters[counter] = this.#counters[counter] + 1;
  }

  /** Before they are counted as missing, so that no reader sees a loss that is none. */
  #countCutOff(packets: number): void {
    this.#counters[portCounter.cutOff] = this.#counters[portCounter.cutOff] + packets;
  }

  #keepHeader(slot: number, at: number): void {
    const to = this.#records.base(slot) + recordWord.header;
    if ((at & 3) === 0) {
      for (let word = 0; word < headerBytes / 4; word++) this.#records.words[to + word] = this.#memory[at / 4 + word];
    } else {
      const view = new DataView(this.#buffer, at, headerBytes);
      for (let word = 0; word < headerBytes / 4; word++) this.#records.words[to + word] = view.getInt32(word * 4, true);
    }
  }

  /** Does one image after the other miss the very same packets? Then the settings, not the network, are wrong. */
  #compareMissing(slot: number, accepted: number): void {
    const bits = this.#records.base(slot) + recordWord.bits;
    let same = true;
    for (let word = 0; word < this.#previousBits.length; word++) {
      const now = this.#records.words[bits + word];
      if (this.#previousBits[word] !== now) same = false;
      this.#previousBits[word] = now;
    }
    this.#sameMissing = same ? this.#sameMissing + 1 : 1;
    if (this.#sameMissing >= sameMissingLimit) {
      const highest = this.#records.highest(slot);
      let lowest = 0;
      while (lowest < highest && !this.#records.has(slot, lowest)) lowest++;
      this.#words.setFigure('sameMissingLowest', lowest);
      this.#words.setFigure('sameMissingHighest', highest);
      this.#words.setFigure('sameMissingAccepted', accepted);
      this.#words.raise(portEvent.sameMissing);
    }
  }
}
