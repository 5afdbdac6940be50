// What the operator of a simulated world wants: series with all kinds of requests, ends of series, things that nobody
// asked for, looks at the state. Sends it through the real HTTP application (operator.ts). Where several instances
// share the detector, this is also the operator of the others: fixes the numbers of a series, and stops in two halves,
// halt and end, with an end that all have reached.

import type { Random } from '../../src/base/random.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { seriesStep } from '../../src/memory/stream-words.js';
import type { HaltedSeries } from '../../src/contract/series.js';
import type { Operator, SentRequest } from './operator.js';
import type { Processes } from './processes.js';
import type { Scenario } from './scenario.js';
import type { SharedOrders, SharedRequest } from './shared-part.js';
import type { SimulatedDetector } from './simulated-detector.js';
import type { SimulatedService } from './simulated-service.js';

/** Virtual time after which a request that waits for a consumer to take a header must be answered, in ms. */
export const answerLimitMs = 12_000;
/** Sockets are read empty in this time, in ms. */
const emptyLimitMs = 3000;

/** How an operator lets time pass. */
export interface Patience {
  pass(milliseconds: number): Promise<void>;
  until(done: () => boolean, milliseconds: number): Promise<void>;
  /** Everything that is under way lands. */
  flush(): Promise<void>;
}

export interface MoodsOptions {
  readonly random: Random;
  readonly scenario: Scenario;
  readonly operator: Operator;
  readonly detector: SimulatedDetector;
  readonly processes: () => Processes;
  readonly patience: Patience;
  readonly problems: string[];
  readonly tell: (text: () => string) => void;
}

export class OperatorMoods implements SharedOrders {
  readonly armed = new Map<string, SharedRequest>();
  readonly ends = new Set<number>();
  withdrawn = false;
  /** A series that was halted is also ended. */
  faithful: boolean;
  readonly #options: MoodsOptions;
  readonly #random: Random;
  readonly #scenario: Scenario;
  readonly #settingsByName = new Map<string, DetectorSettings>();
  #names = 0;
  /** The series that was armed with a frame period, and so ends by silence. */
  #silent: { readonly service: SimulatedService | null; readonly seriesId: unknown } | null = null;
  /**
   * A series with other settings is asked for, and the detector changes to them when that is granted: meanwhile nobody
   * arms another one with the present settings. Packets do not tell which they have.
   */
  #changing = false;
  /** First halves of stops whose answer is awaited. */
  readonly #halts: SentRequest[] = [];

  constructor(options: MoodsOptions) {
    this.#options = options;
    this.#random = options.random;
    this.#scenario = options.scenario;
    this.faithful = options.scenario.calm;
  }

  /** The detector's settings in the series of this file. */
  settingsOf(filename: string): DetectorSettings {
    return this.#settingsByName.get(filename) ?? this.#scenario.config.detector;
  }

  async send(method: SentRequest['method'], url: string, payload?: unknown): Promise<SentRequest> {
    const { operator, tell } = this.#options;
    tell(() => `${method} ${url} ${payload === undefined ? '' : JSON.stringify(payload)}`);
    const request = await operator.send(method, url, payload);
    if (request.status !== null) tell(() => `answered at once: ${request.status} ${JSON.stringify(request.body)}`);
    return request;
  }

  /** Something that nobody asked for. */
  async whim(): Promise<void> {
    const random = this.#random;
    const draw = random.next();
    if (draw < 0.4) await (this.#shared && random.chance(0.3) ? this.#stopWrongly() : this.stop());
    else if (draw < 0.85 && this.#changing) return;
    else if (draw < 0.85)
      await this.#arm({
        frames: random.integer(10),
        force: random.chance(0.5),
        ...(this.#shared && random.chance(0.7) ? this.#sharedKeys(this.#options.detector.frameNumber) : {}),
      });
    else
      await this.send(
        'POST',
        '/api/v1/series',
        random.pick([
          { frames: -1 },
          { frame: 3 },
          { filename: 'relative.h5' },
          { frames: 5, dynamic_range: 7 },
          [],
          { metadata: { data: 1 } },
        ]),
      );
  }

  async look(): Promise<void> {
    if (this.#options.processes().service === null) return;
    const { status, body } = await this.send(
      'GET',
      this.#random.pick(['/api/v1/series', '/api/v1/series', '/received_frames', '/last_frame', '/status']),
    );
    if (status !== 200)
      this.#options.problems.push(`a look at the state was answered with ${status}: ${JSON.stringify(body)}`);
  }

  /** End the series; of one that is shared this is the first half, `followUp` does the other. */
  async stop(): Promise<void> {
    if (!this.#shared) await this.send('DELETE', '/api/v1/series');
    else this.#halts.push(await this.send('POST', '/api/v1/series/halt'));
  }

  /** Halts that were answered are followed by the end. Returns whether anything was done. */
  async followUp(): Promise<boolean> {
    const answered = this.#halts.filter(({ status, cut }) => status !== null || cut);
    for (const halt of answered) {
      this.#halts.splice(this.#halts.indexOf(halt), 1);
      const halted = (halt.body as { halted?: HaltedSeries | null } | null)?.halted ?? null;
      if (halt.status !== 200 || halted === null || halted.ended || (!this.faithful && this.#random.chance(0.1)))
        continue;
      await this.#endAt(this.#endOfAll(halted));
    }
    return answered.length > 0;
  }

  /** Before an acquisition: perhaps arm, with or without all that can be said. */
  async beginSeries(): Promise<void> {
    const random = this.#random;
    const scenario = this.#scenario;
    const { detector, patience, problems, processes, tell } = this.#options;
    this.#silent = null;
    if (scenario.auto && random.chance(0.8)) return;
    let { settings } = detector;
    if (scenario.settings.length > 1 && random.chance(0.6)) {
      settings = random.pick(scenario.settings);
      await this.#clearTheWay();
    } else if (random.chance(0.3)) detector.replay(3);
    const next = detector.frameNumber;
    const period = random.chance(0.12);
    this.#changing = settings !== detector.settings;
    const first = scenario.calm ? next : Math.max(0, next + random.pick([0, 0, 0, 2, -2, 5]));
    const request = await this.#arm(
      {
        ...(random.chance(0.5) ? {} : { frames: 1 + random.integer(scenario.framesMost) }),
        ...(random.chance(0.5) ? {} : { first_frame_number: first }),
        ...(period ? { frame_period_ms: scenario.framePeriodMs } : {}),
        ...(random.chance(0.3) ? { metadata: { count_time: 0.1, note: 'x' } } : {}),
        ...(random.chance(0.3) ? { force: true } : {}),
        ...(this.#shared ? this.#sharedKeys(first) : {}),
      },
      settings,
    );
    const patient = scenario.calm || settings !== detector.settings || random.chance(0.8);
    await patience.until(() => request.status !== null || request.cut, patient ? answerLimitMs : 3);
    if (request.status === 201) {
      detector.settings = settings;
      if (period)
        this.#silent = { service: processes().service, seriesId: (request.body as { series_id?: unknown }).series_id };
    } else if (patient && request.status === null && !request.cut) problems.push('an arm request was not answered');
    this.#changing = false;
    if (settings !== detector.settings) tell(() => 'the detector keeps its settings');
  }

  /** After an acquisition: end the series, or leave it open, or let silence end it. */
  async endSeries(): Promise<void> {
    const random = this.#random;
    const { calm, auto } = this.#scenario;
    const { patience } = this.#options;
    if (calm) {
      await patience.flush();
      await patience.pass(10);
    }
    if (this.#silent !== null && random.chance(0.6)) await this.#awaitSilence();
    // The detector counts its destinations anew: frames of the next acquisition would be others' in a series that goes
    // on.
    const must = calm && this.#shared;
    if (random.chance(auto ? 0.2 : 0.7) || must) await this.stop();
    if (random.chance(0.1)) await this.stop();
    if (auto && !calm && random.chance(0.5)) {
      // The next acquisition begins just when silence ends the series of this one.
      await patience.flush();
      return patience.pass(Math.max(0, this.#scenario.config.seriesIdleMs - 6 + random.integer(14)));
    }
    await patience.pass(random.integer(calm ? 100 : 60) + (must ? 60 : 0));
    if (calm || random.chance(0.4)) await patience.flush();
  }

  get #shared(): boolean {
    return this.#scenario.config.share.stride > 1;
  }

  /** Ask for a series with the detector's present settings. */
  #arm(more: Readonly<Record<string, unknown>>, settings = this.#options.detector.settings): Promise<SentRequest> {
    const filename = `/data/${this.#names++}.h5`;
    this.#settingsByName.set(filename, settings);
    const {
      frames,
      first_frame_number: firstFrameNumber,
      msg_number_base: base,
    } = more as Readonly<Record<string, number>>;
    if (frames !== undefined && firstFrameNumber !== undefined && base !== undefined)
      this.armed.set(filename, { filename, frames, firstFrameNumber, base });
    const explicit =
      this.#scenario.settings.length > 1
        ? { dynamic_range: settings.dynamicRange, read_n_rows: settings.readNRows ?? 0 }
        : {};
    return this.send('POST', '/api/v1/series', { filename, ...explicit, ...more });
  }

  /** What all instances must be told alike: the numbers that others have used may be larger than those of this one. */
  #sharedKeys(first: number): { frames: number; first_frame_number: number; msg_number_base: number } {
    const random = this.#random;
    const { config, framesMost, calm } = this.#scenario;
    const next = this.#options.processes().service?.pipeline.words.messageNumber ?? 0;
    return {
      frames: 1 + random.integer(random.pick([2, framesMost, 2 * framesMost]) * config.share.stride),
      first_frame_number: first,
      msg_number_base: Math.max(0, next + random.pick(calm ? [0, 1, 17] : [0, 1, 1, 17, 1000, -1])),
    };
  }

  /**
   * Where the series ends: the largest that any instance has seen. The others have seen what the detector sent, or
   * less.
   */
  #endOfAll({ msg_number_base: base, frames }: HaltedSeries): number {
    const request = [...this.armed.values()].find((one) => one.base === base);
    if (request === undefined) return frames;
    const { detector } = this.#options;
    const others = this.#scenario.calm
      ? detector.frameNumber - request.firstFrameNumber
      : frames +
        this.#random.pick([0, 0, 1, 2, this.#scenario.config.share.stride, 3 * this.#scenario.config.share.stride]);
    return Math.min(request.frames, Math.max(frames, others));
  }

  async #endAt(frames: number, more = ''): Promise<void> {
    this.ends.add(frames);
    await this.send('DELETE', `/api/v1/series?frames=${frames}${more}`);
  }

  /**
   * As nobody should, where several instances share a series: one alone, without halting it first, or as if it had not
   * begun.
   */
  async #stopWrongly(): Promise<void> {
    const random = this.#random;
    if (random.chance(0.4)) await this.send('DELETE', '/api/v1/series');
    else if (random.chance(0.5)) await this.#endAt(random.integer(20));
    else {
      this.withdrawn = true;
      await this.#endAt(0, '&withdraw=true');
    }
  }

  /**
   * Packets do not tell their bit depth: those of another depth, or of other rows, must be out of the way before these
   * change.
   */
  async #clearTheWay(): Promise<void> {
    const { patience } = this.#options;
    const { service } = this.#options.processes();
    const same = (): boolean => this.#options.processes().service === service;
    await patience.flush();
    await patience.until(
      () =>
        service === null || !same() || [...service.pipeline.sources.values()].every((source) => source.queued === 0),
      emptyLimitMs,
    );
    if (service !== null && same() && service.pipeline.words.step !== seriesStep.idle) {
      await this.stop();
      await patience.pass(20);
    }
  }

  /** With a frame period given, a series of which packets were seen ends by itself. */
  async #awaitSilence(): Promise<void> {
    const { patience, problems } = this.#options;
    await patience.flush();
    const { service } = this.#options.processes();
    if (service === null || service !== this.#silent?.service) return;
    const { words } = service.pipeline;
    const { seriesId, highest } = words;
    if (seriesId !== this.#silent.seriesId || words.step !== seriesStep.open || highest === 0) return;
    const limit = Math.max(5000, 10 * this.#scenario.framePeriodMs, this.#scenario.config.seriesTimeoutMs ?? 0) + 1000;
    const open = (): boolean =>
      this.#options.processes().service === service && words.step === seriesStep.open && words.seriesId === seriesId;
    await patience.until(() => !open(), limit);
    if (open()) problems.push(`series ${seriesId} has a frame period and did not end by silence in ${limit} ms`);
  }
}
