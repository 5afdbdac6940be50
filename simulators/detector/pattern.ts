// The pixel values that a simulated detector sends, so that no image has to be stored: a closed formula of frame
// number, port, row and column. docs/simulator.md has the formula and some values.

/** Pixels in host byte order, which is little endian on every machine this runs on. */
export type PixelArray = Uint8Array | Uint16Array | Uint32Array;

const columnStep = 0x9e3779b1;
const rowStep = 0x85ebca77;
const spread = 0xc2b2ae3d;

/**
 * A bijection of the 32-bit integers that scatters neighbours (the finalizer of MurmurHash3). Takes and gives any
 * int32.
 */
export function mix32(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/**
 * What all pixels of one port image have in common.
 * @param frameNumber integer, 0 … 2⁵³ − 1
 * @param portIndex index into `udpPorts`
 */
export function imageSeed(frameNumber: number, portIndex: number): number {
  const high = Math.floor(frameNumber / 4294967296);
  return mix32((frameNumber | 0) ^ mix32((Math.imul(high, columnStep) + portIndex + 1) | 0));
}

/** What all pixels of one row of a port image have in common; rows count as received, before any flip. */
export function rowSeed(image: number, row: number): number {
  return mix32((image + Math.imul(row, rowStep)) | 0);
}

/**
 * One pixel. Slow: for a few pixels, examples and tests.
 * @param bits bit depth 1 … 32; the value is the upper bits of a 32-bit one
 */
export function pixelValue(frameNumber: number, portIndex: number, row: number, column: number, bits: number): number {
  const mixed = rowSeed(imageSeed(frameNumber, portIndex), row) + Math.imul(column, columnStep);
  return Math.imul(mixed ^ (mixed >>> 15), spread) >>> (32 - bits);
}

/**
 * Hot: write `count` pixels of the row with seed `row`, from `firstColumn` on, to `target` from element `offset` on.
 */
export function writePixels(
  target: PixelArray,
  offset: number,
  count: number,
  row: number,
  firstColumn: number,
  bits: number,
): void {
  const shift = 32 - bits;
  let mixed = (row + Math.imul(firstColumn, columnStep)) | 0;
  for (let at = offset, end = offset + count; at < end; at++) {
    target[at] = Math.imul(mixed ^ (mixed >>> 15), spread) >>> shift;
    mixed = (mixed + columnStep) | 0;
  }
}

/** Hot: the first element from `offset` on that is not the formula's value, or −1 when all `count` are right. */
export function firstWrongPixel(
  pixels: PixelArray,
  offset: number,
  count: number,
  row: number,
  firstColumn: number,
  bits: number,
): number {
  const shift = 32 - bits;
  let mixed = (row + Math.imul(firstColumn, columnStep)) | 0;
  for (let at = offset, end = offset + count; at < end; at++) {
    if (pixels[at] !== Math.imul(mixed ^ (mixed >>> 15), spread) >>> shift) return at;
    mixed = (mixed + columnStep) | 0;
  }
  return -1;
}
