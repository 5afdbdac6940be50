// What places the packets of one port: the seam between what a packet is (packet-intake.ts, port-images.ts) and how its
// bytes get into memory. In the service that is the compiled kernel (compiled-placement.ts); tests also place by an
// oracle of their own.

import type { FrameNumber, OwnNumber } from '../detector/frame-share.js';
import type { Layout } from '../detector/layout.js';
import type { PieceTable } from '../detector/piece-table.js';
import type { Landing } from '../memory/landing.js';
import type { MemoryMap } from '../memory/memory-map.js';

/** Positions are bytes from the start of the memory; packets count from the first that is read out. */
export interface Placement {
  /**
   * The port's place in the frame is known: what its packets look like and where they go. `fixed` = whatever their
   * headers say.
   */
  bind(layout: Layout, position: number, fixed: boolean, table: PieceTable): void;
  /** Frame numbers that a plain packet may have, `lowest` … `highest`; below `newest` it is reordered. */
  setWindow(lowest: number, highest: number, newest: number): void;
  /** Own frames: the detector's number of the first one is `origin`, its own number `firstOwn`. */
  setShare(stride: number, origin: FrameNumber, firstOwn: OwnNumber): void;
  /** Plain packets come from this sender, a word as in the landing's batch. */
  setSender(sender: number): void;
  /**
   * Place and count plain packets of the batch from entry `from` on; returns the first entry that was not looked at.
   */
  run(from: number, count: number): number;
  /** The frame whose image the last `run` completed, which then returned at once; 0 = none. */
  readonly completed: OwnNumber;
  /**
   * Put one packet in place, of an image that is open: the datagram at position `at`. Checking and counting are the
   * caller's.
   */
  place(slot: number, packet: number, at: number): void;
  /** Fill the holes, and only the holes, of an image that is still open. */
  fill(slot: number): void;
  /**
   * Copy the headers of entries `from` … `end` − 1 of the batch, with `time` and their classes, to the flight entries
   * that begin at position `to`; the classes, an array at position `classes`, become `plain` again.
   */
  record(classes: number, from: number, end: number, to: number, time: number, plain: number): void;
}

/** Makes the placement of a port on the memory that its packets land in. */
export type PlacementMaker = (map: MemoryMap, port: number, landing: Landing) => Placement;
