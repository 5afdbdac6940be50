// The oracle of placement: what the compiled kernel does, done packet by packet in TypeScript and without the kernel's
// context, so that a mistake in the kernel or in what it is told shows as a difference. Made for a port where tests
// assemble it; the service has no use for it.

import type { Placement } from '../../src/assembly/placement.js';
import type { Layout } from '../../src/detector/layout.js';
import { headerBytes } from '../../src/detector/packet-header.js';
import type { PieceTable } from '../../src/detector/piece-table.js';
import { flightClass, flightEntryBytes, flightLength, flightTime } from '../../src/memory/flight-words.js';
import type { Landing } from '../../src/memory/landing.js';
import type { MemoryMap } from '../../src/memory/memory-map.js';
import { SlotRecords } from '../../src/memory/slot-records.js';
import { PixelOracle } from './pixels.js';
import { noFrame } from '../../src/detector/frame-share.js';

/** No packet is plain: each goes through the table of classes and is placed by itself. */
export class PlacementOracle implements Placement {
  readonly completed = noFrame;
  readonly #map: MemoryMap;
  readonly #landing: Landing;
  readonly #records: SlotRecords;
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  #pixels: PixelOracle | null = null;
  #expected = 0;

  constructor(map: MemoryMap, port: number, landing: Landing) {
    this.#map = map;
    this.#landing = landing;
    this.#records = new SlotRecords(landing.buffer, map.slotRecords[port], map.sizes.slots, map.sizes.packets);
    this.#words = new Int32Array(landing.buffer);
    this.#floats = new Float64Array(landing.buffer);
  }

  bind(layout: Layout, _position: number, _fixed: boolean, table: PieceTable): void {
    this.#pixels = new PixelOracle(this.#landing.buffer, layout, table);
    this.#expected = layout.expectedPackets;
  }

  setWindow(): void {}

  setShare(): void {}

  setSender(): void {}

  run(from: number): number {
    return from;
  }

  place(slot: number, packet: number, at: number): void {
    const before = packet > 0 && this.#records.has(slot, packet - 1);
    const after = packet + 1 < this.#expected && this.#records.has(slot, packet + 1);
    this.#pixels?.place(packet, at + headerBytes, this.#frame(slot), before, after);
  }

  fill(slot: number): void {
    for (let packet = 0; packet < this.#expected; packet++) {
      if (!this.#records.has(slot, packet)) this.#pixels?.fill(packet, this.#frame(slot));
    }
  }

  record(classes: number, from: number, end: number, to: number, time: number, plain: number): void {
    const { bytes, offsets, lengths } = this.#landing;
    for (let index = from, entry = to; index < end; index++, entry += flightEntryBytes) {
      const at = offsets[index];
      bytes.copyWithin(entry, at, at + flightTime);
      this.#floats[(entry + flightTime) / 8] = time;
      this.#words[(entry + flightLength) / 4] = lengths[index];
      this.#words[(entry + flightClass) / 4] = this.#words[classes / 4 + index];
      this.#words[classes / 4 + index] = plain;
    }
  }

  #frame(slot: number): number {
    return this.#map.ring + slot * this.#map.slotStride;
  }
}

/** For `makePlacement` of a port's setup. */
export const placementOracle = (map: MemoryMap, port: number, landing: Landing): Placement =>
  new PlacementOracle(map, port, landing);
