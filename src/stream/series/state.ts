// One series at this moment: what it was asked to be, what it works with, how far it is, and the moves that its steps
// share: a command to the receivers, another step, giving up. The steps: beginning.ts, open.ts, end.ts.
// Tested by test/pipeline/series.test.ts.

import type { SeriesMetadata } from '../../config/series-metadata.js';
import type { AbortReason } from '../../contract/abort-reasons.js';
import type { RefusalReason } from '../../contract/refusals.js';
import type { ArmRequest, SeriesSummary } from '../../contract/series.js';
import { noFrame } from '../../detector/frame-share.js';
import type { OwnNumber } from '../../detector/frame-share.js';
import type { Layout } from '../../detector/layout.js';
import { streamCounter } from '../../memory/counters.js';
import type { StreamCounter } from '../../memory/counters.js';
import { phase } from '../../memory/series-words.js';
import type { Phase } from '../../memory/series-words.js';
import { seriesStep } from '../../memory/stream-words.js';
import type { SeriesStep } from '../../memory/stream-words.js';
import { SeriesConsumer } from './consumer.js';
import { FirstFrame } from './first-frame.js';
import { FrameSender } from './frame-sender.js';
import { SeriesProgress } from './progress.js';
import type { SeriesDeps } from './setup.js';
import { SeriesShare } from './share.js';
import { SeriesTail } from './tail.js';
import { SeriesWarnings } from './warnings.js';

/** A series does not end by silence before this time. */
const silenceLeastMs = 5000;

/** What one series is. */
export interface SeriesPlan {
  readonly id: number;
  readonly request: ArmRequest;
  /** It opens by itself, and its header goes out with the first frame. */
  readonly auto: boolean;
  readonly layout: Layout;
  readonly dynamicRange: number;
  /** 0 = all rows. */
  readonly readNRows: number;
  /** What came behind the end of the series before is this one's. */
  readonly follows: boolean;
}

/** Times in ms of the service's clock. */
export class SeriesState {
  readonly deps: SeriesDeps;
  readonly plan: SeriesPlan;
  readonly metadata: SeriesMetadata;
  readonly firstFrame: FirstFrame;
  readonly sender: FrameSender;
  readonly progress: SeriesProgress;
  readonly warnings: SeriesWarnings;
  readonly consumer: SeriesConsumer;
  readonly tail: SeriesTail;
  /** This instance's part, where several share the series. */
  readonly share: SeriesShare;
  /** Silence that ends it, in ms; null = none does. */
  readonly silenceMs: number | null;
  /** That of the request; an auto series is named when its header is made. */
  filename: string;
  step: SeriesStep = seriesStep.preparing;
  /** Since when the present step lasts. */
  since: number;
  headerSent = false;
  headerNumber: number | null = null;
  /** Last frame. */
  last = noFrame;
  stopWanted = false;
  /** When the service ends: what has not gone out then is given up. */
  stopBy = Infinity;
  /** What comes behind its end is kept for the next series, where it is. */
  keepsBehind = false;
  /** Packets seen when silence was to end it; −1 = something else does. */
  seenAtIdle = -1;
  aborted: AbortReason | null = null;
  /** Why the series was given up before anything was begun; null = it was not. */
  withdrawn: { readonly why: RefusalReason; readonly problem: string } | null = null;
  /** The summary, once the series is over. */
  summary: SeriesSummary | null = null;
  #command: number;

  constructor(deps: SeriesDeps, plan: SeriesPlan, now: number) {
    const { request, layout } = plan;
    const { words, ports, ring, limits } = deps;
    this.deps = deps;
    this.plan = plan;
    this.filename = request.filename;
    this.metadata = deps.metadata(layout, request);
    this.share = new SeriesShare(deps.share, request, ports);
    const { framesAsked: frames, base } = this.share;
    const { startWindowMs, frameTimeoutMs } = limits;
    this.firstFrame = new FirstFrame({ words, ports, frames, startWindowMs, ring });
    this.sender = new FrameSender({ ...deps, discardIncomplete: limits.discardIncomplete, series: plan.id, base });
    const { shape, pixelType: type, profile, expectedPackets } = layout;
    const { exposureTime } = this.metadata;
    deps.output.prepare({ shape, type, headerKeys: Object.keys(profile.headerFields), exposureTime });
    this.progress = new SeriesProgress({
      words,
      ports,
      seenTimes: deps.seenTimes,
      frameTimeoutMs,
      ring,
      expectedPackets,
    });
    this.warnings = new SeriesWarnings(deps, layout);
    const { framePeriodMs } = this.share;
    this.silenceMs =
      limits.seriesTimeoutMs === null && framePeriodMs === null
        ? null
        : Math.max(silenceLeastMs, limits.seriesTimeoutMs ?? 0, 10 * (framePeriodMs ?? 0));
    this.tail = new SeriesTail(limits, framePeriodMs);
    this.since = now;
    this.consumer = new SeriesConsumer(deps.output);
    words.reset();
    words.setParameters(plan.id, plan.auto, plan.dynamicRange, plan.readNRows);
    words.setKeepsBehind(plan.follows);
    this.#command = words.command(phase.prepare);
  }

  get auto(): boolean {
    return this.plan.auto;
  }

  get request(): ArmRequest {
    return this.plan.request;
  }

  get first(): OwnNumber {
    return this.firstFrame.number;
  }

  /** Next frame to send. */
  get next(): OwnNumber {
    return this.sender.next;
  }

  /** Highest frame number seen. */
  get highest(): OwnNumber {
    return this.progress.highest;
  }

  /** Frames up to the last one are left to send. */
  get framesLeft(): boolean {
    return this.last !== 0 && this.next <= this.last;
  }

  /** All ports go by the first frame, and nothing says that they do not belong together. */
  get portsAgree(): boolean {
    return this.firstFrame.settled && this.aborted !== 'ports_disagree';
  }

  give(command: Phase, step: SeriesStep): void {
    this.#command = this.deps.words.command(command);
    this.step = step;
  }

  /** All have done what they were told. */
  answered(): boolean {
    const { ports, forms } = this.deps;
    for (const { words } of ports) if (words.answer !== this.#command) return false;
    return forms === null || forms.answered(this.#command);
  }

  enter(step: SeriesStep, now: number): void {
    this.step = step;
    this.since = now;
  }

  /** The first frame, and with it the next and the last, may be other ones afterwards. */
  followFirst(): void {
    this.sender.next = this.firstFrame.number;
    this.last = this.firstFrame.last;
  }

  withdraw(why: RefusalReason, problem: string): void {
    this.withdrawn = { why, problem };
    this.step = seriesStep.idle;
  }

  /** Cut the series short: what was not sent never will be, and takes no numbers. */
  abort(reason: AbortReason): void {
    if (this.aborted !== null || this.step === seriesStep.ending) return;
    this.aborted = reason;
    if (this.step === seriesStep.open) this.stopReceivers(false);
    else if (this.step === seriesStep.opening) this.stopWanted = true;
  }

  portsDisagree(): void {
    this.warnings.portsDisagree(this.first, this.last);
    this.abort('ports_disagree');
  }

  /** @param keepsBehind what comes behind the end is the next series' */
  stopReceivers(keepsBehind: boolean): void {
    this.keepsBehind = keepsBehind;
    this.deps.words.setKeepsBehind(keepsBehind);
    this.give(phase.stop, seriesStep.stopping);
  }

  count(counter: StreamCounter): void {
    const { counters } = this.deps;
    counters[streamCounter[counter]] = counters[streamCounter[counter]] + 1;
  }
}
