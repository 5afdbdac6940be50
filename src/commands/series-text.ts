// Series in words, for `vdcu stop` and `vdcu status`.

import type { SeriesSummary } from '../contract/series.js';

/** Lines about a series that has ended: frames, loss of each port by cause, warnings. */
export function summaryLines(summary: SeriesSummary): string[] {
  const { frames, complete, marked, discarded, unsent } = summary;
  return [
    `series ${summary.series_id} ${summary.aborted === undefined ? 'ended' : `aborted (${summary.aborted})`}: `
      + `${frames} frames = ${complete} complete + ${marked} marked + ${discarded} discarded${unsent > 0 ? `; ${unsent} not sent` : ''}`
      + `${summary.filename === '' ? '' : `; ${summary.filename}`}`,
    ...summary.ledger.map((port) => `  port ${port.udp_port}: ${port.accepted} of ${port.expected} packets; ${port.missing} missing`
      + (port.missing === 0 ? '' : ` = ${port.late} late + ${port.ring} ring + ${port.socket ?? '?'} socket + ${port.unexplained ?? '?'} unexplained`)),
    ...summary.warnings.map((warning) => `  ${warning}`),
    ...(summary.end_pending ? ['  its series_end waits for a consumer'] : []),
  ];
}
