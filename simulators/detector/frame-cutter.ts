// A stitched image cut into the port images that a detector would have sent, by the inverse of the geometry.

import type { DetectorSettings } from '../../src/detector/settings.js';
import { frameLayout } from './layout.js';
import type { FrameLayout } from './layout.js';
import { wireFormat } from './packet.js';
import type { PixelArray } from './pattern.js';

/** Rows and columns that images of a configuration may have: with gap pixels as the service stitches, and without. */
export function imageShapes(settings: DetectorSettings): (readonly [rows: number, columns: number])[] {
  const shapes = [true, false]
    .map((gapPixels) => frameLayout({ ...settings, gapPixels }))
    .map(({ rows, columns }) => [rows, columns] as const);
  return shapes[0]?.[0] === shapes[1]?.[0] && shapes[0]?.[1] === shapes[1]?.[1] ? shapes.slice(0, 1) : shapes;
}

/** Cuts images of one shape; holds the memory of one port image. */
export class FrameCutter {
  readonly #layout: FrameLayout;
  readonly #portColumns: number;
  readonly #most: number;
  readonly #port: PixelArray;
  /** Pixels above what the wire can carry, over all port images cut. */
  clipped = 0;

  /** @param shape one of `imageShapes` */
  constructor(settings: DetectorSettings, [rows, columns]: readonly [rows: number, columns: number]) {
    const { rows: portRows, columns: portColumns, pixelBytes, bits } = wireFormat(settings);
    const withGaps = frameLayout({ ...settings, gapPixels: true });
    this.#layout =
      withGaps.rows === rows && withGaps.columns === columns
        ? withGaps
        : frameLayout({ ...settings, gapPixels: false });
    this.#portColumns = portColumns;
    this.#most = 2 ** bits - 1;
    this.#port =
      pixelBytes === 1
        ? new Uint8Array(portRows * portColumns)
        : pixelBytes === 2
          ? new Uint16Array(portRows * portColumns)
          : new Uint32Array(portRows * portColumns);
  }

  /**
   * The image of one port. Values that the wire cannot carry become its largest, as in a detector that saturates.
   * @param image rows × columns pixels
   * @returns valid until the next call
   */
  cut(image: PixelArray, portIndex: number): PixelArray {
    const { columns, ports } = this.#layout;
    const { y, pieces } = ports[portIndex];
    const most = this.#most;
    for (let row = 0; row < y.length; row++) {
      for (const piece of pieces) {
        let from = y[row] * columns + piece.x;
        let to = row * this.#portColumns + piece.column;
        for (const end = to + piece.length; to < end; to++, from++) {
          const value = image[from];
          if (value > most) this.clipped++;
          this.#port[to] = value > most ? most : value;
        }
      }
    }
    return this.#port;
  }
}
