// Images as detectors see them, for encoders: counts by Poisson's law, hot pixels, gaps, holes; and those that hurt.

import type { Random } from '../../src/base/random.js';

export const contents = [
  'mean 0.1',
  'mean 1',
  'mean 5',
  'mean 20',
  'noise',
  'all 0',
  'all missing',
  'a ramp',
  'holes',
] as const;
export type Content = (typeof contents)[number];

const hot = 1e-4;

/**
 * Bytes of an image, little endian, C order.
 * @param size bytes of a pixel
 */
export function imageOf(random: Random, content: Content, [rows, columns]: readonly [number, number], size: number) {
  const image =
    size === 1 ? new Uint8Array(rows * columns) : new (size === 2 ? Uint16Array : Uint32Array)(rows * columns);
  const top = 2 ** (8 * size);
  const mean = Number(/^mean (.*)/.exec(content)?.[1] ?? 2);
  const counts = poisson(random, mean);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      if (content === 'noise') image[at] = random.integer(top);
      else if (content === 'all missing') image[at] = top - 1;
      else if (content === 'a ramp') image[at] = at % top;
      else if (content !== 'all 0') {
        const gap = rows > 8 && columns > 8 && ((row + 1) >> 1 === rows >> 2 || (column + 1) >> 1 === columns >> 2);
        const hole = content === 'holes' && (row >> 2) % 5 === 1;
        image[at] = gap ? 0 : hole ? top - 1 : random.chance(hot) ? random.integer(top) : counts();
      }
    }
  return new Uint8Array(image.buffer);
}

/** Counts of a pixel, drawn from a table: fast enough for frames of ten million pixels. */
function poisson(random: Random, mean: number): () => number {
  const table = Array.from({ length: 4096 }, () => {
    const limit = Math.exp(-mean);
    let count = -1;
    for (let product = 1; product > limit; product *= random.next()) count++;
    return count;
  });
  return () => table[random.integer(table.length)];
}
