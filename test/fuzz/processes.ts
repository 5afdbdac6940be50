// The processes of the service in a simulated world, one after the other: each begins on memory full of an earlier
// one's pixels, may be asked to end or be cut off, and is followed by the next. Holds what they hand over to their
// consumer, and the verdict on each. The world (world.ts) gives turns and lets time pass.

import type { VirtualClock } from '../../src/base/clock.js';
import { Random } from '../../src/base/random.js';
import type { StreamEvent } from '../../src/contract/series.js';
import { MemorySink } from '../pipeline/memory-sink.js';
import { SeveralSink } from '../pipeline/several-sink.js';
import { Deliveries } from './deliveries.js';
import { WireSink } from './wire-sink.js';
import type { ReceivedMessage } from '../pipeline/memory-sink.js';
import { parsed } from '../pipeline/stream-verdict.js';
import type { SettingsOf } from '../pipeline/stream-verdict.js';
import type { Operator } from './operator.js';
import type { Scenario } from './scenario.js';
import { SharedPart } from './shared-part.js';
import type { SharedOrders } from './shared-part.js';
import { makerOf } from './simulated-detector.js';
import { PreviewWatcher } from './preview-watcher.js';
import { SimulatedService } from './simulated-service.js';
import type { SimulatedServiceOptions } from './simulated-service.js';
import { LifeVerdict } from './verdict.js';

/** Live viewers, in some worlds. */
function watching({ scenario, clock, problems }: ProcessesOptions): SimulatedServiceOptions['preview'] {
  const { preview, config } = scenario;
  if (preview === null) return null;
  const made = config.compression !== 'none' || config.turn !== 0 || config.mirror;
  const asSent = preview.asSent && (made || config.roi !== null || config.mask !== null);
  // Draws of its own: what is looked at changes nothing else.
  const watcher = new PreviewWatcher(new Random(Math.round(clock.now()) + preview.rateHz), asSent, problems);
  return { watcher, rateHz: preview.rateHz, asSent: preview.asSent };
}

/** What the consumer is behind: one socket, or several. */
function makeSink({ scenario, clock, problems }: ProcessesOptions): MemorySink {
  const { wire, config, queueMessages, lateSink, slowSocket } = scenario;
  const sockets = config.dataPorts.map((_, index) =>
    wire === null
      ? new MemorySink(queueMessages, lateSink)
      : new WireSink(
          new Random(wire.seed + index),
          clock,
          { ...wire, connections: config.consumerConnections },
          problems,
        ),
  );
  if (sockets.length === 1) return sockets[0];
  return new SeveralSink(new Random((wire?.seed ?? 1) + sockets.length), sockets, slowSocket, problems);
}

/** A process that was asked to end is cut off after this time beyond its own limits, in ms. */
const endLimitMs = 3000;

export interface ProcessesOptions {
  readonly random: Random;
  readonly scenario: Scenario;
  readonly clock: VirtualClock;
  readonly operator: Operator;
  readonly compiled: boolean;
  /** Of an earlier world, to be used again. */
  readonly memory: WebAssembly.Memory | undefined;
  /** What does not hold is added here. */
  readonly problems: string[];
  readonly settingsOf: SettingsOf;
  readonly orders: SharedOrders;
  /** No frame from this number on was ever on its way. */
  readonly beyondSent: () => number;
  /** Something of this process has a turn while another is in the middle of its own. */
  readonly meanwhile: () => void;
  readonly tell: (text: () => string) => void;
}

export class Processes {
  readonly sinks: MemorySink[] = [];
  /** Why series were cut short. */
  readonly aborted: string[] = [];
  /** The one that runs; null = none does. */
  service: SimulatedService | null = null;
  /** Of the last one. */
  verdict: LifeVerdict | null = null;
  /** Sums over all. */
  started = 0;
  series = 0;
  frames = 0;
  /** Names of automatic series, of all processes. */
  readonly #autoFiles = new Set<string>();
  memory: WebAssembly.Memory | undefined;
  readonly #options: ProcessesOptions;
  /** When it was asked to end; −1 = it was not. */
  #dyingSince = -1;
  #deathInSteps: number;
  #restartInSteps = 0;
  /** A consumer was connected to the last process, and connects again. */
  #consumerWaits = false;

  constructor(options: ProcessesOptions) {
    this.#options = options;
    this.memory = options.memory;
    this.#deathInSteps = options.scenario.death === 'none' ? Infinity : 20 + options.random.integer(250);
  }

  /** What the present process, or the last one, hands its messages over to. */
  get sink(): MemorySink {
    return this.sinks[this.sinks.length - 1];
  }

  /** It was asked to end, and has not. */
  get dying(): boolean {
    return this.#dyingSince >= 0;
  }

  /** Nobody is killed any more. */
  spare(): void {
    this.#deathInSteps = Infinity;
  }

  async start(): Promise<void> {
    const { scenario, clock, compiled, operator, settingsOf, tell } = this.#options;
    const { config, socketPackets, batch, dropsKnown } = scenario;
    const { wire } = scenario;
    const sink = makeSink(this.#options);
    const deliveries = new Deliveries(sink, wire === null && config.share.stride === 1, clock, config.closingTimeoutMs);
    // Known before the service hears of anything.
    let part: SharedPart | null = null;
    let verdict: LifeVerdict | null = null;
    const service = new SimulatedService({
      config,
      clock,
      sink,
      socketPackets,
      batch,
      dropsKnown,
      memory: this.memory,
      compiled,
      formSlots: scenario.formSlots,
      preview: watching(this.#options),
      mask: scenario.mask,
      onEvent: (event) => this.#hear(event, part, deliveries),
    });
    this.memory = service.pipeline.memory;
    if (config.share.stride > 1) {
      part = new SharedPart(config.share, this.#options.orders, service.firstMessageNumber, (message) => {
        verdict?.accept(message, message, makerOf(verdict.settings));
        sink.insert(message);
      });
    }
    verdict = new LifeVerdict(service, scenario, settingsOf, part);
    this.sinks.push(sink);
    if (this.#consumerWaits) sink.connect();
    this.service = service;
    this.verdict = verdict;
    this.#dyingSince = -1;
    this.started++;
    const present = verdict;
    sink.watch = (message) => this.#handOver(message, present, part);
    const { meanwhile } = this.#options;
    for (const [port, source] of service.pipeline.sources) {
      source.interrupt = source.linger = () => {
        service.follow(port);
        meanwhile();
      };
    }
    sink.interrupt = meanwhile;
    service.pipeline.encoding = meanwhile;
    await operator.connect(service.view);
    tell(() => `process ${this.started} starts`);
  }

  /** Time and moods decide: it lives on, ends, or is followed by the next. */
  async liveOrDie(): Promise<void> {
    const { scenario, clock } = this.#options;
    const { service } = this;
    if (service === null) {
      if (--this.#restartInSteps <= 0) await this.start();
      return;
    }
    if (this.dying) {
      const { closingTimeoutMs, drainMs } = scenario.config;
      if (service.drained) await this.#end(service, true);
      else if (clock.now() - this.#dyingSince > closingTimeoutMs + drainMs + endLimitMs)
        await this.#end(service, false);
      return;
    }
    if (--this.#deathInSteps > 0) return;
    this.#deathInSteps = Infinity;
    if (scenario.death === 'sigkill') await this.#end(service, false);
    else this.askToEnd();
  }

  /** SIGTERM. */
  askToEnd(): void {
    const service = this.service as SimulatedService;
    this.#dyingSince = this.#options.clock.now();
    this.#options.tell(() => 'SIGTERM');
    void service.view.shutdown().then(() => (service.drained = true));
  }

  /** @param orderly it has said that nothing is left to do */
  async #end(service: SimulatedService, orderly: boolean): Promise<void> {
    const { random, operator, problems, tell } = this.#options;
    const { pipeline } = service;
    tell(() => `process ${this.started} ${orderly ? 'ends' : 'is cut off'}: step ${pipeline.words.step}`);
    // Receivers are told to end after the streamer: what it said last they have heard.
    for (const source of pipeline.sources.values()) source.interrupt = source.linger = null;
    pipeline.encoding = null;
    if (orderly) for (const port of service.ports) service.turn(port);
    if (orderly && operator.waiting > 0)
      problems.push(`${operator.waiting} requests were not answered by a process that ended in order`);
    problems.push(...(this.verdict as LifeVerdict).atEnd(orderly));
    this.series += pipeline.summaries.length;
    for (const { aborted } of pipeline.summaries) if (aborted !== undefined) this.aborted.push(aborted);
    const { sink } = this;
    // What zmq had taken may still leave, or not.
    if (orderly && random.chance(0.7)) sink.read();
    this.#consumerWaits = sink.peers > 0;
    while (sink.peers > 0) sink.disconnect();
    await operator.connect(null);
    service.close();
    this.service = null;
    this.#restartInSteps = 1 + random.integer(30);
  }

  #hear(event: StreamEvent, part: SharedPart | null, deliveries: Deliveries): void {
    this.#options.tell(() => JSON.stringify(event));
    this.#options.problems.push(...deliveries.hear(event));
    part?.hear(event);
  }

  /** Looks at a message as late as the seam allows; what is kept of it has its length, but no pixels. */
  #handOver(message: ReceivedMessage, verdict: LifeVerdict, part: SharedPart | null): ReceivedMessage {
    const seen = parsed(message);
    this.#options.tell(() => JSON.stringify(seen.fields));
    const alone = part === null ? seen : part.alone(seen);
    verdict.accept(alone, seen, makerOf(verdict.settings));
    if (seen.htype === 'header') this.#headerSeen(String(seen.fields['filename']));
    if (seen.htype === 'image') {
      this.frames++;
      // The rest of a series that ended by silence was never on its way.
      if (Number(seen.fields['frame_number']) >= this.#options.beyondSent()) verdict.images.pop();
    }
    if (verdict.problems.length > 0) this.#options.problems.push(...verdict.problems.splice(0));
    const kept = alone.parts.map((bytes) =>
      seen.htype !== 'image'
        ? bytes.slice()
        : seen.fields['compression'] === 'none'
          ? emptyBlob(bytes.length)
          : headOf(bytes),
    );
    return { parts: [], message: { ...alone, parts: kept } };
  }

  /** A file that is named twice would be appended to. */
  #headerSeen(filename: string): void {
    if (!filename.startsWith('/data/auto/')) return;
    if (this.#autoFiles.has(filename)) this.#options.problems.push(`two automatic series have the file ${filename}`);
    this.#autoFiles.add(filename);
  }
}

const blobs = new Map<number, Uint8Array>();

/** What a chunk says of itself. */
const headOf = (chunk: Uint8Array): Uint8Array => chunk.slice(0, 13);

/** As many bytes as an image has, for checks that look at the length only. */
function emptyBlob(bytes: number): Uint8Array {
  let blob = blobs.get(bytes);
  if (blob === undefined) blobs.set(bytes, (blob = new Uint8Array(bytes)));
  return blob;
}
