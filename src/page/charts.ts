// The last minutes as pictures, drawn by uPlot: rates as lines, and the missing share by port and time as a heat strip.
// Each says in words what is under the cursor, and for viewers without sight what the worst was. Comes in: the samples
// of the last minutes, once a second.
// Tested by test/threads/page.test.ts.

import uPlot from 'uplot';
import { cssColour, lossPalette } from './colours.js';
import type { Sample } from './messages.js';
import { chartFont, cssValue, isDark } from './theme.js';
import { agoText, lossStep, rateText, shareText, valueText } from './words.js';

/** Seconds shown. */
const shownSamples = 300;
const font = chartFont;
const ink = (): string => cssValue('--soft');
const portWidth = 50;
const axisHeight = 20;
const rateHeight = 54;
const rateAxisWidth = 50;
/** Rows get 18 points each, but all together no less than the first and no more than the second figure. */
const stripHeight = [40, 260] as const;
const stripHeightOf = (ports: number): number =>
  axisHeight + 4 + Math.max(stripHeight[0], Math.min(stripHeight[1], ports * 18));

/** Axis of seconds before now: every minute. */
const timeAxis: uPlot.Axis = {
  font,
  stroke: ink,
  size: axisHeight,
  gap: 2,
  grid: { show: false },
  ticks: { show: false },
  splits: () => [-300, -240, -180, -120, -60, 0],
  values: (_, splits) => splits.map((seconds) => (seconds === 0 ? 'now' : `${-seconds / 60} min`)),
};

const last = (samples: readonly Sample[]): readonly Sample[] => samples.slice(-shownSamples);

/** Seconds before now of each sample. */
const times = (samples: readonly Sample[]): number[] => samples.map((_, index) => index + 1 - samples.length);

function plot(
  host: HTMLElement,
  options: Omit<uPlot.Options, 'width' | 'height' | 'legend'>,
  height: () => number,
): uPlot {
  const size = (): { width: number; height: number } => ({ width: Math.max(60, host.clientWidth), height: height() });
  const made = new uPlot({ ...options, ...size(), legend: { show: false } }, [[], []], host);
  new ResizeObserver(() => made.setSize(size())).observe(host);
  return made;
}

/** A line over the last minutes, from 0. */
export class RateChart {
  readonly #host: HTMLElement;
  readonly #name: string;
  readonly #value: (sample: Sample) => number;
  readonly #text: (value: number) => string;
  readonly #plot: uPlot;

  /**
   * @param text a value in words @param short the same for the axis @param say told what is under the cursor; null =
   * nothing
   */
  constructor(
    host: HTMLElement,
    name: string,
    value: (sample: Sample) => number,
    text: (value: number) => string,
    short: (value: number) => string,
    say: (text: string | null) => void,
  ) {
    this.#host = host;
    this.#name = name;
    this.#value = value;
    this.#text = text;
    this.#plot = plot(
      host,
      {
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
        scales: {
          x: { time: false, range: [-shownSamples, 0] },
          y: { range: (_, __, most) => [0, most > 0 ? most : 1] },
        },
        padding: [7, 2, 3, 0],
        axes: [
          { show: false },
          {
            font,
            stroke: ink,
            size: rateAxisWidth,
            gap: 3,
            grid: { stroke: () => cssValue('--line'), width: 1 },
            ticks: { show: false },
            splits: (_, __, ___, most) => [0, most],
            values: (_, splits) => splits.map((value) => short(Number(value.toPrecision(2)))),
          },
        ],
        series: [
          {},
          {
            stroke: () => cssValue('--accent'),
            fill: () => `${cssValue('--accent')}2f`,
            width: 1.5,
            points: { show: false },
          },
        ],
        hooks: {
          setCursor: [
            ({ data, cursor: { idx } }) => {
              const amount = idx == null ? undefined : data[1]?.[idx];
              say(amount == null || idx == null ? null : `${agoText(data[0][idx])}: ${text(amount)}`);
            },
          ],
        },
      },
      () => rateHeight,
    );
  }

  show(samples: readonly Sample[]): void {
    const shown = last(samples);
    const values = shown.map(this.#value);
    this.#plot.setData([times(shown), values]);
    this.#host.setAttribute(
      'aria-label',
      `${this.#name}, last ${shown.length} seconds: at most ${this.#text(Math.max(0, ...values))}`,
    );
  }
}

/** Ports downwards, time to the right, now at the right edge. */
export class LossChart {
  readonly #host: HTMLElement;
  readonly #plot: uPlot;
  #udpPorts: readonly number[] = [];
  #samples: readonly Sample[] = [];

  /** @param say told what is under the cursor; null = nothing */
  constructor(host: HTMLElement, say: (text: string | null) => void) {
    this.#host = host;
    this.#plot = plot(
      host,
      {
        cursor: { drag: { x: false, y: false }, points: { show: false } },
        scales: {
          x: { time: false, range: [-shownSamples, 0] },
          y: { dir: -1, range: () => [0, Math.max(1, this.#udpPorts.length)] },
        },
        padding: [6, 14, 0, 0],
        axes: [
          timeAxis,
          {
            font,
            stroke: ink,
            size: portWidth,
            gap: 3,
            grid: { show: false },
            ticks: { show: false },
            splits: () => this.#labelled().map((port) => port + 0.5),
            values: () => this.#labelled().map((port) => String(this.#udpPorts[port])),
          },
        ],
        series: [{}, { paths: () => null, points: { show: false } }],
        hooks: {
          draw: [(made) => this.#draw(made)],
          setCursor: [
            (made) => {
              const { left, top, idx } = made.cursor;
              say(
                left == null || top == null || left < 0 || idx == null
                  ? null
                  : this.#reading(idx, Math.floor(made.posToVal(top, 'y'))),
              );
            },
          ],
        },
      },
      () => stripHeightOf(this.#udpPorts.length),
    );
  }

  /** @param udpPorts in the order of `Sample.missing` */
  show(udpPorts: readonly number[], samples: readonly Sample[]): void {
    const resized = udpPorts.length !== this.#udpPorts.length;
    this.#udpPorts = udpPorts;
    this.#samples = last(samples);
    // What is drawn is not uPlot's: it only has to know the times.
    this.#plot.setData([times(this.#samples), this.#samples.map(() => null)]);
    if (resized)
      this.#plot.setSize({ width: Math.max(60, this.#host.clientWidth), height: stripHeightOf(udpPorts.length) });
    const worst = Math.max(0, ...this.#samples.flatMap(({ missing }) => missing.map((share) => share ?? 0)));
    this.#host.setAttribute(
      'aria-label',
      `Share of missing packets by port, last ${this.#samples.length} seconds: at most ${shareText(worst)} in one ` +
        'second',
    );
  }

  #draw(made: uPlot): void {
    const {
      ctx: context,
      bbox: { left, top, width, height },
    } = made;
    const row = height / Math.max(1, this.#udpPorts.length);
    const column = width / shownSamples;
    const between = row > 4 * devicePixelRatio ? devicePixelRatio : 0;
    const first = shownSamples - this.#samples.length;
    const colours = lossPalette(isDark());
    const noLoss = cssValue('--empty');
    // uPlot remembers what it has set.
    context.save();
    for (const [index, { missing }] of this.#samples.entries()) {
      for (const [port, share] of missing.entries()) {
        if (share === null) continue;
        context.fillStyle = share === 0 ? noLoss : cssColour(colours, lossStep(share));
        context.fillRect(left + (first + index) * column, top + port * row, column + 0.5, row - between);
      }
    }
    context.restore();
  }

  /** Ports whose number is written: as many as have room. */
  #labelled(): number[] {
    const every = Math.max(1, Math.ceil((13 * this.#udpPorts.length) / stripHeight[1]));
    return this.#udpPorts.flatMap((_, port) => (port % every === 0 ? [port] : []));
  }

  #reading(index: number, port: number): string | null {
    const share = this.#samples[index]?.missing[port];
    const udpPort = this.#udpPorts[port];
    if (share === undefined || udpPort === undefined) return null;
    return (
      `Port ${udpPort}, ${agoText(index + 1 - this.#samples.length)}: ` +
      `${share === null ? 'no frame was closed' : `${shareText(share)} missing`}`
    );
  }
}

/** The colours of the heat strip, few lost to all lost, into a canvas of one row. */
export function drawLossLegend(canvas: HTMLCanvasElement): void {
  const context = canvas.getContext('2d');
  const colours = lossPalette(isDark());
  if (context === null) return;
  canvas.width = colours.length / 3;
  canvas.height = 1;
  for (let step = 0; step < canvas.width; step++) {
    context.fillStyle = cssColour(colours, step);
    context.fillRect(step, 0, 1, 1);
  }
}

/** Rates in words, for the charts and beside them. */
export const framesText = (rate: number): string => `${valueText(Number(rate.toPrecision(3)))} frames/s`;
export const bitsText = (gigabits: number): string => rateText(gigabits).join(' ');
/**
 * Without "per second", which the title of the chart says; the end of an axis is seldom in the unit of the figure
 * beside it.
 */
export const shortBitsText = (gigabits: number): string =>
  gigabits === 0 ? '0' : bitsText(gigabits).replace('/s', '');
