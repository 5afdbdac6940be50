// What is drawn over the image: pixel numbers at its edges, borders of ports in the colour of their loss, rings around
// the beam, the line or rectangle that is measured, and the cursor of the keys. Lengths are canvas pixels.
// Tested by test/threads/page-data.test.ts.

import type { Settings, Span } from './address.js';
import type { PortPlace } from './messages.js';
import type { Place } from './profile.js';
import { ticks } from './ticks.js';
import type { Size, Viewport } from './viewport.js';
import { visible } from './viewport.js';

/** A port, and the colour of its loss now; null = nothing is missing. */
export interface DrawnPort extends PortPlace {
  readonly loss: string | null;
}

export interface Drawn {
  readonly settings: Settings;
  readonly ports: readonly DrawnPort[];
  /** Cursor that was moved by keys; null = there is none. */
  readonly cursor: Place | null;
}

type Context = CanvasRenderingContext2D;

const font = (): string => `${Math.round(11 * devicePixelRatio)}px system-ui, "DejaVu Sans", sans-serif`;

/** Light inside dark: seen upon every colour. */
function stroke(context: Context, path: () => void, colour = '#fff', width = 1.5): void {
  for (const [wide, ink] of [
    [width + 2, '#000a'],
    [width, colour],
  ] as const) {
    context.lineWidth = wide * devicePixelRatio;
    context.strokeStyle = ink;
    context.beginPath();
    path();
    context.stroke();
  }
}

function write(context: Context, text: string, x: number, y: number): void {
  context.lineWidth = 3 * devicePixelRatio;
  context.strokeStyle = '#000c';
  context.strokeText(text, x, y);
  context.fillStyle = '#fff';
  context.fillText(text, x, y);
}

export function drawOverlay(context: Context, view: Viewport, frame: Size, canvas: Size, drawn: Drawn): void {
  const { settings, ports, cursor } = drawn;
  context.save();
  context.font = font();
  context.lineJoin = 'round';
  if (settings.ports) drawPorts(context, view, ports);
  drawRings(context, view, settings);
  if (settings.tool !== 'rectangle' && settings.line !== null) drawLine(context, view, settings.line);
  if (settings.rectangle !== null) drawRectangle(context, view, settings.rectangle);
  if (settings.axes) drawAxes(context, view, frame, canvas);
  if (cursor !== null) drawCross(context, ...at(view, cursor));
  context.restore();
}

/** Middle of a pixel of the frame on the canvas. */
const at = ({ left, top, scaleX, scaleY }: Viewport, { row, column }: Place): [number, number] => [
  (column + 0.5 - left) * scaleX,
  (row + 0.5 - top) * scaleY,
];

function drawAxes(context: Context, view: Viewport, frame: Size, canvas: Size): void {
  const { rows, columns } = visible(view, frame, canvas);
  const length = 5 * devicePixelRatio;
  const apart = 70 * devicePixelRatio;
  const left = Math.max(0, -view.left * view.scaleX);
  const bottom = Math.min(canvas.height, (frame.height - view.top) * view.scaleY);
  context.textAlign = 'center';
  context.textBaseline = 'bottom';
  const width = (columns[1] - columns[0]) * view.scaleX;
  for (const column of ticks(columns[0], columns[1], Math.max(1, width / apart))) {
    const [x] = at(view, { row: 0, column });
    stroke(context, () => (context.moveTo(x, bottom), context.lineTo(x, bottom - length)), '#fff', 1);
    if (x - left > apart / 3) write(context, String(column), x, bottom - length);
  }
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  const height = (rows[1] - rows[0]) * view.scaleY;
  for (const row of ticks(rows[0], rows[1], Math.max(1, height / apart))) {
    const [, y] = at(view, { row, column: 0 });
    stroke(context, () => (context.moveTo(left, y), context.lineTo(left + length, y)), '#fff', 1);
    if (bottom - y > apart / 4) write(context, String(row), left + length + 3, y);
  }
}

/** The whole border of a port is in the colour of what it loses, thicker when it loses anything. */
function drawPorts(context: Context, { left, top, scaleX, scaleY }: Viewport, ports: readonly DrawnPort[]): void {
  context.textAlign = 'left';
  context.textBaseline = 'top';
  for (const { udp_port: port, frame_rows: rows, frame_columns: columns, loss, off } of ports) {
    const width = (columns[1] - columns[0] + 1) * scaleX;
    const height = (rows[1] - rows[0] + 1) * scaleY;
    const x = (columns[0] - left) * scaleX;
    const y = (rows[0] - top) * scaleY;
    const inset = (loss === null ? 1 : 3) * devicePixelRatio;
    stroke(
      context,
      () => context.rect(x + inset, y + inset, width - 2 * inset, height - 2 * inset),
      loss ?? '#fff',
      loss === null ? 1 : 4,
    );
    write(context, `${port}${off ? ' (off)' : ''}`, x + 8 * devicePixelRatio, y + 8 * devicePixelRatio);
  }
}

function drawRings(context: Context, view: Viewport, { centre, rings }: Settings): void {
  if (centre === null) return;
  const [x, y] = at(view, centre);
  drawCross(context, x, y);
  context.textAlign = 'left';
  context.textBaseline = 'bottom';
  for (const radius of rings) {
    const [wide, high] = [radius * view.scaleX, radius * view.scaleY];
    stroke(context, () => context.ellipse(x, y, wide, high, 0, 0, 2 * Math.PI));
    write(context, String(radius), x + wide * Math.SQRT1_2 + 4, y - high * Math.SQRT1_2);
  }
}

function drawLine(context: Context, view: Viewport, { from, to }: Span): void {
  const [start, end] = [at(view, from), at(view, to)];
  stroke(context, () => (context.moveTo(...start), context.lineTo(...end)), '#ffd84d', 2);
}

/** Around whole pixels, both corners included. */
function drawRectangle(context: Context, { left, top, scaleX, scaleY }: Viewport, span: Span): void {
  const { rows, columns } = sidesOf(span);
  stroke(
    context,
    () =>
      context.rect(
        (columns[0] - left) * scaleX,
        (rows[0] - top) * scaleY,
        (columns[1] - columns[0] + 1) * scaleX,
        (rows[1] - rows[0] + 1) * scaleY,
      ),
    '#ffd84d',
    2,
  );
}

/** First and last row and column of a rectangle, however it was drawn. */
export function sidesOf({ from, to }: Span): {
  readonly rows: readonly [number, number];
  readonly columns: readonly [number, number];
} {
  const sorted = (one: number, other: number): [number, number] => [Math.min(one, other), Math.max(one, other)];
  return { rows: sorted(from.row, to.row), columns: sorted(from.column, to.column) };
}

function drawCross(context: Context, x: number, y: number): void {
  const [near, far] = [4 * devicePixelRatio, 14 * devicePixelRatio];
  stroke(
    context,
    () => {
      for (const side of [-1, 1]) {
        context.moveTo(x + side * near, y);
        context.lineTo(x + side * far, y);
        context.moveTo(x, y + side * near);
        context.lineTo(x, y + side * far);
      }
    },
    '#fff',
    2,
  );
}
