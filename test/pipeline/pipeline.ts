// The whole pipeline on one thread and virtual time: real assemblers, ring, streamer and ledger between packets from
// memory and a consumer in memory. Tests decide who has a turn and when; `verify` checks everything that must always
// hold.

import { compiledPlacement, loadPlacementKernel } from '../../src/assembly/compiled-placement.js';
import type { PlacementKernel } from '../../src/assembly/compiled-placement.js';
import { loadEncodeKernel } from '../../src/encode/encode-kernel.js';
import type { EncodeKernel } from '../../src/encode/encode-kernel.js';
import { maskBits, walkOf } from '../../src/detector/frame-form.js';
import { FrameEncoder } from '../../src/encode/frame-encoder.js';
import { PortAssembler } from '../../src/assembly/port-assembler.js';
import { VirtualClock } from '../../src/base/clock.js';
import { altersPixels, formOf } from '../../src/config/encoding.js';
import { makePlan } from '../../src/config/plan.js';
import type { Plan } from '../../src/config/plan.js';
import { parseConfig } from '../../src/config/load.js';
import type { ServiceConfig } from '../../src/config/service-config.js';
import { CommandBox, commandText } from '../../src/memory/command-box.js';
import { packetClasses, portCounterTable } from '../../src/memory/counters.js';
import type { PortCounter } from '../../src/memory/counters.js';
import { Landing } from '../../src/memory/landing.js';
import { allocateMemory, mapMemory } from '../../src/memory/memory-map.js';
import type { MemoryMap } from '../../src/memory/memory-map.js';
import { PortWords } from '../../src/memory/port-words.js';
import { StreamWords, seriesStep } from '../../src/memory/stream-words.js';
import { plainRequest } from '../../src/contract/series.js';
import type {
  ArmRequest,
  HaltedSeries,
  SeriesStop,
  SeriesSummary,
  StreamCommand,
  StreamEvent,
} from '../../src/contract/series.js';
import type { StreamerSetup } from '../../src/stream/setup.js';
import { Streamer } from '../../src/stream/streamer.js';
import { activePorts, encoderSetup, portSetup, streamerSetup } from '../../src/service/wiring.js';
import type { FormWish } from '../../simulators/consumer/sent-form.js';
import type { StreamMessage } from '../../simulators/consumer/stream-message.js';
import { placementOracle } from '../oracle/placement.js';
import { MemorySink } from './memory-sink.js';
import { MemorySource } from './memory-source.js';
import { PacketMaker } from './packets.js';
import { HandOverCheck, consumerProblems, parsed } from './stream-verdict.js';
import type { SettingsOf } from './stream-verdict.js';

export const armRequest: ArmRequest = { ...plainRequest, filename: '/data/x.h5' };

export interface PipelineOptions {
  /** YAML of the detector, without its name: `detector: eiger` …; or the configuration itself. */
  readonly yaml?: string;
  readonly config?: ServiceConfig;
  readonly sink?: MemorySink;
  readonly socketPackets?: number;
  readonly firstMessageNumber?: number;
  /**
   * Placement by the compiled kernel or by the oracle; unless given the environment decides:
   * VDCU_PLACEMENT=reference|compiled.
   */
  readonly compiled?: boolean;
  /** Memory of an earlier pipeline to use again, if it is large enough. Its pixels are left as they are. */
  readonly memory?: WebAssembly.Memory;
  readonly clock?: VirtualClock;
  /** Slots of each encoder for forms of frames, instead of the plan's. */
  readonly formSlots?: number;
  /** An output for live viewers. */
  readonly preview?: NonNullable<StreamerSetup['preview']>;
  /** What lies in the file that the configuration names as `mask`: of each pixel, 0 = it is not masked. */
  readonly mask?: Uint8Array;
}

/** Kernels are compiled once per memory. */
const encodeKernels = new WeakMap<WebAssembly.Memory, EncodeKernel>();
const kernels = new WeakMap<WebAssembly.Memory, PlacementKernel>();

function kernelOn(memory: WebAssembly.Memory): PlacementKernel {
  let kernel = kernels.get(memory);
  if (kernel === undefined) kernels.set(memory, (kernel = loadPlacementKernel(memory)));
  return kernel;
}

function encodeKernelOn(memory: WebAssembly.Memory): EncodeKernel {
  let kernel = encodeKernels.get(memory);
  if (kernel === undefined) encodeKernels.set(memory, (kernel = loadEncodeKernel(memory)));
  return kernel;
}

export class Pipeline {
  readonly config: ServiceConfig;
  readonly plan: Plan;
  readonly map: MemoryMap;
  readonly clock: VirtualClock;
  readonly memory: WebAssembly.Memory;
  readonly buffer: ArrayBufferLike;
  readonly sink: MemorySink;
  /** By index into `udp_ports`; ports that are off have none. */
  readonly sources = new Map<number, MemorySource>();
  readonly assemblers = new Map<number, PortAssembler>();
  readonly encoders: readonly FrameEncoder[];
  /** What others do while an encoder is at work: before its kernel and after. */
  encoding: (() => void) | null = null;
  readonly streamer: Streamer;
  readonly words: StreamWords;
  readonly events: StreamEvent[] = [];
  /** Told of each event as it happens. */
  onEvent: ((event: StreamEvent) => void) | null = null;
  /** What the checking consumer is told of the form of images; null = they are whole frames. */
  readonly formWish: FormWish | null;
  readonly #box: CommandBox;
  readonly #waiting: StreamCommand[] = [];
  /** Ids of all commands given. */
  readonly commands: number[] = [];
  #id = 0;
  #maker: PacketMaker | null = null;

  constructor(options: PipelineOptions) {
    this.clock = options.clock ?? new VirtualClock(1000);
    this.config =
      options.config ??
      parseConfig(
        `det:\n${(options.yaml ?? '')
          .trim()
          .split('\n')
          .map((line) => `  ${line.trim()}`)
          .join('\n')}\n`,
        'test.yaml',
        'det',
      );
    this.plan = makePlan(this.config, 2);
    const { encoding } = this.plan.memory;
    const { formSlots } = options;
    this.map = mapMemory(
      encoding === undefined || formSlots === undefined
        ? this.plan.memory
        : { ...this.plan.memory, encoding: { ...encoding, slots: formSlots * encoding.encoders } },
    );
    const reused =
      options.memory !== undefined && options.memory.buffer.byteLength >= this.map.totalBytes ? options.memory : null;
    const memory = reused ?? allocateMemory(this.map);
    if (reused !== null) {
      const bytes = new Uint8Array(reused.buffer, 0, this.map.totalBytes);
      bytes.fill(0, 0, this.map.ring);
      bytes.fill(0, this.map.flightRings[0]);
    }
    const { turn, mirror, roi, maskValue } = this.config;
    this.formWish = altersPixels(formOf(this.config))
      ? { turn, mirror, roi, mask: options.mask ?? null, maskValue }
      : null;
    const { shape } = this.plan.detector;
    if (options.mask !== undefined && this.map.encoding !== null)
      new Uint8Array(memory.buffer).set(maskBits(options.mask, walkOf(this.config, shape)), this.map.encoding.mask);
    this.memory = memory;
    this.buffer = memory.buffer;
    this.sink = options.sink ?? new MemorySink();
    const makePlacement =
      (options.compiled ?? process.env.VDCU_PLACEMENT === 'compiled')
        ? compiledPlacement(kernelOn(memory))
        : placementOracle;
    const wiring = { config: this.config, plan: this.plan, map: this.map, buffer: this.buffer, clock: this.clock };
    for (const port of activePorts(this.config)) {
      const { landingPackets, packetBytes } = this.plan.memory;
      const source = new MemorySource(
        new Landing(this.buffer, this.map.landing[port], landingPackets, packetBytes),
        options.socketPackets,
      );
      this.sources.set(port, source);
      this.assemblers.set(port, new PortAssembler(portSetup(wiring, port, source, makePlacement)));
    }
    const encodeKernel = this.plan.encoding === null ? null : encodeKernelOn(memory);
    this.encoders =
      encodeKernel === null
        ? []
        : (this.map.encoding?.words.map(
            (_, encoder) =>
              new FrameEncoder(
                encoderSetup(wiring, encoder, {
                  ...encodeKernel,
                  encode: (from, elements, size, to, scratch) => {
                    this.encoding?.();
                    const bytes = encodeKernel.encode(from, elements, size, to, scratch);
                    this.encoding?.();
                    return bytes;
                  },
                }),
              ),
          ) ?? []);
    this.streamer = new Streamer({
      ...streamerSetup(wiring, this.sink, options.firstMessageNumber ?? 1000, (event) => {
        this.events.push(event);
        this.onEvent?.(event);
      }),
      ...(options.preview === undefined ? {} : { preview: options.preview }),
    });
    this.words = new StreamWords(this.buffer, this.map.streamWords);
    this.#box = new CommandBox(this.buffer, this.map.commandBox);
  }

  /** Post a command as main does; answers come in `events`. */
  command(
    command:
      | { kind: 'arm'; request: ArmRequest }
      | { kind: 'stop'; end?: SeriesStop; fill?: boolean }
      | { kind: 'halt' }
      | { kind: 'shutdown' },
  ): number {
    const id = ++this.#id;
    if (command.kind !== 'shutdown') this.commands.push(id);
    this.#waiting.push({ ...command, id });
    return id;
  }

  /** One turn of the streamer. */
  turnStreamer(): number {
    const next = this.#waiting[0];
    if (next !== undefined && this.#box.post(commandText(next))) this.#waiting.shift();
    return this.streamer.turn(this.clock.now());
  }

  /** One turn of one port's assembler. */
  turnPort(port: number): number {
    return (this.assemblers.get(port) as PortAssembler).turn();
  }

  /** One turn of an encoder. */
  turnEncoder(encoder: number): number {
    return this.encoders[encoder].turn();
  }

  /** Turns of everybody until nobody has anything to do, then time passes. */
  run(milliseconds: number, step = 1): void {
    const end = this.clock.now() + milliseconds;
    for (;;) {
      this.settle();
      if (this.clock.now() >= end) return;
      this.clock.advance(Math.min(step, end - this.clock.now()));
    }
  }

  /** Turns of everybody, several times, without time passing. */
  settle(): void {
    let idle = 0;
    while (idle < 3) {
      let work = 0;
      for (const port of this.assemblers.keys()) work += this.turnPort(port);
      for (const encoder of this.encoders) work += encoder.turn();
      work += this.turnStreamer();
      idle = work === 0 ? idle + 1 : 0;
    }
  }

  /** Arm and wait until the receivers are open. */
  arm(request: Partial<ArmRequest> = {}): StreamEvent {
    const id = this.command({ kind: 'arm', request: { ...armRequest, ...request } });
    for (let turn = 0; turn < 20000; turn++) {
      const answer = this.events.find(
        (event) => (event.kind === 'armed' || event.kind === 'refused') && event.id === id,
      );
      if (answer !== undefined) return answer;
      this.run(1);
    }
    throw new Error('arming was not answered');
  }

  /** Stop and wait for the summary. */
  stop(): SeriesSummary | null {
    const id = this.command({ kind: 'stop' });
    for (let turn = 0; turn < 40000; turn++) {
      const answer = this.events.find((event) => event.kind === 'stopped' && event.id === id);
      if (answer?.kind === 'stopped') return answer.summary;
      this.run(1);
    }
    throw new Error('stopping was not answered');
  }

  /** Halt a shared series and wait until no more packets are accepted. */
  halt(): HaltedSeries | null {
    const id = this.command({ kind: 'halt' });
    for (let turn = 0; turn < 20000; turn++) {
      const answer = this.events.find((event) => event.kind === 'halted' && event.id === id);
      if (answer?.kind === 'halted') return answer.halted;
      this.run(1);
    }
    throw new Error('halting was not answered');
  }

  /** @param sender 0 = not one of those configured */
  deliver(port: number, bytes: Uint8Array, sender = 1, tag: unknown = null): void {
    this.sources.get(port)?.deliver(bytes, sender, tag);
  }

  /** Makes this detector's packets. */
  get maker(): PacketMaker {
    return (this.#maker ??= new PacketMaker(this.config.detector));
  }

  /** Deliver packets of one port image: those listed, or all. */
  send(port: number, frameNumber: number, packets: readonly number[] = this.#allPackets()): void {
    for (const packet of packets) this.deliver(port, this.maker.packet(port, frameNumber, packet));
  }

  /** Deliver whole frames `first` … `last` on all ports, one millisecond after the other. */
  play(first: number, last: number): void {
    for (let frameNumber = first; frameNumber <= last; frameNumber++) {
      for (const port of this.sources.keys()) this.send(port, frameNumber);
      this.run(1);
    }
  }

  #allPackets(): number[] {
    return Array.from({ length: this.maker.packets }, (_, packet) => packet);
  }

  get idle(): boolean {
    return this.words.step === seriesStep.idle;
  }

  get summaries(): SeriesSummary[] {
    return this.events.flatMap((event) => (event.kind === 'ended' ? [event.summary] : []));
  }

  counters(port: number): Record<PortCounter, number> {
    const values = new Float64Array(this.buffer, this.map.portCounters[port], portCounterTable.length);
    return Object.fromEntries(portCounterTable.map((entry, index) => [entry.id, values[index]])) as Record<
      PortCounter,
      number
    >;
  }

  portWords(port: number): PortWords {
    return new PortWords(this.buffer, this.map.portWords[port]);
  }

  /** Everything that the consumer got, parsed. */
  messages(): StreamMessage[] {
    return this.sink.received.map(parsed);
  }

  /** The messages of all images that the consumer got: JSON and pixels. A header has two parts as well. */
  imageMessages(): MemorySink['received'] {
    const messages = this.messages();
    return this.sink.received.filter((_, index) => messages[index]?.htype === 'image');
  }

  /** The fields of all images that the consumer got. */
  images(): StreamMessage['fields'][] {
    return this.messages()
      .filter(({ htype }) => htype === 'image')
      .map(({ fields }) => fields);
  }

  /** Everything that must hold of what was sent and counted; returns what does not. */
  verify(options: { checkPixels?: boolean; held?: number; settingsOf?: SettingsOf } = {}): string[] {
    const check = new HandOverCheck(
      options.checkPixels === false ? null : (options.settingsOf ?? (() => this.config.detector)),
      new Map(),
      this.formWish,
    );
    for (const message of this.sink.taken) check.accept(parsed(message));
    return [
      ...check.problems(this.idle && !this.words.endPending),
      ...consumerProblems(this.sink),
      ...this.verifyCounts(options.held),
    ];
  }

  /**
   * The sums of counters and summaries; returns what does not add up. `held`: packets that may still wait for their
   * class.
   */
  verifyCounts(held = 0): string[] {
    const wrong: string[] = [];
    for (const port of this.assemblers.keys()) {
      const counters = this.counters(port);
      const classes = packetClasses.reduce((sum, name) => sum + counters[name], 0);
      const queued = (this.sources.get(port) as MemorySource).queued;
      const unclassed = counters.received - classes;
      if (unclassed < 0 || unclassed > held)
        wrong.push(`port ${port}: ${counters.received} received, ${classes} classed, ${queued} queued`);
      if (counters.expected !== counters.accepted + counters.missing && this.idle)
        wrong.push(
          `port ${port}: ${counters.expected} expected, ${counters.accepted} accepted, ${counters.missing} missing`,
        );
    }
    for (const summary of this.summaries) {
      if (summary.frames !== summary.complete + summary.marked + summary.discarded)
        wrong.push(`series ${summary.series_id}: frames do not add up`);
      for (const port of summary.ledger) {
        if (port.expected !== port.accepted + port.missing)
          wrong.push(`series ${summary.series_id}, port ${port.udp_port}: packets do not add up`);
        if (
          port.socket !== null &&
          port.missing !== port.late + port.ring + port.socket + port.cut_off + (port.unexplained as number)
        )
          wrong.push(`series ${summary.series_id}, port ${port.udp_port}: causes do not add up`);
        if (port.late < 0 || port.ring < 0 || port.cut_off < 0 || (port.unexplained ?? 0) < 0)
          wrong.push(`series ${summary.series_id}, port ${port.udp_port}: a negative cause`);
      }
    }
    return wrong;
  }
}
