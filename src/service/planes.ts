// The running data plane, and the one that takes its place. Comes in: configurations, one after the other. Goes out: a
// view that always shows the running one. One takes the place of another between two series: message numbers, numbers
// of series and counters go on, and consumers connect again by themselves.

import { systemClock } from '../base/clock.js';
import { OperatorError } from '../base/errors.js';
import { portOf } from '../base/host-port.js';
import { numbersBehind } from '../config/message-numbers.js';
import type { ServiceConfig } from '../config/service-config.js';
import { Refused } from '../control/refused.js';
import type { FlightRecorder } from '../flight/recorder.js';
import type { Logger } from '../runtime/log.js';
import type { StandingView } from '../view/standing-view.js';
import { planDataPlane, startDataPlane } from './data-plane.js';
import type { DataPlane, DataPlaneDeps, PlannedDataPlane } from './data-plane.js';
import { delay } from './delay.js';

/** How long a series that has just ended may take to hand over its end, ms. */
const calmMs = 2000;
/** How long consumers that were connected may take to connect again, ms. */
const consumersMs = 3000;
const lookMs = 20;

export interface PlanesDeps extends Omit<DataPlaneDeps, 'planned' | 'outliving' | 'before'> {
  readonly view: StandingView;
  readonly logger: Logger;
}

export class Planes {
  readonly #deps: PlanesDeps;
  #now: DataPlane | null = null;
  #message: number;
  #series: number;
  /** Where consumers were; any free port stays the same. */
  #dataPorts: readonly number[] = [];
  #previewPort = 0;

  constructor(deps: PlanesDeps) {
    this.#deps = deps;
    this.#message = deps.firstMessageNumber;
    this.#series = deps.seriesBefore;
  }

  /** Null = none runs. */
  get now(): DataPlane | null {
    return this.#now;
  }

  get dataEndpoint(): string {
    return this.#now?.dataEndpoint ?? '';
  }

  get flightRecorder(): FlightRecorder | null {
    return this.#now?.flightRecorder ?? null;
  }

  /**
   * The first data plane, or another one.
   * @throws Refused, and the running one stays: busy while a series goes on, invalid for what is known to stand against
   * the other; OperatorError when it cannot be built: then none runs
   */
  async replace(config: ServiceConfig): Promise<void> {
    const { view, logger } = this.#deps;
    const consumers = view.status().consumers;
    const begun = systemClock.now();
    const first = this.#now === null;
    const planned = await this.#plan({
      ...config,
      dataPorts: config.dataPorts.map((port, index) => port || (this.#dataPorts[index] ?? 0)),
      preview: config.preview === null ? null : { ...config.preview, port: config.preview.port || this.#previewPort },
    });
    await this.#retire();
    const next = await startDataPlane({
      ...this.#deps,
      planned,
      firstMessageNumber: this.#message,
      seriesBefore: this.#series,
      before: view.totals,
      outliving: view.outliving,
    });
    this.#now = next;
    this.#dataPorts = next.dataEndpoint.split(',').map((endpoint) => portOf(endpoint) ?? 0);
    this.#previewPort = portOf(next.view.status().preview?.endpoint ?? '') ?? 0;
    view.adopt(next.view);
    next.flightRecorder.start();
    const took = Math.round(systemClock.now() - begun);
    if (!first)
      logger.info(
        { event: 'data_plane', took_ms: took, udp_ports: config.detector.udpPorts, shape: next.plan.detector.shape },
        `another data plane has taken the place of the one before, in ${took} ms`,
      );
    // The next start would be refused for want of a consumer that is on its way.
    await until(() => view.status().consumers >= consumers, consumersMs);
  }

  async #plan(config: ServiceConfig): Promise<PlannedDataPlane> {
    const running = this.#now?.config ?? null;
    try {
      return await planDataPlane(config, running);
    } catch (error) {
      if (running === null || !(error instanceof OperatorError)) throw error;
      throw new Refused('invalid', error.message.split('\n'));
    }
  }

  /** Ends the running one, between two series. */
  async #retire(): Promise<void> {
    const { view } = this.#deps;
    const plane = this.#now;
    if (plane === null) return;
    const { calm } = plane.view;
    if (await until(calm, calmMs)) {
      // No series is opened from here on; one that was just being opened shows now.
      view.keep(plane.view.totals(), plane.view.numbers.message);
      view.adopt(null);
      await delay(lookMs);
    }
    if (!calm()) {
      view.adopt(plane.view);
      throw new Refused('busy', [
        "a series is open, or its end waits for a consumer; the data plane that PSI's client has asked for since is " +
          'built when it is over. End it (vdcu stop), then start again',
      ]);
    }
    await this.#end(plane);
    view.keep(plane.view.totals(), this.#message);
    plane.close();
  }

  async #end(plane: DataPlane): Promise<void> {
    await plane.drain();
    const { inOrder, freed } = await plane.stop();
    this.#now = null;
    await plane.flightRecorder.close();
    const { message, series } = numbersBehind(plane.view.numbers, inOrder, systemClock.wall());
    if (!inOrder)
      this.#deps.logger.error(
        { event: 'streamer_cut_off', first_message_number: message },
        `the streamer did not end in time and was cut off; message numbers go on from ${message}, with a gap`,
      );
    this.#message = Math.max(this.#message, message);
    this.#series = Math.max(this.#series, series);
    if (freed) return;
    // Another data plane could not bind them: the whole service must be started anew.
    const error = new Error('a thread of the data plane did not end in time, and its sockets stay bound');
    this.#deps.onFailed(error);
    throw error;
  }

  /** The end of the service: what is closed is sent. The last view stays, so that it can be asked what was lacking. */
  async stop(failed: Promise<unknown>): Promise<void> {
    const plane = this.#now;
    if (plane === null) return;
    await Promise.race([plane.drain(), failed]);
    await plane.stop();
    await plane.flightRecorder.close();
  }
}

/** @returns whether it came true in time */
async function until(holds: () => boolean, limitMs: number): Promise<boolean> {
  const end = systemClock.now() + limitMs;
  for (; !holds(); await delay(lookMs)) if (systemClock.now() > end) return false;
  return true;
}
