// A frame as a picture. Comes in: pixels, and what each of them is. Goes out: a PNG with a palette. Values are grey,
// from black for 0 to white for what a thousandth of them exceeds; what is no value has the colour that it has on the
// page. The text chunk `vdcu` says which value is white. For values use npy. Format: W3C, PNG, third edition.

import { deflateSync } from 'node:zlib';
import { assert } from '../base/assert.js';
import { pixelState } from '../detector/pixel-states.js';
import { pixelsOf } from './frame.js';
import type { ToldFrame } from './frame.js';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Steps of grey; entries of the palette behind them. */
const greys = 252;
export const paletteIndex = { white: greys - 1, masked: 252, saturated: 253, gap: 254, missing: 255 } as const;
const saturatedColour = [255, 0, 255] as const;
const gapColour = [150, 200, 255] as const;
const maskedColour = [0, 255, 190] as const;
const missingColour = [194, 24, 91] as const;

/** Share of the values below white; values that are looked at to find it. */
const whiteShare = 0.999;
const sampleLimit = 65536;

/** Of pixels without a value. */
const indexOfState: Readonly<Record<number, number>> = {
  [pixelState.missing]: paletteIndex.missing,
  [pixelState.unread]: paletteIndex.gap,
  [pixelState.gap]: paletteIndex.gap,
  [pixelState.masked]: paletteIndex.masked,
};

const depth = 8;
const indexedColour = 3;

export function png(frame: ToldFrame): Buffer {
  const { shape, states, saturation } = frame;
  const [rows, columns] = shape;
  const source = pixelsOf(frame);
  assert(source.length === rows * columns && states.length === source.length, 'every pixel has a value and a state');
  const white = whiteOf(source, states);
  // Each row begins with its filter: none.
  const lines = new Uint8Array(rows * (columns + 1));
  for (let row = 0, pixel = 0, at = 0; row < rows; row++) {
    at++;
    for (let column = 0; column < columns; column++, pixel++, at++) {
      const state = states[pixel];
      if (state !== pixelState.value) lines[at] = indexOfState[state];
      else if (source[pixel] === saturation) lines[at] = paletteIndex.saturated;
      else lines[at] = Math.min(paletteIndex.white, Math.round((source[pixel] * paletteIndex.white) / white));
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(columns, 0);
  head.writeUInt32BE(rows, 4);
  head.set([depth, indexedColour], 8);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('PLTE', palette()),
    chunk('tEXt', Buffer.from(`vdcu\0white = ${white}`, 'latin1')),
    chunk('IDAT', deflateSync(lines, { level: 1 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** The value that few exceed; at least 1. */
function whiteOf(source: ArrayLike<number>, states: Uint8Array): number {
  const step = Math.ceil(source.length / sampleLimit);
  const seen = new Uint32Array(Math.ceil(source.length / step));
  let count = 0;
  for (let pixel = 0; pixel < source.length; pixel += step)
    if (states[pixel] === pixelState.value) seen[count++] = source[pixel];
  const sorted = seen.subarray(0, count).sort();
  return Math.max(1, sorted[Math.min(count - 1, Math.floor(count * whiteShare))] ?? 1);
}

function palette(): Buffer {
  const colours = Buffer.alloc(256 * 3);
  for (let grey = 0; grey < greys; grey++) colours.fill(Math.round((grey * 255) / (greys - 1)), grey * 3, grey * 3 + 3);
  colours.set([...maskedColour, ...saturatedColour, ...gapColour, ...missingColour], greys * 3);
  return colours;
}

/** Length, name, data, check sum of name and data. */
function chunk(name: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(name, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

/** Reflected polynomial of CRC-32. */
const polynomial = 0xedb88320;

const remainders = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ ((remainder & 1) === 1 ? polynomial : 0);
  return remainder;
});

/** As `zlib.crc32`, which Node 20 has only in its later releases. */
function crc32(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) remainder = (remainder >>> 8) ^ remainders[(remainder ^ byte) & 0xff];
  return ~remainder >>> 0;
}
