// Does every packet have its class? The check behind `vdcu_accounting_error_packets`, which must be 0 in production as in tests.

import { packetClasses } from '../memory/counters.js';
import type { PortCounter } from '../memory/counters.js';

type Counters = Readonly<Record<PortCounter, number>>;

/** Packets of one port that may be held aside without a class. */
const heldLimit = 2;

/**
 * Packets of one port that were received and have no class (positive) or have a class and were not received (negative); 0 = the
 * sum holds, packets held aside included.
 *
 * Counters go on while they are read, so one reading proves nothing. But they only increase: what was received by the
 * `earlier` reading must have its class by the `later` one, and what had its class by the earlier one must have been received by
 * the later one. Both readings are the same once the port is quiet, and then the check is exact.
 */
export function accountingError(earlier: Counters, later: Counters): number {
  const unclassed = earlier.received - classed(later);
  if (unclassed > heldLimit) return unclassed;
  return Math.min(0, later.received - classed(earlier));
}

function classed(counters: Counters): number {
  return packetClasses.reduce((sum, id) => sum + counters[id], 0);
}
