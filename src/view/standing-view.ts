// The service as the control plane sees it, whichever data plane runs: it goes on answering while one data plane takes
// the place of another, and before there is any. Comes in: the view of each data plane. Goes out: what that says; while
// there is none, that one is waited for, and for what reason.
// Tested by test/threads/from-client.test.ts.

import { noTotals } from './plane-totals.js';
import type { PlaneTotals } from './plane-totals.js';
import type { Clock } from '../base/clock.js';
import type { ServiceConfig } from '../config/service-config.js';
import type { SeriesProgress, SeriesSummary, Undelivered } from '../contract/series.js';
import { Refused } from '../control/refused.js';
import type { Armed, Orders } from '../control/orders.js';
import type { ClientFacts } from '../doctor/facts.js';
import type { DoctorReport } from '../doctor/report.js';
import type { StreamCounter } from '../memory/counters.js';
import type { FrameHistogram, HistogramReading } from '../memory/histogram.js';
import { frameHistogramTable } from '../memory/histogram.js';
import type { LastFrameMemory } from '../memory/last-frame.js';
import type { Logger } from '../runtime/log.js';
import { clientFacts } from './client-facts.js';
import type { Door } from './client-facts.js';
import { FindingLog } from './finding-log.js';
import { processTroubles } from './process-troubles.js';
import { Recent } from './recent.js';
import { endedProgress } from './series-now.js';
import type {
  AgentFigures,
  EncoderDone,
  FrameWish,
  LastSent,
  NoFrame,
  NotificationFigures,
  Outside,
  PortFigures,
  ServiceStatus,
  ServiceView,
  UdpPortStatus,
} from './service-view.js';
import type { SharedView } from './shared-view.js';
import type { Outliving } from './shared-view-deps.js';
import { ToldSeries } from './told-series.js';
import type { KeptHistory } from './told-series.js';
import type { ReceiverFigures } from './receiver-watched.js';

export interface StandingViewDeps {
  /** As the file states it. */
  readonly config: ServiceConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The doctor's checks of the machine alone. */
  doctor(client: ClientFacts | null): Promise<DoctorReport>;
  readonly kept: KeptHistory | null;
  readonly outside: Outside | null;
}

export class StandingView implements ServiceView {
  readonly orders: Orders;
  readonly recent: Recent;
  /** What each view of a data plane is given. */
  readonly outliving: Outliving;
  readonly #deps: StandingViewDeps;
  #plane: SharedView | null = null;
  /** The last there was. */
  #shown: SharedView | null = null;
  #totals: PlaneTotals = noTotals;
  #messageNumber = 0;
  #failure: string | null = null;
  #waiting: () => string = () => 'the service is starting';
  #against: () => readonly string[] = () => [];
  #door: Door | null = null;

  constructor(deps: StandingViewDeps) {
    this.#deps = deps;
    this.recent = new Recent(this, deps.clock);
    const told = new ToldSeries(deps.kept);
    this.outliving = { told, recent: this.recent, findings: new FindingLog(deps.logger) };
    const now = (): Orders => this.#plane?.orders ?? this.#noOrders;
    this.orders = { arm: (wish) => now().arm(wish), stop: (wish) => now().stop(wish), halt: () => now().halt() };
  }

  readonly #noOrders: Orders = {
    arm: (): Promise<Armed> => Promise.reject(new Refused('starting', [this.#waiting()])),
    stop: () => Promise.resolve(null),
    halt: () => Promise.resolve(null),
  };

  // --- what the service tells

  /** The view of the data plane that runs now; null = there is none. */
  get plane(): SharedView | null {
    return this.#plane;
  }

  /** A data plane is there, or is there no more. */
  adopt(plane: SharedView | null): void {
    this.#plane = plane;
    plane?.noteDoor(this.#door);
    if (plane === null || plane === this.#shown) return;
    this.#shown = plane;
    this.recent.restart();
  }

  /** What data planes that are gone have counted, and the number of the next message. */
  keep(totals: PlaneTotals, messageNumber: number): void {
    this.#totals = totals;
    this.#messageNumber = messageNumber;
  }

  get totals(): PlaneTotals {
    return this.#totals;
  }

  /**
   * @param sentence what is waited for while there is no data plane @param against what stands against the settings of
   * a client that has a say: whatever data plane runs, it is not the one that was asked for
   */
  noteWaiting(sentence: () => string, against: () => readonly string[]): void {
    this.#waiting = sentence;
    this.#against = against;
  }

  /** A door of its own has things to tell. */
  noteDoor(door: Door): void {
    this.#door = door;
    this.#plane?.noteDoor(door);
  }

  /** A part of the service has failed. */
  noteFailure(reason: string): void {
    this.#failure = reason;
    this.#plane?.noteFailure(reason);
  }

  close(): void {
    this.recent.close();
  }

  // --- what others ask

  get config(): ServiceConfig {
    return this.#plane?.config ?? this.#deps.config;
  }

  get backend(): string {
    return this.#plane?.backend ?? 'waiting';
  }

  get lastFrameMemory(): LastFrameMemory | null {
    return this.#plane?.lastFrameMemory ?? null;
  }

  status(): ServiceStatus {
    const { outside, kept, config } = this.#deps;
    const { stride, offset } = config.share;
    return (
      this.#plane?.status() ?? {
        state: 'idle',
        message: this.#waiting(),
        problems: [
          ...(this.#failure === null ? [] : [this.#failure]),
          ...(this.#door?.problems() ?? []),
          ...processTroubles(),
          ...[outside?.trouble ?? [], kept?.trouble ?? []].flat(),
        ],
        consumers: 0,
        underway: null,
        data_sockets: [],
        preview: null,
        end_pending: false,
        next_msg_number: this.#messageNumber,
        frames_stride: stride,
        frames_offset: offset,
        series: null,
        last_series: this.outliving.told.ended()[0] ?? null,
      }
    );
  }

  readonly history = (): readonly SeriesSummary[] => this.outliving.told.history();

  readonly record: ServiceView['record'] = (seriesId) => this.outliving.told.record(seriesId);

  /** As ToldSeries has it. */
  get undelivered(): Undelivered | null {
    return this.outliving.told.undelivered;
  }

  lacking(): string | null {
    return this.outliving.told.lacking();
  }

  progressOf(seriesId: number): SeriesProgress | null {
    return this.#plane === null ? endedProgress(this.outliving.told.find(seriesId)) : this.#plane.progressOf(seriesId);
  }

  get receiveBufferBytes(): number | null {
    return this.#plane?.receiveBufferBytes ?? null;
  }

  udpPorts(): UdpPortStatus[] {
    return this.#plane?.udpPorts() ?? [];
  }

  readiness(): { ready: boolean; reasons: readonly string[] } {
    if (this.#plane === null) return { ready: false, reasons: [this.#waiting()] };
    const { ready, reasons } = this.#plane.readiness();
    const against = this.#against();
    return { ready: ready && against.length === 0, reasons: [...against, ...reasons] };
  }

  get clientProblems(): readonly string[] {
    return this.#against();
  }

  liveness(): { alive: boolean; reasons: readonly string[] } {
    const alone = { alive: this.#failure === null, reasons: this.#failure === null ? [] : [this.#failure] };
    return this.#plane?.liveness() ?? alone;
  }

  doctor(): Promise<DoctorReport> {
    return this.#plane?.doctor() ?? this.#deps.doctor(clientFacts(this.#door, this.outliving.told, null));
  }

  preflightResults(): readonly { readonly check: string; readonly ok: boolean }[] {
    return this.#plane?.preflightResults() ?? [];
  }

  lastFrame(): LastSent | null {
    return this.#plane?.lastFrame() ?? null;
  }

  sentFrame(wish: FrameWish, asSent?: boolean): LastSent | NoFrame {
    const found = this.#plane?.sentFrame(wish, asSent) ?? 'nothing_sent';
    // A data plane knows of its own frames only.
    return found === 'nothing_sent' && this.#totals.stream.images > 0 ? 'gone' : found;
  }

  receivedFrames(): number {
    return this.#plane?.receivedFrames() ?? this.outliving.told.last?.frames ?? 0;
  }

  portCounters(): ReturnType<ServiceView['portCounters']> {
    const gone = [...this.#totals.ports].map(([udpPort, { counters }]) => ({ udpPort, counters }));
    return this.#plane?.portCounters() ?? gone;
  }

  streamCounters(): Readonly<Record<StreamCounter, number>> {
    return this.#plane?.streamCounters() ?? this.#totals.stream;
  }

  portFigures(): readonly PortFigures[] {
    return this.#plane?.portFigures() ?? [];
  }

  frameHistograms(): Readonly<Record<FrameHistogram, HistogramReading>> {
    return this.#plane?.frameHistograms() ?? this.#totals.frames ?? nothingMeasured;
  }

  agents(): readonly AgentFigures[] {
    return this.#plane?.agents() ?? [];
  }

  encoders(): readonly EncoderDone[] {
    return this.#plane?.encoders() ?? this.#totals.encoders;
  }

  receiver(): ReceiverFigures | null {
    return this.#plane?.receiver() ?? null;
  }

  notifications(): NotificationFigures | null {
    return this.#deps.outside?.counts ?? null;
  }

  gauges(): ReturnType<ServiceView['gauges']> {
    const none = {
      ringSlots: 0,
      ringSlotsUsed: 0,
      ringSlotsUsedMax: 0,
      consumers: 0,
      dataSockets: [],
      preview: null,
      underway: null,
      sendBuffer: null,
    };
    return this.#plane?.gauges() ?? none;
  }
}

const nothingMeasured = Object.fromEntries(
  frameHistogramTable.map(({ id, bounds }) => [id, { counts: new Array<number>(bounds.length + 1).fill(0), sum: 0 }]),
) as unknown as Readonly<Record<FrameHistogram, HistogramReading>>;
