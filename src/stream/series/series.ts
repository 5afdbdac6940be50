// STEP 3, second half: the life of one series, from its first command to the receivers to its `series_end`. The one
// authority over what receivers do. How far the detector is: series/progress.ts. What looks wrong: series/warnings.ts.
// What several instances know of one series: series/share.ts. States and rules: docs/architecture.md, "series".
//
//   preparing → header → opening → open → stopping → finishing → ending → (over)
// An auto series has no header step: its header goes out with the first frame. Of several instances that share a
// detector the first hands over the header and the last the end; the others have a header that is handed over elsewhere
// (docs/scaling.md).
// Tested by test/pipeline/series.test.ts.

import type { AbortReason } from '../../contract/abort-reasons.js';
import { firstNumberOf, firstOwnNumber, frameNumberOf, ownFrames } from '../../detector/frame-share.js';
import type { SeriesMetadata } from '../../config/series-metadata.js';
import type { Layout } from '../../detector/layout.js';
import { streamCounter } from '../../memory/counters.js';
import type { StreamCounter } from '../../memory/counters.js';
import { portEvent } from '../../memory/port-words.js';
import { phase } from '../../memory/series-words.js';
import type { Phase } from '../../memory/series-words.js';
import { seriesStep } from '../../memory/stream-words.js';
import type { SeriesStep } from '../../memory/stream-words.js';
import { FirstFrame } from './first-frame.js';
import { FrameSender } from './frame-sender.js';
import { countsBetween, settlePort, withoutAbsent } from './ledger.js';
import { SeriesConsumer } from './consumer.js';
import { SeriesProgress } from './progress.js';
import { SeriesTail } from './tail.js';
import { SeriesShare } from './share.js';
import type { SeriesDeps } from './setup.js';
import type { RefusalReason } from '../../contract/refusals.js';
import type { ArmRequest, HaltedSeries, PortReached, SeriesStop, SeriesSummary } from '../../contract/series.js';
import { SeriesWarnings, strangers } from './warnings.js';

/** A header that no consumer takes for so long is withdrawn: the arm request is refused. */
const headerLimitMs = 5000;
/** A series does not end by silence before this time. */
const silenceLeastMs = 5000;

/**
 * One series. Frame numbers are own ones (detector/frame-share.ts), 0 = not known; indices are 0-based in the series.
 */
export class Series {
  readonly id: number;
  readonly auto: boolean;
  readonly request: ArmRequest;
  readonly #deps: SeriesDeps;
  readonly #layout: Layout;
  readonly #metadata: SeriesMetadata;
  /** That of the request; an auto series is named when its header is made. */
  #filename: string;
  readonly #firstFrame: FirstFrame;
  readonly #sender: FrameSender;
  readonly #progress: SeriesProgress;
  /** This instance's part, where several share the series. */
  readonly share: SeriesShare;
  readonly #silenceMs: number | null;
  step: SeriesStep = seriesStep.preparing;
  headerSent = false;
  headerNumber: number | null = null;
  last = 0;
  /** The summary, once the series is over. */
  summary: SeriesSummary | null = null;
  /** Why the series was given up before anything was begun; null = it was not. */
  withdrawn: { readonly why: RefusalReason; readonly problem: string } | null = null;
  #command: number;
  #since: number;
  #stopWanted = false;
  readonly #tail: SeriesTail;
  /** What comes behind its end is kept for the next series, where it is. */
  keepsBehind = false;
  /** Packets seen when silence was to end it; −1 = something else does. */
  #seenAtIdle = -1;
  #aborted: AbortReason | null = null;
  readonly #warnings: SeriesWarnings;
  readonly #consumer: SeriesConsumer;

  constructor(
    deps: SeriesDeps,
    id: number,
    request: ArmRequest,
    auto: boolean,
    layout: Layout,
    dynamicRange: number,
    readNRows: number,
    follows: boolean,
    now: number,
  ) {
    this.#deps = deps;
    this.id = id;
    this.request = request;
    this.auto = auto;
    this.#layout = layout;
    this.#filename = request.filename;
    this.#metadata = deps.metadata(layout, request);
    const { seriesTimeoutMs, startWindowMs, discardIncomplete, frameTimeoutMs } = deps.limits;
    this.#firstFrame = new FirstFrame(
      deps.words,
      deps.ports,
      request.frames === 0 ? null : ownFrames(deps.share, request.frames),
      startWindowMs,
      deps.ring,
    );
    const base = deps.share.stride === 1 ? null : request.msgNumberBase;
    this.#sender = new FrameSender({ ...deps, discardIncomplete, series: id, base });
    const { shape, pixelType: type, profile } = layout;
    const { exposureTime } = this.#metadata;
    deps.output.prepare({ shape, type, headerKeys: Object.keys(profile.headerFields), exposureTime });
    this.#progress = new SeriesProgress(deps.words, deps.ports, deps.seenTimes, frameTimeoutMs, deps.ring);
    this.#warnings = new SeriesWarnings(deps, layout);
    this.share = new SeriesShare(deps.share, request, deps.ports, this.#firstFrame);
    this.#silenceMs =
      seriesTimeoutMs === null && request.framePeriodMs === null
        ? null
        : Math.max(silenceLeastMs, seriesTimeoutMs ?? 0, 10 * (request.framePeriodMs ?? 0));
    const { framePeriodMs } = request;
    this.#tail = new SeriesTail(deps.limits, framePeriodMs === null ? null : framePeriodMs * deps.share.stride);
    this.#since = now;
    this.#consumer = new SeriesConsumer(deps.output);
    deps.words.reset();
    deps.words.setParameters(id, auto, dynamicRange, readNRows);
    deps.words.setKeepsBehind(follows);
    this.#command = deps.words.command(phase.prepare);
  }

  /**
   * Has anything of this series been promised to a consumer, or any frame been seen? An auto series that waits has not
   * begun.
   */
  get begun(): boolean {
    return !this.auto || this.#firstFrame.started || this.headerSent;
  }

  get first(): number {
    return this.#firstFrame.number;
  }

  /** Next frame to send. */
  get next(): number {
    return this.#sender.next;
  }

  /** Highest frame number seen. */
  get highest(): number {
    return this.#progress.highest;
  }

  /** Most slots of the ring that were in use at once. */
  get slotsUsedMax(): number {
    return this.#progress.slotsUsedMax;
  }

  /**
   * End the series: the last frame is the highest seen, or with `fill` the last that was asked for. One that is shared
   * is cut short: where it ends is not for one instance to say.
   */
  stop(fill = false): void {
    this.#stopWanted = true;
    this.#tail.stop(fill);
    if (this.step === seriesStep.finishing && !fill && !this.share.shared) this.#cutTail();
    if (this.share.shared) this.#abort('instance_stopped');
  }

  /** What was being made up behind the last frame that was seen is not wanted, but for the one that is on its way. */
  #cutTail(): void {
    const end = Math.max(this.highest, this.next);
    if (this.last === 0 || end >= this.last) return;
    this.last = end;
    this.#deps.words.setLast(end);
  }

  /** Accept no more packets, and wait to be told where the series ends. Only for one that is shared. */
  halt(): void {
    this.#stopWanted = true;
  }

  /** What this instance has, once it accepts no more packets; null before. */
  get halted(): HaltedSeries | null {
    const { step } = this;
    if (!this.share.shared || step < seriesStep.stopping || (step === seriesStep.stopping && !this.#answered()))
      return null;
    return this.share.halted(this.#aborted !== null || this.summary !== null);
  }

  /** Where the whole of a shared series ends, of which this instance has halted its part; null = done, else why not. */
  finishAt(end: SeriesStop): string | null {
    return this.share.finishAt(end, this.halted, this.headerSent, this.#sender.sent);
  }

  /** One turn; frames that are closed go out. Returns how many messages were handed over or begun. */
  turn(now: number): number {
    const { next, busy } = this.#deps.output;
    this.#watchConsumer();
    this.#deps.shown.look(now);
    switch (this.step) {
      case seriesStep.preparing:
        this.#preparing(now);
        break;
      case seriesStep.header:
        this.#offerHeader(now);
        break;
      case seriesStep.opening:
        if (!this.#answered()) break;
        this.#warnings.lostBefore();
        this.#enter(seriesStep.open, now);
        break;
      case seriesStep.open:
        this.#open(now);
        break;
      case seriesStep.stopping:
        this.#observe(now);
        this.#sendFrames(now);
        if (!this.#answered()) break;
        // Read anew: packets may have been taken just before the last answer.
        this.#observe(now);
        if (this.#wentOn()) this.#goOn();
        else if (this.#endKnown(now)) this.#finish(now);
        break;
      case seriesStep.finishing:
        this.#finishing(now);
        break;
      default:
        break;
    }
    return this.#deps.output.next - next + (this.#deps.output.busy && !busy ? 1 : 0);
  }

  // --- beginning
  // -------------------------------------------------------------------------------------------------------------

  #preparing(now: number): void {
    if (!this.#answered()) return;
    this.#deps.reader.prepare(this.#layout);
    if (this.#stopWanted) return this.#withdraw('busy', 'it was stopped before it was opened');
    if (!this.share.sendsHeader) return this.#headerElsewhere();
    const pendingHeader = this.auto || (this.request.force && this.#deps.output.sink.peers === 0);
    if (pendingHeader) this.#openReceivers();
    else this.#enter(seriesStep.header, now);
  }

  #offerHeader(now: number): void {
    const { output } = this.#deps;
    if (output.busy) return;
    if (this.step === seriesStep.header) {
      if (this.#stopWanted) return this.#withdraw('busy', 'it was stopped before it was opened');
      if (now - this.#since >= headerLimitMs)
        return this.#withdraw('no_consumer', 'the consumer took no header: is it reading?');
    }
    if (!output.settleOwedEnd(now)) return;
    const { msgNumberBase } = this.request;
    if (this.auto) this.#filename = this.#deps.autoFilename(this.id);
    output.begin(
      { filename: this.#filename, metadata: this.#metadata.text, number: msgNumberBase },
      (number) => {
        this.headerNumber = number;
        this.#headerHandedOver();
      },
      now,
    );
  }

  /** The first instance hands the header over; an end that this one owes nobody waits for any more. */
  #headerElsewhere(): void {
    this.#deps.output.owedEnd = null;
    this.headerNumber = this.request.msgNumberBase;
    this.step = seriesStep.header;
    this.#headerHandedOver();
  }

  #headerHandedOver(): void {
    this.headerSent = true;
    this.#consumer.headerTaken();
    this.#count('series');
    if (this.step === seriesStep.header) this.#openReceivers();
    this.#deps.report({
      kind: 'opened',
      series_id: this.id,
      filename: this.#filename,
      auto: this.auto,
      frames: this.request.frames,
      ...(this.request.msgNumberBase === null ? {} : { msg_number_base: this.request.msgNumberBase }),
    });
  }

  #withdraw(why: RefusalReason, problem: string): void {
    this.withdrawn = { why, problem };
    this.step = seriesStep.idle;
  }

  #openReceivers(): void {
    const given = this.request.firstFrameNumber;
    if (given !== null) {
      this.#firstFrame.tell(firstOwnNumber(given));
      this.#firstFrame.settle();
      this.#followFirst();
    }
    this.#give(phase.open, seriesStep.opening);
  }

  /** The first frame, and with it the next and the last, may be other ones afterwards. */
  #followFirst(): void {
    this.#sender.next = this.#firstFrame.number;
    this.last = this.#firstFrame.last;
  }

  #portsDisagree(): void {
    this.#warnings.portsDisagree(this.first, this.last);
    this.#abort('ports_disagree');
  }

  // --- open
  // ------------------------------------------------------------------------------------------------------------------

  #open(now: number): void {
    const { limits, output, ring } = this.#deps;
    this.#observe(now);
    const news = this.#firstFrame.look(now);
    if (news === 'disagree') return this.#portsDisagree();
    if (news === 'told') this.#followFirst();
    const settled = this.#firstFrame.settled;
    if (news === 'settled' && this.auto) {
      this.#warnings.forgetWait();
      this.#deps.idle.begin(this.first, now);
      this.#warnings.fellApart(this.#deps.idle.fellApartMs);
    }
    if (!this.headerSent && !output.busy && (!this.auto || settled)) this.#offerHeader(now);
    this.#sendFrames(now);
    const { events } = this.#progress;
    if ((events & portEvent.ringSpan) !== 0) return this.#portsDisagree();
    if ((events & portEvent.jumpForward) !== 0 && !this.auto) return this.#abort('frame_jump');
    if (settled && this.highest - this.next + 1 - ring > limits.maxOwedFrames) return this.#abort('consumer_stalled');
    const silent = this.#progress.silentMs(now);
    if (this.#silenceMs !== null && silent >= this.#silenceMs) {
      this.#tail.fellSilent();
      this.share.reachedEnd();
      this.#stopWanted = true;
    }
    if (this.auto) {
      if (!this.headerSent && output.sink.peers === 0) this.#stopWanted = true;
    }
    if (settled && this.last !== 0 && this.next > this.last) {
      this.share.reachedEnd();
      this.#stopWanted = true;
    }
    if (this.#stopWanted) this.#stopReceivers(this.auto && this.share.allFrames !== null);
    else if (this.auto && (events & (portEvent.jumpBackward | portEvent.jumpForward)) !== 0) this.#stopReceivers(true);
    else if (this.auto && silent >= this.#deps.idle.ms) {
      this.#seenAtIdle = this.#progress.seenPackets;
      this.#stopReceivers(true);
    }
  }

  /** @param keepsBehind what comes behind the end is the next series' */
  #stopReceivers(keepsBehind: boolean): void {
    this.keepsBehind = keepsBehind;
    this.#deps.words.setKeepsBehind(keepsBehind);
    this.#give(phase.stop, seriesStep.stopping);
  }

  /** Silence was to end the series, and packets of it were in the sockets: they are no end. */
  #wentOn(): boolean {
    const ended = this.#seenAtIdle < 0 || this.#stopWanted || this.#aborted !== null;
    const jumped = (this.#progress.events & (portEvent.jumpBackward | portEvent.jumpForward)) !== 0;
    return !ended && !jumped && this.#progress.seenPackets !== this.#seenAtIdle;
  }

  #goOn(): void {
    this.#seenAtIdle = -1;
    this.keepsBehind = false;
    this.#give(phase.open, seriesStep.open);
  }

  /** How far has the detector come, and does anything look wrong? */
  #observe(now: number): void {
    this.#progress.observe(this.next, this.last, now);
    if (this.auto && this.#firstFrame.settled) this.#deps.idle.observe(this.highest, now);
    // Before all ports go by the first frame, they may not have forgotten what came before it.
    if (!this.auto || !this.#firstFrame.started || this.#firstFrame.settled)
      this.#warnings.lookNowAndThen(now, this.first, this.#portsAgree);
  }

  get #portsAgree(): boolean {
    return this.#firstFrame.settled && this.#aborted !== 'ports_disagree';
  }

  #sendFrames(now: number): void {
    if (!this.headerSent || !this.#firstFrame.settled || this.#aborted !== null) return;
    // Half a detector is no frame: while nothing is sent nothing is lost by saying so.
    if (
      !this.auto &&
      this.next === this.first &&
      this.#deps.reader.ready(this.next) &&
      this.#warnings.portsApart(this.first, this.last)
    )
      return this.#portsDisagree();
    this.#sender.send(this.first, this.last, now);
  }

  #count(counter: StreamCounter): void {
    const { counters } = this.#deps;
    counters[streamCounter[counter]] = counters[streamCounter[counter]] + 1;
  }

  // --- ending
  // ----------------------------------------------------------------------------------------------------------------

  #watchConsumer(): void {
    const { peers } = this.#deps.output.sink;
    const { consumerConnections } = this.#deps.limits;
    if (this.headerSent && peers > consumerConnections)
      this.#warnings.warn('strangers', strangers(peers, consumerConnections));
    if (this.#consumer.lost() && this.headerSent) this.#abort('consumer_lost');
  }

  /** Cut the series short: what was not sent never will be, and takes no numbers. */
  #abort(reason: AbortReason): void {
    if (this.#aborted !== null || this.step === seriesStep.ending) return;
    this.#aborted = reason;
    if (this.step === seriesStep.open) this.#stopReceivers(false);
    else if (this.step === seriesStep.opening) this.#stopWanted = true;
  }

  /** Of a shared series every instance knows a part; where it ends one of them cannot tell. */
  #endKnown(now: number): boolean {
    if (!this.share.shared || this.share.allFrames !== null || this.#aborted !== null) return true;
    if (this.share.waitedForEnd(now, this.#deps.limits.closingTimeoutMs)) this.#abort('no_last_frame');
    return this.#aborted !== null;
  }

  /** All receivers have read what was queued: now the last frame is known. */
  #finish(now: number): void {
    const { words, ring } = this.#deps;
    this.#observe(now);
    const wasSettled = this.#firstFrame.settled;
    const newest = this.#firstFrame.conclude();
    if (!wasSettled) {
      this.#followFirst();
      if (this.auto) this.#warnings.forgetWait();
    }
    const disagree = this.#firstFrame.settled && newest >= Math.max(this.first, this.next) + ring;
    if (disagree && this.#aborted === null) this.#portsDisagree();
    if (this.first === 0 || disagree || this.#aborted === 'ports_disagree') {
      // Nothing is made up: receivers close what they have begun.
      this.last = 0;
      this.#sender.next = 0;
    } else {
      // Before the last frame was known, ports may have begun frames beyond it: they are not of the series.
      const { allFrames } = this.share;
      const end =
        this.request.frames > 0
          ? this.first + ownFrames(this.#deps.share, allFrames ?? this.request.frames) - 1
          : this.highest;
      const known =
        (this.share.shared && allFrames !== null) || (this.request.frames > 0 && this.#tail.fills(end - this.highest));
      this.last = Math.max(known ? end : Math.min(this.highest, end), this.next - 1);
    }
    words.setLast(this.last);
    this.#sender.progressAt = now;
    this.#give(phase.finish, seriesStep.finishing);
  }

  #finishing(now: number): void {
    const { output, limits } = this.#deps;
    const left = this.last !== 0 && this.next <= this.last;
    if (left && !output.busy) {
      if (!this.headerSent && output.sink.peers === 0) this.#abort('no_consumer');
      else if (!this.headerSent) this.#offerHeader(now);
      this.#sendFrames(now);
    }
    // A streamer that did not run for a while has not waited for anybody: it is late itself.
    const waiting = (this.last !== 0 && this.next <= this.last) || !this.#answered();
    if (waiting && now - this.#sender.progressAt >= limits.closingTimeoutMs) this.#abort('closing_timeout');
    if (this.#aborted !== null) this.#sender.drop(this.last, now);
    if (this.last !== 0 && this.next <= this.last) return;
    if (output.busy || !this.#answered()) return;
    this.#warnings.look(this.first, this.#portsAgree);
    if (this.#portsAgree) this.#warnings.lookBack(this.first, this.highest);
    this.#deps.reader.notePositions();
    this.#deps.shown.settle();
    this.summary = this.#settle();
    if (this.#cutShort !== null) this.#count('aborted');
    this.#enter(seriesStep.ending, now);
  }

  /** Why it is not what was asked for: cut off, or the detector has sent no more. */
  get #cutShort(): AbortReason | null {
    return this.#aborted ?? (this.#tail.detectorStopped ? 'detector_stopped' : null);
  }

  /** The sums, from counters that the receivers froze. */
  #settle(): SeriesSummary {
    const { sums, incomplete } = this.#sender;
    return {
      series_id: this.id,
      filename: this.#filename,
      auto: this.auto,
      ...sums,
      ...(this.#cutShort === null ? {} : { aborted: this.#cutShort }),
      ...(this.#aborted === 'consumer_lost' ? this.#consumer.summary : {}),
      incomplete: incomplete.ranges,
      truncated: incomplete.truncated,
      first_frame_number: this.first === 0 ? null : firstNumberOf(this.first),
      ledger: this.#deps.ports.map(({ udpPort, seriesBase, seriesEnd, words }) => {
        // Of a tail that was cut receivers may have made up more already, as far as the ring reaches.
        const cut = this.last === 0 ? 0 : Math.max(0, words.closeNext - 1 - this.last);
        return settlePort(
          udpPort,
          withoutAbsent(countsBetween(seriesBase, seriesEnd), cut * this.#layout.expectedPackets),
        );
      }),
      warnings: this.#warnings.messages,
      header_sent: this.headerSent,
      end_pending: false,
      ...this.share.summary,
    };
  }

  /** How far each port came, once the series has ended. */
  get reached(): PortReached[] {
    return this.#deps.ports.map(({ udpPort, words, seriesBase, seriesEnd }) => ({
      udp_port: udpPort,
      images_complete: countsBetween(seriesBase, seriesEnd)('imagesComplete'),
      newest_frame_number:
        words.newestSeen === 0 ? null : frameNumberOf(this.#deps.share, words.newestSeen, this.first),
    }));
  }

  // --- commands to the receivers
  // -------------------------------------------------------------------------------------------------

  #give(command: Phase, step: SeriesStep): void {
    this.#command = this.#deps.words.command(command);
    this.step = step;
  }

  #enter(step: SeriesStep, now: number): void {
    this.step = step;
    this.#since = now;
  }

  /** Since when the present step lasts, in ms of the service's clock. */
  get since(): number {
    return this.#since;
  }

  #answered(): boolean {
    for (const { words } of this.#deps.ports) if (words.answer !== this.#command) return false;
    return true;
  }
}
