// STEP 3, second half: the life of one series, from its first command to the receivers to its `series_end`. The one
// authority over what receivers do. What it is made of, and how far it is: state.ts; a file for each part of its life:
// beginning.ts, open.ts, end.ts. States and rules: docs/architecture.md, "series".
//
//   preparing → header → opening → open → stopping → finishing → ending → (over)
// Tested by test/pipeline/series.test.ts.

import { peerRefusals } from '../../contract/refused-peers.js';
import type { RefusedPeer } from '../../contract/refused-peers.js';
import type { HaltedSeries, PortReached, SeriesLoss, SeriesStop, SeriesSummary } from '../../contract/series.js';
import type { OwnNumber } from '../../detector/frame-share.js';
import { seriesStep } from '../../memory/stream-words.js';
import type { SeriesStep } from '../../memory/stream-words.js';
import { offerHeader, prepare, waitUntilOpen } from './beginning.js';
import { finishing, loseConsumer, stop, stopping } from './end.js';
import { stayOpen } from './open.js';
import { mostPeers } from '../output/message-sink.js';
import type { SeriesDeps } from './setup.js';
import { reached } from './settle.js';
import type { SeriesShare } from './share.js';
import { SeriesState } from './state.js';
import type { SeriesPlan } from './state.js';
import { strangers } from './warnings.js';

/** One series, as the streamer sees it. Times in ms of the service's clock. */
export class Series {
  readonly #state: SeriesState;

  constructor(deps: SeriesDeps, plan: SeriesPlan, now: number) {
    this.#state = new SeriesState(deps, plan, now);
  }

  /**
   * One turn; frames that are closed go out.
   * @returns how many messages were handed over or begun, 0 when another turn has nothing to do before the next frame
   */
  turn(now: number): number {
    const state = this.#state;
    const { output, shown } = state.deps;
    const { taken, busy } = output;
    const { step } = state;
    state.sender.waits = false;
    this.watchConsumer();
    shown.look(now);
    switch (step) {
      case seriesStep.preparing:
        prepare(state, now);
        break;
      case seriesStep.header:
        offerHeader(state, now);
        break;
      case seriesStep.opening:
        waitUntilOpen(state, now);
        break;
      case seriesStep.open:
        stayOpen(state, now);
        break;
      case seriesStep.stopping:
        stopping(state, now);
        break;
      case seriesStep.finishing:
        finishing(state, now);
        break;
      default:
        break;
    }
    // Its images came one by one, most likely: a turn after each of them would be one in vain.
    if (step === seriesStep.open && state.step === step && state.sender.waits) return 0;
    return output.taken - taken + (output.busy && !busy ? 1 : 0);
  }

  /** Also after the last turn, while the end waits for a consumer: the summary may be another one afterwards. */
  watchConsumer(): void {
    const state = this.#state;
    const peers = mostPeers(state.deps.output.sink);
    const { consumerConnections } = state.deps.limits;
    // Once the sums are made it belongs to the series after it.
    if (state.headerSent && state.summary === null && peers > consumerConnections)
      state.warnings.warn('strangers', strangers(peers, consumerConnections));
    // A consumer that goes before the header takes nothing of this series along.
    if (state.headerSent && state.consumer.lost()) loseConsumer(state);
  }

  /** A peer was not let in: that concerns the series from its header on. */
  peerRefused(peer: RefusedPeer): void {
    const state = this.#state;
    if (!state.headerSent || !peerRefusals[peer.reason].maybeConsumer) return;
    state.warnings.peerRefused(peer);
    if (state.summary !== null) state.summary = { ...state.summary, warnings: state.warnings.messages };
  }

  /**
   * End it: the last frame is the highest seen, or with `fill` the last that was asked for. What has not gone out at
   * `by` is given up.
   */
  stop(fill = false, by = Infinity): void {
    stop(this.#state, fill, by);
  }

  /** Accept no more packets, and wait to be told where the series ends. Only for one that is shared. */
  halt(): void {
    this.#state.stopWanted = true;
  }

  /** What this instance has, once it accepts no more packets; null before. */
  get halted(): HaltedSeries | null {
    const { step, share, firstFrame, aborted, summary } = this.#state;
    const accepts = step < seriesStep.stopping || (step === seriesStep.stopping && !this.#state.answered());
    return !share.shared || accepts ? null : share.halted(firstFrame, aborted !== null || summary !== null);
  }

  /** Where the whole of a shared series ends, of which this instance has halted its part; null = done, else why not. */
  finishAt(end: SeriesStop): string | null {
    const { share, headerSent, sender } = this.#state;
    return share.finishAt(end, this.halted, headerSent, sender.sent);
  }

  get id(): number {
    return this.#state.plan.id;
  }

  get auto(): boolean {
    return this.#state.auto;
  }

  get step(): SeriesStep {
    return this.#state.step;
  }

  /** Since when the present step lasts. */
  get since(): number {
    return this.#state.since;
  }

  /**
   * Has anything of this series been promised to a consumer, or any frame been seen? An auto series that waits has not
   * begun.
   */
  get begun(): boolean {
    const { auto, firstFrame, headerSent } = this.#state;
    return !auto || firstFrame.started || headerSent;
  }

  get headerSent(): boolean {
    return this.#state.headerSent;
  }

  get headerNumber(): number | null {
    return this.#state.headerNumber;
  }

  /** Several instances have a part of it: it is halted first, then told where the whole ends. */
  get shared(): boolean {
    return this.#state.share.shared;
  }

  /** Of its `series_end`: its number, null = as it comes, and whether this instance hands it over. */
  get end(): Pick<SeriesShare, 'endNumber' | 'sendsEnd'> {
    return this.#state.share;
  }

  get first(): OwnNumber {
    return this.#state.first;
  }

  /** Next frame to send. */
  get next(): OwnNumber {
    return this.#state.next;
  }

  /** Highest frame number seen. */
  get highest(): OwnNumber {
    return this.#state.highest;
  }

  get last(): OwnNumber {
    return this.#state.last;
  }

  /** Most slots of the ring that were in use at once. */
  get slotsUsedMax(): number {
    return this.#state.progress.slotsUsedMax;
  }

  /** What comes behind its end is kept for the next series, where it is. */
  get keepsBehind(): boolean {
    return this.#state.keepsBehind;
  }

  /** Why the series was given up before anything was begun; null = it was not. */
  get withdrawn(): SeriesState['withdrawn'] {
    return this.#state.withdrawn;
  }

  /** The summary, once the series is over. */
  get summary(): SeriesSummary | null {
    return this.#state.summary;
  }

  /** How far each port came, once the series has ended. */
  get reached(): PortReached[] {
    return reached(this.#state);
  }

  /** Which packets its frames lack. */
  get loss(): SeriesLoss {
    return this.#state.sender.loss.all;
  }
}
