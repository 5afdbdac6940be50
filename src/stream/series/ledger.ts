// The ledger of a series: what became of every packet, per port, settled from the counters that the receivers froze when the
// series was opened and when it ended. Pure; called by the streamer at the end of a series. Rules: docs/architecture.md, "ledger".

import { portCounter } from '../../memory/counters.js';
import type { PortCounter } from '../../memory/counters.js';
import { missingCauses } from '../../memory/missing-causes.js';
import type { PortLedger } from '../../contract/series.js';

/** Difference of two snapshots of one port's counters, in the order of the counter table. */
export type SeriesCounts = (counter: PortCounter) => number;

/** Counts of one series from two snapshots. */
export function countsBetween(base: Float64Array, end: Float64Array): SeriesCounts {
  return (counter) => (end[portCounter[counter]] as number) - (base[portCounter[counter]] as number);
}

/** Settle one port: every missing packet gets exactly one cause. */
export function settlePort(udpPort: number, counts: SeriesCounts): PortLedger {
  const causes = missingCauses(counts);
  const drops = counts('socketDropped');
  const kernelDrops = Number.isNaN(drops) ? null : drops;
  return {
    udp_port: udpPort,
    expected: counts('expected'),
    accepted: counts('accepted'),
    missing: counts('missing'),
    ...causes,
    socket_limited: kernelDrops !== null && causes.socket !== null && kernelDrops > causes.socket,
    kernel_drops: kernelDrops,
    duplicate: counts('duplicate'),
    reordered: counts('reordered'),
    late_duplicate: counts('lateDuplicate'),
    late_unknown: counts('lateUnknown'),
    malformed: counts('malformedSize') + counts('malformedVersion') + counts('malformedDetectorType') + counts('malformedPacketNumber') + counts('malformedPosition') + counts('malformedFrameNumber'),
    foreign: counts('foreignSource') + counts('foreignUnarmed') + counts('foreignSeries'),
  };
}

/** Ranges of incomplete frames that `series_end` names at most. */
const rangeLimit = 1000;

/** Frame indices that were not complete, as inclusive ranges, bounded. Indices come in increasing order. */
export class IncompleteRanges {
  readonly ranges: [number, number][] = [];
  truncated = false;

  add(frameIndex: number): void {
    const last = this.ranges[this.ranges.length - 1];
    if (last !== undefined && last[1] === frameIndex - 1) last[1] = frameIndex;
    else if (this.ranges.length < rangeLimit) this.ranges.push([frameIndex, frameIndex]);
    else this.truncated = true;
  }
}
