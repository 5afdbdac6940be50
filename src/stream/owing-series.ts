// A series that is over and whose end still waits for a consumer. One that goes before the end was handed over has lost
// the series: the end that the next one gets says so. Comes in: the series. Goes out: its end and its summary anew.
// Tested by test/pipeline/consumer.test.ts.

import type { StreamEvent } from '../contract/series.js';
import type { Series } from './series/series.js';
import type { SeriesDeps } from './series/setup.js';

export class OwingSeries {
  readonly #output: SeriesDeps['output'];
  readonly #report: (event: StreamEvent) => void;
  #series: Series | null = null;

  constructor(output: SeriesDeps['output'], report: (event: StreamEvent) => void) {
    this.#output = output;
    this.#report = report;
  }

  /** The end of this one is owed. */
  begin(series: Series): void {
    this.#series = series;
  }

  /** Offer its end. @returns whether nothing is owed any more */
  settle(now: number): boolean {
    const settled = this.#output.settleOwedEnd(now);
    // The offer may have found that the consumer is gone.
    this.look();
    return settled;
  }

  /** Before the series that is open looks: what was lost is told once. */
  look(): void {
    const series = this.#series;
    if (series === null) return;
    if (this.#output.owedEnd === null) {
      this.#series = null;
      return;
    }
    const { summary } = series;
    series.watchConsumer();
    if (series.summary === null || series.summary === summary) return;
    this.#output.owedEnd = series.summary;
    this.#report({ kind: 'amended', summary: { ...series.summary, end_pending: true } });
  }
}
