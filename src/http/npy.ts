// numpy's file format for the last frame: `numpy.load` reads it without unpickling anything. Format: NEP 1, version
// 1.0.

import { assert } from '../base/assert.js';
import { pixelBytes } from '../detector/pixel-type.js';
import type { PixelType } from '../detector/pixel-type.js';

const descriptions: Readonly<Record<PixelType, string>> = { uint8: '|u1', uint16: '<u2', uint32: '<u4' };

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0] as const;

/** The .npy file of an array in C order, little endian: `pixels` must be exactly `shape` × the bytes of `type`. */
export function npy(pixels: Uint8Array, type: PixelType, shape: readonly number[]): Buffer {
  assert(
    pixels.length === shape.reduce((product, extent) => product * extent, 1) * pixelBytes[type],
    'pixels fill the shape',
  );
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dictionary = `{'descr': '${descriptions[type]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // Magic, length and dictionary with its line feed together are a multiple of 64 bytes, so that data can be mapped.
  const before = magic.length + 2;
  const total = Math.ceil((before + dictionary.length + 1) / 64) * 64;
  const head = Buffer.alloc(total, ' ');
  head.set(magic);
  head.writeUInt16LE(total - before, magic.length);
  head.write(dictionary, before, 'latin1');
  head[total - 1] = 0x0a;
  return Buffer.concat([head, pixels]);
}
