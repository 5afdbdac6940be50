// Chunks of HDF5 that are compressed already, written as they are. Comes in: a dataset made for them, a chunk. Goes
// out: the same bytes in the file, below the filter that reads them (32008, bitshuffle with LZ4). How the library is
// brought to that: direct.wat. It opens and closes the dataset in each call, so nothing waits in its cache for
// the filter when the call returns.

import { assert } from '../../src/base/assert.js';
import type { Dataset, Hdf5Writer } from './hdf5.js';
import { pixelsOf } from './pixel-kinds.js';
import type { PixelKind, Pixels } from './pixel-kinds.js';

export const bitshuffleFilter = 32008;

/**
 * How a dataset of such chunks is made: HDF5's number of the filter, and what bitshuffle says of itself: version 0.4,
 * bytes of a pixel, blocks of the usual size, LZ4.
 */
export const bitshuffled = (pixelBytes: number): { compression: number; compression_opts: number[] } => ({
  compression: bitshuffleFilter,
  compression_opts: [0, 4, pixelBytes, 0, 2],
});

/** Bytes that an image has at least: address and length of its chunk, and the mark, stand in its place. */
export const leastBytes = 16;

/** Says that no pixels follow; eight letters. */
const mark = 'as it is';

export class DirectChunks {
  readonly #writer: Hdf5Writer;
  readonly #images: Pixels;
  readonly #given: Uint32Array;
  /** Room for a chunk in the library's memory. */
  #room = { at: 0, bytes: 0 };

  /** For images of so many pixels, of `leastBytes` together. */
  constructor(writer: Hdf5Writer, pixels: number, kind: PixelKind) {
    assert(pixels * kind.bytes >= leastBytes, 'an image is too small to say where its chunk lies');
    const bytes = new Uint8Array(pixels * kind.bytes);
    this.#writer = writer;
    this.#images = pixelsOf(bytes, kind);
    this.#given = new Uint32Array(bytes.buffer, 0, 2);
    new TextEncoder().encodeInto(mark, bytes.subarray(8));
  }

  /**
   * Image `at` of the dataset, which has room for it.
   * @param dimensions of the dataset
   * @throws what the library throws
   */
  write(dataset: Dataset, at: number, dimensions: number, chunk: Uint8Array): void {
    const { module } = this.#writer;
    if (this.#room.bytes < chunk.length) {
      if (this.#room.at !== 0) module._free(this.#room.at);
      const bytes = 2 * chunk.length;
      this.#room = { at: module._malloc(bytes), bytes };
      if (this.#room.at === 0) throw new Error('Cannot allocate memory');
    }
    module.HEAPU8.set(chunk, this.#room.at);
    this.#given.set([this.#room.at, chunk.length]);
    const all = Array.from({ length: dimensions - 1 }, (): [] => []);
    dataset.write_slice([[at, at + 1], ...all], this.#images);
  }

  close(): void {
    if (this.#room.at !== 0) this.#writer.module._free(this.#room.at);
    this.#room = { at: 0, bytes: 0 };
  }
}
