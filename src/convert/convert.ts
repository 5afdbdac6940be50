// An HDF5 file with its stacks of images compressed, or unpacked, as a new file. Comes in: a file, where to, how many
// threads. Goes out: the complete new file, or nothing: until it is complete it has another name. A pool of threads
// (piscina) reads and compresses; here images are written, in order. At most twice as many images as threads are in
// memory.

import { closeSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { Piscina } from 'piscina';
import { assert } from '../base/assert.js';
import { exitCode, OperatorError } from '../base/errors.js';
import { systemClock } from '../base/clock.js';
import type { Compression } from '../contract/compressions.js';
import { frameBytesLimit } from '../../simulators/files/disk-reserve.js';
import { bitshuffled, bitshuffleFilter, DirectChunks, leastBytes } from '../../simulators/files/direct-chunks.js';
import {
  closeQuietly,
  createForWriting,
  existsAlready,
  hdf5Reason,
  loadWriter,
  openForReading,
  refuseExisting,
} from '../../simulators/files/hdf5.js';
import type { Dataset, H5File } from '../../simulators/files/hdf5.js';
import { pixelsOf } from '../../simulators/files/pixel-kinds.js';
import type { ImageTask, Unreadable } from './convert-worker.js';
import { readTree } from './copy-tree.js';
import type { Stack, Tree } from './copy-tree.js';

export interface ConvertOptions {
  readonly file: string;
  /** A file that does not exist yet. */
  readonly out: string;
  /** How images are compressed in the new file. */
  readonly to: Compression;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** Called after each image. */
  readonly onProgress?: (report: ConvertReport) => void;
}

/** What was done so far. */
export interface ConvertReport {
  readonly stacks: readonly Pick<Stack, 'path' | 'images' | 'shape'>[];
  /** Of all stacks, and written so far. */
  readonly imagesInAll: number;
  readonly images: number;
  /** Bytes of their pixels. */
  readonly pixelBytes: number;
  /** Bytes of both files; of the new one 0 until it is done. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly elapsedMs: number;
  /** What is of another type in the new file, one sentence each. */
  readonly changed: readonly string[];
}

/** Ending of a file that is not done. */
const partSuffix = '.part';

/**
 * Convert a file.
 * @throws OperatorError for a file that is none, has nothing to convert, or has what cannot be copied (usage); one that
 * cannot be read or written (environment); an interruption (interrupted). Nothing of the new file is left then.
 */
export async function convertFile(options: ConvertOptions): Promise<ConvertReport> {
  const { file, out, to, threads, signal } = options;
  refuseExisting(out);
  const source = await openForReading(file);
  const part = `${out}${partSuffix}`;
  let made: H5File | null = null;
  let pool: Piscina | null = null;
  try {
    const tree = await readTree(source);
    needWork(file, tree, to);
    made = await createForWriting(part);
    pool = new Piscina({
      filename: new URL('convert-worker.js', import.meta.url).href,
      // Threads that rest are kept: each has loaded the library, and has the file open.
      minThreads: threads,
      maxThreads: threads,
    });
    const report = await new Conversion(options, tree, pool, made).run();
    made.close();
    takeName(part, out);
    made = null;
    return { ...report, bytesAfter: statSync(out).size };
  } catch (error) {
    if (made !== null) {
      closeQuietly(made);
      rmSync(part, { force: true });
    }
    if (signal.aborted) throw new OperatorError('interrupted; nothing is left of the new file', exitCode.interrupted);
    // What the library throws is an Error as such; a mistake in the program has a name of its own.
    if (error instanceof OperatorError || (error instanceof Error && error.name !== 'Error')) throw error;
    throw new OperatorError(
      `${out}: cannot be written (${hdf5Reason(error)}); nothing is left of it. Make room, or write to another disk`,
      exitCode.environment,
      { cause: error },
    );
  } finally {
    source.close();
    await pool?.destroy();
  }
}

function needWork(file: string, { stacks }: Tree, to: ConvertOptions['to']): void {
  if (stacks.length === 0)
    throw new OperatorError(
      `${file}: has no stack of images: needs a dataset of three dimensions or more, of integers up to 32 bit ` +
        'or float32',
      exitCode.usage,
    );
  const done = stacks.every(({ filters }) =>
    to === 'none' ? filters.length === 0 : filters.length === 1 && filters[0] === bitshuffleFilter,
  );
  if (done)
    throw new OperatorError(
      `${file}: its images are ${to === 'none' ? 'not compressed' : 'compressed with bitshuffle'} already. Give ` +
        `--to ${to === 'none' ? 'bslz4' : 'none'}, or leave it as it is`,
      exitCode.usage,
    );
}

/** Give the file that is done its name, unless another one has come by it meanwhile: renaming would overwrite that. */
function takeName(part: string, out: string): void {
  try {
    closeSync(openSync(out, 'wx'));
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? existsAlready(out) : error;
  }
  try {
    renameSync(part, out);
  } catch (error) {
    rmSync(out, { force: true });
    throw error;
  }
}

class Conversion {
  readonly #options: ConvertOptions;
  readonly #tree: Tree;
  readonly #pool: Piscina;
  readonly #made: H5File;
  readonly #begin = systemClock.now();
  readonly #bytesBefore: number;
  readonly #bytesLimit = frameBytesLimit();
  #images = 0;
  #pixelBytes = 0;
  #written = 0;

  constructor(options: ConvertOptions, tree: Tree, pool: Piscina, made: H5File) {
    this.#options = options;
    this.#tree = tree;
    this.#pool = pool;
    this.#made = made;
    this.#bytesBefore = statSync(options.file).size;
  }

  async run(): Promise<ConvertReport> {
    const datasets = new Map<Stack, Dataset>();
    this.#tree.copy(this.#made, (stack, group, name) => {
      const { shape, kind, images, imagesMost } = stack;
      const made = group.create_dataset({
        name,
        data: pixelsOf(new Uint8Array(0), kind),
        shape: [0, ...shape],
        maxshape: [imagesMost, ...shape],
        chunks: [1, ...shape],
        dtype: kind.dtype,
        ...(this.#compresses(stack) ? bitshuffled(kind.bytes) : {}),
      });
      made.resize([images, ...shape]);
      datasets.set(stack, made);
    });
    for (const [stack, dataset] of datasets) await this.#fill(stack, dataset);
    this.#made.flush();
    return this.#report();
  }

  /** Images that are too small for a chunk stay as they are. */
  #compresses({ shape, kind }: Stack): boolean {
    return this.#options.to === 'bslz4' && bytesOf(shape, kind.bytes) >= leastBytes;
  }

  async #fill(stack: Stack, dataset: Dataset): Promise<void> {
    const { file, signal, threads, onProgress } = this.#options;
    const { path, images, shape, kind } = stack;
    const compress = this.#compresses(stack);
    const pixels = bytesOf(shape, 1);
    const chunks = compress ? new DirectChunks(await loadWriter(), pixels, kind) : null;
    const task = { file, dataset: path, dimensions: shape.length + 1, pixelBytes: kind.bytes };
    const underWay: Promise<Uint8Array | Unreadable>[] = [];
    const ask = (index: number): void => {
      const image = this.#pool.run({ ...task, index, compress } satisfies ImageTask) as Promise<
        Uint8Array | Unreadable
      >;
      // One that fails while an earlier one is awaited is heard of when its turn comes.
      image.catch(() => undefined);
      underWay.push(image);
    };
    try {
      for (let index = 0, asked = 0; index < images; index++) {
        while (asked < images && underWay.length < 2 * threads) ask(asked++);
        const bytes = await underWay.shift();
        signal.throwIfAborted();
        assert(bytes !== undefined, 'an image was not asked for');
        if ('unreadable' in bytes)
          throw new OperatorError(
            `${file} ${path}: image ${index} cannot be read (${bytes.unreadable}); nothing is left of the new file. ` +
              'Give a complete file, compressed with a filter of h5wasm-plugins',
            exitCode.environment,
          );
        this.#written += bytes.length;
        if (this.#written > this.#bytesLimit) throw new Error('the limit of file sizes is reached: ulimit -f');
        if (chunks !== null) chunks.write(dataset, index, shape.length + 1, bytes);
        else dataset.write_slice([[index, index + 1], ...shape.map((): [] => [])], pixelsOf(bytes, kind));
        this.#images++;
        this.#pixelBytes += pixels * kind.bytes;
        onProgress?.(this.#report());
      }
    } finally {
      // A pool that ends while its threads answer would call that an error.
      await Promise.allSettled(underWay);
    }
    chunks?.close();
  }

  #report(): ConvertReport {
    const { stacks, changed } = this.#tree;
    return {
      stacks: stacks.map(({ path, images, shape }) => ({ path, images, shape })),
      imagesInAll: stacks.reduce((sum, { images }) => sum + images, 0),
      images: this.#images,
      pixelBytes: this.#pixelBytes,
      bytesBefore: this.#bytesBefore,
      bytesAfter: 0,
      elapsedMs: systemClock.now() - this.#begin,
      changed,
    };
  }
}

const bytesOf = (shape: readonly number[], pixelBytes: number): number =>
  shape.reduce((product, length) => product * length, pixelBytes);
