// Orders that wait for their outcome. An arm request waits until its series is open, a halt until no more packets are
// accepted, a stop until the consumer has everything that was handed over, or will not have it. Comes in: what the
// streamer did. Goes out: one answer to each order, as an event.
// Tested by test/pipeline/series.test.ts.

import type { ArmRequest, HaltedSeries, SeriesSummary, StreamEvent } from '../contract/series.js';
import type { RefusalReason } from '../contract/refusals.js';
import { DeliveryWait } from './output/delivery-wait.js';
import type { MessageSink } from './output/message-sink.js';

/** An arm request that is being served: waiting for an auto series to end, or for its own series to open. */
export interface Arming {
  readonly id: number;
  readonly request: ArmRequest;
}

/** Orders are known by the number that their sender gave them. Times in ms of the service's clock. */
export class OrderAnswers {
  readonly #report: (event: StreamEvent) => void;
  readonly #sink: MessageSink;
  #arming: Arming | null = null;
  #stopping: number[] = [];
  /** Stops that are done, all but the delivery of what was handed over. */
  #delivering: { readonly ids: readonly number[]; readonly summary: SeriesSummary; readonly wait: DeliveryWait }[] = [];
  #halting: number[] = [];

  constructor(sink: MessageSink, report: (event: StreamEvent) => void) {
    this.#sink = sink;
    this.#report = report;
  }

  /** Null = no arm request is being served. */
  get arming(): Arming | null {
    return this.#arming;
  }

  get stopWaits(): boolean {
    return this.#stopping.length > 0;
  }

  get haltWaits(): boolean {
    return this.#halting.length > 0;
  }

  arms(id: number, request: ArmRequest): void {
    this.#arming = { id, request };
  }

  stops(id: number): void {
    this.#stopping.push(id);
  }

  halts(id: number): void {
    this.#halting.push(id);
  }

  /** An order that nothing was done for. */
  refuse(id: number, why: RefusalReason, problem: string): void {
    this.#report({ kind: 'refused', id, why, problems: [problem] });
  }

  /** The arm request that is being served, if there is one. */
  refuseArming(why: RefusalReason, problem: string): void {
    if (this.#arming !== null) this.refuse(this.#arming.id, why, problem);
    this.#arming = null;
  }

  /** The series of the arm request is open. */
  armed(series: { readonly id: number; readonly headerNumber: number | null; readonly headerSent: boolean }): void {
    if (this.#arming === null) return;
    this.#report({
      kind: 'armed',
      id: this.#arming.id,
      series_id: series.id,
      msg_number: series.headerNumber,
      header_pending: !series.headerSent,
    });
    this.#arming = null;
  }

  halted(halted: HaltedSeries | null): void {
    for (const id of this.#halting) this.#report({ kind: 'halted', id, halted });
    this.#halting = [];
  }

  /** Nothing was stopped (null), or nothing was handed over that could be waited for. */
  stopped(summary: SeriesSummary | null): void {
    for (const id of this.#stopping) this.#report({ kind: 'stopped', id, summary });
    this.#stopping = [];
  }

  /**
   * A series was stopped and its end handed over, or will be later: the answer waits until the consumer has everything.
   * @param taken messages that were handed over up to now
   */
  stoppedWhenDelivered(summary: SeriesSummary, taken: number, until: number): void {
    const wait = new DeliveryWait(this.#sink, taken, until);
    this.#delivering.push({ ids: this.#stopping, summary, wait });
    this.#stopping = [];
  }

  /**
   * Answer the orders that have waited for the consumer long enough, or whose consumer has everything.
   * @param taken messages that were handed over up to now
   */
  lookAtDelivery(taken: number, now: number): void {
    if (this.#delivering.length === 0) return;
    this.#delivering = this.#delivering.filter(({ ids, summary, wait }) => {
      const left = wait.look(taken, now);
      if (left === 'waiting') return true;
      const told = left === null || left.messages === 0 ? summary : { ...summary, undelivered: left };
      for (const id of ids) this.#report({ kind: 'stopped', id, summary: told });
      return false;
    });
  }
}
