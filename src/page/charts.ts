// The last minutes as pictures: missing share by port and time, and rates. Drawn anew with every sample.

import { cssColour, palette, paletteLength } from './colours.js';
import type { Sample } from './messages.js';
import { shareText, valueText } from './scale.js';

/** Share of missing packets that gets the first colour; the last is "all". */
const leastShare = 1e-6;
/** Columns of the chart, one a second. */
const shownSamples = 300;

const noLoss = '#e3e8ee';
const colours = palette('cividis');
const labelWidth = 46;
const axisHeight = 16;

/** A canvas made sharp for this screen; null where it is not shown. */
function prepare(canvas: HTMLCanvasElement): { context: CanvasRenderingContext2D; width: number; height: number } | null {
  const { clientWidth: width, clientHeight: height } = canvas;
  const context = canvas.getContext('2d');
  if (context === null || width === 0 || height === 0) return null;
  const ratio = window.devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  return { context, width, height };
}

/** Step of the palette for a share above 0, logarithmic. */
export function lossStep(share: number): number {
  const decades = Math.log10(Math.max(leastShare, Math.min(1, share)) / leastShare);
  return Math.round((decades / -Math.log10(leastShare)) * (paletteLength - 1));
}

/** Ports downwards, time to the right, now at the right edge. */
export function drawLoss(canvas: HTMLCanvasElement, udpPorts: readonly number[], samples: readonly Sample[]): void {
  canvas.style.height = `${Math.max(3, Math.min(14, udpPorts.length)) * 18 + axisHeight}px`;
  const prepared = prepare(canvas);
  if (prepared === null) return;
  const { context, width, height } = prepared;
  const plotWidth = width - labelWidth;
  const plotHeight = height - axisHeight;
  const column = plotWidth / shownSamples;
  const row = plotHeight / Math.max(1, udpPorts.length);
  const shown = samples.slice(-shownSamples);
  context.clearRect(0, 0, width, height);
  for (const [index, sample] of shown.entries()) {
    const x = labelWidth + (shownSamples - shown.length + index) * column;
    for (const [port, share] of sample.missing.entries()) {
      if (share === null) continue;
      context.fillStyle = share === 0 ? noLoss : cssColour(colours, lossStep(share));
      context.fillRect(x, port * row, column + 0.5, Math.max(1, row - 1));
    }
  }
  context.fillStyle = '#333';
  const every = Math.ceil(13 / row);
  for (const [port, udpPort] of udpPorts.entries()) if (port % every === 0) context.fillText(String(udpPort), 2, (port + 0.5) * row);
  timeAxis(context, width, plotHeight);
  const worst = Math.max(0, ...shown.flatMap(({ missing }) => missing.map((share) => share ?? 0)));
  canvas.setAttribute('aria-label', `Share of missing packets by port, last ${shown.length} seconds: at most ${shareText(worst)} in one second`);
}

function timeAxis(context: CanvasRenderingContext2D, width: number, top: number): void {
  context.fillStyle = '#555';
  for (const [text, share, align] of [['5 min ago', 0, 'left'], ['now', 1, 'right']] as const) {
    context.textAlign = align;
    context.fillText(text, labelWidth + share * (width - labelWidth), top + axisHeight / 2);
  }
  context.textAlign = 'left';
}

/** The colours of `drawLoss`. */
export function drawLossLegend(canvas: HTMLCanvasElement): void {
  const prepared = prepare(canvas);
  if (prepared === null) return;
  const { context, width, height } = prepared;
  for (let step = 0; step < paletteLength; step++) {
    context.fillStyle = cssColour(colours, step);
    context.fillRect((step / paletteLength) * width, 0, width / paletteLength + 1, height);
  }
}

/** A line over the last minutes, from 0 to the highest value, which is written at it. */
export function drawRate(canvas: HTMLCanvasElement, samples: readonly Sample[], value: (sample: Sample) => number, name: string): void {
  const prepared = prepare(canvas);
  if (prepared === null) return;
  const { context, width, height } = prepared;
  const shown = samples.slice(-shownSamples).map(value);
  const top = Math.max(...shown, 0);
  const x = (index: number): number => ((shownSamples - shown.length + index + 1) / shownSamples) * width;
  const y = (amount: number): number => height - 1.5 - (top === 0 ? 0 : amount / top) * (height - 16);
  context.clearRect(0, 0, width, height);
  context.strokeStyle = '#c9d0d8';
  context.beginPath();
  context.moveTo(0, height - 0.5);
  context.lineTo(width, height - 0.5);
  context.stroke();
  context.strokeStyle = '#1f5fa8';
  context.lineWidth = 1.5;
  context.beginPath();
  for (const [index, amount] of shown.entries()) context.lineTo(x(index), y(amount));
  context.stroke();
  context.fillStyle = '#555';
  context.fillText(top === 0 ? '' : `most ${valueText(Number(top.toPrecision(3)))}`, 0, 6);
  canvas.setAttribute('aria-label', `${name}, last ${shown.length} seconds: at most ${valueText(Number(top.toPrecision(3)))}`);
}
