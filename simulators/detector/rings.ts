// A picture that a person recognises, as a closed formula: a beam, rings around it, spots on them, saturated where it
// is brightest, with noise that differs from frame to frame (docs/simulator.md). No image has to be stored.

import type { DetectorSettings } from '../../src/detector/settings.js';
import { frameLayout } from './layout.js';
import { wireFormat } from './packet.js';
import type { WireFormat } from './packet.js';
import { imageSeed, rowSeed, writePixels } from './pattern.js';
import type { PixelArray } from './pattern.js';

/** Where the beam hits, as shares of the frame's rows and columns: beside the gaps. */
const beam = { y: 0.46, x: 0.53 } as const;
/** Radii of the rings as shares of the shorter side, and how bright they are. */
const rings: readonly (readonly [radius: number, height: number])[] = [
  [0.13, 2600],
  [0.22, 1500],
  [0.31, 900],
  [0.43, 500],
];
/** Spots: on which ring, at which angle in degrees, how bright. The brightest saturate. */
const spots: readonly (readonly [ring: number, angle: number, height: number])[] = [
  [0, 20, 30_000],
  [0, 140, 9000],
  [1, 75, 90_000],
  [1, 200, 12_000],
  [1, 310, 25_000],
  [2, 40, 8000],
  [2, 165, 70_000],
  [2, 255, 15_000],
  [3, 110, 5000],
  [3, 350, 20_000],
];
const background = 60;
const beamHeight = 400_000;
const most16 = 65535;

/** What does not change from frame to frame at row `y`, column `x` of a frame of this shape, 16 bit. */
export function ringsBase(y: number, x: number, rows: number, columns: number): number {
  const side = Math.max(8, Math.min(rows, columns));
  const dy = y - beam.y * rows;
  const dx = x - beam.x * columns;
  const distance = Math.hypot(dy, dx) / side;
  const bell = (from: number, width: number): number => Math.exp(-((from / width) ** 2));
  let value = background + beamHeight * bell(distance, 0.012) + 3000 * bell(distance, 0.12);
  for (const [radius, height] of rings) value += height * bell(distance - radius, 0.008);
  for (const [ring, angle, height] of spots) {
    const [radius] = rings[ring];
    const turn = (angle * Math.PI) / 180;
    value += height * bell(Math.hypot(dy / side - radius * Math.sin(turn), dx / side - radius * Math.cos(turn)), 0.007);
  }
  return Math.min(most16, Math.round(value));
}

/** The picture of one configuration; holds the memory of one port image. */
export class Rings {
  readonly #format: WireFormat;
  readonly #bases: readonly Uint16Array[];
  readonly #noise: Uint16Array;
  readonly #image: PixelArray;

  constructor(settings: DetectorSettings) {
    const format = wireFormat(settings);
    const layout = frameLayout(settings);
    const pixels = format.rows * format.columns;
    this.#format = format;
    this.#noise = new Uint16Array(pixels);
    this.#image =
      format.pixelBytes === 1
        ? new Uint8Array(pixels)
        : format.pixelBytes === 2
          ? new Uint16Array(pixels)
          : new Uint32Array(pixels);
    this.#bases = layout.ports.map(({ y, pieces }) => {
      const base = new Uint16Array(pixels);
      y.forEach((frameRow, row) => {
        for (const { column, x, length } of pieces)
          for (let at = 0; at < length; at++)
            base[row * format.columns + column + at] = ringsBase(frameRow, x + at, layout.rows, layout.columns);
      });
      return base;
    });
  }

  /**
   * Pixels of one port image as the detector sends them: base + the noise of up to four roots of it, as 16 bit, then
   * the upper bits where the detector has fewer. Valid until the next call.
   */
  portImage(portIndex: number, frameNumber: number): PixelArray {
    const { rows, columns, bits } = this.#format;
    const noise = this.#noise;
    const image = this.#image;
    const base = this.#bases[portIndex];
    const seed = imageSeed(frameNumber, portIndex);
    for (let row = 0; row < rows; row++) writePixels(noise, row * columns, columns, rowSeed(seed, row), 0, 16);
    const shift = Math.max(0, 16 - bits);
    for (let at = 0; at < image.length; at++) {
      const value = base[at] + ((noise[at] * roots[base[at]]) >>> 16);
      image[at] = (value > most16 ? most16 : value) >>> shift;
    }
    return image;
  }
}

/** Four square roots, rounded down. */
const roots = Uint16Array.from({ length: most16 + 1 }, (_, value) => Math.floor(4 * Math.sqrt(value)));
