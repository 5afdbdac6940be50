// What the compiled placement of one port knows: a struct of addresses, check values and limits, and behind it the
// port's piece table and its seams. Writer: the port's receiver; read and answered by the compiled code
// (assembly/kernel/) in the same thread, never by another. What each field holds:
// docs/reference/kernel-words.md.
// Tested by test/assembly/compiled-placement.test.ts.

import { assert } from '../base/assert.js';
import { noFrame } from '../detector/frame-share.js';
import type { FrameNumber, OwnNumber } from '../detector/frame-share.js';
import { placesOf } from './kernel-fields.js';
import { placementContext } from './kernel-words.js';
import { contextHeadBytes, pieceBytes, seamBytes } from './placement-words.js';

const { words: word, numbers: number } = placesOf(placementContext);
type Word = keyof typeof word;

/** Where the compiled code finds a port's memory; does not change. Addresses in bytes from the start of the memory. */
export interface PlacementAddresses {
  /** The landing's batch: offsets, lengths, senders. */
  readonly offsets: number;
  readonly lengths: number;
  readonly senders: number;
  /** The port's slot records, and bytes from one to the next. */
  readonly records: number;
  readonly recordStride: number;
  /** Counters that plain packets raise. */
  readonly received: number;
  readonly bytes: number;
  readonly accepted: number;
  readonly reordered: number;
  readonly ring: number;
  readonly slotStride: number;
  readonly slots: number;
}

/** Four bytes of a datagram that must have a value, little endian; offset in bytes. Mask 0 = any. */
export interface HeaderCheck {
  readonly at: number;
  readonly mask: number;
  readonly value: number;
}

/** What a plain packet of a series is; settled when the port's position is known. Offsets in bytes of the datagram. */
export interface PlacementRules {
  readonly packetBytes: number;
  readonly frameNumberAt: number;
  readonly packetNumberAt: number;
  readonly payloadAt: number;
  readonly payloadBytes: number;
  /** How a payload becomes pixels: one of the `decode…` words. */
  readonly decode: number;
  readonly identity: HeaderCheck;
  readonly position: HeaderCheck;
  readonly firstPacket: number;
  readonly expectedPackets: number;
  readonly missingByte: number;
  /** The piece table: `starts` by packet, then three words a piece, two words a seam (see detector/piece-table.ts). */
  readonly starts: Int32Array;
  readonly pieces: Int32Array;
  readonly seams: Int32Array;
}

/** Bytes of one context. @param packets and pieces of the port image with the most that may be configured */
export const placementContextBytes = (packets: number, pieces: number): number =>
  contextHeadBytes + (packets + 1) * 4 + pieces * pieceBytes + packets * seamBytes;

export class PlacementContext {
  /** Address to hand to the compiled code. */
  readonly address: number;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #starts: Int32Array;
  readonly #pieces: Int32Array;
  readonly #seams: Int32Array;

  constructor(buffer: ArrayBufferLike, offset: number, packets: number, pieces: number, addresses: PlacementAddresses) {
    this.address = offset;
    this.#words = new Int32Array(buffer, offset, contextHeadBytes / 4);
    this.#numbers = new Float64Array(buffer, offset, contextHeadBytes / 8);
    this.#starts = new Int32Array(buffer, offset + contextHeadBytes, packets + 1);
    this.#pieces = new Int32Array(buffer, offset + contextHeadBytes + (packets + 1) * 4, (pieces * pieceBytes) / 4);
    this.#seams = new Int32Array(buffer, this.#pieces.byteOffset + this.#pieces.byteLength, (packets * seamBytes) / 4);
    this.#set({
      ...addresses,
      starts: this.#starts.byteOffset,
      pieces: this.#pieces.byteOffset,
      seams: this.#seams.byteOffset,
    });
    this.setShare(1, 0 as FrameNumber, noFrame);
  }

  /** Tell what a plain packet is, until this is called again. */
  bind(rules: PlacementRules): void {
    const { starts, pieces, seams, identity, position, ...plain } = rules;
    assert(
      starts.length <= this.#starts.length &&
        pieces.length <= this.#pieces.length &&
        seams.length <= this.#seams.length,
      'a piece table is larger than any that was planned',
    );
    this.#starts.set(starts);
    this.#pieces.set(pieces);
    this.#seams.set(seams);
    this.#set({
      ...plain,
      identityAt: identity.at,
      identityMask: identity.mask,
      identity: identity.value,
      positionAt: position.at,
      positionMask: position.mask,
      position: position.value,
    });
  }

  /** Frame numbers that a plain packet may have, `lowest` … `highest`; below `newest` it is reordered. */
  setWindow(lowest: number, highest: number, newest: number): void {
    this.#numbers[number.lowest] = lowest;
    this.#numbers[number.highest] = highest;
    this.#numbers[number.newest] = newest;
  }

  /**
   * Own frames are those numbered `origin`, `origin` + `stride`, …; their own numbers are `firstOwn`, `firstOwn` + 1,
   * …. Stride 1: all frames, each with its number plus two.
   */
  setShare(stride: number, origin: FrameNumber, firstOwn: OwnNumber): void {
    this.#words[word.stride] = stride;
    this.#numbers[number.origin] = origin;
    this.#numbers[number.firstOwn] = firstOwn;
  }

  /** Plain packets come from this sender; a word as in the landing's batch. */
  setSender(sender: number): void {
    this.#words[word.sender] = sender;
  }

  /** The frame whose image the last packet completed; 0 = none. */
  get completed(): OwnNumber {
    return this.#numbers[number.completed] as OwnNumber;
  }

  /** Fields that the context does not have are refused by the type. */
  #set<Given extends Partial<Record<Word, number>>>(fields: Given & Record<Exclude<keyof Given, Word>, never>): void {
    for (const [name, value] of Object.entries<number>(fields)) this.#words[word[name as Word]] = value;
  }
}
