// Where the missing packets of a port went, settled from its counters: every one gets exactly one cause. Pure; the streamer settles a
// series with it at its end, main a series that is still open. Rules: docs/architecture.md, "ledger".

import type { PortCounter } from './counters.js';

/** Missing packets of one port by cause; their sum is what is missing. `null` = the kernel tells nothing. */
export interface MissingCauses {
  readonly late: number;
  readonly ring: number;
  readonly socket: number | null;
  readonly unexplained: number | null;
}

/** @param counts of one series, by counter */
export function missingCauses(counts: (counter: PortCounter) => number): MissingCauses {
  const missing = counts('missing');
  // A series that goes on may be read between two counters of one packet.
  const late = Math.min(counts('lateFirst'), missing);
  const ring = Math.min(counts('ringFull'), missing - late);
  const afterRing = missing - late - ring;
  const drops = counts('socketDropped');
  if (Number.isNaN(drops)) return { late, ring, socket: null, unexplained: null };
  const socket = Math.min(drops, afterRing);
  return { late, ring, socket, unexplained: afterRing - socket };
}
