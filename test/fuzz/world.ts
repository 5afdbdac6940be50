// One seed played: a detector behind a bad network, the service with its agents and its HTTP application, a consumer
// and an operator, on one thread and in virtual time. Here are the scheduler, which gives turns in any order, also in
// the middle of others, the moods of the consumer, and the end, when all must come to rest. The others have files of
// their own: simulated-detector.ts, network.ts, processes.ts, operator-moods.ts. What must hold is checked at every
// hand-over, after every step and at the end (verdict.ts).

import { Random } from '../../src/base/random.js';
import { VirtualClock } from '../../src/base/clock.js';
import { altersPixels, formOf } from '../../src/config/encoding.js';
import { seriesStep } from '../../src/memory/stream-words.js';
import { consumerProblems } from '../pipeline/stream-verdict.js';
import { Network } from './network.js';
import { Operator } from './operator.js';
import { OperatorMoods, answerLimitMs } from './operator-moods.js';
import { Processes } from './processes.js';
import { drawLater } from './later-draws.js';
import { makeScenario } from './scenario.js';
import type { Scenario } from './scenario.js';
import { SimulatedDetector } from './simulated-detector.js';
import { firstEncoder, mainAgent, streamerAgent } from './simulated-service.js';
import type { SimulatedService } from './simulated-service.js';
import { calmProblems, deliveredProblems, requestProblems } from './verdict.js';
import type { LifeVerdict } from './verdict.js';

/** Apart from all seeds that are played. */
const laterSeeds = 2 ** 31;

/** Virtual time after which everything must have come to its end once the world is quiet, in ms. */
const quietLimitMs = 3000;

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
  readonly processes: Processes;
  packets = 0;
  readonly #random: Random;
  readonly #agents: readonly number[];
  readonly #network = new Network();
  readonly #operator = new Operator();
  readonly #detector: SimulatedDetector;
  readonly #moods: OperatorMoods;
  readonly #inTurn = new Set<number>();
  readonly #stalledUntil = new Map<number, number>();
  #noStallBefore = 0;
  /** What somebody wants to do after this step. */
  readonly #wanted: (() => Promise<unknown>)[] = [];

  constructor({ seed, compiled, memory, tell: teller }: WorldOptions) {
    const random = new Random(seed);
    const { scenario, firstFrame } = drawLater(new Random(seed + laterSeeds / 2), makeScenario(random));
    const { clock, problems } = this;
    const tell = (text: () => string): void => teller?.(`${clock.now().toFixed(1)} ${text()}`);
    this.#random = random;
    this.scenario = scenario;
    const detector = new SimulatedDetector({
      random,
      later: new Random(seed + laterSeeds),
      firstFrame,
      scenario,
      clock,
      network: this.#network,
      tell,
    });
    const operator = this.#operator;
    this.#detector = detector;
    const moods = new OperatorMoods({
      random,
      scenario,
      operator,
      detector,
      problems,
      tell,
      processes: () => this.processes,
      patience: {
        pass: (milliseconds) => this.#pass(milliseconds),
        until: (done, milliseconds) => this.#until(done, milliseconds),
        flush: () => this.#flush(),
      },
    });
    this.#moods = moods;
    const { config } = scenario;
    const forms = config.compression !== 'none' || altersPixels(formOf(config));
    const encoders = forms ? (config.encoderThreads ?? 0) : 0;
    this.#agents = [
      ...detector.ports,
      streamerAgent,
      mainAgent,
      ...Array.from({ length: encoders }, (_, encoder) => firstEncoder - encoder),
    ];
    this.processes = new Processes({
      random,
      scenario,
      clock,
      operator,
      memory,
      problems,
      tell,
      compiled: compiled ?? seed % 2 === 1,
      settingsOf: (name) => moods.settingsOf(name),
      orders: moods,
      beyondSent: () => detector.beyondSent,
      meanwhile: () => this.#meanwhile(),
    });
  }

  async play(): Promise<void> {
    const random = this.#random;
    await this.processes.start();
    if (this.scenario.calm || random.chance(0.9)) this.processes.sink.connect();
    await this.#pass(2);
    const acquisitions = 1 + random.integer(3);
    for (let acquisition = 0; acquisition < acquisitions; acquisition++) {
      await this.#moods.beginSeries();
      await this.#pass(this.#detector.acquire());
      const setting = this.#detector.rest();
      if (setting === 0) await this.#moods.endSeries();
      else {
        // A script that sets the number, and goes on before silence has ended the series.
        await this.#flush();
        await this.#pass(setting);
      }
    }
    await this.#quiet();
  }

  /** The process that is left is gone; nothing of this world goes on. */
  async close(): Promise<void> {
    await this.#operator.connect(null);
    this.processes.service?.close();
  }

  /** The longest step while nothing happens: in a calm world nobody is late by a share of any limit. */
  get #idleStepMs(): number {
    return this.scenario.calm ? 4 : 40;
  }

  /** Consumer, operator and those who look do as they please. */
  #feel(): void {
    const random = this.#random;
    const { scenario } = this;
    const { sink } = this.processes;
    if (this.processes.service === null) return;
    if (random.chance(scenario.consumerMoods)) sink.reading = !sink.reading;
    if (random.chance(scenario.consumerLeaves)) {
      if (sink.lonely) sink.connect();
      else sink.disconnect();
    }
    if (sink.lonely && random.chance(0.02)) sink.connect();
    if (random.chance(scenario.looks)) this.#wanted.push(() => this.#moods.look());
    if (random.chance(scenario.operatorMoods)) this.#wanted.push(() => this.#moods.whim());
  }

  #land(now: number): number {
    let landed = 0;
    for (let datagram = this.#network.land(now); datagram !== null; datagram = this.#network.land(now), landed++)
      this.processes.service?.deliver(datagram);
    this.packets += landed;
    return landed;
  }

  async #flush(): Promise<void> {
    await this.#until(() => this.#network.size === 0, 5000);
  }

  // --- time

  async #pass(milliseconds: number): Promise<void> {
    const end = this.clock.now() + milliseconds;
    while (this.clock.now() < end)
      await this.#step(
        Math.min(end - this.clock.now(), this.scenario.calm ? 0.5 : this.#random.pick([0.2, 0.5, 1, 1, 2])),
      );
  }

  /** Until something holds, at most for so long; where nothing happens time passes faster. */
  async #until(done: () => boolean, milliseconds: number): Promise<void> {
    const end = this.clock.now() + milliseconds;
    for (let pace = 1; !done() && this.clock.now() < end;) {
      const quiet = await this.#step(
        Math.max(0.01, Math.min(pace, this.#network.nextAt - this.clock.now(), end - this.clock.now())),
      );
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
    this.#feel();
    const agents = this.#agents;
    const turns = agents.length * (scenario.calm ? 3 : 1 + random.integer(2));
    const { sink } = this.processes;
    const taken = sink.taken.length;
    let work = 0;
    for (let turn = 0; turn < turns; turn++) {
      const agent = random.pick(agents);
      this.#stalledUntil.set(agent, Math.max(this.#stalledUntil.get(agent) ?? 0, now + this.#stallMs(scenario.stall)));
      if (this.#stalls(agent) || !random.chance(scenario.turnChance)) continue;
      work += this.#turn(agent);
    }
    if (scenario.calm) for (const agent of agents) work += this.#stalls(agent) ? 0 : this.#turn(agent);
    sink.read(sink.reading ? scenario.readsPerStep : 0);
    const still = sink.taken.length === taken;
    return (await this.#settle()) && landed === 0 && work === 0 && still;
  }

  /** After a step: what must always hold, what people do, what they are answered. True when nobody did anything. */
  async #settle(): Promise<boolean> {
    const { processes } = this;
    if (processes.service !== null && processes.verdict !== null) this.problems.push(...processes.verdict.afterStep());
    if (this.problems.length > 0) throw new ProblemsFound();
    await this.#operator.settle();
    const wanted = this.#wanted.splice(0);
    for (const act of wanted) await act();
    const followed = await this.#moods.followUp();
    if (wanted.length > 0 || followed) await this.#operator.settle();
    await processes.liveOrDie();
    return wanted.length === 0 && !followed && (processes.service?.still ?? true);
  }

  /** How long an agent does not run now; in a calm world never so long, nor so soon again, that the ring gets full. */
  #stallMs(probability: number): number {
    const random = this.#random;
    const { scenario } = this;
    const now = this.clock.now();
    if (!random.chance(probability) || now < this.#noStallBefore) return 0;
    const stallMs = random.next() * scenario.stallMs;
    if (scenario.calm) this.#noStallBefore = now + 6 * scenario.stallMs;
    return stallMs;
  }

  #stalls(agent: number): boolean {
    return (this.#stalledUntil.get(agent) ?? 0) > this.clock.now();
  }

  /**
   * In the middle of a turn: another agent has one, or the thread does not run for a while, and packets land meanwhile.
   */
  #meanwhile(): void {
    const random = this.#random;
    const { scenario } = this;
    if (random.chance(scenario.preempt)) this.#turn(random.pick(this.#agents));
    const stallMs = this.#stallMs(scenario.stallWithin);
    if (stallMs === 0) return;
    this.clock.advance(stallMs);
    this.#land(this.clock.now());
  }

  #turn(agent: number): number {
    const { service } = this.processes;
    if (service === null || this.#inTurn.has(agent)) return 0;
    this.#inTurn.add(agent);
    const work = service.turn(agent);
    this.#inTurn.delete(agent);
    return work;
  }

  // --- the end

  /** Everything that flies lands, everybody works, the consumer reads: then all must come to its end. */
  async #quiet(): Promise<void> {
    const { scenario, processes } = this;
    await this.#flush();
    if (processes.dying) await this.#until(() => !processes.dying, quietLimitMs + 10_000);
    processes.spare();
    this.#moods.faithful = true;
    await this.#until(() => processes.service !== null, quietLimitMs);
    const service = processes.service as SimulatedService;
    const { words } = service.pipeline;
    const { sink } = processes;
    if (sink.lonely) sink.connect();
    sink.reading = true;
    const until = async (done: () => boolean, what: string, limit = quietLimitMs): Promise<void> => {
      const end = this.clock.now() + limit;
      for (let pace = 1; this.clock.now() < end && !done();) {
        const { taken, moved } = sink;
        const handedOver = taken.length;
        this.clock.advance(pace);
        let work = 0;
        for (const agent of this.#agents) work += this.#turn(agent);
        sink.read();
        const still = await this.#settle();
        pace =
          still && work === 0 && taken.length === handedOver && sink.moved === moved
            ? Math.min(this.#idleStepMs, pace * 1.5)
            : 1;
      }
      if (!done())
        this.problems.push(
          `${what} after ${limit} ms of quiet: step ${words.step}, next ${words.next}, last ${words.last}, highest ` +
            `${words.highest}`,
        );
    };
    if (scenario.auto) await until(() => !words.headerSent || !words.auto, 'the auto series did not end');
    await this.#moods.stop();
    await until(() => words.step === seriesStep.idle || (words.auto && !words.headerSent), 'the series did not end');
    await until(
      () => this.#operator.waiting === 0,
      `${this.#operator.waiting} requests were not answered`,
      answerLimitMs,
    );
    const state = await this.#moods.send('GET', '/api/v1/series');
    this.problems.push(...requestProblems(this.#operator.requests, state, service));
    processes.askToEnd();
    await until(() => processes.service !== service, 'the process did not end');
    this.problems.push(...consumerProblems(...processes.sinks));
    if (!scenario.calm) return;
    for (const reason of processes.aborted) this.problems.push(`a series was aborted (${reason}) in a calm world`);
    // A number of frames that the start window exceeds: what had been begun beyond it is dropped.
    if (
      scenario.auto &&
      scenario.config.frames === 0 &&
      !this.#operator.requests.some(({ method }) => method === 'POST')
    )
      this.problems.push(...deliveredProblems((processes.verdict as LifeVerdict).images, this.#detector.sent));
    this.problems.push(...calmProblems((processes.verdict as LifeVerdict).images, scenario, this.#detector));
  }
}

/** Enough is known: the rest of the world would only repeat it. */
export class ProblemsFound extends Error {
  override readonly name = 'ProblemsFound';
}
