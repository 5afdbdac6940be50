// The service as the control plane sees it, read from shared memory and kept up by the streamer's events. On the main
// thread only; reading costs the data path nothing. HTTP, metrics and the log look at nothing else. Ports, threads and
// commands: port-view.ts, heartbeats.ts, control/command-queue.ts.

import type { ServiceConfig } from '../config/service-config.js';
import { nameAgainText } from '../contract/findings.js';
import { problemTexts } from '../contract/refusals.js';
import type { SendBuffer, SeriesProgress, SeriesSummary, StreamEvent, Undelivered } from '../contract/series.js';
import { CommandQueue } from '../control/command-queue.js';
import { SeriesOrders, type Orders } from '../control/orders.js';
import { thisMachine } from '../doctor/machine.js';
import { Preflight } from '../doctor/preflight.js';
import type { DoctorReport } from '../doctor/report.js';
import { CommandBox } from '../memory/command-box.js';
import type { PortCounter, StreamCounter } from '../memory/counters.js';
import type { FrameHistogram, HistogramReading } from '../memory/histogram.js';
import type { LastFrameMemory } from '../memory/last-frame.js';
import { clientFacts } from './client-facts.js';
import type { Door } from './client-facts.js';
import { logEvent } from './event-log.js';
import { findingsNow, tellNew } from './findings-now.js';
import type { TellDeps } from './findings-now.js';
import { FindingLog } from './finding-log.js';
import { logGranted } from './granted-buffers.js';
import { Health } from './health.js';
import { noTotals, totalsOf } from './plane-totals.js';
import type { PlaneTotals } from './plane-totals.js';
import type { OpenedSocket } from './port-view.js';
import { PortViews } from './port-views.js';
import { processTroubles } from './process-troubles.js';
import type { ReceiverFigures } from './receiver-watched.js';
import { Recent } from './recent.js';
import { RefusedLately } from './refused-lately.js';
import { SentFrameView } from './sent-frame-view.js';
import { seriesNow, seriesProgress } from './series-now.js';
import type { SeriesNowDeps } from './series-now.js';
import { serviceStatus } from './service-status.js';
import type {
  AgentFigures,
  EncoderDone,
  FrameWish,
  LastSent,
  NoFrame,
  NotificationFigures,
  PortFigures,
  ServiceStatus,
  ServiceView,
  UdpPortStatus,
} from './service-view.js';
import type { SharedViewDeps } from './shared-view-deps.js';
import { StreamView } from './stream-view.js';
import { ToldSeries } from './told-series.js';
import type { NamedSeries } from './told-series.js';

export class SharedView implements ServiceView {
  readonly config: ServiceConfig;
  readonly orders: Orders;
  readonly lastFrameMemory: LastFrameMemory;
  /** A data plane that runs was built as it was asked for. */
  readonly clientProblems = [];
  readonly #deps: SharedViewDeps;
  readonly #ports: PortViews;
  readonly #stream: StreamView;
  readonly #frames: SentFrameView;
  readonly #commands: CommandQueue;
  readonly #health: Health;
  readonly #told: ToldSeries;
  readonly #now: SeriesNowDeps;
  #backend = 'starting';
  #sendBuffer: SendBuffer | null = null;
  #drained: (() => void) | null = null;
  readonly #refusedLately = new RefusedLately();
  #door: Door | null = null;
  readonly #preflight: Preflight;
  /** The last minutes, from when the threads were ready. */
  readonly recent: Recent;
  readonly #diagnosed: TellDeps;
  #deafen: (() => void) | null = null;

  constructor(deps: SharedViewDeps) {
    const { config, map, buffer } = deps;
    this.config = config;
    this.#deps = deps;
    this.#ports = new PortViews(deps, config, deps.plan.detector.packetBytes);
    this.#stream = new StreamView(buffer, map, deps.before ?? noTotals);
    this.#told = deps.outliving?.told ?? new ToldSeries(deps.kept ?? null);
    this.#told.follow(this.#stream.words);
    this.#now = { share: config.share, told: this.#told, stream: this.#stream, ports: this.#ports };
    this.#frames = new SentFrameView(buffer, map, config, deps.masked ?? null);
    this.lastFrameMemory = this.#frames.lastMemory;
    this.#commands = new CommandQueue(new CommandBox(buffer, map.commandBox), () => deps.wakeStreamer(), deps.repeat);
    this.orders = new SeriesOrders({
      config,
      commands: this.#commands,
      hindrance: (force) => this.#health.hindrance(force),
      warnings: ({ filename }) => (this.#told.knowsFile(filename) ? [`this series ${nameAgainText(filename)}`] : []),
      pending: (id, { filename, frames, msgNumberBase }) =>
        this.#beginSeries({ id, filename, frames, msgNumberBase }, false),
    });
    this.recent = deps.outliving?.recent ?? new Recent(this, deps.clock);
    const findings = deps.outliving?.findings ?? new FindingLog(deps.logger);
    this.#diagnosed = { ...deps, ...this.#now, recent: this.recent, findings };
    this.#preflight = new Preflight({
      config,
      plan: deps.plan,
      clock: deps.clock,
      machine: deps.machine ?? thisMachine,
      says: () => ({
        receiveBuffers: this.#ports.receiveBuffers(),
        service: { ...this.#stream.served(), acceptedPackets: this.#ports.acceptedPackets },
        client: clientFacts(this.#door, this.#told, this.#now),
        backend: this.#backend,
      }),
    });
    this.#health = new Health(deps.clock, this.#ports, this.#stream, this.#preflight);
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
    previewEndpoint = '',
  ): void {
    this.#backend = backend;
    this.#sendBuffer = sendBuffer;
    this.#ports.noteSockets(sockets);
    this.#stream.noteEndpoints(dataEndpoint, previewEndpoint);
    this.#health.noteReady();
    this.#deafen = this.recent.listen(() => tellNew(this.#diagnosed));
    void this.#preflight.tellFailures(this.#deps.logger);
    logGranted(this.#deps.logger, sockets, sendBuffer);
  }

  /** A door of its own has things to tell. */
  noteDoor(door: Door | null): void {
    this.#door = door;
  }

  noteFailure(reason: string): void {
    this.#health.noteFailure(reason);
    this.#deps.outside?.problem({ code: 'failed', message: reason });
    this.#deps.logger.error({ event: 'failed' }, reason);
    this.#commands.fail('failed', reason);
  }

  noteEvent(event: StreamEvent): void {
    this.#told.hear(event);
    switch (event.kind) {
      case 'armed':
      case 'refused':
      case 'halted':
      case 'stopped':
        this.#commands.answer(event);
        break;
      case 'opened': {
        const { series_id: id, filename, frames, msg_number_base: msgNumberBase = null } = event;
        this.#beginSeries({ id, filename, frames, msgNumberBase }, event.auto);
        this.#deps.receiver?.opened(id, this.#told.knowsFile(filename) ? filename : null);
        tellNew(this.#diagnosed);
        break;
      }
      case 'ended':
        this.#deps.outside?.ended(event.summary);
        this.#deps.receiver?.ended(event.summary.series_id, event.summary.frames);
        break;
      case 'amended':
        this.#deps.outside?.amended(event.summary);
        break;
      case 'peer_refused':
        this.#refusedLately.note(event.message, this.#deps.clock.now());
        break;
      case 'drained':
        // The streamer's last word: requests behind it are answered here.
        this.#commands.fail('stopping', problemTexts.stopping);
        this.#drained?.();
        break;
      default:
        break;
    }
    logEvent(this.#deps.logger, event);
  }

  /** No further series, the present one ended; resolves when the streamer has nothing left to send. */
  shutdown(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve;
      this.#commands.tell((id) => ({ kind: 'shutdown', id }));
    });
  }

  close(): void {
    this.#deafen?.();
    if (this.#deps.outliving === undefined) this.recent.close();
    this.#health.close();
    this.#commands.close();
  }

  /** The number that the next message takes, and that of the last series; 0 = not known yet. */
  get numbers(): { readonly message: number; readonly series: number } {
    const { messageNumber, seriesId } = this.#stream.words;
    return { message: messageNumber, series: seriesId };
  }

  readonly calm = (): boolean => this.#stream.calm;

  /** All that was counted until now, for the data plane that comes after this one. */
  totals(): PlaneTotals {
    return totalsOf(this, this.#deps.before ?? noTotals);
  }

  // --- orders

  #beginSeries(series: NamedSeries, auto: boolean): void {
    // What was wrong with the series before is over now, told or not.
    tellNew(this.#diagnosed);
    this.#told.begin(series, auto, this.#deps.clock.now());
  }

  // --- what others ask

  status(): ServiceStatus {
    const { clock, outside, kept, receiver, plan } = this.#deps;
    const now = clock.now();
    return serviceStatus({
      ...this.#now,
      config: this.config,
      packetBytes: plan.detector.packetBytes,
      now,
      failure: this.#health.failure,
      troubles: [
        ...findingsNow(this.#diagnosed).map(({ message }) => message),
        ...(this.#health.ready ? this.readiness().reasons : []),
        ...this.#refusedLately.sentences(now),
        ...(this.#door?.problems() ?? []),
        ...processTroubles(),
        ...[outside?.trouble ?? [], kept?.trouble ?? []].flat(),
      ],
      receiverSentence: receiver?.sentence() ?? null,
    });
  }

  /** As ToldSeries has it. */
  get undelivered(): Undelivered | null {
    return this.#told.undelivered;
  }

  lacking(): string | null {
    return this.#told.lacking();
  }

  readonly history = (): readonly SeriesSummary[] => this.#told.history();

  readonly record: ServiceView['record'] = (seriesId) => this.#told.record(seriesId);

  udpPorts(): UdpPortStatus[] {
    return this.#ports.status();
  }

  /** How far a series has come that is open, or that the history knows; null = neither. */
  progressOf(seriesId: number): SeriesProgress | null {
    return seriesProgress(this.#now, seriesId);
  }

  /** What the kernel granted for the sockets, the least of them; null = not known. */
  get receiveBufferBytes(): number | null {
    return this.#ports.grantedBytes;
  }

  readiness(): { ready: boolean; reasons: readonly string[] } {
    return this.#health.readiness();
  }

  doctor(): Promise<DoctorReport> {
    return this.#preflight.report();
  }

  preflightResults(): { check: string; ok: boolean }[] {
    return this.#preflight.recentResults();
  }

  liveness(): { alive: boolean; reasons: readonly string[] } {
    return this.#health.liveness();
  }

  lastFrame(): LastSent | null {
    return this.#frames.last();
  }

  sentFrame(wish: FrameWish, asSent?: boolean): LastSent | NoFrame {
    return this.#frames.find(wish, asSent);
  }

  /** As SentFrameView has it. */
  readonly newestSent = (): ReturnType<SentFrameView['told']> => this.#frames.told();

  receivedFrames(): number {
    return seriesNow(this.#now)?.images_sent ?? this.#told.last?.frames ?? 0;
  }

  portCounters(): readonly { udpPort: number; counters: Readonly<Record<PortCounter, number>> }[] {
    return this.#ports.counters();
  }

  streamCounters(): Readonly<Record<StreamCounter, number>> {
    return this.#stream.counters();
  }

  portFigures(): readonly PortFigures[] {
    const open = this.#told.open !== null && this.#stream.inSeries;
    const ledger = this.#told.last?.ledger;
    return this.#ports.figures(
      this.#stream.words.first,
      open ? null : (udpPort) => ledger?.find((one) => one.udp_port === udpPort) ?? null,
    );
  }

  frameHistograms(): Readonly<Record<FrameHistogram, HistogramReading>> {
    return this.#stream.histograms();
  }

  agents(): readonly AgentFigures[] {
    return this.#health.agents();
  }

  readonly encoders = (): readonly EncoderDone[] => this.#stream.encoded();

  receiver(): ReceiverFigures | null {
    return this.#deps.receiver?.figures(seriesNow(this.#now)?.images_sent ?? 0) ?? null;
  }

  notifications(): NotificationFigures | null {
    return this.#deps.outside?.counts ?? null;
  }

  gauges(): ReturnType<ServiceView['gauges']> {
    return {
      ...this.#stream.slots(),
      ...this.#stream.consumers(),
      sendBuffer: this.#sendBuffer,
    };
  }
}
