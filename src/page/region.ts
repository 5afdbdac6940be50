// The rectangle that is measured: sum, mean and largest value of all its pixels, and their course over time. The
// service computes them, because it has every pixel however small the picture is.
// Tested by test/threads/page-data.test.ts.

import type { Span } from './address.js';
import { byId, setText } from './elements.js';
import { sidesOf } from './overlay.js';
import { frameQuery, readPreview, seriesOf } from './preview-bytes.js';
import type { FrameFacts, PartTotal } from './preview-bytes.js';
import { ProfileChart } from './profile-chart.js';
import { countText, valueText } from './words.js';

/** Frames that are kept for the chart. */
const keptLimit = 600;
/** Blocks a side: the service's least, for only the totals are wanted. */
const leastSize = 16;

interface Measured {
  readonly frame: number;
  readonly mean: number | null;
  readonly largest: number | null;
}

export class Region {
  readonly #box = byId('region', HTMLElement);
  readonly #words = byId('region-words', HTMLElement);
  readonly #chart = new ProfileChart(
    byId('region-chart', HTMLElement),
    'frame',
    [
      { name: 'mean', colour: '--accent' },
      { name: 'largest', colour: '--second' },
    ],
    (text) => setText(byId('region-reading', HTMLElement), text ?? 'mean and largest value over frames'),
  );
  #span: Span | null = null;
  #measured: Measured[] = [];
  /** Of these frames, as `seriesOf` has it. */
  #series: number | null = null;
  #busy = false;
  /** Asked for while another was measured; the latest only. */
  #next: (() => void) | null = null;

  /** Null = nothing is measured. Returns whether it is another one. */
  choose(span: Span | null): boolean {
    if (JSON.stringify(span) === JSON.stringify(this.#span)) return false;
    this.#span = span;
    this.#measured = [];
    this.#box.hidden = span === null;
    setText(this.#words, '');
    return true;
  }

  /** Measure this frame, or a later one if one is just being measured. @param frozen one that a viewer went back to */
  async measure(frame: FrameFacts, frozen: boolean): Promise<void> {
    const span = this.#span;
    if (span === null) return;
    if (this.#busy) {
      this.#next = () => void this.measure(frame, frozen);
      return;
    }
    this.#busy = true;
    try {
      const { rows, columns } = sidesOf(span);
      const of = frozen ? `&${frameQuery(frame)}` : '';
      const response = await fetch(
        `api/v1/preview?size=${leastSize}&rows=${rows.join('-')}&columns=${columns.join('-')}${of}`,
      );
      if (response.ok) {
        const { head } = readPreview(await response.arrayBuffer());
        if (span === this.#span) this.#show(head.total, head.frame, head.rows, head.columns);
      }
    } catch {
      // The picture's own request says what is wrong.
    } finally {
      this.#busy = false;
    }
    const next = this.#next;
    this.#next = null;
    next?.();
  }

  #show(total: PartTotal, facts: FrameFacts, rows: number, columns: number): void {
    const { frame } = facts;
    const series = seriesOf(facts);
    const mean = total.values === 0 ? null : total.sum / total.values;
    if (series !== this.#series) this.#measured = [];
    this.#series = series;
    const last = this.#measured.at(-1);
    // A frame that a viewer went back to.
    if (last !== undefined && frame <= last.frame) this.#measured = this.#measured.filter((one) => one.frame < frame);
    this.#measured = [...this.#measured, { frame, mean, largest: total.largest }].slice(-keptLimit);
    const words = [
      `${countText(rows)} × ${countText(columns)} pixels`,
      `sum ${valueText(total.sum)}`,
      `mean ${mean === null ? '–' : valueText(mean)}`,
      `largest ${total.largest === null ? '–' : valueText(total.largest)}`,
      ...(total.saturated > 0 ? [`${countText(total.saturated)} saturated`] : []),
      ...(total.missing > 0 ? [`${countText(total.missing)} missing`] : []),
    ];
    setText(this.#words, words.join(' · '));
    this.#chart.show(
      this.#measured.map((one) => one.frame),
      this.#measured.map((one) => one.mean),
      this.#measured.map((one) => one.largest),
    );
  }
}
