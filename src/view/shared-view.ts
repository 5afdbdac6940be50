// The service as the control plane sees it, read from shared memory and kept up by the streamer's events. On the main
// thread only; reading costs the data path nothing. HTTP, metrics and the log look at nothing else. Ports, threads and
// commands: port-view.ts, heartbeats.ts, command-queue.ts.

import type { Clock, Repeat } from '../base/clock.js';
import type { Plan } from '../config/plan.js';
import type { ServiceConfig } from '../config/service-config.js';
import { hostOfPort } from '../config/udp-hosts.js';
import { firstNumberOf, frameNumberOf } from '../detector/frame-share.js';
import { CommandBox } from '../memory/command-box.js';
import { streamCounterTable } from '../memory/counters.js';
import type { PortCounter, StreamCounter } from '../memory/counters.js';
import { frameHistogramTable, histogramsAt } from '../memory/histogram.js';
import type { FrameHistogram, Histogram, HistogramReading } from '../memory/histogram.js';
import { LastFrame } from '../memory/last-frame.js';
import type { LastFrameMemory } from '../memory/last-frame.js';
import { StreamWords, seriesStep } from '../memory/stream-words.js';
import type { PortReached, SendBuffer, SeriesSummary, StreamEvent, Undelivered } from '../contract/series.js';
import { doubtedPorts } from '../contract/series-warnings.js';
import type { WarningCode } from '../contract/series-warnings.js';
import { CommandQueue } from '../control/command-queue.js';
import { thisMachine } from '../doctor/machine.js';
import type { Machine } from '../doctor/machine.js';
import { Preflight } from '../doctor/preflight.js';
import type { ServiceSays } from '../doctor/preflight.js';
import type { DoctorReport } from '../doctor/report.js';
import { Heartbeats } from './heartbeats.js';
import type { Logger } from '../runtime/log.js';
import { interfaceOf } from '../doctor/network-interface.js';
import { PortView } from './port-view.js';
import { SentFrameView } from './sent-frame-view.js';
import { processTroubles } from './process-troubles.js';
import type { OpenedSocket, PortViewDeps } from './port-view.js';
import type { ReceiverFigures, ReceiverWatched } from './receiver-watched.js';
import { RefusedLately } from './refused-lately.js';
import { logSeriesEnd } from './series-log.js';
import { Refused } from '../control/refused.js';
import { SeriesOrders } from '../control/orders.js';
import type { Orders } from '../control/orders.js';
import type { SeriesProgress } from '../control/sls/receivers.js';
import type {
  FrameWish,
  NoFrame,
  LastSent,
  AgentFigures,
  CurrentSeries,
  NotificationFigures,
  PortFigures,
  SeriesState,
  ServiceStatus,
  ServiceView,
  UdpPortStatus,
} from './service-view.js';
import { describeState } from './state-text.js';
import { diagnose } from './diagnosis.js';
import type { Finding } from '../contract/finding.js';
import { FindingLog } from './finding-log.js';
import { Recent } from './recent.js';

/** A thread that has not turned for so long is not alive, in ms. */
export const stallLimitMs = 10_000;
/** Series that are remembered. */
export const historyLength = 100;

export interface SharedViewDeps extends PortViewDeps {
  readonly config: ServiceConfig;
  readonly plan: Plan;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What the doctor looks at; unless given, this one. */
  readonly machine?: Machine;
  /** How commands that wait for the streamer are looked after; by the machine's clock unless given. */
  readonly repeat?: Repeat;
  wakeStreamer(): void;
  /** Who is told what happens, outside; absent = nobody. */
  readonly outside?: Outside;
  /** Summaries that outlive the process; absent = none do. */
  readonly kept?: KeptHistory;
  /** The receiver that consumes; absent = it is not asked. */
  readonly receiver?: ReceiverWatched;
}

/** Series of earlier processes, and who keeps those of this one. */
export interface KeptHistory {
  /** Newest first. */
  readonly before: readonly SeriesSummary[];
  keep(summary: SeriesSummary): void;
  readonly trouble: string | null;
}

/** Notifications; nothing here waits. */
export interface Outside {
  ended(summary: SeriesSummary): void;
  problem(finding: Finding): void;
  /** What people should know of the notifications themselves; null = all is well. */
  readonly trouble: string | null;
  readonly counts: NotificationFigures;
}

export class SharedView implements ServiceView {
  readonly config: ServiceConfig;
  readonly orders: Orders;
  readonly lastFrameMemory: LastFrameMemory;
  readonly #deps: SharedViewDeps;
  readonly #ports: readonly PortView[];
  readonly #stream: StreamWords;
  readonly #streamCounters: Float64Array;
  readonly #frameHistograms: Readonly<Record<FrameHistogram, Histogram>>;
  readonly #lastFrame: LastFrame;
  readonly #sentFrames: SentFrameView;
  readonly #commands: CommandQueue;
  readonly #heartbeats: Heartbeats;
  readonly #history: SeriesSummary[] = [];
  /** How far the ports came in the series of the history. */
  readonly #reached = new WeakMap<SeriesSummary, readonly PortReached[]>();
  #dataEndpoint = '';
  #backend = 'starting';
  #sendBuffer: SendBuffer | null = null;
  #ready = false;
  #failure: string | null = null;
  #drained: (() => void) | null = null;
  /** What the sink could not deliver, once it is closed; null = not known. */
  #undelivered: Undelivered | null = null;
  readonly #refusedLately = new RefusedLately();
  /** What a door knows of that is wrong. */
  #doorProblems: () => readonly string[] = () => [];
  /** Images of all series that have ended, by outcome; exact when the next is opened, since events keep their order. */
  #before = { frames: 0, complete: 0, marked: 0, discarded: 0 };
  /** The series that is open, as its request named it. */
  #open: { id: number; filename: string; frames: number; base: number | null; since: number } | null = null;
  readonly #warnings = new Map<WarningCode, string>();
  readonly #preflight: Preflight;
  /** The last minutes, from when the threads were ready. */
  readonly recent: Recent;
  readonly #findings: FindingLog;

  constructor(deps: SharedViewDeps) {
    const { config, map, buffer } = deps;
    this.config = config;
    this.#deps = deps;
    this.#ports = config.detector.udpPorts.map(
      (udpPort, index) => new PortView(deps, index, udpPort, config.detector.portsOff.includes(udpPort)),
    );
    this.#stream = new StreamWords(buffer, map.streamWords);
    this.#streamCounters = new Float64Array(buffer, map.streamCounters, streamCounterTable.length);
    this.lastFrameMemory = { buffer, offset: map.lastFrame, frameBytes: map.sizes.frameBytes };
    this.#lastFrame = new LastFrame(buffer, map.lastFrame, map.sizes.frameBytes);
    this.#sentFrames = new SentFrameView(buffer, map, config);
    this.#frameHistograms = histogramsAt(buffer, map.frameHistograms, frameHistogramTable);
    this.#commands = new CommandQueue(new CommandBox(buffer, map.commandBox), () => deps.wakeStreamer(), deps.repeat);
    this.orders = new SeriesOrders({
      config,
      commands: this.#commands,
      hindrance: (force) => this.#hindrance(force),
      pending: (id, { filename, frames, msgNumberBase }) =>
        this.#beginSeries(id, filename, frames, msgNumberBase, false),
    });
    this.recent = new Recent(this, deps.clock);
    this.#findings = new FindingLog(deps.logger);
    this.#preflight = new Preflight({
      config,
      plan: deps.plan,
      clock: deps.clock,
      machine: deps.machine ?? thisMachine,
      says: () => this.#says(),
    });
    this.#heartbeats = new Heartbeats(deps.clock, [
      ...this.#receiving.map(({ udpPort, words }) => ({
        name: `receiver of port ${udpPort}`,
        agent: `receiver_${udpPort}`,
        heartbeat: () => words.heartbeat,
        stallMsMax: () => words.figure('stallMsMax'),
      })),
      {
        name: 'streamer',
        agent: 'streamer',
        heartbeat: () => this.#stream.heartbeat,
        stallMsMax: () => this.#stream.stallMsMax,
      },
    ]);
  }

  #says(): ServiceSays {
    return {
      receiveBuffers: this.#receiving.flatMap(({ socket }) =>
        socket === null
          ? []
          : [
              {
                udpPort: socket.udpPort,
                requestedBytes: socket.receiveBufferRequestedBytes,
                grantedBytes: socket.receiveBufferGrantedBytes,
              },
            ],
      ),
      service: {
        consumers: this.#stream.peers,
        acceptedPackets: this.#receiving.reduce((total, port) => total + port.counters().accepted, 0),
      },
      backend: this.#backend,
    };
  }

  get #receiving(): readonly PortView[] {
    return this.#ports.filter((port) => !port.off);
  }

  /** How packets are received and messages sent, for build information: `recvmmsg+libzmq`. */
  get backend(): string {
    return this.#backend;
  }

  // --- what the service tells

  noteReady(
    sockets: readonly OpenedSocket[],
    dataEndpoint: string,
    backend: string,
    sendBuffer: SendBuffer | null = null,
  ): void {
    this.#backend = backend;
    this.#sendBuffer = sendBuffer;
    for (const port of this.#ports) port.socket = sockets.find(({ udpPort }) => udpPort === port.udpPort) ?? null;
    this.#dataEndpoint = dataEndpoint;
    this.#ready = true;
    this.recent.listen(() => {
      this.#noteReceived();
      const begun = this.#findings.look(this.#diagnose(), this.#deps.clock.now());
      for (const finding of begun) this.#deps.outside?.problem(finding);
    });
    void this.#preflight.tellFailures(this.#deps.logger);
    if (sendBuffer !== null && (sendBuffer.grantedBytes ?? Infinity) < sendBuffer.requestedBytes)
      this.#deps.logger.warn(
        { event: 'send_buffer', requested: sendBuffer.requestedBytes, granted: sendBuffer.grantedBytes },
        `asked for ${sendBuffer.requestedBytes} bytes of send buffer for each consumer, the kernel granted ` +
          `${sendBuffer.grantedBytes}. Raise net.core.wmem_max (docs/operating.md#send-buffer).`,
      );
    for (const socket of sockets) {
      if (
        socket.receiveBufferGrantedBytes !== null &&
        socket.receiveBufferGrantedBytes < socket.receiveBufferRequestedBytes
      ) {
        this.#deps.logger.warn(
          {
            event: 'receive_buffer',
            udp_port: socket.udpPort,
            requested: socket.receiveBufferRequestedBytes,
            granted: socket.receiveBufferGrantedBytes,
          },
          clampedText(socket),
        );
      }
    }
  }

  /** A door has problems of its own to tell. */
  noteDoor(problems: () => readonly string[]): void {
    this.#doorProblems = problems;
  }

  noteFailure(reason: string): void {
    this.#failure = reason;
    this.#deps.outside?.problem({ code: 'failed', message: reason });
    this.#deps.logger.error({ event: 'failed' }, reason);
    this.#commands.fail('failed', reason);
  }

  noteEvent(event: StreamEvent): void {
    const { logger } = this.#deps;
    switch (event.kind) {
      case 'stopped':
        if (event.summary?.undelivered !== undefined)
          logger.warn(
            { event: 'undelivered', series_id: event.summary.series_id, undelivered: event.summary.undelivered },
            undeliveredText(event.summary.undelivered),
          );
        this.#commands.answer(event);
        break;
      case 'armed':
      case 'refused':
      case 'halted':
        this.#commands.answer(event);
        break;
      case 'opened':
        this.#beginSeries(event.series_id, event.filename, event.frames, event.msg_number_base ?? null, event.auto);
        logger.info(
          {
            event: 'series_opened',
            series_id: event.series_id,
            filename: event.filename,
            auto: event.auto,
            frames: event.frames,
          },
          `series ${event.series_id} opened`,
        );
        break;
      case 'ended':
        for (const outcome of ['frames', 'complete', 'marked', 'discarded'] as const)
          this.#before[outcome] += event.summary[outcome];
        this.#history.unshift(event.summary);
        this.#reached.set(event.summary, event.reached);
        this.#history.length = Math.min(this.#history.length, historyLength);
        this.#open = null;
        this.#warnings.clear();
        logSeriesEnd(logger, event.summary);
        this.#deps.outside?.ended(event.summary);
        this.#deps.kept?.keep(event.summary);
        this.#deps.receiver?.ended(event.summary.series_id, event.summary.frames);
        break;
      case 'warning':
        this.#warnings.set(event.code, event.message);
        logger.warn({ event: 'warning', code: event.code }, event.message);
        break;
      case 'warnings_over':
        for (const code of event.codes ?? [...this.#warnings.keys()]) this.#warnings.delete(code);
        break;
      case 'peer_refused':
        this.#refusedLately.note(event.message, this.#deps.clock.now());
        logger.warn({ event: 'peer_refused', reason: event.reason, address: event.address }, event.message);
        break;
      case 'consumer':
        logger[event.trouble ? 'warn' : 'info']({ event: 'consumer', code: event.code }, event.message);
        break;
      case 'closed':
        this.#undelivered = event.undelivered;
        break;
      case 'drained':
        // The streamer's last word: whoever asked after it is answered here.
        this.#commands.fail('stopping', 'the service is stopping');
        this.#drained?.();
        break;
    }
  }

  /** No further series, the present one ended; resolves when the streamer has nothing left to send. */
  shutdown(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve;
      this.#commands.tell((id) => ({ kind: 'shutdown', id }));
    });
  }

  close(): void {
    this.recent.close();
    this.#heartbeats.close();
    this.#commands.close();
  }

  // --- orders

  /** What stands against a series, whatever it is. */
  #hindrance(force: boolean): Refused | null {
    if (this.#failure !== null) return new Refused('failed', [this.#failure]);
    if (!this.#ready)
      return new Refused('starting', ['the service is starting: send the order again when /readyz answers 200']);
    const against = force ? [] : this.#preflight.reasons();
    return against.length > 0 ? new Refused('unsafe', against) : null;
  }

  #beginSeries(id: number, filename: string, frames: number, base: number | null, auto: boolean): void {
    if (this.#open?.id === id) return;
    // An automatic one has begun before it is opened, with its warnings.
    if (!auto) this.#warnings.clear();
    this.#open = { id, filename, frames, base, since: this.#deps.clock.now() };
    const again = filename !== '' && this.history().some((earlier) => earlier.filename === filename);
    this.#deps.receiver?.opened(id, again ? filename : null);
  }

  /** What the receiver has got of a series is known only some time after its end. */
  #noteReceived(): void {
    const settled = this.#deps.receiver?.takeSettled() ?? null;
    const at = this.#history.findIndex(({ series_id: id }) => id === settled?.series_id);
    if (settled === null || at < 0) return;
    const summary = {
      ...this.#history[at],
      received_by_consumer: settled.received,
      ...(settled.error === null ? {} : { receiver_error: settled.error }),
    };
    this.#history[at] = summary;
    this.#deps.kept?.keep(summary);
  }

  #state(): SeriesState {
    const step = this.#stream.step;
    // An auto series is open when its receivers are: what came before was not of any series.
    const preparing = this.#stream.auto && step < seriesStep.open;
    return step === seriesStep.idle || preparing ? 'idle' : step >= seriesStep.stopping ? 'closing' : 'open';
  }

  #diagnose(): Finding[] {
    const { samples } = this.recent;
    const { ringSlots, ringSlotsUsed } = this.gauges();
    const ofReceiver = this.#deps.receiver?.findings() ?? [];
    const found = diagnose({
      state: this.#state(),
      armed: this.config.series === 'armed',
      open: this.#series()?.ports.map(({ udp_port, packets }) => ({ udp_port, ...packets })) ?? null,
      last: this.#history[0] ?? null,
      doubted: doubtedPorts(this.#warnings.keys()),
      ring: { slots: ringSlots, used: ringSlotsUsed },
      sockets: this.recent.sockets.filter(({ off }) => !off),
      samples,
    });
    return [...found, ...ofReceiver];
  }

  // --- what others ask

  status(): ServiceStatus {
    const state = this.#state();
    const series = this.#series();
    // Warnings of a series that is over stand in its summary; an automatic one has some while it waits.
    const problems = [...(this.#failure === null ? [] : [this.#failure]), ...this.#warnings.values()];
    const now = this.#deps.clock.now();
    const described = describeState({
      config: this.config,
      dataEndpoint: this.#dataEndpoint,
      state,
      consumers: this.#stream.peers,
      endPending: this.#stream.endPending,
      auto: this.#stream.auto,
      series,
      openMs: this.#open === null ? null : now - this.#open.since,
      sinceLastPacketMs: this.#sinceLastPacket(now),
      packetBytes: this.#deps.plan.detector.packetBytes,
    });
    problems.push(
      ...described.problems,
      ...this.#diagnose().map(({ message }) => message),
      ...(this.#ready ? this.readiness().reasons : []),
      ...this.#refusedLately.sentences(now),
      ...this.#doorProblems(),
      ...processTroubles(),
      ...[this.#deps.outside?.trouble ?? [], this.#deps.kept?.trouble ?? []].flat(),
    );
    const { endPending, messageNumber } = this.#stream;
    const { stride, offset } = this.config.share;
    return {
      state,
      message: (state === 'idle' ? this.#deps.receiver?.sentence() : null) ?? described.message,
      problems: [...new Set(problems)],
      consumers: this.#stream.peers,
      underway: this.#stream.underway,
      end_pending: endPending,
      next_msg_number: messageNumber + (endPending ? 1 : 0),
      frames_stride: stride,
      frames_offset: offset,
      series,
      last_series: this.#endedHere()[0] ?? null,
    };
  }

  /** What was handed over and never reached a consumer, once the streamer has closed; null = not known. */
  get undelivered(): Undelivered | null {
    return this.#undelivered;
  }

  /** What the consumer lacks, once the streamer has closed, in a sentence; null = nothing that is known of. */
  lacking(): string | null {
    if (this.#stream.endPending)
      return (
        'the series_end of the last series was never taken: no consumer was there, or it took nothing. It must be ' +
        'told that the series is over.'
      );
    const lost = this.undelivered;
    return lost === null || lost.messages === 0 ? null : undeliveredText(lost);
  }

  history(): readonly SeriesSummary[] {
    return [...this.#endedHere(), ...(this.#deps.kept?.before ?? [])].slice(0, historyLength);
  }

  /** Those of this process. A `series_end` that waited may have been delivered since. */
  #endedHere(): readonly SeriesSummary[] {
    return this.#stream.endPending
      ? this.#history
      : this.#history.map((summary) => (summary.end_pending ? { ...summary, end_pending: false } : summary));
  }

  udpPorts(): UdpPortStatus[] {
    return this.#ports.map((port): UdpPortStatus => {
      const drops = port.counters().socketDropped;
      const host = hostOfPort(this.config, port.udpPort);
      const link = interfaceOf(host);
      return {
        udp_port: port.udpPort,
        off: port.off,
        address: port.socket?.address ?? host,
        interface: link.name,
        mac: link.mac,
        mtu: link.mtu,
        packet_bytes: this.#deps.plan.detector.packetBytes,
        receive_buffer_requested_bytes: this.config.receiveBufferBytes,
        receive_buffer_granted_bytes: port.socket?.receiveBufferGrantedBytes ?? null,
        socket_queue_bytes: port.socketFigures()?.queueBytes ?? null,
        kernel_drops: Number.isNaN(drops) ? null : drops,
      };
    });
  }

  /** How far a series has come that is open, or that the history knows; null = neither. */
  progressOf(seriesId: number): SeriesProgress | null {
    const open = this.#series();
    if (open?.series_id === seriesId) {
      return {
        first_frame_number: open.first_frame_number,
        ended: null,
        ports: open.ports.map(({ udp_port, packets, counters, newest_frame_number }) => ({
          udp_port,
          images_complete: counters.imagesComplete,
          newest_frame_number,
          accepted: packets.accepted,
          missing: packets.missing,
        })),
      };
    }
    const summary = this.#history.find(({ series_id }) => series_id === seriesId);
    if (summary === undefined) return null;
    const reached = this.#reached.get(summary);
    return {
      first_frame_number: summary.first_frame_number,
      ended: { aborted: summary.aborted ?? null },
      ports: summary.ledger.map(({ udp_port, accepted, missing }) => {
        const port = reached?.find((one) => one.udp_port === udp_port);
        return {
          udp_port,
          images_complete: port?.images_complete ?? 0,
          newest_frame_number: port?.newest_frame_number ?? null,
          accepted,
          missing,
        };
      }),
    };
  }

  /** What the kernel granted for the sockets, the least of them; null = not known. */
  get receiveBufferBytes(): number | null {
    const granted = this.#ports.flatMap(({ socket }) => socket?.receiveBufferGrantedBytes ?? []);
    return granted.length === 0 ? null : Math.min(...granted);
  }

  readiness(): { ready: boolean; reasons: readonly string[] } {
    const { reasons } = this.liveness();
    if (!this.#ready) return { ready: false, reasons: ['threads are starting', ...reasons] };
    const all = [...reasons, ...this.#preflight.recentReasons()];
    return { ready: all.length === 0, reasons: all };
  }

  doctor(): Promise<DoctorReport> {
    return this.#preflight.report();
  }

  preflightResults(): { check: string; ok: boolean }[] {
    return this.#preflight.recentResults();
  }

  liveness(): { alive: boolean; reasons: readonly string[] } {
    const reasons = this.#heartbeats
      .ages()
      .filter(({ ageMs }) => this.#ready && ageMs > stallLimitMs)
      .map(({ watched, ageMs }) => `${watched.name} has not turned for ${Math.round(ageMs / 1000)} s`);
    if (this.#failure !== null) reasons.unshift(this.#failure);
    return { alive: reasons.length === 0, reasons };
  }

  lastFrame(): LastSent | null {
    const last = this.#lastFrame.load();
    if (last === null) return null;
    const read = (json: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(json));
    return {
      json: last.json,
      header: read(last.json) as LastSent['header'],
      places: read(last.places) as LastSent['places'],
      pixels: last.pixels,
    };
  }

  sentFrame(wish: FrameWish): LastSent | NoFrame {
    const frame = this.#sentFrames.find(wish);
    // The copy for viewers outlives its slot.
    return wish === 'latest' && frame === 'gone' ? (this.lastFrame() ?? frame) : frame;
  }

  receivedFrames(): number {
    return this.#series()?.images_sent ?? this.#history[0]?.frames ?? 0;
  }

  portCounters(): readonly { udpPort: number; counters: Readonly<Record<PortCounter, number>> }[] {
    return this.#receiving.map((port) => ({ udpPort: port.udpPort, counters: port.counters() }));
  }

  streamCounters(): Readonly<Record<StreamCounter, number>> {
    return Object.fromEntries(
      streamCounterTable.map((entry, index) => [entry.id, this.#streamCounters[index]]),
    ) as Record<StreamCounter, number>;
  }

  portFigures(): readonly PortFigures[] {
    const now = this.#deps.clock.now();
    const wall = this.#deps.clock.wall();
    const open = this.#series() !== null;
    const ahead = Math.max(...this.#receiving.map(({ words }) => words.newestSeen));
    const lastLedger = this.#history[0]?.ledger;
    return this.#receiving.map((port): PortFigures => {
      const { udpPort, words } = port;
      // A port of which nothing was seen is behind by the whole series.
      const reached = words.newestSeen === 0 ? this.#stream.first - 1 : words.newestSeen;
      return {
        udpPort,
        queueBytes: port.socketFigures()?.queueBytes ?? null,
        queueBytesMax: knownFigure(words.figure('queueBytesMax')),
        lagFrames: ahead === 0 || reached < 0 ? null : ahead - reached,
        lastPacketAt: knownFigure(wall - now + words.figure('lastPacketAt')),
        series: open ? port.series().packets : (lastLedger?.find((ledger) => ledger.udp_port === udpPort) ?? null),
        histograms: { batchPackets: port.histogram('batchPackets') },
      };
    });
  }

  frameHistograms(): Readonly<Record<FrameHistogram, HistogramReading>> {
    const { assembly, handover, total } = this.#frameHistograms;
    return { assembly: assembly.read(), handover: handover.read(), total: total.read() };
  }

  agents(): readonly AgentFigures[] {
    return this.#heartbeats.ages().map(({ watched, ageMs }) => ({
      agent: watched.agent,
      heartbeatAgeMs: ageMs,
      stallMsMax: knownFigure(watched.stallMsMax()),
    }));
  }

  receiver(): ReceiverFigures | null {
    return this.#deps.receiver?.figures(this.#series()?.images_sent ?? 0) ?? null;
  }

  notifications(): NotificationFigures | null {
    return this.#deps.outside?.counts ?? null;
  }

  gauges(): ReturnType<ServiceView['gauges']> {
    const { next, highest } = this.#stream;
    const ring = this.#deps.plan.ring.frames;
    return {
      ringSlots: ring,
      ringSlotsUsed: next === 0 ? 0 : Math.max(0, Math.min(ring, highest - next + 1)),
      ringSlotsUsedMax: this.#stream.slotsUsedMax,
      consumers: this.#stream.peers,
      underway: this.#stream.underway,
      sendBuffer: this.#sendBuffer,
    };
  }

  #series(): CurrentSeries | null {
    const open = this.#open;
    const step = this.#stream.step;
    if (open === null || step === seriesStep.idle) return null;
    const counters = this.streamCounters();
    const { share } = this.config;
    const { first } = this.#stream;
    const known = (ownNumber: number): number | null =>
      ownNumber === 0 ? null : frameNumberOf(share, ownNumber, first);
    return {
      series_id: open.id,
      filename: open.filename,
      auto: this.#stream.auto,
      frames: open.frames,
      header_pending: !this.#stream.headerSent,
      msg_number_base: open.base,
      first_frame_number: first === 0 ? null : firstNumberOf(first),
      highest_frame_number: known(this.#stream.highest),
      images_sent: counters.images - this.#before.frames,
      complete: counters.complete - this.#before.complete,
      marked: sum(counters, 'marked') - this.#before.marked,
      discarded: sum(counters, 'discarded') - this.#before.discarded,
      ports: this.#receiving.map((port) => ({
        udp_port: port.udpPort,
        ...port.series(),
        newest_frame_number: known(port.words.newestSeen),
        ...port.senders(),
      })),
    };
  }

  #sinceLastPacket(now: number): number | null {
    const times = this.#ports.map((port) => port.words.figure('lastPacketAt')).filter((time) => !Number.isNaN(time));
    return times.length === 0 ? null : now - Math.max(...times);
  }
}

const undeliveredText = ({ messages, bytes }: Undelivered): string =>
  `${messages} messages (${bytes} bytes) had not reached the consumer in time, nor had series_end. See ` +
  'docs/operating.md#undelivered.';

const knownFigure = (value: number): number | null => (Number.isFinite(value) ? value : null);

function sum(counters: Readonly<Record<StreamCounter, number>>, outcome: 'marked' | 'discarded'): number {
  return Object.entries(counters).reduce(
    (total, [name, value]) => (name.startsWith(outcome) ? total + value : total),
    0,
  );
}

function clampedText(socket: OpenedSocket): string {
  return (
    `port ${socket.udpPort}: asked for ${socket.receiveBufferRequestedBytes} bytes of socket buffer, the kernel ` +
    `granted ${socket.receiveBufferGrantedBytes}. Raise net.core.rmem_max (docs/operating.md#receive-buffer).`
  );
}
