// The summary of a series, made once nothing of the series changes any more: from counters that the receivers froze,
// and from how far each port came.
// Tested by test/pipeline/series.test.ts.

import type { AbortReason } from '../../contract/abort-reasons.js';
import type { PortReached, SeriesSummary } from '../../contract/series.js';
import { firstNumberOf, frameNumberOf } from '../../detector/frame-share.js';
import { countsBetween, settlePort, withoutAbsent } from './ledger.js';
import type { SeriesState } from './state.js';

export function settle(series: SeriesState): SeriesSummary {
  const { deps, plan, first, last, share, consumer } = series;
  const { sums, incomplete } = series.sender;
  const cutShort = cutShortBy(series);
  return {
    series_id: plan.id,
    filename: series.filename,
    auto: plan.auto,
    ...sums,
    ...(cutShort === null ? {} : { aborted: cutShort }),
    ...(series.aborted === 'consumer_lost' ? consumer.summary : {}),
    incomplete: incomplete.ranges,
    truncated: incomplete.truncated,
    first_frame_number: first === 0 ? null : firstNumberOf(first),
    ledger: deps.ports.map(({ udpPort, seriesBase, seriesEnd, words }) => {
      // Of a tail that was cut receivers may have made up more already, as far as the ring reaches.
      const cut = last === 0 ? 0 : Math.max(0, words.closeNext - 1 - last);
      return settlePort(
        udpPort,
        withoutAbsent(countsBetween(seriesBase, seriesEnd), cut * plan.layout.expectedPackets),
      );
    }),
    warnings: series.warnings.messages,
    header_sent: series.headerSent,
    end_pending: false,
    ...share.summary,
  };
}

/** Why it is not what was asked for: cut off, or the detector has sent no more. */
function cutShortBy({ aborted, tail }: SeriesState): AbortReason | null {
  return aborted ?? (tail.detectorStopped ? 'detector_stopped' : null);
}

export function reached({ deps, first }: SeriesState): PortReached[] {
  return deps.ports.map(({ udpPort, words, seriesBase, seriesEnd }) => ({
    udp_port: udpPort,
    images_complete: countsBetween(seriesBase, seriesEnd)('imagesComplete'),
    newest_frame_number: words.newestSeen === 0 ? null : frameNumberOf(deps.share, words.newestSeen, first),
  }));
}
