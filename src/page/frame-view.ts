// The canvas with the last frame: draws previews, moves and zooms as frame-input.ts and the buttons say, and tells
// which pixel is under the cursor. Fetches a preview of what is visible, one at a time, when the service has a newer
// frame or the view has changed.
// Tested by test/threads/page.test.ts.

import type { About } from './messages.js';
import type { ColourMap } from './colours.js';
import { listen } from './frame-input.js';
import { paintBlocks } from './paint.js';
import { blockAt, blockSize, readPreview } from './preview-bytes.js';
import type { FrameFacts, PreviewBytes } from './preview-bytes.js';
import { autoRange } from './scale.js';
import type { Range } from './scale.js';
import { fit, pan, pixelAt, visible, zoom } from './viewport.js';
import type { Size, Viewport } from './viewport.js';

export interface DrawSettings {
  readonly map: ColourMap;
  readonly logarithmic: boolean;
  /** Null = from the values that are shown. */
  readonly range: Range | null;
}

/** What is under the cursor. */
export interface Reading {
  readonly row: number;
  readonly column: number;
  /** `blockHolds`. */
  readonly holds: number;
  readonly value: number;
  /** Rows and columns of the block whose mean this is. */
  readonly of: readonly [rows: number, columns: number];
}

export interface FrameViewEvents {
  onReading(reading: Reading | null): void;
  onRange(range: Range): void;
  onFrame(frame: FrameFacts, count: number): void;
  onError(text: string | null): void;
}

const previewLimit = 1024;
const retryMs = 1000;

export class FrameView {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #events: FrameViewEvents;
  readonly #image = document.createElement('canvas');
  readonly #hatch: CanvasPattern | null;
  #settings: DrawSettings = { map: 'viridis', logarithmic: false, range: null };
  #frame: Size = { width: 1, height: 1 };
  #canvasSize: Size = { width: 1, height: 1 };
  #view: Viewport | null = null;
  #fitted = true;
  #preview: PreviewBytes | null = null;
  #latest = 0;
  #fetched = '';
  #busy = false;
  #drawing = false;
  #cursor: { row: number; column: number } | null = null;
  #byKeys = false;

  constructor(canvas: HTMLCanvasElement, events: FrameViewEvents) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d') as CanvasRenderingContext2D;
    this.#events = events;
    this.#hatch = this.#context.createPattern(hatchTile(), 'repeat');
    new ResizeObserver(() => this.#resize()).observe(canvas);
    listen(canvas, {
      pan: (dx, dy) => this.#pan(dx, dy),
      zoom: (factor, x, y) => this.#zoom(factor, x, y),
      zoomMiddle: (factor) => this.zoomBy(factor),
      fit: () => this.fit(),
      point: (at) => this.#point(at),
      step: (dx, dy) => this.#moveCursor(dx, dy),
    });
  }

  /** The detector's frame as configured, until one comes. */
  about({ shape }: About): void {
    if (this.#preview === null) this.#setFrame(shape);
    this.#changed();
  }

  /** The service keeps another frame now. */
  latest(count: number): void {
    this.#latest = count;
    void this.#fetch();
  }

  set settings(settings: DrawSettings) {
    this.#settings = settings;
    this.#paint();
  }

  /** The whole frame. */
  fit(): void {
    this.#view = fit(this.#frame, this.#canvasSize);
    this.#fitted = true;
    this.#changed();
  }

  /** Zoom around the middle. */
  zoomBy(factor: number): void {
    this.#zoom(factor, this.#canvasSize.width / 2, this.#canvasSize.height / 2);
  }

  #setFrame([height, width]: readonly [number, number]): void {
    if (this.#frame.width === width && this.#frame.height === height) return;
    this.#frame = { width, height };
    this.fit();
  }

  #resize(): void {
    const ratio = window.devicePixelRatio;
    this.#canvasSize = {
      width: Math.max(1, Math.round(this.#canvas.clientWidth * ratio)),
      height: Math.max(1, Math.round(this.#canvas.clientHeight * ratio)),
    };
    this.#canvas.width = this.#canvasSize.width;
    this.#canvas.height = this.#canvasSize.height;
    if (this.#fitted || this.#view === null) this.fit();
    else this.#move(pan(this.#view, 0, 0, this.#frame, this.#canvasSize));
  }

  #zoom(factor: number, x: number, y: number): void {
    if (this.#view === null) return;
    this.#move(zoom(this.#view, factor, x, y, this.#frame, this.#canvasSize));
    this.#fitted = (this.#view?.scaleX ?? 0) <= fit(this.#frame, this.#canvasSize).scaleX * 1.001;
  }

  #move(view: Viewport): void {
    this.#view = view;
    this.#changed();
  }

  /** Draw what there is at once, and fetch what is visible. */
  #changed(): void {
    this.#draw();
    void this.#fetch();
  }

  async #fetch(): Promise<void> {
    if (this.#busy || this.#latest === 0 || this.#view === null || this.#canvasSize.width <= 1) return;
    const { rows, columns } = visible(this.#view, this.#frame, this.#canvasSize);
    const size = Math.max(16, Math.min(previewLimit, Math.max(this.#canvasSize.width, this.#canvasSize.height)));
    const query = `size=${size}&rows=${rows.join('-')}&columns=${columns.join('-')}`;
    const wanted = `${this.#latest} ${query}`;
    if (wanted === this.#fetched) return;
    this.#busy = true;
    try {
      const response = await fetch(`api/v1/preview?${query}`);
      if (!response.ok)
        throw new Error(
          ((await response.json()) as { problems?: string[] }).problems?.join(' ') ?? `preview: ${response.status}`,
        );
      const preview = readPreview(await response.arrayBuffer());
      this.#fetched = `${preview.head.count} ${query}`;
      this.#preview = preview;
      this.#setFrame(preview.head.frame.shape);
      this.#events.onFrame(preview.head.frame, preview.head.count);
      this.#events.onError(null);
      this.#paint();
    } catch (error) {
      this.#events.onError(
        `The last frame could not be fetched: ${error instanceof Error ? error.message : String(error)}`,
      );
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    } finally {
      this.#busy = false;
    }
    void this.#fetch();
  }

  /** Blocks to colours: missing ones stay clear, so that the pattern below is seen. */
  #paint(): void {
    const preview = this.#preview;
    if (preview === null) return;
    const { width, height } = preview.head;
    const range = this.#settings.range ?? autoRange(preview);
    this.#events.onRange(range);
    const image = new ImageData(
      paintBlocks(preview, this.#settings.map, range, this.#settings.logarithmic),
      width,
      height,
    );
    this.#image.width = width;
    this.#image.height = height;
    this.#image.getContext('2d')?.putImageData(image, 0, 0);
    this.#draw();
  }

  #draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#drawNow();
      this.#read();
    });
  }

  #drawNow(): void {
    const context = this.#context;
    context.clearRect(0, 0, this.#canvasSize.width, this.#canvasSize.height);
    if (this.#view === null || this.#preview === null) return;
    const { left, top, scaleX, scaleY } = this.#view;
    const { head } = this.#preview;
    const x = (head.left - left) * scaleX;
    const y = (head.top - top) * scaleY;
    // Blocks at the edges may be smaller than the others: the part ends in their middle.
    const width = head.columns * scaleX;
    const height = head.rows * scaleY;
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.fillStyle = this.#hatch ?? '#000';
    context.fillRect(x, y, width, height);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.#image, x, y, head.width * head.factor * scaleX, head.height * head.factor * scaleY);
    context.restore();
    if (this.#byKeys && this.#cursor !== null)
      this.#drawCross((this.#cursor.column + 0.5 - left) * scaleX, (this.#cursor.row + 0.5 - top) * scaleY);
  }

  #drawCross(x: number, y: number): void {
    const context = this.#context;
    for (const [width, colour] of [
      [5, '#fff'],
      [2, '#000'],
    ] as const) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.beginPath();
      context.moveTo(x - 14, y);
      context.lineTo(x - 4, y);
      context.moveTo(x + 4, y);
      context.lineTo(x + 14, y);
      context.moveTo(x, y - 14);
      context.lineTo(x, y - 4);
      context.moveTo(x, y + 4);
      context.lineTo(x, y + 14);
      context.stroke();
    }
  }

  #read(): void {
    const { row, column } = this.#cursor ?? { row: -1, column: -1 };
    const block = this.#preview === null ? null : blockAt(this.#preview.head, row, column);
    if (this.#preview === null || block === null) {
      this.#events.onReading(null);
      return;
    }
    const { head, values, holds } = this.#preview;
    this.#events.onReading({
      row,
      column,
      holds: holds[block],
      value: values[block],
      of: blockSize(head, row, column),
    });
  }

  #pan(dx: number, dy: number): void {
    if (this.#view !== null) this.#move(pan(this.#view, dx, dy, this.#frame, this.#canvasSize));
  }

  #point(at: readonly [x: number, y: number] | null): void {
    this.#byKeys = false;
    this.#cursor = at === null || this.#view === null ? null : pixelAt(this.#view, ...at);
    this.#read();
  }

  /** Far out, a pixel is less than a point of the screen: then steps are longer. */
  #moveCursor(dx: number, dy: number): void {
    const view = this.#view;
    if (view === null) return;
    const from = this.#cursor ?? pixelAt(view, this.#canvasSize.width / 2, this.#canvasSize.height / 2);
    const by = Math.max(1, Math.round(4 / view.scaleX));
    this.#byKeys = true;
    this.#cursor = {
      row: Math.max(0, Math.min(this.#frame.height - 1, from.row + dy * by)),
      column: Math.max(0, Math.min(this.#frame.width - 1, from.column + dx * by)),
    };
    this.#draw();
  }
}

/** Diagonal stripes, seamless: "missing". */
export function hatchTile(): HTMLCanvasElement {
  const size = 8;
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const context = tile.getContext('2d');
  if (context === null) return tile;
  context.fillStyle = '#fff';
  context.fillRect(0, 0, size, size);
  context.strokeStyle = '#c2185b';
  context.lineWidth = 3;
  context.beginPath();
  for (const shift of [-size, 0, size]) {
    context.moveTo(shift, size);
    context.lineTo(shift + size, 0);
  }
  context.stroke();
  return tile;
}
