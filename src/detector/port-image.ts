// The image of one port as the detector sent it, out of a stitched frame: rows in the order of the wire, no gaps,
// packed where the wire packs. Comes in: pixels of a frame, and where its ports had their places. Goes out: bytes, the
// inverse of placement; missing pixels have all bits set.

import { gapped, makeLayout, rowsFlipped } from './layout.js';
import type { Layout } from './layout.js';
import type { FramePlaces } from './pixel-states.js';
import type { DetectorSettings } from './settings.js';

interface Way {
  readonly layout: Layout;
  /** For each pixel of the port image, row by row, the index of its pixel in the frame. */
  readonly from: Int32Array;
}

const arrays = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array } as const;

/** Port images of one detector; remembers the ways of the places before. */
export class PortImages {
  readonly #settings: DetectorSettings;
  #key = '';
  #layout: Layout | null = null;
  readonly #ways = new Map<number, Way>();

  constructor(settings: DetectorSettings) {
    this.#settings = settings;
  }

  /**
   * What a port has sent of a frame.
   * @param pixels of the whole frame, C order, little endian, at an offset that is a multiple of a pixel
   */
  of(udpPort: number, places: FramePlaces, pixels: Uint8Array): Uint8Array<ArrayBuffer> {
    const { layout, from } = this.#way(udpPort, places);
    const bytes = layout.pixelBytes as keyof typeof arrays;
    const frame = new arrays[bytes](pixels.buffer as ArrayBuffer, pixels.byteOffset, pixels.length / bytes);
    const image = new arrays[bytes](from.length);
    for (let pixel = 0; pixel < from.length; pixel++) image[pixel] = frame[from[pixel]];
    if (layout.decode === 'copy') return new Uint8Array(image.buffer);
    return layout.wireBits === 12 ? packed12(image) : packed4(image, layout.lowNibbleFirst);
  }

  #way(udpPort: number, places: FramePlaces): Way {
    const key = JSON.stringify(places);
    if (key !== this.#key || this.#layout === null) {
      const { dynamicRange, readNRows } = places;
      this.#layout = makeLayout(this.#settings, { dynamicRange, readNRows });
      this.#ways.clear();
      this.#key = key;
    }
    const known = this.#ways.get(udpPort);
    if (known !== undefined) return known;
    const way = { layout: this.#layout, from: framePixels(this.#layout, udpPort, places) };
    this.#ways.set(udpPort, way);
    return way;
  }
}

function framePixels(layout: Layout, udpPort: number, { positions }: FramePlaces): Int32Array {
  const port = layout.ports.find((one) => one.udpPort === udpPort);
  if (port === undefined) throw new Error(`${udpPort} is no port of this detector`);
  const { profile, gapPixels, shape } = layout;
  const { rows, columns } = profile.portImage;
  const position = positions[udpPort] ?? port.expectedPosition;
  const place = layout.positions[position];
  const flip = rowsFlipped(layout, position, port.flip);
  const from = new Int32Array(rows * columns);
  for (let row = 0, at = 0; row < rows; row++) {
    const y = gapped(place.row * rows + (flip ? rows - 1 - row : row), gapPixels, profile, 'rows');
    for (let column = 0; column < columns; column++, at++)
      from[at] = y * shape[1] + gapped(place.column * columns + column, gapPixels, profile, 'columns');
  }
  return from;
}

/** Two pixels in three bytes: p0 = b0 | (b1 & 15) << 8, p1 = b1 >> 4 | b2 << 4. */
function packed12(image: Uint8Array | Uint16Array | Uint32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array((image.length / 2) * 3);
  for (let pixel = 0, at = 0; pixel < image.length; pixel += 2, at += 3) {
    const [first, second] = [image[pixel], image[pixel + 1]];
    bytes[at] = first & 255;
    bytes[at + 1] = ((first >> 8) & 15) | ((second & 15) << 4);
    bytes[at + 2] = (second >> 4) & 255;
  }
  return bytes;
}

function packed4(image: Uint8Array | Uint16Array | Uint32Array, lowFirst: boolean): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(image.length / 2);
  for (let pixel = 0; pixel < image.length; pixel += 2) {
    const [left, right] = [image[pixel] & 15, image[pixel + 1] & 15];
    bytes[pixel / 2] = lowFirst ? left | (right << 4) : (left << 4) | right;
  }
  return bytes;
}
