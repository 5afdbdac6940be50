// Which part of the frame is on the canvas, and how large. Pure.
// Tested by test/page/pixels.test.ts.

/** Frame pixel at the upper left corner of the canvas, and canvas pixels per frame pixel. */
export interface Viewport {
  readonly left: number;
  readonly top: number;
  readonly scaleX: number;
  readonly scaleY: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Canvas pixels per frame pixel, at most. */
const largestScale = 64;
/**
 * Strip detectors have frames of one row, which could not be seen: frames are stretched to this part of the canvas'
 * height.
 */
const leastHeight = 1 / 6;

/** All of the frame, in the middle. */
export function fit(frame: Size, canvas: Size): Viewport {
  const scaleX = Math.min(canvas.width / frame.width, canvas.height / frame.height);
  const scaleY = Math.max(scaleX, (canvas.height * leastHeight) / frame.height);
  return {
    left: (frame.width - canvas.width / scaleX) / 2,
    top: (frame.height - canvas.height / scaleY) / 2,
    scaleX,
    scaleY,
  };
}

/** Larger (factor > 1) or smaller around a point of the canvas. */
export function zoom(view: Viewport, factor: number, x: number, y: number, frame: Size, canvas: Size): Viewport {
  const least = fit(frame, canvas);
  const wanted = Math.max(least.scaleX, Math.min(Math.max(largestScale, least.scaleX), view.scaleX * factor));
  const by = wanted / view.scaleX;
  const scaleY = view.scaleY * by;
  return keepInside(
    {
      left: view.left + x / view.scaleX - x / wanted,
      top: view.top + y / view.scaleY - y / scaleY,
      scaleX: wanted,
      scaleY,
    },
    frame,
    canvas,
  );
}

/** Moved by canvas pixels: the frame follows the hand. */
export function pan(view: Viewport, dx: number, dy: number, frame: Size, canvas: Size): Viewport {
  return keepInside({ ...view, left: view.left - dx / view.scaleX, top: view.top - dy / view.scaleY }, frame, canvas);
}

/** Frame pixel under a point of the canvas; may lie outside the frame. */
export function pixelAt(view: Viewport, x: number, y: number): { row: number; column: number } {
  return { row: Math.floor(view.top + y / view.scaleY), column: Math.floor(view.left + x / view.scaleX) };
}

/** Rows and columns of the frame that can be seen. */
export function visible(
  view: Viewport,
  frame: Size,
  canvas: Size,
): { rows: readonly [number, number]; columns: readonly [number, number] } {
  const span = (from: number, length: number, end: number): readonly [number, number] => [
    Math.max(0, Math.floor(from)),
    Math.min(end, Math.ceil(from + length)) - 1,
  ];
  return {
    rows: span(view.top, canvas.height / view.scaleY, frame.height),
    columns: span(view.left, canvas.width / view.scaleX, frame.width),
  };
}

function keepInside(view: Viewport, frame: Size, canvas: Size): Viewport {
  const along = (from: number, shown: number, length: number): number =>
    shown >= length ? (length - shown) / 2 : Math.max(0, Math.min(length - shown, from));
  return {
    ...view,
    left: along(view.left, canvas.width / view.scaleX, frame.width),
    top: along(view.top, canvas.height / view.scaleY, frame.height),
  };
}
