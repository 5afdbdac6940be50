// The service as the control plane sees it, read from shared memory and kept up by the streamer's events. On the main thread only;
// reading costs the data path nothing. HTTP, metrics and the log look at nothing else.

import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../base/clock.js';
import type { Plan } from '../config/plan.js';
import type { ServiceConfig } from '../config/service-config.js';
import { CommandBox } from '../memory/command-box.js';
import { portCounterTable, streamCounterTable } from '../memory/counters.js';
import type { PortCounter, StreamCounter } from '../memory/counters.js';
import { LastFrame } from '../memory/last-frame.js';
import type { MemoryMap } from '../memory/memory-map.js';
import { PortWords } from '../memory/port-words.js';
import { StreamWords, seriesStep } from '../memory/stream-words.js';
import type { ArmRequest, SeriesSummary, StreamCommand, StreamEvent } from '../stream/series-types.js';
import type { Logger } from './log.js';
import { logSeriesEnd } from './series-log.js';
import { ArmRefused } from './service-view.js';
import type { CurrentSeries, SeriesState, ServiceStatus, ServiceView, UdpPortStatus } from './service-view.js';
import { describeState } from './state-text.js';

/** A thread that has not turned for so long is not alive, in ms. */
const stallLimitMs = 10_000;
const historyLength = 100;
const figuresMs = 200;
/** Commands that wait for the streamer to take them, looked after so often. */
const postIntervalMs = 2;

/** What a receiver's socket got. */
export interface OpenedSocket {
  readonly address: string;
  readonly udpPort: number;
  readonly receiveBufferRequestedBytes: number;
  readonly receiveBufferGrantedBytes: number | null;
}

export interface SharedViewDeps {
  readonly config: ServiceConfig;
  readonly plan: Plan;
  readonly map: MemoryMap;
  readonly buffer: ArrayBufferLike;
  readonly clock: Clock;
  readonly logger: Logger;
  wakeStreamer(): void;
  /** What the kernel says of a socket of this process, null = nothing. */
  readSocket(address: string, udpPort: number): SocketFigures | null;
}

/** Bytes that wait in a socket, and datagrams that were dropped before it since it was opened. */
export interface SocketFigures {
  readonly queueBytes: number;
  readonly drops: number;
}

interface ViewPort {
  readonly index: number;
  readonly udpPort: number;
  readonly off: boolean;
  readonly words: PortWords;
  readonly counters: Float64Array;
  readonly seriesBase: Float64Array;
}

interface Heartbeat {
  readonly name: string;
  read(): number;
  last: number;
  since: number;
}

export class SharedView implements ServiceView {
  readonly config: ServiceConfig;
  readonly #deps: SharedViewDeps;
  readonly #ports: readonly ViewPort[];
  readonly #stream: StreamWords;
  readonly #streamCounters: Float64Array;
  readonly #lastFrame: LastFrame;
  readonly #box: CommandBox;
  readonly #waiting: StreamCommand[] = [];
  readonly #answers = new Map<number, (event: StreamEvent) => void>();
  readonly #heartbeats: readonly Heartbeat[];
  readonly #history: SeriesSummary[] = [];
  #sockets: readonly OpenedSocket[] = [];
  readonly #figures = new Map<number, { at: number; figures: SocketFigures | null }>();
  #dataEndpoint = '';
  #backend = 'starting';
  #postTimer: NodeJS.Timeout | null = null;
  #beatTimer: NodeJS.Timeout;
  #commandId = 0;
  #ready = false;
  #failure: string | null = null;
  #drained: (() => void) | null = null;
  /** Images of all series that have ended, by outcome; exact when the next is opened, since events keep their order. */
  #before = { frames: 0, complete: 0, marked: 0, discarded: 0 };
  /** The series that is open, as its request named it. */
  #open: { id: number; filename: string; frames: number; since: number } | null = null;
  readonly #warnings = new Map<string, string>();

  constructor(deps: SharedViewDeps) {
    const { config, map, buffer } = deps;
    const size = portCounterTable.length;
    this.config = config;
    this.#deps = deps;
    this.#ports = config.detector.udpPorts.map((udpPort, index): ViewPort => {
      const at = map.portCounters[index] as number;
      return {
        index,
        udpPort,
        off: config.detector.portsOff.includes(udpPort),
        words: new PortWords(buffer, map.portWords[index] as number),
        counters: new Float64Array(buffer, at, size),
        seriesBase: new Float64Array(buffer, at + size * 8, size),
      };
    });
    this.#stream = new StreamWords(buffer, map.streamWords);
    this.#streamCounters = new Float64Array(buffer, map.streamCounters, streamCounterTable.length);
    this.#lastFrame = new LastFrame(buffer, map.lastFrame, map.sizes.frameBytes);
    this.#box = new CommandBox(buffer, map.commandBox);
    const now = deps.clock.now();
    const beat = (name: string, read: () => number): Heartbeat => ({ name, read, last: 0, since: now });
    this.#heartbeats = [...this.#ports.filter((port) => !port.off).map((port) => beat(`receiver of port ${port.udpPort}`, () => port.words.heartbeat)), beat('streamer', () => this.#stream.heartbeat)];
    this.#beatTimer = setInterval(() => this.#watchHeartbeats(), 500).unref();
  }

  /** How packets are received and messages sent, for build information: `recvmmsg+libzmq`. */
  get backend(): string {
    return this.#backend;
  }

  // --- what the service tells --------------------------------------------------------------------------------------------------

  noteReady(sockets: readonly OpenedSocket[], dataEndpoint: string, backend: string): void {
    this.#backend = backend;
    this.#sockets = sockets;
    this.#dataEndpoint = dataEndpoint;
    this.#ready = true;
    for (const socket of sockets) {
      if (socket.receiveBufferGrantedBytes !== null && socket.receiveBufferGrantedBytes < socket.receiveBufferRequestedBytes) {
        this.#deps.logger.warn({ event: 'receive_buffer', udp_port: socket.udpPort, requested: socket.receiveBufferRequestedBytes, granted: socket.receiveBufferGrantedBytes }, clampedText(socket));
      }
    }
  }

  noteFailure(reason: string): void {
    this.#failure = reason;
    this.#deps.logger.error({ event: 'failed' }, reason);
    // Nobody is left to answer.
    for (const [id, answer] of this.#answers) answer({ kind: 'refused', id, status: 503, problems: [reason] });
    this.#answers.clear();
  }

  noteEvent(event: StreamEvent): void {
    const { logger } = this.#deps;
    switch (event.kind) {
      case 'armed':
      case 'refused':
      case 'stopped':
        this.#answers.get(event.id)?.(event);
        this.#answers.delete(event.id);
        break;
      case 'opened':
        this.#beginSeries(event.series_id, event.filename, event.frames);
        logger.info({ event: 'series_opened', series_id: event.series_id, filename: event.filename, auto: event.auto, frames: event.frames }, `series ${event.series_id} opened`);
        break;
      case 'ended':
        for (const outcome of ['frames', 'complete', 'marked', 'discarded'] as const) this.#before[outcome] += event.summary[outcome];
        this.#history.unshift(event.summary);
        this.#history.length = Math.min(this.#history.length, historyLength);
        this.#open = null;
        logSeriesEnd(logger, event.summary);
        break;
      case 'warning':
        this.#warnings.set(event.code, event.message);
        logger.warn({ event: 'warning', code: event.code }, event.message);
        break;
      case 'drained':
        this.#drained?.();
        break;
    }
  }

  /** No further series, the present one ended; resolves when the streamer has nothing left to send. */
  shutdown(): Promise<void> {
    return new Promise((resolve) => {
      this.#drained = resolve;
      this.#post({ kind: 'shutdown', id: ++this.#commandId });
    });
  }

  close(): void {
    clearInterval(this.#beatTimer);
    if (this.#postTimer !== null) clearInterval(this.#postTimer);
  }

  // --- commands ------------------------------------------------------------------------------------------------------------------

  async arm(request: ArmRequest): Promise<{ series_id: number; msg_number: number | null; header_pending: boolean; state: SeriesState }> {
    if (this.#failure !== null) throw new ArmRefused(503, [this.#failure]);
    if (!this.#ready) throw new ArmRefused(503, ['the service is starting']);
    const event = await this.#command((id) => ({ kind: 'arm', id, request }));
    if (event.kind === 'refused') throw new ArmRefused(event.status, event.problems);
    if (event.kind !== 'armed') throw new Error(`the streamer answered ${event.kind}`);
    if (event.header_pending) this.#beginSeries(event.series_id, request.filename, request.frames);
    return { series_id: event.series_id, msg_number: event.msg_number, header_pending: event.header_pending, state: 'open' };
  }

  async stop(): Promise<SeriesSummary | null> {
    const event = await this.#command((id) => ({ kind: 'stop', id }));
    if (event.kind === 'refused') throw new ArmRefused(event.status, event.problems);
    return event.kind === 'stopped' ? event.summary : null;
  }

  #command(make: (id: number) => StreamCommand): Promise<StreamEvent> {
    const id = ++this.#commandId;
    if (this.#failure !== null) return Promise.resolve({ kind: 'refused', id, status: 503, problems: [this.#failure] });
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#post(make(id));
    });
  }

  #post(command: StreamCommand): void {
    this.#waiting.push(command);
    this.#postWaiting();
  }

  #postWaiting(): void {
    while (this.#waiting[0] !== undefined && this.#box.post(this.#waiting[0])) {
      this.#waiting.shift();
      this.#deps.wakeStreamer();
    }
    if (this.#waiting.length === 0 && this.#postTimer !== null) {
      clearInterval(this.#postTimer);
      this.#postTimer = null;
    } else if (this.#waiting.length > 0) {
      this.#postTimer ??= setInterval(() => this.#postWaiting(), postIntervalMs);
    }
  }

  #beginSeries(id: number, filename: string, frames: number): void {
    if (this.#open?.id === id) return;
    this.#warnings.clear();
    this.#open = { id, filename, frames, since: this.#deps.clock.now() };
  }

  // --- what others ask -----------------------------------------------------------------------------------------------------------

  status(): ServiceStatus {
    const step = this.#stream.step;
    // An auto series is open when its receivers are: what came before was not of any series.
    const preparing = this.#stream.auto && step < seriesStep.open;
    const state: SeriesState = step === seriesStep.idle || preparing ? 'idle' : step >= seriesStep.stopping ? 'closing' : 'open';
    const series = this.#series();
    // Warnings of a series that is over stand in its summary.
    const problems = [...(this.#failure === null ? [] : [this.#failure]), ...(series === null ? [] : this.#warnings.values())];
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
    problems.push(...described.problems);
    return { state, message: described.message, problems, consumers: this.#stream.peers, end_pending: this.#stream.endPending, series, last_series: this.#history[0] ?? null };
  }

  history(): readonly SeriesSummary[] {
    return this.#history;
  }

  udpPorts(): UdpPortStatus[] {
    return this.#ports.map((port): UdpPortStatus => {
      const socket = this.#sockets.find((opened) => opened.udpPort === port.udpPort);
      const link = interfaceOf(this.config.udpHost);
      const drops = this.#counters(port).socketDropped;
      return {
        udp_port: port.udpPort,
        off: port.off,
        address: socket?.address ?? this.config.udpHost,
        interface: link.name,
        mac: link.mac,
        mtu: link.mtu,
        packet_bytes: this.#deps.plan.detector.packetBytes,
        receive_buffer_requested_bytes: this.config.receiveBufferBytes,
        receive_buffer_granted_bytes: socket?.receiveBufferGrantedBytes ?? null,
        socket_queue_bytes: socket === undefined ? null : (this.#socketFigures(socket)?.queueBytes ?? null),
        kernel_drops: Number.isNaN(drops) ? null : drops,
      };
    });
  }

  readiness(): { ready: boolean; reasons: readonly string[] } {
    const { reasons } = this.liveness();
    if (!this.#ready) return { ready: false, reasons: ['threads are starting', ...reasons] };
    return { ready: reasons.length === 0, reasons };
  }

  liveness(): { alive: boolean; reasons: readonly string[] } {
    const now = this.#deps.clock.now();
    const reasons = this.#heartbeats.filter((beat) => this.#ready && now - beat.since > stallLimitMs).map((beat) => `${beat.name} has not turned for ${Math.round((now - beat.since) / 1000)} s`);
    if (this.#failure !== null) reasons.unshift(this.#failure);
    return { alive: reasons.length === 0, reasons };
  }

  lastFrame(): { header: Record<string, unknown>; pixels: Uint8Array } | null {
    const last = this.#lastFrame.load();
    if (last === null) return null;
    return { header: JSON.parse(new TextDecoder().decode(last.json)) as Record<string, unknown>, pixels: last.pixels };
  }

  receivedFrames(): number {
    return this.#series()?.images_sent ?? this.#history[0]?.frames ?? 0;
  }

  portCounters(): readonly { udpPort: number; counters: Readonly<Record<PortCounter, number>> }[] {
    return this.#ports.filter((port) => !port.off).map((port) => ({ udpPort: port.udpPort, counters: this.#counters(port) }));
  }

  streamCounters(): Readonly<Record<StreamCounter, number>> {
    return Object.fromEntries(streamCounterTable.map((entry, index) => [entry.id, this.#streamCounters[index]])) as Record<StreamCounter, number>;
  }

  gauges(): { ringSlots: number; ringSlotsUsed: number; ringSlotsUsedMax: number; consumers: number } {
    const { next, highest } = this.#stream;
    const ring = this.#deps.plan.ring.frames;
    return { ringSlots: ring, ringSlotsUsed: next === 0 ? 0 : Math.max(0, Math.min(ring, highest - next + 1)), ringSlotsUsedMax: this.#stream.slotsUsedMax, consumers: this.#stream.peers };
  }

  #series(): CurrentSeries | null {
    const open = this.#open;
    const step = this.#stream.step;
    if (open === null || step === seriesStep.idle) return null;
    const counters = this.streamCounters();
    const known = (frameNumber: number): number | null => (frameNumber === 0 ? null : frameNumber);
    return {
      series_id: open.id,
      filename: open.filename,
      auto: this.#stream.auto,
      frames: open.frames,
      header_pending: !this.#stream.headerSent,
      first_frame_number: known(this.#stream.first),
      highest_frame_number: known(this.#stream.highest),
      images_sent: counters.images - this.#before.frames,
      complete: counters.complete - this.#before.complete,
      marked: sum(counters, 'marked') - this.#before.marked,
      discarded: sum(counters, 'discarded') - this.#before.discarded,
      ports: this.#ports
        .filter((port) => !port.off)
        .map((port) => ({ udp_port: port.udpPort, counters: this.#counters(port, port.seriesBase), newest_frame_number: known(port.words.newestSeen) })),
    };
  }

  /** Counters of a port, since the start or since `base`. The receiver notes kernel drops only now and then: the kernel is asked. */
  #counters(port: ViewPort, base?: Float64Array): Record<PortCounter, number> {
    const counters = named(port.counters, base);
    const socket = this.#sockets.find((opened) => opened.udpPort === port.udpPort);
    const figures = socket === undefined ? null : this.#socketFigures(socket);
    if (figures === null) return counters;
    const before = base === undefined ? 0 : (base[portIndex('socketDropped')] as number);
    const noted = counters.socketDropped;
    const drops = figures.drops - before;
    return { ...counters, socketDropped: Number.isNaN(noted) ? drops : Math.max(noted, drops) };
  }

  /** Read at most a few times a second, whoever asks. */
  #socketFigures(socket: OpenedSocket): SocketFigures | null {
    const now = this.#deps.clock.now();
    const known = this.#figures.get(socket.udpPort);
    if (known !== undefined && now - known.at < figuresMs) return known.figures;
    const figures = this.#deps.readSocket(socket.address, socket.udpPort);
    this.#figures.set(socket.udpPort, { at: now, figures });
    return figures;
  }

  #sinceLastPacket(now: number): number | null {
    const times = this.#ports.map((port) => port.words.figure('lastPacketAt')).filter((time) => !Number.isNaN(time));
    return times.length === 0 ? null : now - Math.max(...times);
  }

  #watchHeartbeats(): void {
    const now = this.#deps.clock.now();
    for (const beat of this.#heartbeats) {
      const value = beat.read();
      if (value !== beat.last) {
        beat.last = value;
        beat.since = now;
      }
    }
  }
}

const portIndex = (counter: PortCounter): number => portCounterTable.findIndex((entry) => entry.id === counter);

function named(counters: Float64Array, base?: Float64Array): Record<PortCounter, number> {
  return Object.fromEntries(portCounterTable.map((entry, index) => [entry.id, (counters[index] as number) - (base === undefined ? 0 : (base[index] as number))])) as Record<PortCounter, number>;
}

function sum(counters: Readonly<Record<StreamCounter, number>>, outcome: 'marked' | 'discarded'): number {
  return Object.entries(counters).reduce((total, [name, value]) => (name.startsWith(outcome) ? total + value : total), 0);
}

function clampedText(socket: OpenedSocket): string {
  return `port ${socket.udpPort}: asked for ${socket.receiveBufferRequestedBytes} bytes of socket buffer, the kernel granted ${socket.receiveBufferGrantedBytes}. Raise net.core.rmem_max (docs/operating.md#receive-buffer).`;
}

/** Name, MAC and MTU of the interface that serves an address; null where the address is a wildcard or unknown. */
function interfaceOf(address: string): { name: string | null; mac: string | null; mtu: number | null } {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const found = addresses?.find((entry) => entry.address === address);
    if (found !== undefined) return { name, mac: found.mac, mtu: mtuOf(name) };
  }
  return { name: null, mac: null, mtu: null };
}

function mtuOf(name: string): number | null {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/mtu`, 'utf8'));
  } catch {
    return null;
  }
}
