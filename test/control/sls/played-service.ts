// The receivers of a service that a test plays by hand: orders are noted and answered, figures of the series are those
// that the test has set, time passes when the test says so.

import { parseConfig } from '../../../src/config/load.js';
import type { SeriesProgress, SeriesSummary } from '../../../src/contract/series.js';
import type { JsonNode } from '../../../src/base/json-text.js';
import { writeJson } from '../../../src/base/json-text.js';
import { checkArmWish } from '../../../src/control/arm-request.js';
import { Refused } from '../../../src/control/refused.js';
import type { Armed } from '../../../src/control/orders.js';
import { answerCall, readCall } from '../../../src/control/sls/calls.js';
import { ReceiverGroup } from '../../../src/control/sls/receivers.js';
import type { Preview } from '../../../src/control/sls/preview.js';
import { makeLogger } from '../../../src/runtime/log.js';
import type { ServiceConfig } from '../../../src/config/service-config.js';

type Ports = SeriesProgress['ports'];

/** Says nothing. */
export const silentLogger = makeLogger('error', 'det', { write: () => undefined });

/** Two Eiger half-modules above each other, as the recorded ones. */
export const halfModulesYaml = `
  detector: eiger
  modules: [2, 1]
  udp_ports: [50001, 50002, 50003, 50004]
  receiver_ports: [1954, 1955]
  series: armed`;

export class PlayedService {
  readonly config: ServiceConfig;
  readonly group: ReceiverGroup;
  /** Requests to arm, as JSON. */
  readonly armed: Record<string, unknown>[] = [];
  /** Data planes, by their configurations. */
  readonly built: ServiceConfig[] = [];
  buildFails: Error | null = null;
  stops = 0;
  /** What the next request to arm is refused with. */
  refusal: Error | null = null;
  aborted: 'consumer_lost' | 'detector_stopped' | null = null;
  firstFrameNumber: number | null = 1;
  ports: Ports = [];
  mac: string | null = null;
  #open: number | null = null;
  /** A series that has ended, which is not known yet. */
  #unheard: number | null = null;
  readonly #ended = new Set<number>();
  readonly #timers = new Set<() => void>();

  constructor(yaml: string = halfModulesYaml, preview: Preview | null = null) {
    this.config = parseConfig(`det:${yaml}\n`, 'test.yaml', 'det');
    this.group = new ReceiverGroup({
      config: this.config,
      orders: {
        arm: (wish) => this.#arm(wish),
        stop: (wish) => {
          this.stops += 1;
          this.#unheard = null;
          if (this.#open !== null && this.#open !== wish?.seriesId)
            return Promise.reject(new Refused('busy', [`the series that is open is ${this.#open}`]));
          this.endSeries();
          return Promise.resolve(null as SeriesSummary | null);
        },
        halt: () => Promise.resolve(null),
      },
      logger: silentLogger,
      progress: (id) => this.#progress(id),
      receiveBufferBytes: () => null,
      macOf: () => this.mac,
      preview,
      build: (config) => {
        if (this.buildFails !== null) return Promise.reject(this.buildFails);
        this.built.push(config);
        return Promise.resolve();
      },
      after: (_, run) => {
        this.#timers.add(run);
        return () => this.#timers.delete(run);
      },
    });
  }

  /** A time limit has passed. */
  pass(): void {
    for (const run of this.#timers) run();
    this.#timers.clear();
  }

  /** Number of the series that is open; null = none is. */
  get open(): number | null {
    return this.#open;
  }

  /** Another door opens a series; nothing while one is open. */
  openElsewhere(): void {
    if (this.#open !== null) return;
    this.armed.push({ elsewhere: true });
    this.#open = this.armed.length;
  }

  /** The series that is open has ended. */
  endSeries(): void {
    if (this.#open !== null) this.#ended.add(this.#open);
    this.#open = null;
  }

  /** It has ended, and that is heard with the answer to the next order only. */
  endUnheard(): void {
    this.#unheard = this.#open;
    this.endSeries();
  }

  /** A whole call, as the client sends it; the whole reply. */
  async call(module: number, sent: Buffer, address = '127.0.0.1'): Promise<Buffer> {
    const receiver = this.group.receivers[module];
    if (receiver === undefined) throw new Error(`no module ${module}`);
    const read = readCall(sent, receiver.release, true);
    if (read.kind !== 'whole') throw new Error(`no whole call: ${JSON.stringify(read)}`);
    return answerCall({ receiver, address }, read.name, read.argument);
  }

  async #arm(wish: JsonNode | null): Promise<Armed> {
    await Promise.resolve();
    if (this.refusal !== null) throw this.refusal;
    if (this.#open !== null) throw new Refused('busy', [`series ${this.#open} is open`]);
    checkArmWish(wish, this.group.config);
    this.armed.push(JSON.parse(writeJson(wish as JsonNode)) as Record<string, unknown>);
    this.#open = this.armed.length;
    return {
      series_id: this.#open,
      msg_number: 1,
      header_pending: false,
      state: 'open',
      shape: [514, 1030],
      type: 'uint16',
      warnings: [],
    };
  }

  #progress(id: number): SeriesProgress | null {
    const known = { first_frame_number: this.firstFrameNumber, ports: this.ports };
    if (id === this.#open) return { ...known, ended: null };
    return this.#ended.has(id) && id !== this.#unheard ? { ...known, ended: { aborted: this.aborted } } : null;
  }
}

/** A port that has seen and completed so many frames. */
export const portOf = (udp_port: number, frames: number, first = 1): Ports[number] => ({
  udp_port,
  images_complete: frames,
  newest_frame_number: frames === 0 ? null : first + frames - 1,
  accepted: frames * 64,
  missing: 0,
});
