// A service made by hand for the tests of the control plane: every answer is a field that a test sets.

import { systemClock } from '../../src/base/clock.js';
import { Recent } from '../../src/view/recent.js';
import { recordOf } from '../../src/view/series-record.js';
import type { SeriesRecord } from '../../src/view/series-record.js';
import type { ServiceConfig } from '../../src/config/service-config.js';
import { examine } from '../../src/doctor/report.js';
import type { DoctorReport } from '../../src/doctor/report.js';
import { checkArmWish, layoutOfRequest } from '../../src/control/arm-request.js';
import type { Orders } from '../../src/control/orders.js';
import { checkHalt, checkStopWish, type StopRequest } from '../../src/control/stop-request.js';
import type {
  AgentFigures,
  CurrentPort,
  NotificationFigures,
  FrameWish,
  LastSent,
  NoFrame,
  PortFigures,
  ServiceStatus,
  ServiceView,
  UdpPortStatus,
} from '../../src/view/service-view.js';
import { portCounterTable, streamCounterTable } from '../../src/memory/counters.js';
import type { PortCounter, StreamCounter } from '../../src/memory/counters.js';
import { seriesPackets } from '../../src/memory/series-packets.js';
import { lastFrameBytes } from '../../src/memory/last-frame.js';
import type { LastFrameMemory } from '../../src/memory/last-frame.js';
import type { FramePlaces } from '../../src/detector/pixel-states.js';
import { goodFacts } from '../doctor/good-facts.js';
import type { ReceiverFigures } from '../../src/view/receiver-watched.js';
import type { ArmRequest, HaltedSeries, PortLedger, SeriesLoss, SeriesSummary } from '../../src/contract/series.js';

export const config: ServiceConfig = {
  name: 'quad',
  detector: {
    detector: 'eiger',
    interfaces: 1,
    counters: 1,
    flat: false,
    lowNibbleFirst: false,
    quad: true,
    modules: [1, 1],
    gapPixels: true,
    dynamicRange: 16,
    tenGiga: true,
    readNRows: null,
    udpPorts: [50001, 50002],
    portsOff: [],
    flipRows: new Map([[50001, true]]),
    portPositions: new Map([[50002, [0, 0]]]),
  },
  dynamicRangeMax: 16,
  udpHosts: ['127.0.0.1', '127.0.0.1'],
  udpSources: [{ address: '::1', bits: 128, family: 'ipv6', port: 1234 }],
  enforceSource: false,
  receiveBufferBytes: 1048576,
  receive: 'auto',
  receiveCoalesced: false,
  receiverThreads: null,
  receiverPriority: 'realtime',
  encoderThreads: null,
  roi: null,
  turn: 0,
  mirror: false,
  mask: null,
  maskValue: null,
  compression: 'none',
  pinCpus: [],
  send: 'auto',
  sendBufferBytes: null,
  dataHost: '127.0.0.1',
  dataPorts: [9999],
  preview: null,
  apiHost: '127.0.0.1',
  apiPort: 5000,
  apiTokenFile: null,
  notifyUrl: null,
  receiverUrl: null,
  historyDir: null,
  apiNames: null,
  receiverPorts: [],
  receiverHost: null,
  receiverSource: [],
  receiverRelease: 10,
  slsPreview: false,
  ring: { frames: 64 },
  frameRateHz: null,
  series: 'auto',
  frames: 0,
  autoFilename: null,
  metadataDefaults: {},
  share: { stride: 1, offset: 0 },
  incompleteFrames: 'mark',
  overtakeFrames: 4,
  frameTimeoutMs: 500,
  drainMs: 100,
  startWindowMs: 20,
  maxOwedFrames: null,
  seriesIdleMs: 2000,
  seriesTimeoutMs: null,
  fillTailFrames: null,
  closingTimeoutMs: 10000,
  consumerTimeoutMs: 10000,
  consumerSource: [],
  consumerConnections: 1,
  flightRecorderPackets: null,
  flightRecorderDir: null,
};

/** Where the ports of `config` lie. */
export const quadPlaces: FramePlaces = { dynamicRange: 16, readNRows: null, positions: { 50001: 1, 50002: 0 } };

export const portCountersOf = (values: Partial<Record<PortCounter, number>> = {}): Record<PortCounter, number> =>
  Object.assign(Object.fromEntries(portCounterTable.map(({ id }) => [id, 0])) as Record<PortCounter, number>, values);

export const streamCountersOf = (values: Partial<Record<StreamCounter, number>> = {}): Record<StreamCounter, number> =>
  Object.assign(
    Object.fromEntries(streamCounterTable.map(({ id }) => [id, 0])) as Record<StreamCounter, number>,
    values,
  );

/** A port of a series that is open, as the view tells of it. */
export const currentPortOf = (
  udp_port: number,
  values: Partial<Record<PortCounter, number>> = {},
  newest_frame_number: number | null = null,
): CurrentPort => {
  const counters = portCountersOf(values);
  return {
    udp_port,
    packets: seriesPackets((counter) => counters[counter]),
    counters,
    newest_frame_number,
    sender: null,
    second_sender: null,
    foreign_sender: null,
  };
};

export const ledgerOf = (udp_port: number, values: Partial<PortLedger> = {}): PortLedger => ({
  udp_port,
  expected: 1280,
  accepted: 1280,
  missing: 0,
  late: 0,
  ring: 0,
  socket: 0,
  cut_off: 0,
  unexplained: 0,
  socket_limited: false,
  kernel_drops: 0,
  duplicate: 0,
  reordered: 0,
  late_duplicate: 0,
  late_unknown: 0,
  malformed: 0,
  foreign: 0,
  ...values,
});

/** Nothing is missing. */
export const noLoss: SeriesLoss = { ranges: new Uint32Array(0), unlisted_from: null };

export const summaryOf = (values: Partial<SeriesSummary> = {}): SeriesSummary => ({
  series_id: 1,
  filename: '/data/scan.h5',
  auto: false,
  frames: 10,
  complete: 10,
  marked: 0,
  discarded: 0,
  unsent: 0,
  incomplete: [],
  truncated: false,
  first_frame_number: 1,
  ledger: [ledgerOf(50001), ledgerOf(50002)],
  warnings: [],
  header_sent: true,
  end_pending: false,
  ...values,
});

const udpPort = (udp_port: number): UdpPortStatus => ({
  udp_port,
  off: false,
  address: '127.0.0.1',
  interface: 'lo',
  mac: '00:00:00:00:00:00',
  mtu: 65536,
  packet_bytes: 4144,
  receive_buffer_requested_bytes: 1048576,
  receive_buffer_granted_bytes: 425984,
  socket_queue_bytes: 0,
  kernel_drops: null,
});

const emptyHistogram = (bounds: number): { counts: number[]; sum: number } => ({
  counts: new Array<number>(bounds + 1).fill(0),
  sum: 0,
});

export const figuresOf = (udpPort: number): PortFigures => ({
  udpPort,
  queueBytes: 0,
  queueBytesMax: null,
  lagFrames: 0,
  lastPacketAt: null,
  series: null,
  histograms: { batchPackets: emptyHistogram(9) },
});

/** The view; `armed` collects what the API passed on. */
export class HandMadeView implements ServiceView {
  config = config;
  armed: ArmRequest[] = [];
  refusal: Error | null = null;
  headerPending = false;
  summary: SeriesSummary | null = null;
  series: readonly SeriesSummary[] = [];
  /** Of each of them. */
  loss: SeriesLoss = noLoss;
  state: ServiceStatus = {
    state: 'idle',
    message: 'waiting for a consumer',
    problems: [],
    consumers: 0,
    underway: { messages: 0, bytes: 0 },
    data_sockets: [],
    preview: null,
    end_pending: false,
    next_msg_number: 1000,
    frames_stride: 1,
    frames_offset: 0,
    series: null,
    last_series: null,
  };
  ready = { ready: true, reasons: [] as string[] };
  alive = { alive: true, reasons: [] as string[] };
  clientProblems: string[] = [];
  preflight = [
    { check: 'receive_buffer', ok: false },
    { check: 'mtu', ok: true },
  ];
  frame: Omit<LastSent, 'json'> | null = null;
  sent: LastSent | NoFrame = 'nothing_sent';
  wishes: FrameWish[] = [];
  /** Room for a small frame; nothing in it. */
  lastFrameMemory: LastFrameMemory = {
    buffer: new SharedArrayBuffer(lastFrameBytes(4096)),
    offset: 0,
    masked: null,
    frameBytes: 4096,
  };
  images = 0;
  ports = [
    { udpPort: 50001, counters: portCountersOf() },
    { udpPort: 50002, counters: portCountersOf() },
  ];
  stream = streamCountersOf();
  figures: PortFigures[] = [50001, 50002].map(figuresOf);
  frameTimes = { assembly: emptyHistogram(15), handover: emptyHistogram(15), total: emptyHistogram(15) };
  threads: AgentFigures[] = [
    { agent: 'receiver_50001', heartbeatAgeMs: 0, stallMsMax: 12 },
    { agent: 'streamer', heartbeatAgeMs: 250, stallMsMax: null },
  ];
  ring: ReturnType<ServiceView['gauges']> = {
    ringSlots: 64,
    ringSlotsUsed: 3,
    ringSlotsUsedMax: 9,
    consumers: 1,
    preview: { endpoint: 'tcp://127.0.0.1:9997', subscribers: 2, shown: 5, sent: 9, skipped: 3, refused: 0 },
    dataSockets: [
      {
        endpoint: 'tcp://127.0.0.1:9999',
        consumers: 1,
        disconnects: 0,
        messages: 7,
        underway: { messages: 2, bytes: 1000 },
        blocked_seconds: 0.25,
      },
    ],
    underway: { messages: 2, bytes: 1000 },
    sendBuffer: { requestedBytes: 4194304, grantedBytes: 212992 },
  };

  ends: StopRequest[] = [];
  halted: HaltedSeries | null = null;
  /** The real rules, and nobody behind them. */
  readonly orders: Orders = {
    arm: async (wish) => {
      const request = checkArmWish(wish, this.config);
      if (this.refusal !== null) throw this.refusal;
      this.armed.push(request);
      const { shape, pixelType } = layoutOfRequest(request, this.config);
      return Promise.resolve({
        series_id: this.armed.length,
        msg_number: this.headerPending ? null : 1_700_000_000_000_000,
        header_pending: this.headerPending,
        state: 'open',
        shape,
        type: pixelType,
        warnings: [],
      });
    },
    stop: async (wish = {}) => {
      this.ends.push(checkStopWish(wish, this.config.share.stride));
      return Promise.resolve(this.summary);
    },
    halt: async () => {
      checkHalt(this.config.share.stride);
      return Promise.resolve(this.halted);
    },
  };

  status(): ServiceStatus {
    return this.state;
  }
  history(): readonly SeriesSummary[] {
    return this.series;
  }
  record(seriesId: number): Promise<SeriesRecord | null> {
    const summary = this.series.find(({ series_id: id }) => id === seriesId);
    return Promise.resolve(summary === undefined ? null : recordOf(summary, this.loss));
  }
  udpPorts(): UdpPortStatus[] {
    return this.config.detector.udpPorts.map(udpPort);
  }
  readiness(): { ready: boolean; reasons: readonly string[] } {
    return this.ready;
  }
  doctor(): Promise<DoctorReport> {
    return Promise.resolve(examine(goodFacts()));
  }
  preflightResults(): readonly { check: string; ok: boolean }[] {
    return this.preflight;
  }
  liveness(): { alive: boolean; reasons: readonly string[] } {
    return this.alive;
  }
  lastFrame(): LastSent | null {
    return this.frame === null
      ? null
      : { json: new TextEncoder().encode(JSON.stringify(this.frame.header)), ...this.frame };
  }
  sentFrame(wish: FrameWish): LastSent | NoFrame {
    this.wishes.push(wish);
    return this.sent;
  }
  compressed: ReturnType<ServiceView['encoders']> = [
    { encoder: 0, figures: { frames: 3, bytesIn: 3000, bytesOut: 500, seconds: 0.25 } },
  ];
  encoders(): ReturnType<ServiceView['encoders']> {
    return this.compressed;
  }
  receivedFrames(): number {
    return this.images;
  }
  portCounters(): ReturnType<ServiceView['portCounters']> {
    return this.ports;
  }
  streamCounters(): Readonly<Record<StreamCounter, number>> {
    return this.stream;
  }
  portFigures(): readonly PortFigures[] {
    return this.figures;
  }
  frameHistograms(): ReturnType<ServiceView['frameHistograms']> {
    return this.frameTimes;
  }
  watched: ReceiverFigures | null = { answers: true, behind: 2, missed: 1 };
  receiver(): ReceiverFigures | null {
    return this.watched;
  }
  notified: NotificationFigures | null = { delivered: 2, failedTries: 3, dropped: 1, waiting: 0 };
  notifications(): NotificationFigures | null {
    return this.notified;
  }
  agents(): readonly AgentFigures[] {
    return this.threads;
  }
  gauges(): ReturnType<ServiceView['gauges']> {
    return this.ring;
  }
  /** Behind all that it reads. */
  readonly recent = new Recent(this, systemClock);
}
