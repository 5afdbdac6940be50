// Mouse, wheel, fingers and keys on the canvas of the frame, as what they mean: move, zoom, show all, point at. Lengths
// are canvas pixels.
// Tested by test/threads/page.test.ts.

const wheelStep = 1.0015;
const keyStep = 1.25;
const panStep = 40;

export interface FrameInput {
  pan(dx: number, dy: number): void;
  zoom(factor: number, x: number, y: number): void;
  zoomMiddle(factor: number): void;
  fit(): void;
  /** The cursor is here; null = it has left. */
  point(at: readonly [x: number, y: number] | null): void;
  /** The cursor by keys, one step each: −1, 0, 1. */
  step(dx: number, dy: number): void;
  /** Whether a held button draws; otherwise it moves the view. */
  draws(): boolean;
  /** From where the button was pressed to where the pointer is. */
  draw(from: readonly [x: number, y: number], to: readonly [x: number, y: number]): void;
}

/** Arrows move the view, with Shift the cursor; + and − zoom; 0 shows all. Two fingers zoom and move, one points. */
export function listen(canvas: HTMLCanvasElement, input: FrameInput): void {
  const at = (event: MouseEvent): [number, number] => [
    event.offsetX * window.devicePixelRatio,
    event.offsetY * window.devicePixelRatio,
  ];
  const held = new Map<number, [number, number]>();
  let drawnFrom: [number, number] | null = null;
  canvas.addEventListener('pointerdown', (event) => {
    held.set(event.pointerId, at(event));
    if (event.pointerType === 'mouse' || input.draws()) canvas.setPointerCapture(event.pointerId);
    drawnFrom = input.draws() && held.size === 1 && event.button === 0 ? at(event) : null;
    if (drawnFrom !== null) input.draw(drawnFrom, drawnFrom);
  });
  canvas.addEventListener('pointermove', (event) => {
    const now = at(event);
    const before = held.get(event.pointerId);
    const other = [...held].find(([pointer]) => pointer !== event.pointerId)?.[1];
    if (before !== undefined) held.set(event.pointerId, now);
    if (before !== undefined && other !== undefined) pinch(input, before, now, other);
    else if (before !== undefined && drawnFrom !== null) input.draw(drawnFrom, now);
    else if (before !== undefined && event.pointerType === 'mouse') input.pan(now[0] - before[0], now[1] - before[1]);
    input.point(now);
  });
  for (const name of ['pointerup', 'pointercancel'] as const)
    canvas.addEventListener(name, ({ pointerId }) => {
      drawnFrom = null;
      held.delete(pointerId);
    });
  canvas.addEventListener('pointerleave', ({ pointerId, pointerType }) => {
    held.delete(pointerId);
    // What a finger has pointed at stays to be read.
    if (pointerType === 'mouse') input.point(null);
  });
  canvas.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      input.zoom(wheelStep ** (-event.deltaY * lines), ...at(event));
    },
    { passive: false },
  );
  // A finger that moves over the canvas moves the page; two belong to the canvas.
  canvas.addEventListener(
    'touchmove',
    (event) => {
      if (event.touches.length > 1 || input.draws()) event.preventDefault();
    },
    { passive: false },
  );
  canvas.addEventListener('dblclick', () => input.fit());
  canvas.addEventListener('keydown', (event) => {
    if (key(input, event)) event.preventDefault();
  });
}

/** One of two fingers has moved. */
function pinch(
  input: FrameInput,
  before: readonly [number, number],
  now: readonly [number, number],
  other: readonly [number, number],
): void {
  const distance = ([x, y]: readonly [number, number]): number => Math.max(1, Math.hypot(x - other[0], y - other[1]));
  input.zoom(distance(now) / distance(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  input.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
}

const arrows: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** @returns whether the key was ours */
function key(input: FrameInput, event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const arrow = arrows[event.key];
  if (arrow !== undefined && event.shiftKey) input.step(...arrow);
  else if (arrow !== undefined) input.pan(-arrow[0] * panStep, -arrow[1] * panStep);
  else if (event.key === '+' || event.key === '=') input.zoomMiddle(keyStep);
  else if (event.key === '-') input.zoomMiddle(1 / keyStep);
  else if (event.key === '0') input.fit();
  else return false;
  return true;
}
