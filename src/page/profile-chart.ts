// A chart of values along rows, columns, lines or time, drawn by uPlot; says what is under its cursor.
// Tested by test/threads/page-data.test.ts.

import uPlot from 'uplot';
import { chartFont, cssValue } from './theme.js';
import { countText, valueText } from './words.js';

const height = 110;

export interface ChartLine {
  readonly name: string;
  /** A custom property of the style sheet. */
  readonly colour: string;
}

export class ProfileChart {
  readonly #host: HTMLElement;
  readonly #plot: uPlot;

  /** @param along in words, what the axis counts @param say told what is under the cursor; null = nothing */
  constructor(host: HTMLElement, along: string, lines: readonly ChartLine[], say: (text: string | null) => void) {
    this.#host = host;
    host.setAttribute('aria-label', 'no values');
    const axis = (size: number, values: (value: number) => string): uPlot.Axis => ({
      font: chartFont,
      stroke: () => cssValue('--soft'),
      size,
      gap: 3,
      grid: { stroke: () => cssValue('--line'), width: 1 },
      ticks: { show: false },
      values: (_, splits) => splits.map(values),
    });
    const size = (): { width: number; height: number } => ({ width: Math.max(60, host.clientWidth), height });
    this.#plot = new uPlot(
      {
        ...size(),
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 5 } },
        scales: { x: { time: false } },
        padding: [6, 8, 0, 0],
        axes: [axis(20, countText), axis(58, valueText)],
        series: [
          {},
          ...lines.map(({ colour }) => ({ stroke: () => cssValue(colour), width: 1.5, points: { show: false } })),
        ],
        hooks: {
          setCursor: [
            ({ data, cursor: { idx } }) => {
              if (idx == null) return say(null);
              const read = lines.map(({ name }, index) => {
                const value = data[index + 1]?.[idx];
                return `${name} ${value == null ? '–' : valueText(value)}`;
              });
              say(`${along} ${valueText(Number(data[0][idx].toPrecision(5)))}: ${read.join(', ')}`);
            },
          ],
        },
      },
      [[], ...lines.map(() => [])],
      host,
    );
    new ResizeObserver(() => {
      if (host.clientWidth > 0) this.#plot.setSize(size());
    }).observe(host);
  }

  /** @param columns one list of values for each line */
  show(at: readonly number[], ...columns: (readonly (number | null)[])[]): void {
    this.#plot.setData([[...at], ...columns.map((values) => [...values])]);
    const known = columns.flat().filter((value): value is number => value !== null);
    const most = known.reduce((largest, value) => Math.max(largest, value), -Infinity);
    this.#host.setAttribute(
      'aria-label',
      known.length === 0 ? 'no values' : `${known.length} values, at most ${valueText(most)}`,
    );
  }
}
