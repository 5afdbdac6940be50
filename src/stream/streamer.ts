// STEP 3, front door: frames → series → messages. One agent, in one thread: takes commands from main, opens and ends
// series, sends what is closed, in order. Comes in: port images closed by the receivers. Goes out: messages into the
// sink, events to main.
// Tested by test/pipeline/series.test.ts.

import { OperatorError } from '../base/errors.js';
import { peerRefusals } from '../contract/refused-peers.js';
import { problemTexts } from '../contract/refusals.js';
import type { RefusalReason } from '../contract/refusals.js';
import { plainRequest } from '../contract/series.js';
import type {
  ArmRequest,
  HaltedSeries,
  SeriesStop,
  SeriesSummary,
  StreamCommand,
  StreamEvent,
} from '../contract/series.js';
import type { Layout } from '../detector/layout.js';
import { CommandBox } from '../memory/command-box.js';
import { streamCounter } from '../memory/counters.js';
import { phase } from '../memory/series-words.js';
import { SocketWords } from '../memory/socket-words.js';
import { StreamWords, seriesStep } from '../memory/stream-words.js';
import { OrderAnswers } from './answers.js';
import { EndTimes } from './end-times.js';
import { endServed, mostPeers, served, socketsOf } from './output/message-sink.js';
import type { HoldingOutput } from './output/output.js';
import { RefusedPeers } from './output/refused-peers.js';
import { OwingSeries } from './owing-series.js';
import { Series } from './series/series.js';
import type { SeriesDeps } from './series/setup.js';
import { noConsumer, strangers } from './series/warnings.js';
import { seriesDeps } from './setup.js';
import type { StreamerSetup } from './setup.js';
import { ToldFigures } from './told-figures.js';

/**
 * Rests between turns, in ms: nothing open; a series with its time-outs; zmq takes nothing and does not say when it
 * will again.
 */
const idleRestMs = 20;
const openRestMs = 4;
const blockedRestMs = 1;
/** The streamer's state between series, and the series that is open. */
export class Streamer {
  readonly #setup: StreamerSetup;
  readonly #deps: SeriesDeps;
  readonly #output: HoldingOutput;
  readonly #figures: ToldFigures;
  readonly #answers: OrderAnswers;
  readonly #box: CommandBox;
  readonly #refused = new RefusedPeers();
  #series: Series | null = null;
  #seriesId: number;
  readonly #owing: OwingSeries;
  readonly #times: EndTimes;
  /** How far the last shared series had come. */
  #ended: HaltedSeries | null = null;
  #idleSince = 0;
  /** Packets behind the end of the last series wait in the sockets for the next one. */
  #keepsBehind = false;
  #drained = false;
  /** What happened in this turn. Posted after its words are stored, because main reads them next. */
  #events: StreamEvent[] = [];
  readonly #tell: (event: StreamEvent) => void;

  constructor(setup: StreamerSetup) {
    const { buffer, map, sink } = setup;
    this.#tell = (event) => setup.report(event);
    this.#setup = { ...setup, report: (event) => void this.#events.push(event) };
    this.#seriesId = setup.seriesBefore ?? 0;
    this.#deps = seriesDeps(this.#setup);
    this.#output = this.#deps.output;
    this.#figures = new ToldFigures(
      new StreamWords(buffer, map.streamWords),
      socketsOf(sink).map((_, index) => new SocketWords(buffer, map.socketWords, index)),
      sink,
    );
    this.#times = new EndTimes(setup.limits);
    this.#owing = new OwingSeries(this.#output, (event) => this.#setup.report(event));
    this.#answers = new OrderAnswers(sink, (event) => this.#setup.report(event));
    this.#box = new CommandBox(buffer, map.commandBox);
    this.#deps.reader.prepare(setup.layoutFor(setup.dynamicRange, setup.readNRows));
    this.#publish();
  }

  /**
   * One turn.
   * @param now ms of the service's clock
   * @returns how much was done; 0 = nothing to do until something happens
   */
  turn(now: number): number {
    this.#figures.beat(now, this.#output.blocked);
    this.#output.sink.poll();
    this.#tellRefused(now);
    this.#output.settle(now);
    this.#owing.look();
    let work = this.#takeCommand(now);
    if (this.#series === null) work += this.#idle(now);
    else {
      if (!this.#series.begun && !this.#output.busy) this.#owing.settle(now);
      work += this.#series.turn(now);
      if (!this.#series.auto && this.#series.step === seriesStep.open) this.#answers.armed(this.#series);
      if (this.#answers.haltWaits && this.#series.halted !== null) this.#answers.halted(this.#series.halted);
      if (this.#series.withdrawn !== null) this.#withdrawn(this.#series, this.#series.withdrawn);
      else if (this.#series.summary !== null) this.#ending(this.#series, this.#series.summary, now);
    }
    this.#answers.lookAtDelivery(this.#output.taken, now);
    this.#figures.tellUnderway(now);
    this.#publish();
    this.#tellEvents();
    return work;
  }

  /** How long nothing needs to be looked at unless something happens, in ms, after a turn that did nothing. */
  get restMs(): number {
    if (this.#series === null)
      return this.#output.owedEnd === null && this.#answers.arming === null ? idleRestMs : openRestMs;
    return this.#output.blocked ? blockedRestMs : this.#series.begun ? openRestMs : idleRestMs;
  }

  /** A message waits for a consumer that has no room. */
  get blocked(): boolean {
    return this.#output.blocked;
  }

  #tellRefused(now: number): void {
    for (const peer of this.#output.sink.takeRefused()) {
      const { counters } = this.#deps;
      const counter = streamCounter[peerRefusals[peer.reason].counter];
      counters[counter] = counters[counter] + 1;
      this.#series?.peerRefused(peer);
      const message = this.#refused.sentence(peer, now);
      if (message !== null) this.#setup.report({ kind: 'peer_refused', ...peer, message });
    }
  }

  // --- commands

  #takeCommand(now: number): number {
    const command = this.#box.take() as StreamCommand | null;
    if (command === null) return 0;
    if (command.kind === 'arm') this.#arm(command.id, command.request);
    else if (command.kind === 'halt') this.#halt(command.id);
    else if (command.kind === 'stop' && command.seriesId !== undefined && command.seriesId !== this.#series?.id)
      this.#stopOfAnother(command.id, command.seriesId);
    else if (command.kind === 'stop' && this.#series?.shared === true)
      this.#stopShared(this.#series, command.id, command.end);
    else {
      if (command.kind === 'shutdown') this.#times.shutDown(now);
      else this.#answers.stops(command.id);
      if (this.#answers.arming !== null && this.#series?.auto !== false)
        this.#notOpened(this.#times.shutdown ? 'stopping' : 'busy', problemTexts.stoppedEarly);
      if (this.#series === null || (!this.#series.begun && !this.#times.shutdown)) this.#answers.stopped(null);
      else this.#series.stop(command.kind === 'stop' && command.fill === true, this.#times.stopBy);
    }
    return 1;
  }

  /**
   * The first half of stopping a shared series: no more packets; the answer says what was seen.
   */
  #halt(id: number): void {
    this.#answers.halts(id);
    if (this.#series?.shared === true) return this.#series.halt();
    // Main must not be told that there is no series when one is opened next.
    this.#notOpened('busy', problemTexts.stoppedEarly);
    this.#answers.halted(this.#ended);
  }

  /** A stop that means another series than the one that is open, if one is: nothing is changed by it. */
  #stopOfAnother(id: number, meant: number): void {
    if (this.#series?.begun !== true) this.#setup.report({ kind: 'stopped', id, summary: null });
    else
      this.#answers.refuse(id, 'busy', `the series that is open is ${this.#series.id}, not ${meant}: it was not ended`);
  }

  #stopShared(series: Series, id: number, end: SeriesStop | undefined): void {
    const problem =
      end === undefined
        ? `this is instance ${this.#setup.share.offset} of ${this.#setup.share.stride} that share the series, and ` +
          'where it ends all of them must know. Stop all at once: vdcu stop --endpoints URL,URL,…'
        : series.finishAt(end);
    if (problem === null) this.#answers.stops(id);
    else this.#answers.refuse(id, end === undefined ? 'invalid' : 'busy', problem);
  }

  #arm(id: number, request: ArmRequest): void {
    const refuse = (why: RefusalReason, problem: string): void => this.#answers.refuse(id, why, problem);
    const open = this.#series;
    if (this.#times.shutdown) return refuse('stopping', problemTexts.stopping);
    if (this.#answers.arming !== null || (open !== null && !open.auto)) {
      return refuse(
        'busy',
        `series ${open?.id ?? this.#seriesId + 1} is ` +
          `${open !== null && open.step >= seriesStep.stopping ? 'closing' : 'open'}: end it first (vdcu stop)`,
      );
    }
    const { sink } = this.#output;
    if (!served(sink) && !request.force) return refuse('no_consumer', noConsumer(sink));
    const peers = mostPeers(sink);
    const { consumerConnections } = this.#setup.limits;
    if (peers > consumerConnections && !request.force) return refuse('unsafe', strangers(peers, consumerConnections));
    this.#answers.arms(id, request);
    open?.stop();
  }

  // --- between series

  #idle(now: number): number {
    if (this.#output.busy) return 0;
    if (!this.#owing.settle(now)) {
      const waited = this.#times.late(this.#idleSince, now);
      if (waited && this.#answers.arming?.request.force === false)
        this.#answers.refuseArming(
          'no_consumer',
          'the consumer takes no messages: the end of the last series still waits for it',
        );
      const follows = this.#keepsBehind && this.#answers.arming === null;
      const goOn = this.#times.shutdown
        ? waited || !endServed(this.#output.sink)
        : this.#answers.arming?.request.force === true || follows;
      if (!goOn || this.#output.busy) return 0;
    }
    const opens =
      !this.#times.shutdown && this.#answers.arming === null && this.#setup.auto && served(this.#output.sink);
    if (this.#keepsBehind && !opens) this.#keepNothing();
    if (this.#times.shutdown) {
      if (!this.#drained) {
        this.#drained = true;
        this.#setup.report({ kind: 'drained' });
      }
      return 0;
    }
    if (this.#answers.arming !== null) return this.#begin(this.#answers.arming.request, false, now);
    if (opens) return this.#begin({ ...plainRequest, frames: this.#setup.autoFrames }, true, now);
    return 0;
  }

  /** No automatic series follows at once: packets that wait for it in the sockets belong to none. */
  #keepNothing(): void {
    this.#keepsBehind = false;
    this.#deps.words.setKeepsBehind(false);
    this.#deps.words.command(phase.none);
  }

  #begin(request: ArmRequest, auto: boolean, now: number): number {
    const dynamicRange = request.dynamicRange ?? this.#setup.dynamicRange;
    const readNRows = request.readNRows ?? this.#setup.readNRows;
    let layout: Layout;
    try {
      layout = this.#setup.layoutFor(dynamicRange, readNRows);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      this.#answers.refuseArming('invalid', error.message);
      return 1;
    }
    const least = this.#output.next + (this.#output.owedEnd === null ? 0 : 1);
    if (request.msgNumberBase !== null && request.msgNumberBase < least) {
      this.#answers.refuseArming(
        'invalid',
        `msg_number_base: ${request.msgNumberBase} was used already: needs ${least} or more, so that no number ` +
          'comes twice',
      );
      return 1;
    }
    this.#figures.begin();
    this.#series = new Series(
      this.#deps,
      { id: ++this.#seriesId, request, auto, layout, dynamicRange, readNRows, follows: this.#keepsBehind },
      now,
    );
    this.#keepsBehind = false;
    return 1;
  }

  #notOpened(why: RefusalReason, problem: string): void {
    this.#answers.refuseArming(why, `the series was not opened: ${problem}`);
  }

  #withdrawn(series: Series, { why, problem }: NonNullable<Series['withdrawn']>): void {
    if (!series.auto) this.#notOpened(why, problem);
    this.#answers.stopped(null);
    this.#answers.halted(null);
    this.#setup.report({ kind: 'warnings_over', codes: null });
    this.#keepNothing();
    this.#series = null;
  }

  // --- the end of a series

  #ending(series: Series, summary: SeriesSummary, now: number): void {
    if (!series.headerSent) return this.#over(series, summary, now);
    if (this.#output.busy) return;
    const { endNumber, sendsEnd } = series.end;
    if (!sendsEnd) {
      if (endNumber !== null) this.#output.skipTo(endNumber + 1);
      return this.#over(series, summary, now);
    }
    if (endNumber !== null) this.#output.skipTo(endNumber);
    this.#output.end(summary, (at) => this.#over(series, series.summary ?? summary, at), now);
    if (this.#series === null || this.#output.busy) return;
    // The offer may have found that the consumer is gone.
    series.watchConsumer();
    const lastly = series.summary ?? summary;
    // The next automatic series opens at once: packets wait for it.
    const follows =
      series.keepsBehind && this.#answers.arming === null && !this.#answers.stopWaits && !this.#times.shutdown;
    if (!follows && endServed(this.#output.sink) && !this.#times.late(series.since, now)) return;
    // No consumer takes it now: it goes out before the next header.
    this.#output.owedEnd = lastly;
    this.#owing.begin(series);
    this.#over(series, { ...lastly, end_pending: true }, now);
  }

  #over(series: Series, summary: SeriesSummary, now: number): void {
    this.#idleSince = now;
    this.#figures.keep(series);
    if (series.shared) this.#ended = series.halted;
    this.#keepsBehind = series.keepsBehind;
    this.#series = null;
    this.#setup.report(
      series.begun
        ? { kind: 'ended', summary, reached: series.reached, loss: series.loss }
        : { kind: 'warnings_over', codes: null },
    );
    if (this.#answers.stopWaits && summary.header_sent) {
      // The time is up already when the end could not be handed over, and everything before it counts as still under
      // way.
      const until = summary.end_pending ? now : now + this.#setup.limits.closingTimeoutMs;
      this.#answers.stoppedWhenDelivered(summary, this.#output.taken, until);
    } else this.#answers.stopped(series.begun ? summary : null);
    this.#answers.halted(this.#ended);
  }

  #tellEvents(): void {
    if (this.#events.length === 0) return;
    const events = this.#events;
    this.#events = [];
    for (const event of events) this.#tell(event);
  }

  #publish(): void {
    const { owedEnd, next, taken } = this.#output;
    this.#figures.publish(this.#series, this.#seriesId, owedEnd !== null, next, taken);
  }
}
