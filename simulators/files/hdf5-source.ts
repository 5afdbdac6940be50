// Images of an HDF5 file as what a simulated detector sees: real data for a rehearsal. Frame k of the run is image k of
// the dataset, from the beginning again after the last. Goes out: port images.

import { exitCode, OperatorError } from '../../src/base/errors.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { FrameCutter, imageShapes } from '../detector/frame-cutter.js';
import { checkSources } from './virtual-sources.js';
import { hdf5Reason, loadHdf5, openForReading } from './hdf5.js';
import type { Dataset, H5File } from './hdf5.js';
import type { ImageSource } from '../detector/image-source.js';
import { wireFormat } from '../detector/packet.js';
import type { PixelArray } from '../detector/pattern.js';

/** Classes of types (H5T_class_t) by number; 0 are integers. */
const classNames = [
  'integers',
  'floats',
  'times',
  'strings',
  'bit fields',
  'opaque',
  'compounds',
  'references',
  'enumerations',
  'lists',
  'arrays',
];
const [integerClass, floatClass] = [0, 1];
/** Datasets named in an error message at most. */
const namedDatasets = 8;

type AnyIntegers = PixelArray | Int8Array | Int16Array | Int32Array | BigInt64Array | BigUint64Array;

/** How images become ones that are taken. */
function conversion(largest: number): string {
  return (
    "Convert them, in Python: file['counts'] = numpy.rint(file[PATH]).clip(0, " +
    `${largest}).astype('u${Math.ceil(Math.log2(largest) / 8)}')`
  );
}

/** One dataset, open. Holds one image at a time. */
export class Hdf5Source implements ImageSource {
  /** Images in the dataset, at least 1. */
  readonly images: number;
  readonly #file: H5File;
  readonly #dataset: Dataset;
  readonly #where: string;
  readonly #cutter: FrameCutter;
  readonly #dimensions: number;
  /** Largest value of a pixel of the detector, where those of the dataset must be looked at; null: all fit. */
  readonly #checkedAgainst: number | null;
  #index = -1;
  #image: PixelArray = new Uint8Array(0);

  constructor(file: H5File, dataset: Dataset, settings: DetectorSettings) {
    const shape = dataset.shape as number[];
    this.#file = file;
    this.#dataset = dataset;
    this.#where = `${file.filename} ${dataset.path}`;
    this.#dimensions = shape.length;
    const { signed, size } = dataset.metadata;
    const { pixelBytes } = wireFormat(settings);
    this.#checkedAgainst = signed || size > pixelBytes ? 2 ** (8 * pixelBytes) - 1 : null;
    this.images = shape.length === 2 ? 1 : shape[0];
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
    let image: AnyIntegers;
    try {
      image = this.#dataset.slice(this.#dimensions === 2 ? [[], []] : [[index, index + 1], [], []]) as AnyIntegers;
    } catch (error) {
      throw new OperatorError(
        `${this.#where}: image ${index} cannot be read (${hdf5Reason(error)}). Give a complete file, compressed ` +
          'with a filter of h5wasm-plugins',
        exitCode.environment,
        { cause: error },
      );
    }
    return this.#checkedAgainst === null ? (image as PixelArray) : this.#fitting(image, index, this.#checkedAgainst);
  }

  /** The same values as the detector's pixels. @throws OperatorError where one does not fit */
  #fitting(image: AnyIntegers, index: number, largest: number): PixelArray {
    const values = image as ArrayLike<number | bigint> & Iterable<number | bigint>;
    const fitting =
      largest === 255
        ? new Uint8Array(image.length)
        : largest === 65535
          ? new Uint16Array(image.length)
          : new Uint32Array(image.length);
    for (let pixel = 0; pixel < fitting.length; pixel++) {
      const value = values[pixel];
      if (value < 0 || value > largest)
        throw new OperatorError(
          `${this.#where}: image ${index} has the value ${value} at pixel ${pixel}; needs 0 to ${largest}. ` +
            `${conversion(largest)}; or set another dynamic_range`,
          exitCode.usage,
        );
      fitting[pixel] = Number(value);
    }
    return fitting;
  }

  /** Read the first image: what cannot be read at all is known before anything is sent. */
  probe(): void {
    this.#image = this.#read(0);
    this.#index = 0;
  }

  close(): void {
    this.#file.close();
  }
}

/**
 * Open a dataset of images: [images, rows, columns] or [rows, columns], integers whose values fit into the detector's
 * pixels, with or without gap pixels. Wider and signed ones are looked at, image by image.
 * @throws OperatorError (usage) when the file or the dataset is not like that
 */
export async function openHdf5Source(file: string, path: string, settings: DetectorSettings): Promise<Hdf5Source> {
  const opened = await openForReading(file);
  try {
    const dataset = await findDataset(opened, path);
    checkDataset(`${file} ${path}`, dataset, settings);
    await checkSources(file, path, dataset, 'give one of them with --hdf5');
    const source = new Hdf5Source(opened, dataset, settings);
    source.probe();
    return source;
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
  throw new OperatorError(
    `--frames ${frames}: the dataset has ${images} images. Add --loop to begin again after the last, or ask for 1 ` +
      `to ${images} frames`,
    exitCode.usage,
  );
}

async function findDataset(file: H5File, path: string): Promise<Dataset> {
  const { Dataset } = await loadHdf5();
  let found: unknown = null;
  try {
    found = file.get(path);
  } catch (error) {
    if (hdf5Reason(error) === 'component not found' && file.paths().includes(path.replace(/^\//, '')))
      throw new OperatorError(
        `${file.filename}: ${path} is a link to what is not in the file. Give a dataset that is there`,
        exitCode.usage,
        { cause: error },
      );
    // As if it were not there: the message below says what is.
  }
  if (found instanceof Dataset) return found;
  const link = found as {
    readonly type?: string;
    readonly target?: string;
    readonly filename?: string;
    readonly obj_path?: string;
  } | null;
  if (link?.type === 'BrokenSoftLink')
    throw new OperatorError(
      `${file.filename}: ${path} is a link to ${link.target}, which is not in the file. Give a dataset that is there`,
      exitCode.usage,
    );
  if (link?.type === 'ExternalLink')
    throw new OperatorError(
      `${file.filename}: ${path} is a link to ${link.obj_path} of the file ${link.filename}, which is not there. ` +
        'Put that file beside it, or give it with --hdf5',
      exitCode.usage,
    );
  const candidates: string[] = [];
  try {
    for (const name of file.paths()) {
      if (candidates.length === namedDatasets) break;
      const entry = file.get(name);
      if (entry instanceof Dataset && (entry.shape?.length === 2 || entry.shape?.length === 3))
        candidates.push(`/${name}`);
    }
  } catch (error) {
    throw new OperatorError(
      `${file.filename}: is damaged: neither ${path} nor a list of its datasets can be read ` +
        `(${hdf5Reason(error)}). Give a complete file`,
      exitCode.usage,
      { cause: error },
    );
  }
  const remedy =
    candidates.length > 0
      ? `Give one of ${candidates.join(', ')}`
      : 'The file has no dataset of 2 or 3 dimensions; give another';
  throw new OperatorError(`${file.filename}: has no dataset ${path}. ${remedy}`, exitCode.usage);
}

function checkDataset(where: string, dataset: Dataset, settings: DetectorSettings): void {
  const { type, size, shape } = dataset.metadata;
  const { pixelBytes } = wireFormat(settings);
  if (type !== integerClass) {
    const kind = type === floatClass ? `float${8 * size}` : (classNames[type] ?? 'no integers');
    throw new OperatorError(
      `${where}: its pixels are ${kind}; dynamic_range: ${settings.dynamicRange} needs ` +
        `integers. ${conversion(2 ** (8 * pixelBytes) - 1)}; or set another dynamic_range`,
      exitCode.usage,
    );
  }
  const shapes = imageShapes(settings);
  const fits =
    shape !== null &&
    (shape.length === 2 || shape.length === 3) &&
    shapes.some(([rows, columns]) => shape.at(-2) === rows && shape.at(-1) === columns);
  if (!fits) {
    const wanted = shapes.map(([rows, columns]) => `[images, ${rows}, ${columns}]`).join(' (with gap pixels) or ');
    throw new OperatorError(
      `${where}: its shape is [${shape?.join(', ') ?? ''}]; this detector needs ${wanted}`,
      exitCode.usage,
    );
  }
  if (shape[0] === 0)
    throw new OperatorError(`${where}: has no image. Give a dataset with at least one`, exitCode.usage);
}
