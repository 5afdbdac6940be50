// Series in words, for `vdcu stop` and `vdcu status`.
// Tested by test/commands/series-commands.test.ts.

import { abortText } from '../contract/abort-reasons.js';
import { lossCauses } from '../contract/loss-causes.js';
import type { MissingByCause } from '../contract/loss-causes.js';
import { codesOf } from '../contract/row.js';
import type { SeriesSummary, Undelivered } from '../contract/series.js';

/** Lines about a series that has ended: frames, loss of each port by cause, warnings. */
export function summaryLines(summary: SeriesSummary): string[] {
  const { frames, complete, marked, discarded, unsent } = summary;
  return [
    `series ${summary.series_id} ${summary.aborted === undefined ? 'ended' : `aborted (${summary.aborted})`}: ` +
      `${frames} frames = ${complete} complete + ${marked} marked + ${discarded} ` +
      `discarded${unsent > 0 ? `; ${unsent} not sent` : ''}${summary.filename === '' ? '' : `; ${summary.filename}`}`,
    ...(summary.aborted === undefined ? [] : [`  ${summary.aborted}: ${abortText(summary.aborted)}`]),
    ...summary.ledger.map(
      (port) => `  port ${port.udp_port}: ${port.accepted} of ${port.expected} packets; ${missingText(port)}`,
    ),
    ...receiverLines(summary),
    ...summary.warnings.map((warning) => `  ${warning}`),
    ...(summary.undelivered === undefined ? [] : [`  ${undeliveredText(summary.undelivered)}`]),
    ...(summary.end_pending ? ['  its series_end waits for a consumer'] : []),
  ];
}

const undeliveredText = ({ messages, bytes }: Undelivered): string =>
  `${messages} messages (${bytes} bytes) had not reached the consumer in time`;

function receiverLines({ received_by_consumer: received, receiver_error: error }: SeriesSummary): string[] {
  // Where it failed it has received images and kept none.
  if (error !== undefined) return [`  the receiver failed, they are not saved: ${error}`];
  if (received === undefined) return [];
  if (received === null) return ['  what the receiver has of them is not known'];
  return [`  the receiver has received ${received} of them`];
}

/** `3 missing = 1 late + 0 ring + ? socket …`, cause by cause; `?` = the kernel tells nothing. */
export function missingText(packets: MissingByCause & { readonly missing: number }): string {
  const causes = codesOf(lossCauses).map((cause) => `${packets[cause] ?? '?'} ${cause}`);
  return `${packets.missing} missing${packets.missing === 0 ? '' : ` = ${causes.join(' + ')}`}`;
}
