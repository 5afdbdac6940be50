// The histogram under the colour bar, with a handle for each end of the range: dragged, or moved by arrow keys, they
// set it. Heights are logarithmic, so that a few bright pixels are seen beside many dark ones.
// Tested by test/threads/page-data.test.ts.

import type { Settings } from './address.js';
import { cssColour, palette } from './colours.js';
import { byId } from './elements.js';
import { histogram } from './histogram.js';
import type { PreviewBytes } from './preview-bytes.js';
import { shareOf, stepOf, valueAt, wholeRange } from './value-scale.js';
import type { Range } from './value-scale.js';
import { valueText } from './words.js';

type End = 'low' | 'high';

/** One step of a key, of the whole width. */
const keyStep = 0.01;

export class HistogramView {
  readonly #canvas = byId('histogram', HTMLCanvasElement);
  readonly #handles: Readonly<Record<End, HTMLElement>> = {
    low: byId('range-low', HTMLElement),
    high: byId('range-high', HTMLElement),
  };
  readonly #onRange: (range: Range) => void;
  #domain: Range = { low: 0, high: 1 };
  #range: Range = { low: 0, high: 1 };
  #scale: Settings['scale'] = 'linear';

  constructor(onRange: (range: Range) => void) {
    this.#onRange = onRange;
    for (const end of ['low', 'high'] as const) {
      const handle = this.#handles[end];
      handle.addEventListener('pointerdown', (event) => {
        event.preventDefault();
        handle.focus();
        handle.setPointerCapture(event.pointerId);
      });
      handle.addEventListener('pointermove', (event) => {
        if (!handle.hasPointerCapture(event.pointerId)) return;
        const { left, width } = this.#canvas.getBoundingClientRect();
        this.#move(end, (event.clientX - left) / width);
      });
      handle.addEventListener('keydown', (event) => {
        const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        this.#move(end, this.#shareOf(this.#range[end]) + by * keyStep);
      });
    }
  }

  /** @param range that has colours now */
  show(preview: PreviewBytes, range: Range, { scale, map, inverted }: Settings): void {
    const whole = wholeRange(preview);
    this.#domain = { low: Math.min(whole.low, range.low), high: Math.max(whole.high, range.high) };
    this.#range = range;
    this.#scale = scale;
    this.#draw(preview, palette(map, inverted));
    for (const end of ['low', 'high'] as const) {
      const handle = this.#handles[end];
      handle.style.left = `${this.#shareOf(range[end]) * 100}%`;
      handle.setAttribute('aria-valuemin', String(this.#domain.low));
      handle.setAttribute('aria-valuemax', String(this.#domain.high));
      handle.setAttribute('aria-valuenow', String(range[end]));
      handle.setAttribute('aria-valuetext', valueText(range[end]));
    }
  }

  #shareOf(value: number): number {
    return shareOf(this.#domain, this.#scale)(value);
  }

  /** The other end stays, and stays the other end. */
  #move(end: End, share: number): void {
    const value = Number(valueAt(this.#domain, this.#scale, Math.max(0, Math.min(1, share))).toPrecision(5));
    const range = { ...this.#range, [end]: value };
    if (range.low < range.high) this.#onRange(range);
  }

  #draw(preview: PreviewBytes, colours: Uint8Array): void {
    const canvas = this.#canvas;
    const context = canvas.getContext('2d');
    if (context === null) return;
    canvas.width = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
    canvas.height = Math.max(1, Math.round(canvas.clientHeight * devicePixelRatio));
    const bins = Math.max(1, Math.floor(canvas.width / (2 * devicePixelRatio)));
    const counts = histogram(preview, this.#domain, this.#scale, bins);
    const most = Math.log1p(counts.reduce((largest, count) => Math.max(largest, count), 1));
    const step = stepOf(this.#range, this.#scale);
    const width = canvas.width / bins;
    for (const [bin, count] of counts.entries()) {
      if (count === 0) continue;
      const height = Math.max(1, (Math.log1p(count) / most) * canvas.height);
      context.fillStyle = cssColour(colours, step(valueAt(this.#domain, this.#scale, (bin + 0.5) / bins)));
      context.fillRect(bin * width, canvas.height - height, width, height);
    }
  }
}
