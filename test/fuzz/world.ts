// One seed played: a detector behind a bad network, the service with its agents and its HTTP application, a consumer and an operator,
// on one thread and in virtual time. The scheduler gives turns in any order, also in the middle of others; processes may end and
// start again. What must hold is checked at every hand-over, after every step and at the end (verdict.ts).

import { Random } from '../../src/base/random.js';
import { VirtualClock } from '../../src/base/clock.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { seriesStep } from '../../src/memory/stream-words.js';
import type { StreamEvent } from '../../src/stream/series-types.js';
import { MemorySink } from '../pipeline/memory-sink.js';
import type { ReceivedMessage } from '../pipeline/memory-sink.js';
import { PacketMaker } from '../pipeline/packets.js';
import { consumerProblems, parsed } from '../pipeline/stream-verdict.js';
import { Network, drawWrong } from './network.js';
import type { Datagram, DatagramKind } from './network.js';
import { Operator } from './operator.js';
import type { SentRequest } from './operator.js';
import { makeScenario } from './scenario.js';
import type { Scenario } from './scenario.js';
import { SimulatedService, mainAgent, streamerAgent } from './simulated-service.js';
import { LifeVerdict, requestProblems } from './verdict.js';
import type { SentImage } from './verdict.js';

/** Virtual time after which everything must have come to its end once the world is quiet, in ms. */
const quietLimitMs = 3000;
/** The same for a request that waits for a consumer to take a header. */
const answerLimitMs = 12_000;
/** A process that was asked to end is cut off after this time beyond its own limits, in ms. */
const endLimitMs = 3000;

/** Frame numbers that no acquisition uses, far apart: they never agree with each other. */
const strayBase = 2 ** 40;

/** Packets that name another port's place, of each port: three could agree. */
const elsewhereMost = 2;

/** Worlds of the same settings share what makes their packets. */
const makers = new WeakMap<DetectorSettings, PacketMaker>();

function makerOf(settings: DetectorSettings): PacketMaker {
  let maker = makers.get(settings);
  if (maker === undefined) makers.set(settings, (maker = new PacketMaker(settings)));
  return maker;
}

export interface WorldOptions {
  readonly seed: number;
  /** Null = by the seed: odd ones place by the kernel, even ones by the reference. */
  readonly compiled: boolean | null;
  /** Of an earlier world, to be used again: its pixels are stale on purpose. */
  readonly memory: WebAssembly.Memory | undefined;
  /** Told what happens, line by line, for a person. */
  readonly tell: ((line: string) => void) | null;
}

export class World {
  readonly problems: string[] = [];
  readonly scenario: Scenario;
  readonly clock = new VirtualClock(1000);
  readonly aborted: string[] = [];
  frames = 0;
  series = 0;
  packets = 0;
  processes = 0;
  readonly #options: WorldOptions;
  readonly #random: Random;
  readonly #ports: readonly number[];
  readonly #agents: readonly number[];
  readonly #network = new Network();
  readonly #operator = new Operator();
  readonly #sinks: MemorySink[] = [];
  #service: SimulatedService | null = null;
  #verdict: LifeVerdict | null = null;
  #memory: WebAssembly.Memory | undefined;
  /** When it was asked to end; −1 = it was not. */
  #dyingSince = -1;
  #deathInSteps: number;
  #restartInSteps = 0;
  /** A consumer was connected to the last process, and connects again. */
  #consumerWaits = false;

  #settings: DetectorSettings;
  readonly #settingsByName = new Map<string, DetectorSettings>();
  #names = 0;
  #strays = 0;
  readonly #elsewhere = new Map<number, number>();
  readonly #lost = new Set<string>();
  #frameNumber: number;
  #firstSent = 0;
  #previous: Datagram[] = [];
  readonly #inTurn = new Set<number>();
  readonly #stalledUntil = new Map<number, number>();
  /** What somebody wants to do after this step. */
  readonly #wanted: (() => Promise<unknown>)[] = [];
  /** A series that was armed with a frame period, and so ends by silence. */
  #periodGiven = false;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.scenario = makeScenario(this.#random);
    const { detector } = this.scenario.config;
    this.#settings = detector;
    this.#ports = detector.udpPorts.map((_, port) => port).filter((port) => !detector.portsOff.includes(detector.udpPorts[port] as number));
    this.#agents = [...this.#ports, streamerAgent, mainAgent];
    this.#memory = options.memory;
    this.#frameNumber = this.#random.pick([1, 1, 20_000, 2 ** 32 - 10, 2 ** 33 + 7, 2 ** 52]);
    this.#deathInSteps = this.scenario.death === 'none' ? Infinity : 20 + this.#random.integer(250);
  }

  /** Memory that a later world may use. */
  get memory(): WebAssembly.Memory | undefined {
    return this.#memory;
  }

  async play(): Promise<void> {
    const random = this.#random;
    await this.#start();
    if (this.scenario.calm || random.chance(0.9)) this.#sink.connect();
    await this.#pass(2);
    const acquisitions = 1 + random.integer(3);
    for (let acquisition = 0; acquisition < acquisitions; acquisition++) {
      await this.#beginSeries();
      await this.#acquire();
      await this.#endSeries();
    }
    await this.#quiet();
  }

  /** The process that is left is gone; nothing of this world goes on. */
  async close(): Promise<void> {
    await this.#operator.connect(null);
    this.#service?.close();
  }

  get #sink(): MemorySink {
    return this.#sinks[this.#sinks.length - 1] as MemorySink;
  }

  /** The longest step while nothing happens: in a calm world nobody is late by a share of any limit. */
  get #idleStepMs(): number {
    return this.scenario.calm ? 4 : 40;
  }

  get #varied(): boolean {
    return this.scenario.settings.length > 1;
  }

  #tell(text: () => string): void {
    this.#options.tell?.(`${this.clock.now().toFixed(1)} ${text()}`);
  }

  // --- processes --------------------------------------------------------------------------------------------------------------

  async #start(): Promise<void> {
    const { scenario, clock } = this;
    const { config, socketPackets, batch, dropsKnown } = scenario;
    const sink = new MemorySink(scenario.queueMessages, scenario.lateSink);
    const { compiled, seed } = this.#options;
    const service = new SimulatedService({
      config, clock, sink, socketPackets, batch, dropsKnown, memory: this.#memory,
      compiled: compiled ?? seed % 2 === 1,
      onEvent: (event) => this.#hear(event),
    });
    this.#memory = service.pipeline.memory;
    this.#sinks.push(sink);
    if (this.#consumerWaits) sink.connect();
    this.#service = service;
    this.#dyingSince = -1;
    this.processes++;
    const verdict = new LifeVerdict(service, scenario, (name) => this.#settingsByName.get(name) ?? config.detector);
    this.#verdict = verdict;
    sink.watch = (message) => this.#handOver(message, verdict);
    const others = (): void => {
      if (this.#random.chance(scenario.preempt)) this.#turn(this.#random.pick(this.#agents));
    };
    for (const source of service.pipeline.sources.values()) source.interrupt = others;
    sink.interrupt = others;
    await this.#operator.connect(service.view);
    this.#tell(() => `process ${this.processes} starts`);
  }

  /** @param orderly it has said that nothing is left to do */
  async #end(orderly: boolean): Promise<void> {
    const service = this.#service as SimulatedService;
    const { words } = service.pipeline;
    this.#tell(() => `process ${this.processes} ${orderly ? 'ends' : 'is cut off'}: step ${words.step}`);
    if (orderly && this.#operator.waiting > 0) this.problems.push(`${this.#operator.waiting} requests were not answered by a process that ended in order`);
    this.problems.push(...(this.#verdict as LifeVerdict).atEnd(orderly));
    this.#countSeries(service);
    const sink = this.#sink;
    // What zmq had taken may still leave, or not.
    if (orderly && this.#random.chance(0.7)) sink.read();
    this.#consumerWaits = sink.peers > 0;
    while (sink.peers > 0) sink.disconnect();
    await this.#operator.connect(null);
    service.close();
    this.#service = null;
    this.#restartInSteps = 1 + this.#random.integer(30);
  }

  #countSeries({ pipeline }: SimulatedService): void {
    this.series += pipeline.summaries.length;
    for (const { aborted } of pipeline.summaries) if (aborted !== undefined) this.aborted.push(aborted);
  }

  /** Time and moods decide about processes. */
  async #liveOrDie(): Promise<void> {
    const service = this.#service;
    if (service === null) {
      if (--this.#restartInSteps <= 0) await this.#start();
      return;
    }
    if (this.#dyingSince >= 0) {
      const { closingTimeoutMs, drainMs } = this.scenario.config;
      if (service.drained) await this.#end(true);
      else if (this.clock.now() - this.#dyingSince > closingTimeoutMs + drainMs + endLimitMs) await this.#end(false);
      return;
    }
    if (--this.#deathInSteps > 0) return;
    this.#deathInSteps = Infinity;
    if (this.scenario.death === 'sigkill') await this.#end(false);
    else this.#askToEnd();
  }

  /** SIGTERM. */
  #askToEnd(): void {
    const service = this.#service as SimulatedService;
    this.#dyingSince = this.clock.now();
    this.#tell(() => 'SIGTERM');
    void service.view.shutdown().then(() => (service.drained = true));
  }

  #hear(event: StreamEvent): void {
    this.#tell(() => JSON.stringify(event));
  }

  // --- the consumer ------------------------------------------------------------------------------------------------------------

  /** Looks at a message as late as the seam allows; what is kept of it has its length, but no pixels. */
  #handOver(message: ReceivedMessage, verdict: LifeVerdict): ReceivedMessage {
    const seen = parsed(message);
    this.#tell(() => JSON.stringify(seen.fields));
    verdict.accept(seen, makerOf(verdict.settings));
    if (seen.htype === 'image') {
      this.frames++;
      // The rest of a series that ended by silence was never on its way.
      if (Number(seen.fields['frame_number']) >= this.#frameNumber) verdict.images.pop();
    }
    if (verdict.problems.length > 0) this.problems.push(...verdict.problems.splice(0));
    const kept = seen.parts.map((part) => (seen.htype === 'image' ? emptyBlob(part.length) : part.slice()));
    return { parts: [], message: { ...seen, parts: kept } };
  }

  #moods(): void {
    const random = this.#random;
    const { scenario } = this;
    const sink = this.#sink;
    if (this.#service === null) return;
    if (random.chance(scenario.consumerMoods)) sink.reading = !sink.reading;
    if (random.chance(scenario.consumerLeaves)) {
      if (sink.peers > 0) sink.disconnect();
      else sink.connect();
    }
    if (sink.peers === 0 && random.chance(0.02)) sink.connect();
    if (random.chance(scenario.looks)) this.#wanted.push(() => this.#look());
    if (random.chance(scenario.operatorMoods)) this.#wanted.push(() => this.#whim());
  }

  // --- the operator ------------------------------------------------------------------------------------------------------------

  async #send(method: SentRequest['method'], url: string, payload?: unknown): Promise<SentRequest> {
    this.#tell(() => `${method} ${url} ${payload === undefined ? '' : JSON.stringify(payload)}`);
    const request = await this.#operator.send(method, url, payload);
    if (request.status !== null) this.#tell(() => `answered at once: ${request.status} ${JSON.stringify(request.body)}`);
    return request;
  }

  /** Something that nobody asked for. */
  async #whim(): Promise<void> {
    const random = this.#random;
    const draw = random.next();
    if (draw < 0.4) await this.#send('DELETE', '/api/v1/series');
    else if (draw < 0.85) await this.#arm({ frames: random.integer(10), force: random.chance(0.5) });
    else await this.#send('POST', '/api/v1/series', random.pick([{ frames: -1 }, { frame: 3 }, { filename: 'relative.h5' }, { frames: 5, dynamic_range: 7 }, [], { metadata: { data: 1 } }]));
  }

  async #look(): Promise<void> {
    const service = this.#service;
    if (service === null) return;
    const { status, body } = await this.#send('GET', this.#random.pick(['/api/v1/series', '/api/v1/series', '/received_frames', '/last_frame', '/status']));
    if (status !== 200) this.problems.push(`a look at the state was answered with ${status}: ${JSON.stringify(body)}`);
  }

  /** Ask for a series with the detector's present settings. */
  #arm(more: Readonly<Record<string, unknown>>, settings = this.#settings): Promise<SentRequest> {
    const filename = `/data/${this.#names++}.h5`;
    this.#settingsByName.set(filename, settings);
    const explicit = this.#varied ? { dynamic_range: settings.dynamicRange, read_n_rows: settings.readNRows ?? 0 } : {};
    return this.#send('POST', '/api/v1/series', { filename, ...explicit, ...more });
  }

  async #beginSeries(): Promise<void> {
    const random = this.#random;
    const { scenario } = this;
    this.#periodGiven = false;
    if (scenario.auto && random.chance(0.8)) return;
    let settings = this.#settings;
    if (this.#varied && random.chance(0.6)) {
      settings = random.pick(scenario.settings);
      await this.#clearTheWay();
    } else if (random.chance(0.3)) this.#replay(3);
    const next = this.#frameNumber;
    const period = random.chance(0.12);
    const request = await this.#arm({
      ...(random.chance(0.5) ? {} : { frames: 1 + random.integer(scenario.framesMost) }),
      ...(random.chance(0.5) ? {} : { first_frame_number: scenario.calm ? next : Math.max(1, next + random.pick([0, 0, 0, 2, -2, 5])) }),
      ...(period ? { frame_period_ms: scenario.framePeriodMs } : {}),
      ...(random.chance(0.3) ? { metadata: { count_time: 0.1, note: 'x' } } : {}),
      ...(random.chance(0.3) ? { force: true } : {}),
    }, settings);
    const patient = scenario.calm || settings !== this.#settings || random.chance(0.8);
    await this.#until(() => request.status !== null || request.cut, patient ? answerLimitMs : 3);
    if (request.status === 201) {
      this.#settings = settings;
      this.#periodGiven = period;
    } else if (patient && request.status === null && !request.cut) this.problems.push('an arm request was not answered');
    if (settings !== this.#settings) this.#tell(() => 'the detector keeps its settings');
  }

  /** Packets do not tell their bit depth: those of another depth, or of other rows, must be out of the way before these change. */
  async #clearTheWay(): Promise<void> {
    const service = this.#service;
    await this.#flush();
    await this.#until(() => service === null || this.#service !== service || [...service.pipeline.sources.values()].every((source) => source.queued === 0), quietLimitMs);
    if (service !== null && this.#service === service && service.pipeline.words.step !== seriesStep.idle) {
      await this.#send('DELETE', '/api/v1/series');
      await this.#pass(20);
    }
  }

  async #endSeries(): Promise<void> {
    const random = this.#random;
    if (this.scenario.calm) {
      await this.#flush();
      await this.#pass(10);
    }
    if (this.#periodGiven && random.chance(0.6)) await this.#awaitSilence();
    if (random.chance(this.scenario.auto ? 0.2 : 0.7)) await this.#send('DELETE', '/api/v1/series');
    if (random.chance(0.1)) await this.#send('DELETE', '/api/v1/series');
    await this.#pass(random.integer(this.scenario.calm ? 100 : 60));
    if (this.scenario.calm || random.chance(0.4)) await this.#flush();
  }

  /** With a frame period given, a series of which packets were seen ends by itself. */
  async #awaitSilence(): Promise<void> {
    await this.#flush();
    const service = this.#service;
    if (service === null) return;
    const { words } = service.pipeline;
    const { seriesId, highest } = words;
    if (words.step !== seriesStep.open || highest === 0) return;
    const limit = Math.max(5000, 10 * this.scenario.framePeriodMs, this.scenario.config.seriesTimeoutMs ?? 0) + 1000;
    await this.#until(() => this.#service !== service || words.step !== seriesStep.open || words.seriesId !== seriesId, limit);
    if (this.#service === service && words.step === seriesStep.open && words.seriesId === seriesId) this.problems.push(`series ${seriesId} has a frame period and did not end by silence in ${limit} ms`);
  }

  // --- the detector and its network ------------------------------------------------------------------------------------------------

  async #acquire(): Promise<void> {
    const random = this.#random;
    const { scenario } = this;
    const frames = 1 + random.integer(scenario.framesMost);
    const silent = random.chance(scenario.silentPort) ? random.pick(this.#ports) : -1;
    const silentFrom = random.integer(frames);
    const silentTo = random.chance(0.3) ? frames : silentFrom + random.integer(12);
    const late = random.chance(scenario.latePort) ? random.pick(this.#ports) : -1;
    const lateBy = random.integer(8);
    const jumpAt = random.chance(scenario.numberJump) ? random.integer(frames) : -1;
    if (random.chance(scenario.oldPackets)) this.#replay(1 + random.integer(5), random.next() * 10);
    this.#previous = [];
    const bursts = new Map<number, number>();
    const maker = makerOf(this.#settings);
    const { packets } = maker;
    this.#firstSent = this.#frameNumber;
    this.#tell(() => `acquisition of ${frames} frames from ${this.#frameNumber}: port ${silent} silent in ${silentFrom}-${silentTo}, port ${late} late by ${lateBy}, jump at ${jumpAt}`);
    for (let frame = 0; frame < frames; frame++) {
      if (frame === jumpAt) {
        const back = this.#frameNumber > 2 ** 51 ? [-3, -2 * scenario.ring] : [-100_000, -3, -2 * scenario.ring];
        this.#frameNumber = Math.max(1, this.#frameNumber + random.pick([2, scenario.ring, 3 * scenario.ring, 5000, ...back]));
      }
      const frameNumber = this.#frameNumber++;
      for (let packet = 0; packet < packets; packet++) {
        for (const port of this.#ports) {
          if (port === silent && frame >= silentFrom && frame < silentTo) continue;
          if (port === late && frame < lateBy) continue;
          this.#perhaps(maker, port, frameNumber, packet, (frame + packet / packets) * scenario.framePeriodMs, bursts);
        }
      }
    }
    await this.#pass(frames * scenario.framePeriodMs);
    if (random.chance(0.2) && !scenario.calm) this.#frameNumber = random.pick([1, 1000, this.#frameNumber + 500]);
  }

  #perhaps(maker: PacketMaker, port: number, frameNumber: number, packet: number, dueMs: number, bursts: Map<number, number>): void {
    const random = this.#random;
    const { scenario } = this;
    const left = bursts.get(port) ?? 0;
    if (random.chance(scenario.burst)) bursts.set(port, 1 + random.integer(40));
    if (random.chance(scenario.corrupt)) this.#stray(maker, port, packet, dueMs);
    if (random.chance(scenario.garbage)) this.#garbage(maker, port, frameNumber, packet, dueMs);
    if (left > 0) bursts.set(port, left - 1);
    if (left > 0 || random.chance(scenario.loss)) {
      this.#lost.add(`${port}/${frameNumber}/${packet}`);
      return;
    }
    const lag = scenario.lagMs[port] ?? 0;
    const delay = random.chance(scenario.delay) ? random.next() * scenario.framePeriodMs * scenario.ring * 2 : 0;
    const early = random.chance(scenario.early) ? random.next() * scenario.framePeriodMs * 3 : 0;
    const jitter = random.next() * scenario.jitterMs;
    this.#launch('good', maker, port, frameNumber, packet, Math.max(0, dueMs + lag + jitter + delay - early), true);
    if (random.chance(scenario.duplicate)) this.#launch('good', maker, port, frameNumber, packet, dueMs + lag + jitter + random.next() * 3 * scenario.framePeriodMs);
  }

  /** A packet with a frame number that is an accident. Its pixels are those of that number, so that placing it would be no lie. */
  #stray(maker: PacketMaker, port: number, packet: number, dueMs: number): void {
    const random = this.#random;
    const number = random.chance(0.5) ? strayBase + this.#strays++ * 1000 : 1 + ((this.#strays++ * 37) % 900);
    if (number >= this.#firstSent - 50 && number <= this.#frameNumber + 2000) return;
    this.#launch('good', maker, port, number, packet, dueMs);
  }

  #garbage(maker: PacketMaker, port: number, frameNumber: number, packet: number, dueMs: number): void {
    const elsewhere = this.#elsewhere.get(port) ?? 0;
    if (elsewhere < elsewhereMost && this.scenario.socketPackets > 1000 && this.#random.chance(0.1)) {
      this.#elsewhere.set(port, elsewhere + 1);
      // Where the place is configured the header's is not looked at, and the packet is a good one. A good one follows at once: a false
      // place that nothing contradicts would be believed when silence has to confirm it.
      const placed = this.#settings.portPositions.size > 0;
      this.#launch(placed ? 'good' : 'elsewhere', maker, port, frameNumber, packet, dueMs);
      this.#launch('good', maker, port, frameNumber, packet, dueMs);
      return;
    }
    const { kind, variant } = drawWrong(this.#random);
    const placed = kind === 'malformedPosition' && this.#settings.portPositions.size > 0;
    if (!placed) this.#launch(kind, maker, port, frameNumber, packet, dueMs, false, variant);
  }

  /** Packets of the last frames before the present ones, again, or of an acquisition that nobody asked for. */
  #replay(frames: number, dueMs = 0): void {
    const maker = makerOf(this.#settings);
    const again = this.#previous.filter(({ frameNumber, maker: made }) => made === maker && frameNumber >= this.#frameNumber - frames);
    for (const { port, frameNumber, packet } of again) this.#launch('good', maker, port, frameNumber, packet, dueMs);
  }

  #launch(kind: DatagramKind, maker: PacketMaker, port: number, frameNumber: number, packet: number, dueMs: number, remember = false, variant = 0): void {
    const datagram = { at: this.clock.now() + dueMs, kind, maker, port, frameNumber, packet, variant };
    this.#network.launch(datagram);
    if (remember) this.#previous.push({ ...datagram, order: 0 });
  }

  #land(now: number): number {
    let landed = 0;
    for (let datagram = this.#network.land(now); datagram !== null; datagram = this.#network.land(now), landed++) this.#service?.deliver(datagram);
    this.packets += landed;
    return landed;
  }

  async #flush(): Promise<void> {
    await this.#until(() => this.#network.size === 0, 5000);
  }

  // --- time ---------------------------------------------------------------------------------------------------------------------------

  async #pass(milliseconds: number): Promise<void> {
    const end = this.clock.now() + milliseconds;
    while (this.clock.now() < end) await this.#step(Math.min(end - this.clock.now(), this.scenario.calm ? 0.5 : this.#random.pick([0.2, 0.5, 1, 1, 2])));
  }

  /** Until something holds, at most for so long; where nothing happens time passes faster. */
  async #until(done: () => boolean, milliseconds: number): Promise<void> {
    const end = this.clock.now() + milliseconds;
    for (let pace = 1; !done() && this.clock.now() < end;) {
      const quiet = await this.#step(Math.max(0.01, Math.min(pace, this.#network.nextAt - this.clock.now(), end - this.clock.now())));
      pace = quiet ? Math.min(this.#idleStepMs, pace * 1.5) : 1;
    }
  }

  /** Some time passes, packets land, and agents have turns in any order, or none. True when nothing happened. */
  async #step(milliseconds: number): Promise<boolean> {
    const random = this.#random;
    const { clock, scenario } = this;
    clock.advance(milliseconds);
    const now = clock.now();
    const landed = this.#land(now);
    this.#moods();
    const agents = this.#agents;
    const turns = agents.length * (scenario.calm ? 3 : 1 + random.integer(2));
    const taken = this.#sink.taken.length;
    let work = 0;
    for (let turn = 0; turn < turns; turn++) {
      const agent = random.pick(agents);
      if (random.chance(scenario.stall)) this.#stalledUntil.set(agent, now + random.integer(60));
      if ((this.#stalledUntil.get(agent) ?? 0) > now || !random.chance(scenario.turnChance)) continue;
      work += this.#turn(agent);
    }
    if (scenario.calm) for (const agent of agents) work += this.#turn(agent);
    const sink = this.#sink;
    sink.read(sink.reading ? scenario.readsPerStep : 0);
    return (await this.#settle()) && landed === 0 && work === 0 && sink.taken.length === taken;
  }

  /** After a step: what must always hold, what people do, what they are answered. True when nobody did anything. */
  async #settle(): Promise<boolean> {
    const verdict = this.#verdict;
    if (this.#service !== null && verdict !== null) this.problems.push(...verdict.afterStep());
    if (this.problems.length > 0) throw new ProblemsFound();
    await this.#operator.settle();
    const wanted = this.#wanted.splice(0);
    for (const act of wanted) await act();
    if (wanted.length > 0) await this.#operator.settle();
    await this.#liveOrDie();
    return wanted.length === 0 && (this.#service?.still ?? true);
  }

  #turn(agent: number): number {
    const service = this.#service;
    if (service === null || this.#inTurn.has(agent)) return 0;
    this.#inTurn.add(agent);
    const work = service.turn(agent);
    this.#inTurn.delete(agent);
    return work;
  }

  // --- the end ------------------------------------------------------------------------------------------------------------------------

  /** Everything that flies lands, everybody works, the consumer reads: then all must come to its end. */
  async #quiet(): Promise<void> {
    const { scenario } = this;
    await this.#flush();
    if (this.#dyingSince >= 0) await this.#until(() => this.#dyingSince < 0, quietLimitMs + 10_000);
    this.#deathInSteps = Infinity;
    await this.#until(() => this.#service !== null, quietLimitMs);
    const service = this.#service as SimulatedService;
    const { pipeline } = service;
    const { words } = pipeline;
    const sink = this.#sink;
    if (sink.peers === 0) sink.connect();
    sink.reading = true;
    const until = async (done: () => boolean, what: string, limit = quietLimitMs): Promise<void> => {
      const end = this.clock.now() + limit;
      for (let pace = 1; this.clock.now() < end && !done();) {
        const taken = sink.taken.length;
        this.clock.advance(pace);
        let work = 0;
        for (const agent of this.#agents) work += this.#turn(agent);
        sink.read();
        const still = await this.#settle();
        pace = still && work === 0 && sink.taken.length === taken ? Math.min(this.#idleStepMs, pace * 1.5) : 1;
      }
      if (!done()) this.problems.push(`${what} after ${limit} ms of quiet: step ${words.step}, next ${words.next}, last ${words.last}, highest ${words.highest}`);
    };
    if (scenario.auto) await until(() => !words.headerSent || !words.auto, 'the auto series did not end');
    const stop = await this.#send('DELETE', '/api/v1/series');
    await until(() => words.step === seriesStep.idle || (words.auto && !words.headerSent), 'the series did not end');
    await until(() => stop.status !== null && this.#operator.waiting === 0, `${this.#operator.waiting} requests were not answered`, answerLimitMs);
    const state = await this.#send('GET', '/api/v1/series');
    this.problems.push(...requestProblems(this.#operator.requests, state, service));
    this.#askToEnd();
    await until(() => this.#service !== service, 'the process did not end');
    this.problems.push(...consumerProblems(...this.#sinks));
    if (scenario.calm) this.#verifyCalm();
  }

  /** In a calm world exactly what the network lost is missing. */
  #verifyCalm(): void {
    const images: readonly SentImage[] = (this.#verdict as LifeVerdict).images;
    for (const reason of this.aborted) this.problems.push(`a series was aborted (${reason}) in a calm world`);
    for (const { index, frameNumber, reason, packets, missing } of images) {
      for (const port of this.#ports) {
        for (let packet = 0; packet < packets; packet++) {
          const named = missing.has(port * 65536 + packet);
          // An auto series may be stopped or begin in the middle of a frame, or begin with a second copy of an older packet. A false number at the
          // very beginning of a series disagrees with the packets that are held then, which are lost to it.
          if (this.scenario.auto && reason === 'stop') continue;
          if (named && index < (this.scenario.auto ? 8 : this.scenario.corrupt > 0 ? 2 : 0)) continue;
          if (named === this.#lost.has(`${port}/${frameNumber}/${packet}`)) continue;
          this.problems.push(`frame ${frameNumber}, port ${port}, packet ${packet}: ${named ? 'called missing, but it came' : 'lost, but not called missing'}`);
          return;
        }
      }
    }
  }
}

/** Enough is known: the rest of the world would only repeat it. */
export class ProblemsFound extends Error {
  override readonly name = 'ProblemsFound';
}

const blobs = new Map<number, Uint8Array>();

/** As many bytes as an image has, for checks that look at the length only. */
function emptyBlob(bytes: number): Uint8Array {
  let blob = blobs.get(bytes);
  if (blob === undefined) blobs.set(bytes, (blob = new Uint8Array(bytes)));
  return blob;
}
