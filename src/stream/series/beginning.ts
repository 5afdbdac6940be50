// How a series begins: receivers forget what was before, the header is offered, the receivers are opened. An automatic
// series has no header step: its header goes out with the first frame. Of several instances that share a detector the
// first hands over the header of all (docs/scaling.md).
// Tested by test/pipeline/series.test.ts.

import { problemTexts } from '../../contract/refusals.js';
import { firstOwnNumber } from '../../detector/frame-share.js';
import type { FrameNumber } from '../../detector/frame-share.js';
import { phase } from '../../memory/series-words.js';
import { seriesStep } from '../../memory/stream-words.js';
import { endServed, overtakes, served } from '../output/message-sink.js';
import type { SeriesState } from './state.js';

/** A header that no consumer takes for so long is withdrawn: the arm request is refused. */
const headerLimitMs = 5000;

/** Step "preparing": until all receivers have forgotten. */
export function prepare(series: SeriesState, now: number): void {
  if (!series.answered()) return;
  const { deps, plan, share } = series;
  deps.reader.prepare(plan.layout);
  if (series.stopWanted) return series.withdraw('busy', problemTexts.stoppedEarly);
  if (!share.sendsHeader) return headerElsewhere(series, now);
  const pendingHeader = plan.auto || (plan.request.force && !served(deps.output.sink));
  if (pendingHeader) openReceivers(series);
  else series.enter(seriesStep.header, now);
}

/** Step "header"; of a header that waits, whenever there is room for it. */
export function offerHeader(series: SeriesState, now: number): void {
  const { deps } = series;
  const { output } = deps;
  if (output.busy) return;
  if (series.step === seriesStep.header) {
    if (series.stopWanted) return series.withdraw('busy', problemTexts.stoppedEarly);
    if (now - series.since >= headerLimitMs)
      return series.withdraw('no_consumer', 'the consumer took no header: is it reading?');
  }
  if (!output.settleOwedEnd(now)) return;
  if (series.auto) series.filename = deps.autoFilename(series.plan.id);
  output.begin(
    { filename: series.filename, metadata: series.metadata.text, number: series.request.msgNumberBase },
    (number) => {
      series.headerNumber = number;
      headerHandedOver(series);
    },
    now,
  );
}

/**
 * The first instance hands the header over, once this one is open: the header must not pass what this one has on its
 * way, nor an end that it owes and a consumer may take yet. Behind the header that end is of no use.
 */
function headerElsewhere(series: SeriesState, now: number): void {
  const { output } = series.deps;
  if (!output.busy) output.settleOwedEnd(now);
  const owes = output.busy || (output.owedEnd !== null && endServed(output.sink));
  if (owes || overtakes('headers', output.sink)) {
    if (now - series.since >= headerLimitMs)
      series.withdraw('no_consumer', 'the consumer has not taken all of the series before: is it reading?');
    return;
  }
  output.owedEnd = null;
  output.sink.begins?.();
  series.headerNumber = series.request.msgNumberBase;
  series.step = seriesStep.header;
  headerHandedOver(series);
}

function headerHandedOver(series: SeriesState): void {
  series.headerSent = true;
  series.consumer.headerTaken();
  series.count('series');
  if (series.step === seriesStep.header) openReceivers(series);
  const { msgNumberBase, frames } = series.request;
  series.deps.report({
    kind: 'opened',
    series_id: series.plan.id,
    filename: series.filename,
    auto: series.auto,
    frames,
    ...(msgNumberBase === null ? {} : { msg_number_base: msgNumberBase }),
  });
}

function openReceivers(series: SeriesState): void {
  const given = series.request.firstFrameNumber;
  if (given !== null) {
    series.firstFrame.tell(firstOwnNumber(given as FrameNumber));
    series.firstFrame.settle();
    series.followFirst();
  }
  series.give(phase.open, seriesStep.opening);
}

/** Step "opening": until all receivers accept. */
export function waitUntilOpen(series: SeriesState, now: number): void {
  if (!series.answered()) return;
  series.warnings.lostBefore();
  series.enter(seriesStep.open, now);
}
