// STEP 3, front door: frames → series → messages. One agent, in one thread: takes commands from main, opens and ends
// series, sends what is closed, in order. Comes in: port images closed by the receivers. Goes out: messages into the
// sink, events to main.
// Tested by test/pipeline/series.test.ts.

import { OperatorError } from '../base/errors.js';
import type { SeriesMetadata } from '../config/series-metadata.js';
import type { FrameShare } from '../detector/frame-share.js';
import type { Layout } from '../detector/layout.js';
import { CommandBox } from '../memory/command-box.js';
import { portCounterTable, streamCounter, streamCounterTable } from '../memory/counters.js';
import { LastFrame } from '../memory/last-frame.js';
import type { MemoryMap } from '../memory/memory-map.js';
import { PortWords } from '../memory/port-words.js';
import { SentFrames } from '../memory/sent-frames.js';
import { SeriesWords, phase } from '../memory/series-words.js';
import { SlotRecords } from '../memory/slot-records.js';
import { StreamWords, seriesStep } from '../memory/stream-words.js';
import { DeliveryWait } from './output/delivery-wait.js';
import { FrameReader } from './series/frame-reader.js';
import { FrameTimes } from './series/frame-times.js';
import { IdleTime } from './series/idle-time.js';
import type { MessageSink } from './output/message-sink.js';
import { MaxivOutput } from './output/maxiv/maxiv-output.js';
import { Series } from './series/series.js';
import type { SeriesDeps, SeriesLimits } from './series/setup.js';
import type { SeriesPort } from './series/progress.js';
import { strangers } from './series/warnings.js';
import { RefusedPeers, peerRefusals } from '../contract/refused-peers.js';
import { ShownFrames } from './series/shown-frames.js';
import { SeenTimes } from './series/seen-times.js';
import { plainRequest } from '../contract/series.js';
import type {
  ArmRequest,
  HaltedSeries,
  SeriesStop,
  SeriesSummary,
  StreamCommand,
  StreamEvent,
} from '../contract/series.js';
import type { RefusalReason } from '../contract/refusals.js';

/** Everything a streamer is made of. */
export interface StreamerSetup {
  readonly buffer: ArrayBufferLike;
  readonly map: MemoryMap;
  /** Ports that receive: index into `udp_ports`, and number. */
  readonly ports: readonly { readonly index: number; readonly udpPort: number }[];
  readonly sink: MessageSink;
  readonly limits: SeriesLimits;
  /** Open a series by itself while a consumer is connected. */
  readonly auto: boolean;
  /** Frames of an auto series, 0 = until silence. */
  readonly autoFrames: number;
  /** File name of an auto series by its number, when its header is made; '' = none. */
  autoFilename(series: number): string;
  /** The second part of a series' header. */
  metadata(layout: Layout, request: ArmRequest): SeriesMetadata;
  readonly dynamicRange: number;
  /** 0 = all rows. */
  readonly readNRows: number;
  readonly firstMessageNumber: number;
  /** Number of the last series of earlier processes; 0 unless given: they are not known. */
  readonly seriesBefore?: number;
  /** The frames that this instance takes. */
  readonly share: FrameShare;
  layoutFor(dynamicRange: number, readNRows: number): Layout;
  report(event: StreamEvent): void;
}

/**
 * Rests between turns, in ms: nothing open; a series with its time-outs; zmq takes nothing and tells nobody when it
 * does again.
 */
const idleRestMs = 20;
const openRestMs = 4;
const blockedRestMs = 1;
/** What is on its way is told so often, in ms: asking the kernel takes a system call for each consumer. */
const underwayEveryMs = 100;

/** The streamer's state between series, and the series that is open. */
export class Streamer {
  readonly #setup: StreamerSetup;
  readonly #deps: SeriesDeps;
  readonly #output: MaxivOutput;
  readonly #words: StreamWords;
  readonly #box: CommandBox;
  readonly #refused = new RefusedPeers();
  #series: Series | null = null;
  #seriesId: number;
  /** An arm request that is being served: waiting for an auto series to end, or for its own series to open. */
  #arming: { id: number; request: ArmRequest } | null = null;
  #stopping: number[] = [];
  /** Stops that are done, all but the delivery of what was handed over. */
  #delivering: { readonly ids: readonly number[]; readonly summary: SeriesSummary; readonly wait: DeliveryWait }[] = [];
  /** Who waits to hear that no more packets are accepted. */
  #halting: number[] = [];
  /** What the last series that was shared had come to. */
  #ended: HaltedSeries | null = null;
  #idleSince = 0;
  /** Packets behind the end of the last series wait in the sockets for the next one. */
  #keepsBehind = false;
  #turnAt = -1;
  #stallMax = 0;
  #underwayAt = -Infinity;
  #shutdown = false;
  #drained = false;
  #last = { first: 0, next: 0, highest: 0, last: 0, slotsUsedMax: 0 };

  constructor(setup: StreamerSetup) {
    const { buffer, map } = setup;
    const counters = new Float64Array(buffer, map.streamCounters, streamCounterTable.length);
    const ports = setup.ports.map(({ index, udpPort }): SeriesPort => {
      const at = map.portCounters[index];
      const size = portCounterTable.length;
      return {
        index,
        udpPort,
        records: new SlotRecords(buffer, map.slotRecords[index], map.sizes.slots, map.sizes.packets),
        words: new PortWords(buffer, map.portWords[index]),
        counters: new Float64Array(buffer, at, size),
        seriesBase: new Float64Array(buffer, at + size * 8, size),
        seriesEnd: new Float64Array(buffer, at + size * 16, size),
      };
    });
    this.#setup = setup;
    this.#seriesId = setup.seriesBefore ?? 0;
    this.#output = new MaxivOutput(setup.sink, counters, setup.firstMessageNumber);
    this.#words = new StreamWords(buffer, map.streamWords);
    this.#box = new CommandBox(buffer, map.commandBox);
    const sent = new SentFrames({ buffer, map, ports });
    const reader = new FrameReader(buffer, map, ports, sent);
    const lastFrame = new LastFrame(buffer, map.lastFrame, map.sizes.frameBytes);
    const report = (event: StreamEvent): void => setup.report(event);
    this.#deps = {
      limits: setup.limits,
      ring: map.sizes.slots,
      words: new SeriesWords(buffer, map.seriesWords),
      ports,
      reader,
      output: this.#output,
      shown: new ShownFrames(sent, lastFrame, reader, map.sizes.slots),
      counters,
      seenTimes: new SeenTimes(setup.limits.maxOwedFrames + 2 * map.sizes.slots),
      times: new FrameTimes(buffer, map.frameHistograms),
      idle: new IdleTime(setup.limits.seriesIdleMs),
      share: setup.share,
      autoFilename: (id) => setup.autoFilename(id),
      metadata: (layout, request) => setup.metadata(layout, request),
      report,
    };
    this.#deps.reader.prepare(setup.layoutFor(setup.dynamicRange, setup.readNRows));
    this.#publish();
  }

  /**
   * One turn.
   * @param now ms of the service's clock
   * @returns how much was done; 0 = nothing to do until something happens
   */
  turn(now: number): number {
    this.#beat(now);
    this.#output.sink.poll();
    this.#tellRefused(now);
    this.#output.settle(now);
    let work = this.#takeCommand(now);
    if (this.#series === null) work += this.#idle(now);
    else {
      if (!this.#series.begun && !this.#output.busy) this.#output.settleOwedEnd(now);
      work += this.#series.turn(now);
      if (this.#series.step === seriesStep.opening || this.#series.step === seriesStep.open)
        this.#confirmArmed(this.#series);
      if (this.#halting.length > 0 && this.#series.halted !== null) this.#replyHalted(this.#series.halted);
      if (this.#series.withdrawn !== null) this.#withdrawn(this.#series, this.#series.withdrawn);
      else if (this.#series.summary !== null) this.#ending(this.#series, this.#series.summary, now);
    }
    if (this.#delivering.length > 0) this.#replyDelivered(now);
    this.#tellUnderway(now);
    this.#publish();
    return work;
  }

  /** How long nothing needs to be looked at unless something happens, in ms, after a turn that did nothing. */
  get restMs(): number {
    if (this.#series === null) return this.#output.owedEnd === null && this.#arming === null ? idleRestMs : openRestMs;
    return this.#output.blocked ? blockedRestMs : this.#series.begun ? openRestMs : idleRestMs;
  }

  /** A message waits for a consumer that has no room. */
  get blocked(): boolean {
    return this.#output.blocked;
  }

  #beat(now: number): void {
    this.#words.beat();
    const stalled = this.#turnAt < 0 ? 0 : now - this.#turnAt;
    this.#turnAt = now;
    if (stalled > this.#stallMax) this.#setStallMax(stalled);
  }

  #tellUnderway(now: number): void {
    if (now - this.#underwayAt < underwayEveryMs) return;
    this.#underwayAt = now;
    this.#words.setUnderway(this.#output.sink.underway);
  }

  #setStallMax(milliseconds: number): void {
    this.#stallMax = milliseconds;
    this.#words.setStallMsMax(milliseconds);
  }

  #tellRefused(now: number): void {
    for (const peer of this.#output.sink.takeRefused()) {
      const { counters } = this.#deps;
      const counter = streamCounter[peerRefusals[peer.reason].counter];
      counters[counter] = counters[counter] + 1;
      const message = this.#refused.sentence(peer, now);
      if (message !== null) this.#setup.report({ kind: 'peer_refused', ...peer, message });
    }
  }

  // --- commands
  // --------------------------------------------------------------------------------------------------------------

  #takeCommand(now: number): number {
    const command = this.#box.take() as StreamCommand | null;
    if (command === null) return 0;
    if (command.kind === 'arm') this.#arm(command.id, command.request);
    else if (command.kind === 'halt') this.#halt(command.id);
    else if (command.kind === 'stop' && this.#series?.share.shared === true)
      this.#stopShared(this.#series, command.id, command.end);
    else {
      if (command.kind === 'shutdown') {
        this.#shutdown = true;
        // An end that is owed has this long to be taken from now on.
        this.#idleSince = now;
      } else this.#stopping.push(command.id);
      if (this.#arming !== null && this.#series?.auto !== false)
        this.#refuse(this.#shutdown ? 'stopping' : 'busy', 'the series was stopped before it was opened');
      if (this.#series === null || (!this.#series.begun && !this.#shutdown)) this.#replyStopped(null);
      else this.#series.stop(command.kind === 'stop' && command.fill === true);
    }
    return 1;
  }

  /**
   * The first half of stopping a shared series: no more packets; what was seen is told to whoever asks all instances.
   */
  #halt(id: number): void {
    this.#halting.push(id);
    if (this.#series?.share.shared === true) return this.#series.halt();
    // Nobody may hear that there is no series, and then one is opened.
    this.#refuse('busy', 'the series was stopped before it was opened');
    this.#replyHalted(this.#ended);
  }

  #stopShared(series: Series, id: number, end: SeriesStop | undefined): void {
    const problem =
      end === undefined
        ? `this is instance ${this.#setup.share.offset} of ${this.#setup.share.stride} that share the series, and ` +
          'where it ends all of them must know. Stop all at once: vdcu stop --endpoints URL,URL,…'
        : series.finishAt(end);
    if (problem === null) this.#stopping.push(id);
    else this.#setup.report({ kind: 'refused', id, why: end === undefined ? 'invalid' : 'busy', problems: [problem] });
  }

  #replyHalted(halted: HaltedSeries | null): void {
    for (const id of this.#halting) this.#setup.report({ kind: 'halted', id, halted });
    this.#halting = [];
  }

  #arm(id: number, request: ArmRequest): void {
    const refuse = (why: RefusalReason, problem: string): void =>
      this.#setup.report({ kind: 'refused', id, why, problems: [problem] });
    const open = this.#series;
    if (this.#shutdown) return refuse('stopping', 'the service is stopping');
    if (this.#arming !== null || (open !== null && !open.auto)) {
      return refuse(
        'busy',
        `series ${open?.id ?? this.#seriesId + 1} is ` +
          `${open !== null && open.step >= seriesStep.stopping ? 'closing' : 'open'}: end it first (vdcu stop)`,
      );
    }
    if (this.#output.sink.peers === 0 && !request.force)
      return refuse('no_consumer', 'no consumer is connected to the data port: start the receiver, or arm with force');
    const { peers } = this.#output.sink;
    const { consumerConnections } = this.#setup.limits;
    if (peers > consumerConnections && !request.force) return refuse('unsafe', strangers(peers, consumerConnections));
    this.#arming = { id, request };
    open?.stop();
  }

  #refuse(why: RefusalReason, problem: string): void {
    if (this.#arming !== null) this.#setup.report({ kind: 'refused', id: this.#arming.id, why, problems: [problem] });
    this.#arming = null;
  }

  #confirmArmed(series: Series): void {
    if (this.#arming === null || series.auto || series.step !== seriesStep.open) return;
    this.#setup.report({
      kind: 'armed',
      id: this.#arming.id,
      series_id: series.id,
      msg_number: series.headerNumber,
      header_pending: !series.headerSent,
    });
    this.#arming = null;
  }

  #replyStopped(summary: SeriesSummary | null): void {
    for (const id of this.#stopping) this.#setup.report({ kind: 'stopped', id, summary });
    this.#stopping = [];
  }

  /**
   * A series was stopped and its end handed over: who asked hears of it when the consumer has all of it, or will not.
   */
  #replyDelivered(now: number): void {
    this.#delivering = this.#delivering.filter(({ ids, summary, wait }) => {
      const left = wait.look(this.#output.next, now);
      if (left === 'waiting') return true;
      const told = left === null || left.messages === 0 ? summary : { ...summary, undelivered: left };
      for (const id of ids) this.#setup.report({ kind: 'stopped', id, summary: told });
      return false;
    });
  }

  // --- between series
  // --------------------------------------------------------------------------------------------------------

  #idle(now: number): number {
    if (this.#output.busy) return 0;
    if (!this.#output.settleOwedEnd(now)) {
      const waited = now - this.#idleSince >= this.#setup.limits.closingTimeoutMs;
      if (waited && this.#arming?.request.force === false)
        this.#refuse('no_consumer', 'the consumer takes no messages: the end of the last series still waits for it');
      const follows = this.#keepsBehind && this.#arming === null;
      const goOn = this.#shutdown
        ? waited || this.#output.sink.peers === 0
        : this.#arming?.request.force === true || follows;
      if (!goOn || this.#output.busy) return 0;
    }
    const opens = !this.#shutdown && this.#arming === null && this.#setup.auto && this.#output.sink.peers > 0;
    if (this.#keepsBehind && !opens) this.#keepNothing();
    if (this.#shutdown) {
      if (!this.#drained) {
        this.#drained = true;
        this.#setup.report({ kind: 'drained' });
      }
      return 0;
    }
    if (this.#arming !== null) return this.#begin(this.#arming.request, false, now);
    if (opens) return this.#begin({ ...plainRequest, frames: this.#setup.autoFrames }, true, now);
    return 0;
  }

  /** No automatic series follows at once: what waits for it in the sockets is of none. */
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
      this.#refuse('invalid', error.message);
      return 1;
    }
    const least = this.#output.next + (this.#output.owedEnd === null ? 0 : 1);
    if (request.msgNumberBase !== null && request.msgNumberBase < least) {
      this.#refuse(
        'invalid',
        `msg_number_base: ${request.msgNumberBase} was used already: needs ${least} or more, so that no number ` +
          'comes twice',
      );
      return 1;
    }
    this.#setStallMax(0);
    this.#series = new Series(
      this.#deps,
      ++this.#seriesId,
      request,
      auto,
      layout,
      dynamicRange,
      readNRows,
      this.#keepsBehind,
      now,
    );
    this.#keepsBehind = false;
    return 1;
  }

  #withdrawn(series: Series, { why, problem }: NonNullable<Series['withdrawn']>): void {
    if (!series.auto) this.#refuse(why, `the series was not opened: ${problem}`);
    this.#replyStopped(null);
    this.#replyHalted(null);
    this.#setup.report({ kind: 'warnings_over', codes: null });
    this.#keepNothing();
    this.#series = null;
  }

  // --- the end of a series
  // ---------------------------------------------------------------------------------------------------

  #ending(series: Series, summary: SeriesSummary, now: number): void {
    if (!series.headerSent) return this.#over(series, summary, now);
    if (this.#output.busy) return;
    const { endNumber } = series.share;
    if (!series.share.sendsEnd) {
      if (endNumber !== null) this.#output.skipTo(endNumber + 1);
      return this.#over(series, summary, now);
    }
    if (endNumber !== null) this.#output.skipTo(endNumber);
    this.#output.end(summary, (at) => this.#over(series, summary, at), now);
    if (this.#series === null || this.#output.busy) return;
    // The next automatic series opens at once: packets wait for it.
    const follows = series.keepsBehind && this.#arming === null && this.#stopping.length === 0 && !this.#shutdown;
    if (!follows && this.#output.sink.peers > 0 && now - series.since < this.#setup.limits.closingTimeoutMs) return;
    // Nobody takes it now: it goes out before the next header.
    this.#output.owedEnd = summary;
    this.#over(series, { ...summary, end_pending: true }, now);
  }

  #over(series: Series, summary: SeriesSummary, now: number): void {
    this.#idleSince = now;
    this.#last = {
      first: series.first,
      next: series.next,
      highest: series.highest,
      last: series.last,
      slotsUsedMax: series.slotsUsedMax,
    };
    if (series.share.shared) this.#ended = series.halted;
    this.#keepsBehind = series.keepsBehind;
    this.#series = null;
    this.#setup.report(
      series.begun ? { kind: 'ended', summary, reached: series.reached } : { kind: 'warnings_over', codes: null },
    );
    if (this.#stopping.length > 0 && summary.header_sent) {
      // Where the end could not be handed over the time is up already, and what was before it is said to be under way
      // still.
      const until = summary.end_pending ? now : now + this.#setup.limits.closingTimeoutMs;
      this.#delivering.push({
        ids: this.#stopping,
        summary,
        wait: new DeliveryWait(this.#output.sink, this.#output.next, until),
      });
      this.#stopping = [];
    } else this.#replyStopped(series.begun ? summary : null);
    this.#replyHalted(this.#ended);
  }

  #publish(): void {
    const series = this.#series;
    const { sink, next } = this.#output;
    const numbers = series ?? this.#last;
    this.#words.publish({
      step: series === null ? seriesStep.idle : series.summary !== null ? seriesStep.ending : series.step,
      seriesId: this.#seriesId,
      headerSent: series?.headerSent ?? false,
      auto: series?.auto ?? false,
      endPending: this.#output.owedEnd !== null,
      peers: sink.peers,
      disconnects: sink.disconnects,
      slotsUsedMax: numbers.slotsUsedMax,
      first: numbers.first,
      next: numbers.next,
      highest: numbers.highest,
      last: numbers.last,
      messageNumber: next,
    });
  }
}
