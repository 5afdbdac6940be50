// What became of the packets of one port in one series, from its counters: every missing packet gets exactly one cause.
// Pure; for a series that has ended, and for one that is open as it stands. Rules: docs/architecture.md, "ledger".

import type { MissingByCause } from '../contract/loss-causes.js';
import { foreignCounters, malformedCounters } from '../contract/packet-classes.js';
import type { PortLedger } from '../contract/series.js';
import type { PortCounter } from './counters.js';

/** Counts of one series, by counter. `socketDropped` is NaN where the kernel tells nothing. */
export type SeriesCounts = (counter: PortCounter) => number;

/** The ledger of a port, without what the kernel says besides. Counts of packets. */
export type SeriesPackets = Omit<PortLedger, 'udp_port' | 'socket_limited' | 'kernel_drops'>;

export function missingCauses(counts: SeriesCounts): MissingByCause {
  const missing = counts('missing');
  // A series that goes on may be read between two counters of one packet.
  const late = Math.min(counts('lateFirst'), missing);
  const ring = Math.min(counts('ringFull'), missing - late);
  const afterRing = missing - late - ring;
  const drops = counts('socketDropped');
  const cutOff = counts('cutOff');
  if (Number.isNaN(drops)) return { late, ring, socket: null, cut_off: Math.min(cutOff, afterRing), unexplained: null };
  const socket = Math.min(drops, afterRing);
  const cut = Math.min(cutOff, afterRing - socket);
  return { late, ring, socket, cut_off: cut, unexplained: afterRing - socket - cut };
}

/** Of port images that were closed: expected = accepted + missing, also while the counters go on. */
export function seriesPackets(counts: SeriesCounts): SeriesPackets {
  const sum = (counters: readonly PortCounter[]): number =>
    counters.reduce((total, counter) => total + counts(counter), 0);
  return {
    expected: counts('expected'),
    accepted: Math.max(0, counts('expected') - counts('missing')),
    missing: counts('missing'),
    ...missingCauses(counts),
    duplicate: counts('duplicate'),
    reordered: counts('reordered'),
    late_duplicate: counts('lateDuplicate'),
    late_unknown: counts('lateUnknown'),
    malformed: sum(malformedCounters),
    foreign: sum(foreignCounters),
  };
}
