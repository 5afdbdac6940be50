// The canvas with the last frame: draws previews, moves and zooms by mouse, wheel, keys and buttons, and says which pixel is under
// the cursor. Fetches a preview of what is visible, one at a time, when the service has a newer frame or the view has changed.

import type { About } from './messages.js';
import { palette } from './colours.js';
import type { ColourMap } from './colours.js';
import { blockAt, blockKind, readPreview } from './preview-bytes.js';
import type { FrameFacts, PreviewBytes } from './preview-bytes.js';
import { autoRange, stepOf } from './scale.js';
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
  readonly kind: number;
  readonly value: number;
  /** Pixels along the side of the block whose mean this is. */
  readonly factor: number;
}

export interface FrameViewEvents {
  onReading(reading: Reading | null): void;
  onRange(range: Range): void;
  onFrame(frame: FrameFacts, count: number): void;
  onError(text: string | null): void;
}

const previewLimit = 1024;
/** A light blue that no colour map comes near; what is missing is told by its stripes. */
const gapColour = [150, 200, 255] as const;
const wheelStep = 1.0015;
const keyStep = 1.25;
const panStep = 40;
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
    this.#listen();
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
    this.#canvasSize = { width: Math.max(1, Math.round(this.#canvas.clientWidth * ratio)), height: Math.max(1, Math.round(this.#canvas.clientHeight * ratio)) };
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
      if (!response.ok) throw new Error(((await response.json()) as { problems?: string[] }).problems?.join(' ') ?? `preview: ${response.status}`);
      const preview = readPreview(await response.arrayBuffer());
      this.#fetched = `${preview.head.count} ${query}`;
      this.#preview = preview;
      this.#setFrame(preview.head.frame.shape);
      this.#events.onFrame(preview.head.frame, preview.head.count);
      this.#events.onError(null);
      this.#paint();
    } catch (error) {
      this.#events.onError(error instanceof Error ? error.message : String(error));
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
    const { head: { width, height }, values, kinds } = preview;
    const range = this.#settings.range ?? autoRange(preview);
    this.#events.onRange(range);
    const step = stepOf(range, this.#settings.logarithmic);
    const colours = palette(this.#settings.map);
    const image = new ImageData(width, height);
    const bytes = image.data;
    for (let block = 0, at = 0; block < values.length; block++, at += 4) {
      const kind = kinds[block];
      if (kind === blockKind.missing) continue;
      if (kind === blockKind.gap) {
        bytes.set(gapColour, at);
        bytes[at + 3] = 255;
        continue;
      }
      const colour = step(values[block] as number) * 3;
      bytes[at] = colours[colour] as number;
      bytes[at + 1] = colours[colour + 1] as number;
      bytes[at + 2] = colours[colour + 2] as number;
      bytes[at + 3] = kind === blockKind.value ? 255 : 128;
    }
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
    if (this.#byKeys && this.#cursor !== null) this.#drawCross((this.#cursor.column + 0.5 - left) * scaleX, (this.#cursor.row + 0.5 - top) * scaleY);
  }

  #drawCross(x: number, y: number): void {
    const context = this.#context;
    for (const [width, colour] of [[5, '#fff'], [2, '#000']] as const) {
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
    const { head, values, kinds } = this.#preview;
    this.#events.onReading({ row, column, kind: kinds[block] as number, value: values[block] as number, factor: head.factor });
  }

  #listen(): void {
    const canvas = this.#canvas;
    const at = (event: MouseEvent): [number, number] => [event.offsetX * window.devicePixelRatio, event.offsetY * window.devicePixelRatio];
    let held: [number, number] | null = null;
    canvas.addEventListener('pointerdown', (event) => {
      held = at(event);
      if (event.pointerType === 'mouse') canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener('pointermove', (event) => {
      const [x, y] = at(event);
      this.#byKeys = false;
      if (this.#view === null) return;
      if (held !== null) {
        this.#move(pan(this.#view, x - held[0], y - held[1], this.#frame, this.#canvasSize));
        held = [x, y];
      }
      this.#cursor = pixelAt(this.#view, x, y);
      this.#read();
    });
    for (const name of ['pointerup', 'pointercancel'] as const) canvas.addEventListener(name, () => { held = null; });
    canvas.addEventListener('pointerleave', () => {
      held = null;
      this.#cursor = null;
      this.#read();
    });
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      this.#zoom(wheelStep ** (-event.deltaY * lines), ...at(event));
    }, { passive: false });
    canvas.addEventListener('dblclick', () => this.fit());
    canvas.addEventListener('keydown', (event) => {
      if (this.#key(event)) event.preventDefault();
    });
  }

  /** Arrows move the view, with Shift the cursor; + and − zoom; 0 shows all. @returns whether the key was ours */
  #key(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey || this.#view === null) return false;
    const arrows: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const arrow = arrows[event.key];
    if (arrow !== undefined && event.shiftKey) this.#moveCursor(...arrow);
    else if (arrow !== undefined) this.#move(pan(this.#view, -arrow[0] * panStep, -arrow[1] * panStep, this.#frame, this.#canvasSize));
    else if (event.key === '+' || event.key === '=') this.zoomBy(keyStep);
    else if (event.key === '-') this.zoomBy(1 / keyStep);
    else if (event.key === '0') this.fit();
    else return false;
    return true;
  }

  #moveCursor(dx: number, dy: number): void {
    const view = this.#view as Viewport;
    const from = this.#cursor ?? pixelAt(view, this.#canvasSize.width / 2, this.#canvasSize.height / 2);
    // Far out, a pixel is less than a point of the screen.
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
