// A series that is open: each turn it looks how far the detector is, settles its first frame, sends what is closed, and
// notices what ends it: all frames sent, a wish, silence, numbers that jump, a consumer that is too far behind.
// Tested by test/pipeline/series.test.ts.

import type { AbortReason } from '../../contract/abort-reasons.js';
import { portEvent } from '../../memory/port-words.js';
import { phase } from '../../memory/series-words.js';
import { seriesStep } from '../../memory/stream-words.js';
import { served } from '../output/message-sink.js';
import { offerHeader } from './beginning.js';
import type { SeriesState } from './state.js';

const jumped = portEvent.jumpBackward | portEvent.jumpForward;

/** Step "open". */
export function stayOpen(series: SeriesState, now: number): void {
  const { limits, output, ring, idle } = series.deps;
  const { auto, firstFrame, progress } = series;
  observe(series, now);
  const news = firstFrame.look(now);
  if (news === 'disagree') return series.portsDisagree();
  if (news === 'told') series.followFirst();
  const { settled } = firstFrame;
  if (news === 'settled' && auto) {
    series.warnings.forgetWait();
    idle.begin(series.first, now);
    series.warnings.fellApart(idle.fellApart);
  }
  if (!series.headerSent && !output.busy && (!auto || settled)) offerHeader(series, now);
  sendFrames(series, now);
  const { events } = progress;
  if ((events & portEvent.ringSpan) !== 0) return series.portsDisagree();
  if ((events & portEvent.jumpForward) !== 0 && !auto) return series.abort('frame_jump');
  if (settled && series.highest - series.next + 1 - ring > limits.maxOwedFrames)
    return series.abort(tooFarBehind(series));
  const silent = progress.silentMs(now);
  if (series.silenceMs !== null && silent >= series.silenceMs) {
    series.tail.fellSilent();
    reachEnd(series);
  }
  if (auto && !series.headerSent && !served(output.sink)) series.stopWanted = true;
  if (settled && series.last !== 0 && series.next > series.last) reachEnd(series);
  if (series.stopWanted) series.stopReceivers(auto && series.share.ended);
  else if (auto && (events & jumped) !== 0) series.stopReceivers(true);
  else if (auto && silent >= idle.ms) {
    series.seenAtIdle = progress.seenPackets;
    series.stopReceivers(true);
  }
}

/**
 * More frames are owed than may be: because the consumer takes too few, or because most of them never came? A consumer
 * that has taken nothing meanwhile is to blame in any case.
 */
function tooFarBehind({ progress, sender, next }: SeriesState): AbortReason {
  const stalled = sender.blocked && progress.stands(next);
  return progress.mostlySkipped && !stalled ? 'frames_skipped' : 'consumer_stalled';
}

function reachEnd(series: SeriesState): void {
  series.share.reachedEnd();
  series.stopWanted = true;
}

/** Silence was to end the series, and packets of it were in the sockets: they are no end. */
export function wentOn({ progress, seenAtIdle, stopWanted, aborted }: SeriesState): boolean {
  const ended = seenAtIdle < 0 || stopWanted || aborted !== null;
  return !ended && (progress.events & jumped) === 0 && progress.seenPackets !== seenAtIdle;
}

export function goOn(series: SeriesState): void {
  series.seenAtIdle = -1;
  series.keepsBehind = false;
  series.give(phase.open, seriesStep.open);
}

/** How far has the detector come, and does anything look wrong? */
export function observe(series: SeriesState, now: number): void {
  const { auto, firstFrame, progress, warnings } = series;
  progress.observe(series.next, series.last, now);
  if (auto && firstFrame.settled) series.deps.idle.observe(series.highest, now);
  // Before all ports go by the first frame, they may not have forgotten what came before it.
  if (!auto || !firstFrame.begun || firstFrame.settled) warnings.lookNowAndThen(now, series.first, series.portsAgree);
}

export function sendFrames(series: SeriesState, now: number): void {
  if (!series.headerSent || !series.firstFrame.settled || series.aborted !== null) return;
  // Half a detector is no frame: while nothing is sent nothing is lost by saying so.
  if (
    !series.auto &&
    series.next === series.first &&
    series.deps.reader.ready(series.next) &&
    series.warnings.portsApart(series.first, series.last)
  )
    return series.portsDisagree();
  series.sender.send(series.first, series.last, now);
}
