// Orders: the one way in for all that opens and ends series, by whichever protocol. Comes in: wishes. Goes out:
// commands to the streamer, and its answers or refusals. The rules stand in arm-request.ts and stop-request.ts, and
// nowhere else.

import { formOf } from '../config/encoding.js';
import { walkOf } from '../detector/frame-form.js';
import type { JsonNode } from '../base/json-text.js';
import type { ServiceConfig } from '../config/service-config.js';
import type { ArmRequest, HaltedSeries, SeriesSummary, StreamCommand, StreamEvent } from '../contract/series.js';
import type { PixelType } from '../detector/pixel-type.js';
import { checkArmWish, layoutOfRequest } from './arm-request.js';
import type { CommandQueue } from './command-queue.js';
import { Refused } from './refused.js';
import { checkHalt, checkStopWish, type StopWish } from './stop-request.js';

/** A series that was opened. */
export interface Armed {
  readonly series_id: number;
  /** Number of the header message; null = it waits for a consumer, or another instance sends it. */
  readonly msg_number: number | null;
  readonly header_pending: boolean;
  readonly state: 'open';
  /** Rows and columns of its images, and the type of a pixel, as numpy has them. */
  readonly shape: readonly [number, number];
  readonly type: PixelType;
  /** Sentences that refuse nothing, and that a client should know before the detector starts. */
  readonly warnings: readonly string[];
}

/** All that a protocol needs to give orders. Orders are carried out one after the other. */
export interface Orders {
  /**
   * Open a series. Resolves when the receivers are open: then the detector may be started.
   * @param wish the request as JSON nodes, so that numbers keep their digits; programs make it with `armWish`; null =
   * an empty text
   * @throws Refused
   */
  arm(wish: JsonNode | null): Promise<Armed>;
  /**
   * End the series; resolves with its summary when it has ended, null when none was open.
   * @throws Refused
   */
  stop(wish?: StopWish): Promise<SeriesSummary | null>;
  /**
   * Of a series that several instances share: accept no more packets; resolves with what was seen, null when none was
   * ever open.
   * @throws Refused
   */
  halt(): Promise<HaltedSeries | null>;
}

/** What carries orders out. */
export interface SeriesOrdersDeps {
  readonly config: ServiceConfig;
  readonly commands: CommandQueue;
  /**
   * What stands against a series now, whatever its request says; null = nothing. `force`: only what makes it
   * impossible.
   */
  hindrance(force: boolean): Refused | null;
  /** What speaks against this request, though nothing refuses it, in sentences. */
  warnings(request: ArmRequest): readonly string[];
  /** A series was opened, its header waits for a consumer. */
  pending(seriesId: number, request: ArmRequest): void;
}

type Answer<K extends StreamEvent['kind']> = Extract<StreamEvent, { readonly kind: K }>;

/** Orders to the streamer of this process. Main thread only. */
export class SeriesOrders implements Orders {
  readonly #deps: SeriesOrdersDeps;

  constructor(deps: SeriesOrdersDeps) {
    this.#deps = deps;
  }

  async arm(wish: JsonNode | null): Promise<Armed> {
    const request = checkArmWish(wish, this.#deps.config);
    const hindrance = this.#deps.hindrance(request.force);
    if (hindrance !== null) throw hindrance;
    const warnings = this.#deps.warnings(request);
    const event = await this.#answer('armed', (id) => ({ kind: 'arm', id, request }));
    if (event.header_pending) this.#deps.pending(event.series_id, request);
    const { shape, pixelType } = layoutOfRequest(request, this.#deps.config);
    const { shape: sent } = walkOf(formOf(this.#deps.config), shape);
    return {
      series_id: event.series_id,
      msg_number: event.msg_number,
      header_pending: event.header_pending,
      state: 'open',
      shape: sent,
      type: pixelType,
      warnings,
    };
  }

  async stop(wish: StopWish = {}): Promise<SeriesSummary | null> {
    const request = checkStopWish(wish, this.#deps.config.share.stride);
    return (await this.#answer('stopped', (id) => ({ kind: 'stop', id, ...request }))).summary;
  }

  async halt(): Promise<HaltedSeries | null> {
    checkHalt(this.#deps.config.share.stride);
    return (await this.#answer('halted', (id) => ({ kind: 'halt', id }))).halted;
  }

  /** The streamer's answer. @throws Refused */
  async #answer<K extends StreamEvent['kind']>(kind: K, make: (id: number) => StreamCommand): Promise<Answer<K>> {
    const event = await this.#deps.commands.command(make);
    if (event.kind === 'refused') throw new Refused(event.why, event.problems);
    if (event.kind !== kind) throw new Error(`the streamer answered ${event.kind}, not ${kind}`);
    return event as Answer<K>;
  }
}
