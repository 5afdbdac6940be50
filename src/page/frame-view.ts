// The canvas with the image: draws previews and what lies over them, moves and zooms, and reports which part is
// visible, which pixel is under the cursor, and what was drawn.
// Tested by test/threads/page.test.ts.

import type { Settings, Span } from './address.js';
import { usual } from './address.js';
import { palette } from './colours.js';
import type { About } from './messages.js';
import { drawOverlay } from './overlay.js';
import type { DrawnPort } from './overlay.js';
import type { Place } from './profile.js';
import { listen } from './frame-input.js';
import { paintBlocks } from './paint.js';
import { blockAt, blockSize } from './preview-bytes.js';
import type { PreviewBytes } from './preview-bytes.js';
import { autoRange } from './value-scale.js';
import type { Range } from './value-scale.js';
import { fit, pan, pixelAt, visible, zoom } from './viewport.js';
import type { Size, Viewport } from './viewport.js';

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
  onRange(range: Range, preview: PreviewBytes): void;
  /** Part of the frame that is visible, and how fine, as a query for a preview. */
  onWant(query: string): void;
  /** Drawn with a tool, as far as the pointer is. */
  onDrawn(span: Span): void;
}

const previewLimit = 1024;

export class FrameView {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #events: FrameViewEvents;
  readonly #image = document.createElement('canvas');
  readonly #hatch: CanvasPattern | null;
  #settings: Settings = usual;
  #ports: readonly DrawnPort[] = [];
  #frame: Size = { width: 1, height: 1 };
  #canvasSize: Size = { width: 1, height: 1 };
  #view: Viewport | null = null;
  #fitted = true;
  #preview: PreviewBytes | null = null;
  #drawing = false;
  #cursor: Place | null = null;
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
      draws: () => this.#settings.tool !== 'move' && this.#preview !== null,
      draw: (from, to) => this.#drawn(from, to),
    });
  }

  /** The detector's frame as configured, until one comes; without a detector there is none. */
  about({ shape }: About): void {
    if (this.#preview === null && shape[0] > 0) this.#setFrame(shape);
    this.#changed();
  }

  /** There is no picture any more. */
  clear(): void {
    this.#preview = null;
    this.#draw();
  }

  /** Another picture. */
  show(preview: PreviewBytes): void {
    this.#preview = preview;
    this.#setFrame(preview.head.frame.shape);
    this.#paint();
  }

  get preview(): PreviewBytes | null {
    return this.#preview;
  }

  /** The pixel under the cursor. */
  get cursor(): Place | null {
    return this.#cursor;
  }

  set settings(settings: Settings) {
    this.#settings = settings;
    this.#paint();
  }

  /** Borders of ports and what they lose. */
  set ports(ports: readonly DrawnPort[]) {
    this.#ports = ports;
    if (this.#settings.ports) this.#draw();
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

  /** Draw what there is at once, and ask for what is visible. */
  #changed(): void {
    this.#draw();
    this.#want();
  }

  /** Ask for what is visible, as fine as the canvas is. */
  #want(): void {
    if (this.#view === null || this.#canvasSize.width <= 1) return;
    const { rows, columns } = visible(this.#view, this.#frame, this.#canvasSize);
    const size = Math.max(16, Math.min(previewLimit, Math.max(this.#canvasSize.width, this.#canvasSize.height)));
    this.#events.onWant(`size=${size}&rows=${rows.join('-')}&columns=${columns.join('-')}`);
  }

  /** Blocks to colours: missing ones stay clear, so that the pattern below is seen. */
  #paint(): void {
    const preview = this.#preview;
    if (preview === null) return;
    const { width, height } = preview.head;
    const range = this.#settings.range ?? autoRange(preview);
    const { map, inverted, scale } = this.#settings;
    this.#events.onRange(range, preview);
    const image = new ImageData(paintBlocks(preview, palette(map, inverted), range, scale), width, height);
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
    drawOverlay(context, this.#view, this.#frame, this.#canvasSize, {
      settings: this.#settings,
      ports: this.#ports,
      cursor: this.#byKeys ? this.#cursor : null,
    });
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

  /** Places are kept inside the frame. */
  #drawn(from: readonly [x: number, y: number], to: readonly [x: number, y: number]): void {
    const view = this.#view;
    if (view === null) return;
    const place = (at: readonly [x: number, y: number]): Place => {
      const { row, column } = pixelAt(view, ...at);
      return {
        row: Math.max(0, Math.min(this.#frame.height - 1, row)),
        column: Math.max(0, Math.min(this.#frame.width - 1, column)),
      };
    };
    this.#events.onDrawn({ from: place(from), to: place(to) });
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
function hatchTile(): HTMLCanvasElement {
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
