// One process of the service in the simulation: the pipeline of assemblers, ring and streamer, the control plane over
// the same memory (shared view, command queue), and the truth of what reached its ports. The world gives turns: to
// ports, to the streamer, to main.

import type { VirtualClock } from '../../src/base/clock.js';
import type { ServiceConfig } from '../../src/config/service-config.js';
import { firstNumberOf, frameNumberOf } from '../../src/detector/frame-share.js';
import type { Machine } from '../../src/doctor/machine.js';
import { makeLogger } from '../../src/runtime/log.js';
import { SharedView } from '../../src/view/shared-view.js';
import { packetClasses, portCounter, portCounterTable } from '../../src/memory/counters.js';
import type { PortWords } from '../../src/memory/port-words.js';
import { phase, SeriesWords } from '../../src/memory/series-words.js';
import type { StreamEvent } from '../../src/contract/series.js';
import type { PreviewWatcher } from './preview-watcher.js';
import type { MemorySink } from '../pipeline/memory-sink.js';
import { Pipeline } from '../pipeline/pipeline.js';
import { bytesOf, senderOf, senders } from './network.js';
import type { Datagram } from './network.js';
import { PortTruth } from './truth.js';
import { asOwn } from '../frame-numbers.js';

/** Agents that take turns, besides the ports, which have their index. */
export const streamerAgent = -1;
export const mainAgent = -2;
/** Encoders, downwards from here. */
export const firstEncoder = -3;

/** A machine on which no check fails, whatever this one is like. */
const machine: Machine = {
  read: () => null,
  interfaces: () => ({ lo: [{ address: '127.0.0.1', internal: true }] }),
  cores: () => 4,
  wall: () => 0,
  clockSynchronised: () => true,
  priorityRefusals: () => ({ realtime: null, first: null }),
  residentBytes: () => 0,
};

const silent = makeLogger('error', 'world', { write: () => undefined });

const classIndices = packetClasses.map((name) => portCounter[name]);

/** Datagrams that have their class, of a port's counters. */
export function classedIn(counters: Float64Array): number {
  let classed = 0;
  for (const index of classIndices) classed += counters[index];
  return classed;
}

export interface SimulatedServiceOptions {
  readonly config: ServiceConfig;
  readonly clock: VirtualClock;
  readonly sink: MemorySink;
  readonly socketPackets: number;
  readonly batch: number;
  readonly dropsKnown: boolean;
  readonly compiled: boolean | null;
  readonly formSlots: number;
  /** Live viewers; null = there is no preview. */
  readonly preview: { readonly watcher: PreviewWatcher; readonly rateHz: number; readonly asSent: boolean } | null;
  /** What lies in the file of the mask; null = there is none. */
  readonly mask: Uint8Array | null;
  readonly memory: WebAssembly.Memory | undefined;
  /** Told of each event before main hears of it. */
  readonly onEvent: (event: StreamEvent) => void;
}

export class SimulatedService {
  readonly pipeline: Pipeline;
  readonly view: SharedView;
  readonly watcher: PreviewWatcher | null;
  readonly ports: readonly number[];
  readonly truth = new Map<number, PortTruth>();
  readonly firstMessageNumber: number;
  /** Events that main has heard of. */
  heard = 0;
  drained = false;
  readonly #clock: VirtualClock;
  readonly #series: SeriesWords;
  readonly #portWords = new Map<number, PortWords>();
  readonly #counters = new Map<number, Float64Array>();
  readonly #answers = new Map<number, number>();
  readonly #refused = new Map<string, number>();
  readonly #unarmedAtEnd = new Map<number, number>();
  /** Datagrams in the order in which they came to their sockets, and how many had when a port heard of a stop. */
  readonly #arrivals = new WeakMap<Datagram, number>();
  #arrived = 0;
  readonly #stops = new Map<number, { readonly command: number; readonly arrived: number; readonly at: number }>();
  /** Datagrams that a series should have had, and did not. */
  readonly deaf: string[] = [];
  readonly #repeats = new Set<{ every: number; due: number; run: () => void }>();

  constructor({
    config,
    clock,
    sink,
    socketPackets,
    batch,
    dropsKnown,
    compiled,
    formSlots,
    mask,
    preview,
    memory,
    onEvent,
  }: SimulatedServiceOptions) {
    this.watcher = preview?.watcher ?? null;
    this.firstMessageNumber = clock.wall() * 1000;
    this.#clock = clock;
    this.pipeline = new Pipeline({
      config,
      clock,
      sink,
      socketPackets,
      firstMessageNumber: this.firstMessageNumber,
      formSlots,
      ...(mask === null ? {} : { mask }),
      ...(preview === null
        ? {}
        : { preview: { sink: preview.watcher, rateHz: preview.rateHz, asSent: preview.asSent } }),
      ...(compiled === null ? {} : { compiled }),
      ...(memory === undefined ? {} : { memory }),
    });
    const { map, plan, buffer, sources } = this.pipeline;
    this.pipeline.onEvent = (event) => {
      if (event.kind === 'ended') this.#noteRefused(event.summary.series_id);
      onEvent(event);
    };
    this.#series = new SeriesWords(buffer, map.seriesWords);
    this.ports = [...sources.keys()];
    for (const [port, source] of sources) {
      source.batch = Math.min(source.batch, batch);
      if (!dropsKnown) source.drops = null;
      const truth = new PortTruth(plan.memory.packets);
      this.truth.set(port, truth);
      this.#portWords.set(port, this.pipeline.portWords(port));
      this.#counters.set(port, new Float64Array(buffer, map.portCounters[port], portCounterTable.length));
      this.#answers.set(port, 0);
      source.watch = (tag, bytes) => {
        this.follow(port);
        truth.take(tag as Datagram, bytes, config.enforceSource && this.#knowsDetector(port));
      };
    }
    this.view = new SharedView({
      config,
      plan,
      map,
      buffer,
      clock,
      logger: silent,
      machine,
      wakeStreamer: () => this.#series.wake(),
      readSocket: () => null,
      repeat: (every, run) => {
        const entry = { every, due: clock.now() + every, run };
        this.#repeats.add(entry);
        return () => this.#repeats.delete(entry);
      },
    });
    const opened = [...sources.keys()].map((port) => ({
      address: 'memory',
      udpPort: config.detector.udpPorts[port],
      receiveBufferRequestedBytes: 1,
      receiveBufferGrantedBytes: 1,
      inode: null,
    }));
    const endpoints = config.dataPorts.map((_, index) => `memory:${index}`).join(',');
    this.view.noteReady(opened, endpoints, 'memory+libzmq');
  }

  /** The port goes by the detector's address: a stranger is known by now. */
  #knowsDetector(port: number): boolean {
    return (this.#portWords.get(port) as PortWords).sender('learned').address?.[7] === senders.detector;
  }

  deliver(datagram: Datagram): void {
    this.#arrivals.set(datagram, this.#arrived++);
    this.pipeline.deliver(datagram.port, bytesOf(datagram), senderOf(datagram.kind), datagram);
  }

  /** A turn of an agent; returns how much it did. */
  turn(agent: number): number {
    if (agent === streamerAgent) return this.pipeline.turnStreamer();
    if (agent === mainAgent) return this.#turnMain();
    if (agent <= firstEncoder) return this.pipeline.turnEncoder(firstEncoder - agent);
    const counters = this.#counters.get(agent) as Float64Array;
    const refused = counters[portCounter.ringFull];
    const held = counters[portCounter.received] - classedIn(counters);
    this.#hearStop(agent);
    const work = this.pipeline.turnPort(agent);
    this.follow(agent);
    this.truth.get(agent)?.endTurn(held > 0 ? 0 : counters[portCounter.ringFull] - refused);
    return work;
  }

  #hearStop(port: number): void {
    const command = this.#series.readCommand();
    if ((command & 7) !== phase.stop || this.#series.keepsBehind) this.#stops.delete(port);
    else if (this.#stops.get(port)?.command !== command)
      this.#stops.set(port, { command, arrived: this.#arrived, at: this.#clock.now() });
  }

  /** A stop is obeyed once what waited when the port heard of it was read, or after so much reading. */
  #checkStop(port: number): void {
    const stop = this.#stops.get(port);
    const oldest = this.pipeline.sources.get(port)?.oldest as Datagram | null;
    // Behind numbers that begin anew everything waits for the next series.
    const waits = this.#series.keepsBehind || this.pipeline.assemblers.get(port)?.pauses === true;
    if (stop === undefined || oldest === null || waits) return;
    const waited = (this.#arrivals.get(oldest) as number) < stop.arrived;
    if (waited && this.#clock.now() - stop.at < this.pipeline.config.drainMs)
      this.deaf.push(`port ${port}: a stop was obeyed while a datagram from before it waited`);
  }

  /** Events reach main later than they happen, in their order; what waits is looked after. */
  #turnMain(): number {
    const { events } = this.pipeline;
    const before = this.heard;
    for (let event = events[this.heard]; event !== undefined; event = events[this.heard]) {
      this.heard++;
      this.view.noteEvent(event);
    }
    const now = this.#clock.now();
    for (const entry of [...this.#repeats]) {
      if (entry.due > now) continue;
      entry.due = now + entry.every;
      entry.run();
    }
    return this.heard - before;
  }

  /** Packets that a port refused in a series, for want of room. */
  ringFull(seriesId: number, port: number): number {
    return this.#refused.get(`${seriesId}/${port}`) ?? 0;
  }

  /** From the counters that the ports froze when the series was opened and when it ended. */
  #noteRefused(seriesId: number): void {
    const { buffer, map } = this.pipeline;
    const size = portCounterTable.length;
    for (const port of this.ports) {
      const frozen = new Float64Array(buffer, map.portCounters[port], size * 3);
      this.#refused.set(
        `${seriesId}/${port}`,
        frozen[size * 2 + portCounter.ringFull] - frozen[size + portCounter.ringFull],
      );
    }
  }

  /** Has the port answered a command? Then packets begin to count, or cease to. */
  follow(port: number): void {
    const answer = (this.#portWords.get(port) as PortWords).answer;
    const before = this.#answers.get(port) as number;
    if (answer === before) return;
    this.#answers.set(port, answer);
    const truth = this.truth.get(port) as PortTruth;
    const drops = this.pipeline.sources.get(port)?.drops ?? 0;
    const { seriesId, keepsBehind } = this.#series;
    const unarmed = (this.#counters.get(port) as Float64Array)[portCounter.foreignUnarmed];
    if ((answer & 7) === phase.open && (before & 7) === phase.stop) truth.goOn(seriesId);
    else if ((answer & 7) === phase.open && keepsBehind) {
      if (unarmed !== this.#unarmedAtEnd.get(port))
        this.deaf.push(
          `port ${port}: series ${seriesId} follows at once, and ${unarmed - (this.#unarmedAtEnd.get(port) ?? 0)} ` +
            'datagrams before it were of none',
        );
      truth.openBehind(seriesId - 1, seriesId, drops);
    } else if ((answer & 7) === phase.open) truth.open(seriesId, drops, this.#ownFrames());
    else if ((answer & 7) === phase.stop) {
      this.#checkStop(port);
      truth.stop(keepsBehind);
      this.#unarmedAtEnd.set(port, unarmed);
    } else if ((answer & 7) === phase.finish) {
      const { last, next } = this.#series;
      const behind = keepsBehind && last !== 0 && next > last ? firstNumberOf(last) : Infinity;
      truth.finish(seriesId, drops, behind, this.#numberOf(this.#series.giveUp));
    }
  }

  /** The detector's number of one of this instance's own frames; 0 = none. */
  #numberOf(frame: number): number {
    return frame === 0 ? 0 : frameNumberOf(this.pipeline.config.share, asOwn(frame), this.#series.first);
  }

  /**
   * Which frames of the series that begins are this instance's. The first one's number is given where they are shared.
   */
  #ownFrames(): (frameNumber: number) => boolean {
    const { stride, offset } = this.pipeline.config.share;
    if (stride === 1) return () => true;

    const first = firstNumberOf(this.#series.first);
    return (frameNumber) => frameNumber >= first && (frameNumber - first) % stride === offset;
  }

  /** Nothing is left to do before something happens. */
  get still(): boolean {
    return (
      this.#repeats.size === 0 &&
      this.heard === this.pipeline.events.length &&
      [...this.pipeline.sources.values()].every((source) => source.queued === 0)
    );
  }

  /** The process is gone. */
  close(): void {
    this.view.close();
  }
}
