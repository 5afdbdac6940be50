// Images of an HDF5 file as what a simulated detector sees: real data for a rehearsal. Frame k of the run is image k of the
// dataset, from the beginning again after the last. Opened by `vdcu simulate --hdf5`; the simulated detector asks for port images.

import { exitCode, OperatorError } from '../src/base/errors.js';
import type { DetectorSettings } from '../src/detector/settings.js';
import { FrameCutter, imageShapes } from './frame-cutter.js';
import { hdf5Reason, loadHdf5, openForReading } from './hdf5.js';
import type { Dataset, H5File } from './hdf5.js';
import type { ImageSource } from './image-source.js';
import { wireFormat } from './packet.js';
import type { PixelArray } from './pattern.js';

/** Class of the integer types (H5T_INTEGER). */
const integerClass = 0;

/** Datasets named in an error message at most. */
const namedDatasets = 8;

/** One dataset, open. Holds one image at a time. */
export class Hdf5Source implements ImageSource {
  /** Images in the dataset, at least 1. */
  readonly images: number;
  readonly #file: H5File;
  readonly #dataset: Dataset;
  readonly #where: string;
  readonly #cutter: FrameCutter;
  readonly #dimensions: number;
  #index = -1;
  #image: PixelArray = new Uint8Array(0);

  constructor(file: H5File, dataset: Dataset, settings: DetectorSettings) {
    const shape = dataset.shape as number[];
    this.#file = file;
    this.#dataset = dataset;
    this.#where = `${file.filename} ${dataset.path}`;
    this.#dimensions = shape.length;
    this.images = shape.length === 2 ? 1 : (shape[0] as number);
    this.#cutter = new FrameCutter(settings, shape.slice(-2) as [number, number]);
  }

  /** Pixels above what the wire can carry, so far; they were sent as its largest value. */
  get clipped(): number {
    return this.#cutter.clipped;
  }

  /** @throws OperatorError when the file cannot be read there: cut off, or compressed in an unknown way */
  portImage(portIndex: number, round: number): PixelArray {
    const index = round % this.images;
    if (index !== this.#index) {
      this.#image = this.#read(index);
      this.#index = index;
    }
    return this.#cutter.cut(this.#image, portIndex);
  }

  #read(index: number): PixelArray {
    try {
      return this.#dataset.slice(this.#dimensions === 2 ? [[], []] : [[index, index + 1], [], []]) as PixelArray;
    } catch (error) {
      throw new OperatorError(`${this.#where}: image ${index} cannot be read (${hdf5Reason(error)}). Give a complete file, compressed with a filter of h5wasm-plugins`, exitCode.environment, { cause: error });
    }
  }

  close(): void {
    this.#file.close();
  }
}

/**
 * Open a dataset of images: [images, rows, columns] or [rows, columns], unsigned integers no wider than the detector's pixels,
 * with or without gap pixels.
 * @throws OperatorError (usage) when the file or the dataset is not like that
 */
export async function openHdf5Source(file: string, path: string, settings: DetectorSettings): Promise<Hdf5Source> {
  const opened = await openForReading(file);
  try {
    const dataset = await findDataset(opened, path);
    checkDataset(`${file} ${path}`, dataset, settings);
    return new Hdf5Source(opened, dataset, settings);
  } catch (error) {
    opened.close();
    throw error;
  }
}

/**
 * Frames of a run over these images.
 * @param frames as asked for; 0 = until stopped, undefined = the default: all images once, or 1000 when they are looped
 * @throws OperatorError (usage) for more frames than images that are not looped
 */
export function framesOfImages(images: number, frames: number | undefined, loop: boolean): number {
  if (loop) return frames ?? 1000;
  if (frames === undefined) return images;
  if (frames >= 1 && frames <= images) return frames;
  throw new OperatorError(`--frames ${frames}: the dataset has ${images} images. Add --loop to begin again after the last, or ask for 1 to ${images} frames`, exitCode.usage);
}

async function findDataset(file: H5File, path: string): Promise<Dataset> {
  const { Dataset } = await loadHdf5();
  let found: unknown = null;
  try {
    found = file.get(path);
  } catch {
    // As if it were not there: the message below says what is.
  }
  if (found instanceof Dataset) return found;
  const candidates: string[] = [];
  try {
    for (const name of file.paths()) {
      if (candidates.length === namedDatasets) break;
      const entry = file.get(name);
      if (entry instanceof Dataset && (entry.shape?.length === 2 || entry.shape?.length === 3)) candidates.push(`/${name}`);
    }
  } catch (error) {
    throw new OperatorError(`${file.filename}: is damaged: neither ${path} nor a list of its datasets can be read (${hdf5Reason(error)}). Give a complete file`, exitCode.usage, { cause: error });
  }
  const remedy = candidates.length > 0 ? `Give one of ${candidates.join(', ')}` : 'The file has no dataset of 2 or 3 dimensions; give another';
  throw new OperatorError(`${file.filename}: has no dataset ${path}. ${remedy}`, exitCode.usage);
}

function checkDataset(where: string, dataset: Dataset, settings: DetectorSettings): void {
  const { type, signed, size, shape } = dataset.metadata;
  const { pixelBytes } = wireFormat(settings);
  const kind = type === integerClass ? `${signed ? 'int' : 'uint'}${8 * size}` : 'no integers';
  if (type !== integerClass || signed || size > pixelBytes) {
    throw new OperatorError(`${where}: its pixels are ${kind}; dynamic_range: ${settings.dynamicRange} needs uint${8 * pixelBytes} or narrower. Convert the images, or set another dynamic_range`, exitCode.usage);
  }
  const shapes = imageShapes(settings);
  const fits = shape !== null && (shape.length === 2 || shape.length === 3) && shapes.some(([rows, columns]) => shape.at(-2) === rows && shape.at(-1) === columns);
  if (!fits) {
    const wanted = shapes.map(([rows, columns]) => `[images, ${rows}, ${columns}]`).join(' (with gap pixels) or ');
    throw new OperatorError(`${where}: its shape is [${shape?.join(', ') ?? ''}]; this detector needs ${wanted}`, exitCode.usage);
  }
  if (shape[0] === 0) throw new OperatorError(`${where}: has no image. Give a dataset with at least one`, exitCode.usage);
}
