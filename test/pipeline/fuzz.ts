// The whole pipeline against a seeded bad world: packets lost, doubled, late, false; threads that stall; a consumer that stops,
// goes and comes; an operator who arms and stops at the wrong moment. Afterwards everything that must hold is checked. Played by
// fuzz.test.ts (some hundred seeds) and by fuzz-command.ts (any seeds, one again).

import { Random } from '../../src/base/random.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { seriesStep } from '../../src/memory/stream-words.js';
import type { ArmRequest } from '../../src/stream/series-types.js';
import type { StreamMessage } from '../../simulators/stream-message.js';
import { makeScenario } from './fuzz-scenario.js';
import type { Scenario } from './fuzz-scenario.js';
import { MemorySink } from './memory-sink.js';
import { PacketMaker, changed } from './packets.js';
import { Pipeline, armRequest } from './pipeline.js';
import { HandOverCheck, consumerProblems, parsed } from './stream-verdict.js';

/** What came of one seed; no problems = everything held. */
export interface FuzzResult {
  readonly seed: number;
  readonly problems: readonly string[];
  readonly frames: number;
  readonly series: number;
  readonly packets: number;
  readonly calm: boolean;
  readonly aborted: readonly string[];
  /** What happened, in order, for a person who looks into a seed. */
  readonly story: readonly string[];
}

interface Flight {
  readonly at: number;
  readonly order: number;
  readonly port: number;
  readonly bytes: () => Uint8Array;
  readonly foreign: boolean;
}

/** Virtual time after which everything must have come to its end once the world is quiet. */
const quietLimitMs = 3000;

/** Frame numbers that no acquisition uses, far apart: they never agree with each other. */
const strayBase = 2 ** 40;

class World {
  readonly problems: string[] = [];
  readonly scenario: Scenario;
  readonly pipeline: Pipeline;
  readonly #random: Random;
  readonly #ports: readonly number[];
  readonly #check: HandOverCheck;
  readonly #images: { readonly message: StreamMessage; readonly packets: number }[] = [];
  #settings: DetectorSettings;
  readonly #settingsByName = new Map<string, DetectorSettings>();
  readonly #settingsByKey = new Map<string, DetectorSettings>();
  readonly #makers = new Map<DetectorSettings, PacketMaker>();
  #flights: Flight[] = [];
  #order = 0;
  #strays = 0;
  readonly #lost = new Set<string>();
  readonly #inTurn = new Set<number>();
  readonly #stalledUntil = new Map<number, number>();
  #frameNumber: number;
  #firstSent = 0;
  #delivered = new Map<number, number>();
  #names = 0;
  packets = 0;
  readonly story: string[] = [];

  constructor(seed: number, memory: WebAssembly.Memory | undefined) {
    this.#random = new Random(seed);
    this.scenario = makeScenario(this.#random);
    const { scenario } = this;
    // Odd seeds place by the kernel, even ones by the reference, unless the environment has chosen.
    const chosen = process.env['VDCU_PLACEMENT'] !== undefined;
    const sink = new MemorySink(scenario.queueMessages, scenario.lateSink);
    this.pipeline = new Pipeline({ yaml: scenario.yaml, sink, socketPackets: scenario.socketPackets, ...(chosen ? {} : { compiled: seed % 2 === 1 }), ...(memory === undefined ? {} : { memory }) });
    const { config, sources } = this.pipeline;
    this.#settings = config.detector;
    this.#ports = [...sources.keys()];
    for (const source of sources.values()) source.batch = Math.min(source.batch, scenario.batch);
    this.#frameNumber = this.#random.pick([1, 20_000, 2 ** 32 - 10, 2 ** 33 + 7]);
    this.#check = new HandOverCheck((name) => this.#settingsByName.get(name) ?? config.detector);
    this.#interleave();
    const blobs = new Map<number, Uint8Array>();
    sink.watch = (message) => {
      const seen = parsed(message);
      this.#check.accept(seen);
      this.story.push(`${this.pipeline.clock.now().toFixed(1)} ${JSON.stringify(seen.fields)}`);
      if (seen.htype === 'image') this.#images.push({ message: { ...seen, parts: [] }, packets: this.#maker.packets });
      return {
        parts: message.parts.map((part, index) => {
          if (index === 0 || seen.htype !== 'image') return part.slice();
          let blob = blobs.get(part.length);
          if (blob === undefined) blobs.set(part.length, (blob = new Uint8Array(part.length)));
          return blob;
        }),
      };
    };
  }

  get #maker(): PacketMaker {
    let maker = this.#makers.get(this.#settings);
    if (maker === undefined) this.#makers.set(this.#settings, (maker = new PacketMaker(this.#settings)));
    return maker;
  }

  play(): void {
    const random = this.#random;
    if (this.scenario.calm || random.chance(0.9)) this.pipeline.sink.connect();
    this.#pass(2);
    const acquisitions = 1 + random.integer(3);
    for (let acquisition = 0; acquisition < acquisitions; acquisition++) {
      this.#beginSeries();
      this.#acquire();
      this.#endSeries();
    }
    this.#quiet();
  }

  // --- the operator -----------------------------------------------------------------------------------------------------------

  #beginSeries(): void {
    const random = this.#random;
    const { scenario, pipeline } = this;
    if (scenario.auto && random.chance(0.8)) return;
    if (scenario.depths.length > 1) {
      // Packets do not tell their bit depth: those of another depth must be out of the way before the depth changes.
      this.#flush();
      const queued = (): boolean => [...pipeline.sources.values()].some((source) => source.queued > 0);
      for (let limit = 0; queued() && limit < 2000; limit++) this.#step(1);
      if (pipeline.words.step !== seriesStep.idle) {
        this.#command({ kind: 'stop' });
        this.#pass(20);
      }
    }
    if (random.chance(0.3)) this.#oldPackets();
    const depth = random.pick(scenario.depths);
    const settings = this.#settingsFor(depth);
    const filename = `/data/${this.#names++}.h5`;
    this.#settingsByName.set(filename, settings);
    const next = this.#frameNumber;
    const id = this.#command({
      kind: 'arm',
      request: {
        ...armRequest,
        filename,
        frames: random.chance(0.5) ? 0 : 1 + random.integer(30),
        firstFrameNumber: random.chance(0.5) ? (scenario.calm ? next : Math.max(1, next + random.pick([0, 0, 0, 2, -2, 5]))) : null,
        framePeriodMs: null,
        dynamicRange: scenario.depths.length > 1 ? depth : null,
        metadata: random.chance(0.3) ? '{"count_time":0.1}' : null,
        force: random.chance(0.3),
      } satisfies ArmRequest,
    });
    let answered = false;
    const patience = scenario.calm || scenario.depths.length > 1 || random.chance(0.8) ? 12_000 : 3;
    for (let step = 0; step < patience && !answered; step++) {
      this.#step(1);
      answered = pipeline.events.some((event) => (event.kind === 'armed' || event.kind === 'refused') && event.id === id);
    }
    if (pipeline.events.some((event) => event.kind === 'armed' && event.id === id)) this.#settings = settings;
    if (!answered && patience > 3) this.problems.push('an arm request was not answered');
  }

  #command(command: Parameters<Pipeline['command']>[0]): number {
    const id = this.pipeline.command(command);
    this.story.push(`${this.pipeline.clock.now().toFixed(1)} command ${id} ${JSON.stringify(command)}`);
    return id;
  }

  #settingsFor(depth: number): DetectorSettings {
    const known = this.pipeline.config.detector;
    if (depth === known.dynamicRange) return known;
    const key = String(depth);
    let settings = this.#settingsByKey.get(key);
    if (settings === undefined) this.#settingsByKey.set(key, (settings = { ...known, dynamicRange: depth }));
    return settings;
  }

  #endSeries(): void {
    const random = this.#random;
    if (this.scenario.calm) {
      this.#flush();
      this.#pass(10);
    }
    if (random.chance(this.scenario.auto ? 0.2 : 0.7)) this.#command({ kind: 'stop' });
    if (random.chance(0.1)) this.#command({ kind: 'stop' });
    this.#pass(random.integer(this.scenario.calm ? 100 : 60));
    if (this.scenario.calm || random.chance(0.4)) this.#flush();
  }

  /** Packets of frames that were before: queued in the sockets when the series is armed. */
  #oldPackets(): void {
    for (let back = 3; back > 0; back--) {
      for (const port of this.#ports) {
        const number = this.#frameNumber - back;
        if (number >= 1 && !this.#lost.has(`${port}/${number}/0`)) this.#fly(port, number, 0, 0);
      }
    }
  }

  // --- the detector and its network -----------------------------------------------------------------------------------------------

  #acquire(): void {
    const random = this.#random;
    const { scenario } = this;
    const frames = 1 + random.integer(scenario.calm ? 24 : 40);
    const silent = random.chance(scenario.silentPort) ? random.pick(this.#ports) : -1;
    const silentFrom = random.integer(frames);
    const silentTo = random.chance(0.3) ? frames : silentFrom + random.integer(12);
    const jumpAt = random.chance(scenario.numberJump) ? random.integer(frames) : -1;
    const bursts = new Map<number, number>();
    const packets = this.#maker.packets;
    this.#firstSent = this.#frameNumber;
    this.story.push(`${this.pipeline.clock.now().toFixed(1)} acquisition of ${frames} frames from ${this.#frameNumber}, port ${silent} silent in ${silentFrom}-${silentTo}, jump at ${jumpAt}`);
    for (let frame = 0; frame < frames; frame++) {
      if (frame === jumpAt) this.#frameNumber = Math.max(1, this.#frameNumber + random.pick([2, scenario.ring, 3 * scenario.ring, 5000, -100_000, -3, -2 * scenario.ring]));
      const frameNumber = this.#frameNumber++;
      for (let packet = 0; packet < packets; packet++) {
        for (const port of this.#ports) {
          if (port === silent && frame >= silentFrom && frame < silentTo) continue;
          this.#perhaps(port, frameNumber, packet, (frame + packet / packets) * scenario.framePeriodMs, bursts);
        }
      }
    }
    this.#pass(frames * scenario.framePeriodMs);
    if (random.chance(0.2) && !scenario.calm) this.#frameNumber = random.pick([1, 1000, this.#frameNumber + 500]);
  }

  #perhaps(port: number, frameNumber: number, packet: number, dueMs: number, bursts: Map<number, number>): void {
    const random = this.#random;
    const { scenario } = this;
    const left = bursts.get(port) ?? 0;
    if (random.chance(scenario.burst)) bursts.set(port, 1 + random.integer(40));
    if (random.chance(scenario.corrupt)) this.#stray(port, packet, dueMs);
    if (random.chance(scenario.garbage)) this.#garbage(port, frameNumber, packet, dueMs);
    if (left > 0) bursts.set(port, left - 1);
    if (left > 0 || random.chance(scenario.loss)) {
      this.#lost.add(`${port}/${frameNumber}/${packet}`);
      return;
    }
    const lag = scenario.lagMs[port] ?? 0;
    const delay = random.chance(scenario.delay) ? random.next() * scenario.framePeriodMs * scenario.ring * 2 : 0;
    const jitter = random.next() * scenario.jitterMs;
    this.#fly(port, frameNumber, packet, dueMs + lag + jitter + delay);
    if (random.chance(scenario.duplicate)) this.#fly(port, frameNumber, packet, dueMs + lag + jitter + random.next() * 3 * scenario.framePeriodMs);
  }

  /** A packet with a frame number that is an accident. Its pixels are those of that number, so that placing it would be no lie. */
  #stray(port: number, packet: number, dueMs: number): void {
    const random = this.#random;
    const number = random.chance(0.5) ? strayBase + this.#strays++ * 1000 : 1 + ((this.#strays++ * 37) % 900);
    if (number >= this.#firstSent - 50 && number <= this.#frameNumber + 2000) return;
    this.#fly(port, number, packet, dueMs);
  }

  #garbage(port: number, frameNumber: number, packet: number, dueMs: number): void {
    const random = this.#random;
    const maker = this.#maker;
    const good = (): Uint8Array => maker.packet(port, frameNumber, packet);
    const kind = random.integer(9);
    const make = [
      () => good().subarray(0, 40),
      () => good().subarray(0, 41 + random.integer(900)),
      () => Uint8Array.from([...good(), 1, 2, 3, 4]),
      () => changed(good(), { version: 1 }),
      () => changed(good(), { detectorType: 3 }),
      () => changed(good(), { packetNumber: maker.packets + random.integer(1000) }),
      () => changed(good(), { row: 7 + random.integer(100) }),
      () => changed(good(), { frameNumber: random.pick([0, 2 ** 53 * 2]) }),
      good,
    ][kind] as () => Uint8Array;
    this.#launch(port, dueMs, make, kind === 8);
  }

  #fly(port: number, frameNumber: number, packet: number, dueMs: number): void {
    const maker = this.#maker;
    this.#launch(port, dueMs, () => maker.packet(port, frameNumber, packet), false);
  }

  #launch(port: number, dueMs: number, bytes: () => Uint8Array, foreign: boolean): void {
    this.#flights.push({ at: this.pipeline.clock.now() + dueMs, order: this.#order++, port, bytes, foreign });
  }

  #land(now: number): void {
    const due = this.#flights.filter((flight) => flight.at <= now);
    if (due.length === 0) return;
    this.#flights = this.#flights.filter((flight) => flight.at > now);
    due.sort((a, b) => a.at - b.at || a.order - b.order);
    for (const { port, bytes, foreign } of due) {
      this.pipeline.deliver(port, bytes(), foreign);
      this.#delivered.set(port, (this.#delivered.get(port) ?? 0) + 1);
      this.packets++;
    }
  }

  #flush(): void {
    for (let limit = 0; this.#flights.length > 0 && limit < 2000; limit++) this.#step(1);
  }

  // --- time -----------------------------------------------------------------------------------------------------------------------

  #pass(milliseconds: number): void {
    const end = this.pipeline.clock.now() + milliseconds;
    while (this.pipeline.clock.now() < end) this.#step(this.scenario.calm ? 0.5 : this.#random.pick([0.2, 0.5, 1, 1, 2]));
  }

  /** Some time passes, packets land, and agents have turns in any order, or none. */
  #step(milliseconds: number): void {
    const random = this.#random;
    const { pipeline, scenario } = this;
    pipeline.clock.advance(milliseconds);
    const now = pipeline.clock.now();
    this.#land(now);
    this.#moods();
    const agents = [...this.#ports, -1];
    const turns = agents.length * (scenario.calm ? 3 : 1 + random.integer(2));
    for (let turn = 0; turn < turns; turn++) {
      const agent = random.pick(agents);
      if (random.chance(scenario.stall)) this.#stalledUntil.set(agent, now + random.integer(60));
      if ((this.#stalledUntil.get(agent) ?? 0) > now || !random.chance(scenario.turnChance)) continue;
      this.#turn(agent);
    }
    if (scenario.calm) for (const agent of agents) this.#turn(agent);
    pipeline.sink.read(pipeline.sink.reading ? scenario.readsPerStep : 0);
  }

  #turn(agent: number): void {
    if (this.#inTurn.has(agent)) return;
    this.#inTurn.add(agent);
    if (agent >= 0) this.pipeline.turnPort(agent);
    else this.pipeline.turnStreamer();
    this.#inTurn.delete(agent);
  }

  /** Threads do not wait for each other's turns: some begin and end in the middle of another's. */
  #interleave(): void {
    const random = this.#random;
    const others = (): void => {
      if (random.chance(0.1)) this.#turn(random.pick([...this.#ports, -1, -1]));
    };
    for (const source of this.pipeline.sources.values()) source.interrupt = others;
    this.pipeline.sink.interrupt = others;
  }

  #moods(): void {
    const random = this.#random;
    const { pipeline, scenario } = this;
    const { sink } = pipeline;
    if (random.chance(scenario.consumerMoods)) sink.reading = !sink.reading;
    if (random.chance(scenario.consumerLeaves)) {
      if (sink.peers > 0) sink.disconnect();
      else sink.connect();
    }
    if (sink.peers === 0 && random.chance(0.02)) sink.connect();
    if (scenario.depths.length > 1 || !random.chance(scenario.operatorMoods)) return;
    if (random.chance(0.5)) this.#command({ kind: 'stop' });
    else this.#command({ kind: 'arm', request: { ...armRequest, filename: '', frames: random.integer(10), force: random.chance(0.5) } });
  }

  // --- the end --------------------------------------------------------------------------------------------------------------------

  /** Everything that flies lands, everybody works, the consumer reads: then all must come to its end. */
  #quiet(): void {
    const { pipeline } = this;
    const { sink } = pipeline;
    for (let limit = 0; this.#flights.length > 0 && limit < 3000; limit++) this.#step(1);
    if (sink.peers === 0) sink.connect();
    sink.reading = true;
    const turns = (): void => {
      pipeline.clock.advance(1);
      for (const agent of [...this.#ports, -1]) this.#turn(agent);
      sink.read();
    };
    const until = (done: () => boolean, what: string): void => {
      for (let step = 0; step < quietLimitMs && !done(); step++) turns();
      if (!done()) this.problems.push(`${what} after ${quietLimitMs} ms of quiet: step ${pipeline.words.step}, next ${pipeline.words.next}, last ${pipeline.words.last}, highest ${pipeline.words.highest}`);
    };
    if (this.scenario.auto) until(() => !pipeline.words.headerSent || !pipeline.words.auto, 'the auto series did not end');
    this.#command({ kind: 'stop' });
    until(() => pipeline.words.step === seriesStep.idle || (pipeline.words.auto && !pipeline.words.headerSent), 'the series did not end');
    this.#command({ kind: 'shutdown' });
    until(() => pipeline.events.some(({ kind }) => kind === 'drained'), 'the streamer did not drain');
    this.#verify();
  }

  #verify(): void {
    const { pipeline } = this;
    const { events, sink } = pipeline;
    this.problems.push(...this.#check.problems(true), ...consumerProblems(sink), ...pipeline.verifyCounts(2));
    const ends = sink.taken.filter((message) => parsed(message).htype === 'series_end').length;
    const headers = sink.taken.filter((message) => parsed(message).htype === 'header').length;
    if (headers !== ends) this.problems.push(`${headers} headers, ${ends} ends`);
    const answers = new Map<number, number>();
    for (const event of events) if ('id' in event) answers.set(event.id, (answers.get(event.id) ?? 0) + 1);
    for (const [id, count] of answers) if (count !== 1) this.problems.push(`command ${id} was answered ${count} times`);
    for (const id of pipeline.commands) if (!answers.has(id)) this.problems.push(`command ${id} was not answered`);
    for (const port of this.#ports) {
      const { received } = pipeline.counters(port);
      const source = pipeline.sources.get(port);
      const arrived = (this.#delivered.get(port) ?? 0) - (source?.drops ?? 0) - (source?.queued ?? 0);
      if (received !== arrived) this.problems.push(`port ${port}: ${arrived} datagrams arrived, ${received} were counted`);
    }
    for (const summary of pipeline.summaries) {
      const opened = events.find((event) => event.kind === 'opened' && event.series_id === summary.series_id);
      if (opened?.kind === 'opened' && opened.frames > 0 && summary.frames > opened.frames) {
        this.problems.push(`series ${summary.series_id}: ${summary.frames} frames sent, ${opened.frames} were asked for`);
      }
      if (summary.aborted === undefined && summary.unsent > 0) this.problems.push(`series ${summary.series_id}: not aborted, and ${summary.unsent} frames unsent`);
    }
    if (this.scenario.calm) this.#verifyCalm();
  }

  /** In a calm world exactly what the network lost is missing. */
  #verifyCalm(): void {
    for (const summary of this.pipeline.summaries) {
      if (summary.aborted !== undefined) this.problems.push(`series ${summary.series_id}: aborted (${summary.aborted}) in a calm world`);
    }
    for (const { message, packets } of this.#images) {
      const frameNumber = Number(message.fields['frame_number']);
      const missing = (message.fields['missing'] ?? {}) as Record<string, [number, number][]>;
      for (const port of this.#ports) {
        const udpPort = this.pipeline.config.detector.udpPorts[port] as number;
        const named = new Set<number>();
        for (const [first, last] of missing[udpPort] ?? []) for (let packet = first; packet <= last; packet++) named.add(packet);
        for (let packet = 0; packet < packets; packet++) {
          // An auto series may be stopped or begin in the middle of a frame, or begin with a second copy of an older packet. A false number at the
          // very beginning of a series disagrees with the packets that are held then, which are lost to it.
          if (this.scenario.auto && message.fields['reason'] === 'stop') continue;
          if (named.has(packet) && Number(message.fields['frame']) < (this.scenario.auto ? 8 : this.scenario.corrupt > 0 ? 2 : 0)) continue;
          if (named.has(packet) === this.#lost.has(`${port}/${frameNumber}/${packet}`)) continue;
          this.problems.push(`frame ${frameNumber}, port ${udpPort}, packet ${packet}: ${named.has(packet) ? 'called missing, but it came' : 'lost, but not called missing'}`);
          return;
        }
      }
    }
  }

  result(seed: number): FuzzResult {
    return {
      seed,
      problems: this.problems,
      frames: this.#images.length,
      series: this.pipeline.summaries.length,
      packets: this.packets,
      calm: this.scenario.calm,
      story: [...this.story, ...this.pipeline.events.map((event) => JSON.stringify(event))],
      aborted: this.pipeline.summaries.flatMap(({ aborted }) => (aborted === undefined ? [] : [aborted])),
    };
  }
}

/** Memory of the last run, used again: its pixels are stale on purpose. */
let memory: WebAssembly.Memory | undefined;

/** Play one seed. Never throws for a fault of the code under test: an assertion that fails is a problem like others. */
export function playSeed(seed: number): FuzzResult {
  let world: World | null = null;
  try {
    world = new World(seed, memory);
    if (memory === undefined || memory.buffer.byteLength < world.pipeline.buffer.byteLength) memory = world.pipeline.memory;
    world.play();
    return world.result(seed);
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const none: FuzzResult = { seed, problems: [], frames: 0, series: 0, packets: 0, calm: false, aborted: [], story: [] };
    return { ...(world?.result(seed) ?? none), problems: [...(world?.problems ?? []), text] };
  }
}

/** The configuration of a seed, for a person who looks into it. */
export function describeSeed(seed: number): Scenario {
  return makeScenario(new Random(seed));
}
