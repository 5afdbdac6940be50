// Does every packet have its class, and every image its outcome? The checks behind `vdcu_accounting_error_packets` and
// `vdcu_accounting_error_frames`, which must be 0 in production as in tests.
// Counters go on while they are read, so one reading proves nothing. But they only increase: what was counted on one
// side by the `earlier` reading must be on the other by the `later` one, both ways round. Both readings are the same
// once all is quiet, and then the check is exact but for what may be held or under way.

import { frameOutcomes, packetClasses } from '../memory/counters.js';
import type { PortCounter, StreamCounter } from '../memory/counters.js';

/**
 * Packets of one port that may be without a class: three held aside, and the one that is looked at just now. With the
 * third of a series a port's tables are made, which takes long enough to be seen.
 */
const unclassedLimit = 4;
/** The image that is handed over just now. */
const underWayLimit = 1;

/**
 * Packets of one port that were received and have no class (positive) or have a class and were not received (negative);
 * 0 = the sum holds as far as it can be known while packets come.
 */
export function accountingError(
  earlier: Readonly<Record<PortCounter, number>>,
  later: Readonly<Record<PortCounter, number>>,
): number {
  const classed = (counters: Readonly<Record<PortCounter, number>>): number =>
    packetClasses.reduce((sum, id) => sum + counters[id], 0);
  return difference(earlier.received, classed(later), later.received, classed(earlier), unclassedLimit);
}

/** Images handed to zmq that have no outcome (positive), or outcomes without an image (negative); 0 = the sum holds. */
export function frameAccountingError(
  earlier: Readonly<Record<StreamCounter, number>>,
  later: Readonly<Record<StreamCounter, number>>,
): number {
  const counted = (counters: Readonly<Record<StreamCounter, number>>): number =>
    frameOutcomes.reduce((sum, id) => sum + counters[id], 0);
  return difference(earlier.images, counted(later), later.images, counted(earlier), underWayLimit);
}

function difference(
  wholeEarlier: number,
  partsLater: number,
  wholeLater: number,
  partsEarlier: number,
  allowed: number,
): number {
  const without = wholeEarlier - partsLater;
  if (without > allowed) return without;
  return Math.min(0, wholeLater - partsEarlier);
}
