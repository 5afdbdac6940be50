// One phase of the soak at work: gives the phase its consumers, its detector and the service's commands, waits for what
// it waits for, and reckons up at the end. A phase says what is to happen (phases.ts), this does it.

import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../src/config/load.js';
import type { SeriesSummary } from '../../src/contract/series.js';
import { phaseProblems } from './accounting.js';
import { ConsumerProcess, SimulatorProcess } from './children.js';
import type { SimulatedTruth } from './children.js';
import type { ConsumerTask } from './checking-consumer.js';
import { crowd } from '../hostile/strangers.js';
import { sendHostile } from './hostile-sender.js';
import type { HostileOptions } from './hostile-sender.js';
import { portCountsOf } from '../threads/metrics-text.js';
import type { PortCounts } from '../threads/metrics-text.js';
import type { ServiceUnderSoak } from './service-under-soak.js';

/** What the whole soak shares. */
export interface StageSetup {
  readonly service: ServiceUnderSoak;
  readonly udpPorts: readonly number[];
  /** Configuration files by bit depth. */
  readonly files: Readonly<Record<8 | 16, string>>;
  /** Frames per second. */
  readonly rate: number;
  readonly signal: AbortSignal;
}

/** Sums of a phase. */
export interface PhaseResult {
  readonly name: string;
  readonly seconds: number;
  readonly framesSent: number;
  readonly images: number;
  readonly complete: number;
  readonly marked: number;
  readonly series: number;
  readonly aborted: readonly string[];
  readonly pixelsChecked: number;
  readonly wrongPixels: number;
  readonly missingPackets: number;
  readonly kernelDrops: number;
  readonly problems: readonly string[];
}

/** Somebody wants the soak to end. */
export class CutShort extends Error {}

const waitLimitMs = 60_000;
const pollMs = 100;
const goneLimitMs = 10_000;

export interface SendOptions {
  readonly frames: number;
  readonly firstFrame?: number;
  readonly bits?: 8 | 16;
  /** Options of `vdcu simulate`: `loss`, `duplicate`, … */
  readonly faults?: Readonly<Record<string, string>>;
}

export class Stage {
  readonly rate: number;
  readonly udpPorts: readonly number[];
  /** The detector's next frame number: it counts on from phase to phase. */
  nextFrame: number;
  readonly #setup: StageSetup;
  readonly #seed: number;
  readonly #consumers: ConsumerProcess[] = [];
  readonly #truths: SimulatedTruth[] = [];
  readonly #simulators = new Set<SimulatorProcess>();
  readonly #before: ReadonlyMap<number, PortCounts>;
  readonly #known: number;
  readonly #begin = performance.now();

  private constructor(
    setup: StageSetup,
    seed: number,
    nextFrame: number,
    before: ReadonlyMap<number, PortCounts>,
    known: number,
  ) {
    this.#setup = setup;
    this.#seed = seed;
    this.rate = setup.rate;
    this.udpPorts = setup.udpPorts;
    this.nextFrame = nextFrame;
    this.#before = before;
    this.#known = known;
  }

  static async open(setup: StageSetup, seed: number, nextFrame: number): Promise<Stage> {
    const history = await setup.service.history();
    return new Stage(setup, seed, nextFrame, await countsOf(setup), history.at(-1)?.series_id ?? 0);
  }

  // --- what a phase asks for
  // ---------------------------------------------------------------------------------------------------

  /** Connect a consumer; it is there when the service knows it. */
  async consumer({
    delayMs = 0,
    bits = 16,
  }: Partial<Pick<ConsumerTask, 'delayMs'>> & { bits?: 8 | 16 } = {}): Promise<ConsumerProcess> {
    const { service, files } = this.#setup;
    const before = (await service.status()).consumers;
    const consumer = new ConsumerProcess({ endpoint: service.endpoint, file: files[bits], delayMs });
    this.#consumers.push(consumer);
    await this.until(async () => {
      if (consumer.over) throw new Error(`a consumer ended: ${consumer.complaints}`);
      return (await service.status()).consumers > before;
    }, "a consumer's connection");
    return consumer;
  }

  /** The service waits for packets of an automatic series. */
  ready(): Promise<void> {
    return this.until(async () => (await this.#setup.service.status()).state === 'open', 'open receivers');
  }

  async arm(request: Readonly<Record<string, unknown>>): Promise<void> {
    const { status, body } = await this.#setup.service.request('POST', '/api/v1/series', request);
    if (status !== 201) throw new Error(`arming was answered with ${status}: ${JSON.stringify(body)}`);
  }

  async end(): Promise<void> {
    await this.#setup.service.request('DELETE', '/api/v1/series');
  }

  /** Packets on their way; resolves when all have left. */
  async send(options: SendOptions): Promise<SimulatedTruth> {
    return this.finish(this.start(options));
  }

  start({ frames, firstFrame = this.nextFrame, bits = 16, faults = {} }: SendOptions): SimulatorProcess {
    this.nextFrame = firstFrame + frames;
    const simulator = new SimulatorProcess([
      this.#setup.files[bits],
      'soak',
      '--frames',
      String(frames),
      '--rate',
      String(this.rate),
      '--first-frame',
      String(firstFrame),
      '--seed',
      String(this.#seed),
      ...Object.entries(faults).flatMap(([name, value]) => [`--${name}`, value]),
    ]);
    this.#simulators.add(simulator);
    return simulator;
  }

  async finish(simulator: SimulatorProcess): Promise<SimulatedTruth> {
    const stop = (): void => simulator.stop();
    this.#setup.signal.addEventListener('abort', stop, { once: true });
    if (this.#setup.signal.aborted) stop();
    try {
      const truth = await simulator.truth;
      this.#simulators.delete(simulator);
      this.#truths.push(truth);
      this.#check();
      return truth;
    } finally {
      this.#setup.signal.removeEventListener('abort', stop);
    }
  }

  /** Hostile datagrams to all ports, beside what a simulator sends; their classes go into the reckoning. */
  async sendHostile(options: Pick<HostileOptions, 'perSecond' | 'seconds'>): Promise<void> {
    const { files, udpPorts, signal } = this.#setup;
    this.#truths.push(
      await sendHostile({
        ...options,
        settings: loadConfig(files[16], 'soak').detector,
        udpPorts,
        seed: this.#seed,
        signal,
      }),
    );
    this.#check();
  }

  /** Peers that are no consumers come to the data port and go, until `leave`. @throws Error when none came */
  strangers(perSecond: number): { leave(): Promise<void> } {
    const { service, signal } = this.#setup;
    const home = new AbortController();
    const goHome = (): void => home.abort();
    signal.addEventListener('abort', goHome, { once: true });
    if (signal.aborted) goHome();
    const came = crowd(service.endpoint, perSecond, home.signal);
    return {
      leave: async () => {
        goHome();
        signal.removeEventListener('abort', goHome);
        if ((await came) === 0) throw new Error('no stranger came');
      },
    };
  }

  async wait(seconds: number): Promise<void> {
    await sleep(seconds * 1000, undefined, { signal: this.#setup.signal }).catch(() => undefined);
    this.#check();
  }

  async until(condition: () => Promise<boolean>, what: string): Promise<void> {
    for (const end = performance.now() + waitLimitMs; !(await condition()); await this.wait(pollMs / 1000)) {
      if (performance.now() > end) throw new Error(`within ${waitLimitMs / 1000} s not seen: ${what}`);
    }
  }

  /** At least one series has ended, and none is open. */
  async quiet(): Promise<void> {
    await this.until(async () => {
      const { series, state } = await this.#setup.service.status();
      return series === null && state !== 'closing' && (await this.summaries()).length > 0;
    }, 'the end of the series');
  }

  /** Series that ended in this phase. */
  async summaries(): Promise<SeriesSummary[]> {
    return (await this.#setup.service.history()).filter(({ series_id: id }) => id > this.#known);
  }

  // --- the reckoning
  // -------------------------------------------------------------------------------------------------------------

  /**
   * Everybody leaves, and the sums must agree.
   * @param whole one consumer was there all the time
   */
  async close(name: string, whole: boolean): Promise<PhaseResult> {
    await this.quiet();
    const summaries = await this.summaries();
    if (whole) {
      const ends = summaries.filter(({ header_sent: header }) => header).length;
      await this.until(
        async () => (this.#consumers[0]?.last?.seriesEnds ?? 0) >= ends,
        'the last series_end at the consumer',
      );
    }
    await this.abandon();
    let problems: string[] = [];
    // The counters of the last packets may still be on their way.
    for (let attempt = 0; attempt < 20; attempt++) {
      problems = phaseProblems({
        truths: this.#truths,
        before: this.#before,
        after: await countsOf(this.#setup),
        summaries,
        whole,
        consumers: this.#consumers.flatMap(({ last, killed }) => (last === null ? [] : [{ last, killed }])),
      });
      if (problems.length === 0) break;
      await sleep(pollMs);
    }
    return this.#result(name, summaries, problems);
  }

  /** What was seen of a phase that was cut short. */
  async giveUp(name: string, problem: string | null): Promise<PhaseResult> {
    // In the order of the data: a consumer that leaves an open series would lack its end, and the service would say so.
    await this.#silence();
    await this.end().catch(() => undefined);
    await this.abandon().catch(() => undefined);
    const wrong = this.#consumers.flatMap(({ last }) =>
      last === null ? [] : [...last.problems, ...(last.wrongPixels > 0 ? [`${last.wrongPixels} wrong pixels`] : [])],
    );
    return this.#result(name, await this.summaries().catch(() => []), problem === null ? wrong : [problem, ...wrong]);
  }

  /** End every process of this phase. */
  async abandon(): Promise<void> {
    await this.#silence();
    for (const consumer of this.#consumers) if (!consumer.over) await consumer.leave();
    await this.gone();
  }

  async #silence(): Promise<void> {
    for (const simulator of this.#simulators) {
      simulator.stop();
      await simulator.truth.catch(() => undefined);
    }
  }

  /** The service knows that those who left are gone: the next consumer is told apart by their number. */
  async gone(): Promise<void> {
    const left = this.#consumers.filter(({ over }) => !over).length;
    for (
      const end = performance.now() + goneLimitMs;
      (await this.#setup.service.status()).consumers > left;
      await sleep(pollMs / 5)
    ) {
      if (performance.now() > end) throw new Error('consumers that left are still counted');
    }
  }

  async #result(name: string, summaries: readonly SeriesSummary[], problems: readonly string[]): Promise<PhaseResult> {
    const seen = (field: 'images' | 'pixelsChecked' | 'wrongPixels'): number =>
      this.#consumers.reduce((sum, { last }) => sum + (last?.[field] ?? 0), 0);
    const sent = (field: 'complete' | 'marked'): number => summaries.reduce((sum, summary) => sum + summary[field], 0);
    const ledger = (field: 'missing' | 'kernel_drops'): number =>
      summaries.reduce(
        (sum, summary) => sum + summary.ledger.reduce((packets, port) => packets + (port[field] ?? 0), 0),
        0,
      );
    return {
      name,
      seconds: (performance.now() - this.#begin) / 1000,
      framesSent: this.#truths.reduce((sum, { frames }) => sum + frames, 0),
      images: seen('images'),
      complete: sent('complete'),
      marked: sent('marked'),
      series: summaries.length,
      aborted: summaries.flatMap(({ aborted }) => (aborted === undefined ? [] : [aborted])),
      pixelsChecked: seen('pixelsChecked'),
      wrongPixels: seen('wrongPixels'),
      missingPackets: ledger('missing'),
      kernelDrops: ledger('kernel_drops'),
      problems,
    };
  }

  #check(): void {
    if (this.#setup.signal.aborted) throw new CutShort('the soak was told to end');
  }
}

async function countsOf({ service, udpPorts }: StageSetup): Promise<Map<number, PortCounts>> {
  const metrics = await service.metrics();
  return new Map(udpPorts.map((udpPort) => [udpPort, portCountsOf(metrics, udpPort)]));
}
