// The ledger of a series: what became of every packet, per port, settled from the counters that the receivers froze
// when the series was opened and when it ended. Pure. Rules: docs/architecture.md, "ledger".

import { portCounter } from '../../memory/counters.js';
import { seriesPackets } from '../../memory/series-packets.js';
import type { SeriesCounts } from '../../memory/series-packets.js';
import type { PortLedger } from '../../contract/series.js';

/** Counts of one series from two snapshots. */
export function countsBetween(base: Float64Array, end: Float64Array): SeriesCounts {
  return (counter) => end[portCounter[counter]] - base[portCounter[counter]];
}

/** The same without `packets` of images that were closed as absent, and are none of the series. */
export function withoutAbsent(counts: SeriesCounts, packets: number): SeriesCounts {
  return (counter) => counts(counter) - (counter === 'expected' || counter === 'missing' ? packets : 0);
}

/** Settle one port: every missing packet gets exactly one cause. */
export function settlePort(udpPort: number, counts: SeriesCounts): PortLedger {
  const packets = seriesPackets(counts);
  const drops = counts('socketDropped');
  const kernelDrops = Number.isNaN(drops) ? null : drops;
  return {
    udp_port: udpPort,
    ...packets,
    // As it was counted, packet by packet: the other side of the identity.
    accepted: counts('accepted'),
    socket_limited: kernelDrops !== null && packets.socket !== null && kernelDrops > packets.socket,
    kernel_drops: kernelDrops,
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
