// How a series ends, whatever ends it: receivers read what is queued and accept no more, the last frame is known, what
// is left is sent or given up, and the sums are made (settle.ts). Of several instances that share a detector each knows
// a part; where the whole ends they are told (share.ts).
// Tested by test/pipeline/closing.test.ts.

import { laterOf, noFrame, ownBehind } from '../../detector/frame-share.js';
import { phase } from '../../memory/series-words.js';
import { seriesStep } from '../../memory/stream-words.js';
import { served } from '../output/message-sink.js';
import { offerHeader } from './beginning.js';
import { goOn, observe, sendFrames, wentOn } from './open.js';
import { settle } from './settle.js';
import type { SeriesState } from './state.js';

/**
 * The series ends by an order, or because the service stops. The last frame is the highest seen, or with `fill` the
 * last that was asked for. A shared series is cut short: where it ends is not for one instance to say.
 * @param by what has not gone out then is given up
 */
export function stop(series: SeriesState, fill: boolean, by: number): void {
  series.stopWanted = true;
  series.stopBy = by;
  series.tail.stop(fill);
  if (series.share.shared) series.abort('instance_stopped');
  else if (series.step === seriesStep.finishing && !fill) cutTail(series);
}

/** Frames made up behind the last one that was seen are not wanted any more, but for one that is on its way. */
function cutTail(series: SeriesState): void {
  const end = laterOf(series.highest, series.next);
  if (series.last === 0 || end >= series.last) return;
  series.last = end;
  series.deps.words.setLast(end);
}

/** Step "stopping": until all receivers have read what was queued. */
export function stopping(series: SeriesState, now: number): void {
  observe(series, now);
  sendFrames(series, now);
  if (!series.answered()) return;
  // Read anew: packets may have been taken just before the last answer.
  observe(series, now);
  if (wentOn(series)) goOn(series);
  else if (endKnown(series, now)) finish(series, now);
}

/** Of a shared series every instance knows a part; where it ends one of them cannot tell. */
function endKnown(series: SeriesState, now: number): boolean {
  if (series.aborted !== null) return true;
  const known = series.share.endKnown(now, series.deps.limits.closingTimeoutMs);
  if (known === 'lost') series.abort('no_last_frame');
  return known !== 'waits';
}

/** Now the last frame is known: receivers close everything up to it. */
function finish(series: SeriesState, now: number): void {
  const { deps, firstFrame, share, tail } = series;
  observe(series, now);
  const wasSettled = firstFrame.settled;
  const newest = firstFrame.conclude();
  if (!wasSettled) {
    series.followFirst();
    if (series.auto) series.warnings.forgetWait();
  }
  const disagree = firstFrame.settled && newest >= Math.max(series.first, series.next) + deps.ring;
  if (disagree && series.aborted === null) series.portsDisagree();
  if (series.first === 0 || disagree || series.aborted === 'ports_disagree') {
    // Nothing is made up: receivers close what they have begun.
    series.last = noFrame;
    series.sender.next = noFrame;
  } else {
    const last = share.lastFrame(series.first, series.highest, tail);
    series.last = laterOf(last, ownBehind(series.next, -1));
  }
  deps.words.setLast(series.last);
  series.sender.progressAt = now;
  series.give(phase.finish, seriesStep.finishing);
}

/** Step "finishing": until everything is closed, sent and answered, or given up. */
export function finishing(series: SeriesState, now: number): void {
  const { output, limits, reader, shown } = series.deps;
  if (series.framesLeft && !output.busy) {
    if (!series.headerSent && !served(output.sink)) series.abort('no_consumer');
    else if (!series.headerSent) offerHeader(series, now);
    sendFrames(series, now);
  }
  // A streamer that did not run for a while has not waited for consumers or receivers: it is late itself.
  const waiting = series.framesLeft || !series.answered();
  const stuck = now - series.sender.progressAt >= limits.closingTimeoutMs;
  if (waiting && (stuck || now >= series.stopBy)) series.abort('closing_timeout');
  if (series.aborted !== null) series.sender.drop(series.last, now);
  if (series.framesLeft || output.busy || !series.answered()) return;
  const { warnings, first, highest, portsAgree } = series;
  warnings.look(first, portsAgree);
  if (portsAgree) warnings.lookBack(first, highest);
  reader.notePositions();
  shown.settle();
  series.summary = settle(series);
  if (series.summary.aborted !== undefined) series.count('aborted');
  series.enter(seriesStep.ending, now);
}

/** Its consumer went away: it lacks the end at least, and what was on its way. */
export function loseConsumer(series: SeriesState): void {
  const { summary } = series;
  if (series.step !== seriesStep.ending || summary === null) return series.abort('consumer_lost');
  if (series.aborted !== null) return;
  series.aborted = 'consumer_lost';
  if (summary.aborted === undefined) series.count('aborted');
  // The sums stay: the receivers' counters may be those of the next series by now.
  series.summary = { ...summary, aborted: summary.aborted ?? 'consumer_lost', ...series.consumer.summary };
}
