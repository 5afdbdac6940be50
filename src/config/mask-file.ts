// The mask of a configuration: which pixels of the frame leave as another value. Comes in: a file of NumPy or HDF5, and
// the shape that a frame has. Goes out: one byte for each pixel, 0 = it is not masked; or why there is none.
// Tested by test/simulators/files/mask.test.ts.

import { closeSync, fstatSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { exitCode, messageOf, OperatorError } from '../base/errors.js';
import { openToRead } from '../base/text-file.js';
import { makeLayout } from '../detector/layout.js';
import type { ServiceConfig } from './service-config.js';

type Shape = readonly [rows: number, columns: number];

const hdf5Head = '\x89HDF\r\n\x1a\n';
const npyHead = '\x93NUMPY';
/** Bytes of a NumPy header that are looked at. */
const npyHeadMost = 65536;
/** Datasets that an error names at most. */
const namedMost = 8;
/** Class of HDF5's integers (H5T_INTEGER), and of enumerations, which booleans are. */
const integerClasses = [0, 8];

/** The mask that the configuration names; null = none. @throws OperatorError (usage) as `readMask` */
export async function maskOf({ mask, detector }: Pick<ServiceConfig, 'mask' | 'detector'>): Promise<Uint8Array | null> {
  return mask === null ? null : readMask(mask, makeLayout(detector).shape);
}

/**
 * The mask in a file.
 * @param where path, or for a dataset of HDF5 path:/dataset
 * @param shape rows and columns of the frame as the detector has it
 * @throws OperatorError (usage) when it cannot be read, or has another shape
 */
export async function readMask(where: string, shape: Shape): Promise<Uint8Array> {
  const [, path, dataset] = /^(.*?)(?::(\/.*))?$/s.exec(where) as unknown as [string, string, string | undefined];
  const refuse = (problem: string, cause?: unknown): never => {
    throw new OperatorError(`mask: ${where}: ${problem}`, exitCode.usage, { cause });
  };
  let file: number;
  try {
    file = openToRead(path);
  } catch (error) {
    return refuse(`cannot be read (${messageOf(error)}). Give a file of NumPy or HDF5`, error);
  }
  try {
    if (!fstatSync(file).isFile()) return refuse('is no file. Give a file of NumPy or HDF5');
    const head = Buffer.alloc(npyHeadMost);
    const length = readSync(file, head, 0, npyHeadMost, 0);
    const begins = head.toString('latin1', 0, Math.min(length, 8));
    if (begins.startsWith(npyHead)) {
      if (dataset !== undefined) return refuse('is a file of NumPy, which has no datasets. Give the path alone');
      return readNpy(file, head.subarray(0, length), shape, refuse);
    }
    // HDF5 may begin later in a file; the library knows.
    if (begins !== hdf5Head && !/\.(h5|hdf5?|nxs?|cxi)$/i.test(path))
      return refuse('is neither a file of NumPy (.npy) nor of HDF5. Save it with numpy.save');
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    return refuse(`cannot be read (${messageOf(error)}). Give a file of NumPy or HDF5`, error);
  } finally {
    closeSync(file);
  }
  return readHdf5(path, dataset, shape, refuse);
}

type Refuse = (problem: string, cause?: unknown) => never;

function needShape(seen: readonly number[], shape: Shape, refuse: Refuse): void {
  if (seen.length === 2 && seen[0] === shape[0] && seen[1] === shape[1]) return;
  const turned = seen.length === 2 && seen[0] === shape[1] && seen[1] === shape[0];
  refuse(
    `its shape is [${seen.join(', ')}], and a frame has [${shape.join(', ')}] before it is cut and turned. ` +
      (turned ? 'Turn it back' : 'Give a mask of the whole frame, gap pixels included where there are any'),
  );
}

/** Format: numpy/lib/format.py. */
function readNpy(file: number, head: Buffer, shape: Shape, refuse: Refuse): Uint8Array {
  const wide = head[6] > 1;
  const begin = wide ? 12 : 10;
  const headerBytes = head.length < begin ? 0 : wide ? head.readUInt32LE(8) : head.readUInt16LE(8);
  const text = head.toString('latin1', begin, begin + headerBytes);
  const kind = /'descr':\s*'([<>|=])([a-zA-Z])(\d+)'/.exec(text);
  const lengths = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  if (lengths === undefined || !/'fortran_order':\s*(True|False)/.test(text))
    return refuse('is damaged: its header cannot be read. Save it again with numpy.save');
  if (kind === null || !/[biu]/.test(kind[2]) || ![1, 2, 4, 8].includes(Number(kind[3])))
    return refuse(
      `its type is ${/'descr':\s*('[^']*'|\[)/.exec(text)?.[1] ?? 'unknown'}; a mask has booleans or integers. In ` +
        "Python: numpy.save(FILE, mask.astype('u1'))",
    );
  needShape(
    lengths
      .split(',')
      .filter((part) => part.trim() !== '')
      .map(Number),
    shape,
    refuse,
  );
  const size = Number(kind[3]);
  const [rows, columns] = shape;
  const bytes = Buffer.alloc(rows * columns * size);
  let read = 0;
  for (let more = 1; more > 0 && read < bytes.length; read += more)
    more = readSync(file, bytes, read, bytes.length - read, begin + headerBytes + read);
  if (read < bytes.length)
    return refuse(`is cut off: ${read} of ${bytes.length} bytes of pixels. Save it again with numpy.save`);
  const byColumns = /'fortran_order':\s*True/.test(text);
  return marked(bytes, size, rows * columns, (pixel) =>
    byColumns ? (pixel % columns) * rows + Math.floor(pixel / columns) : pixel,
  );
}

/** 1 where any byte of an integer is not 0. @param at where the integer of a pixel of the frame stands */
function marked(bytes: Uint8Array, size: number, pixels: number, at: (pixel: number) => number): Uint8Array {
  const mask = new Uint8Array(pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const from = at(pixel) * size;
    for (let byte = from; byte < from + size; byte++) if (bytes[byte] !== 0) mask[pixel] = 1;
  }
  return mask;
}

async function readHdf5(path: string, name: string | undefined, shape: Shape, refuse: Refuse): Promise<Uint8Array> {
  let library: typeof import('h5wasm/node');
  try {
    library = await import('h5wasm/node');
  } catch (error) {
    return refuse(`needs the package h5wasm, which cannot be loaded (${messageOf(error)}). Save it as .npy`, error);
  }
  const hdf5 = await library.ready;
  hdf5.activate_throwing_error_handler();
  try {
    const plugins = createRequire(import.meta.url).resolve('h5wasm-plugins');
    hdf5.insert_plugin_search_path(join(dirname(plugins), 'plugins'), 0);
  } catch {
    // Without them what is compressed with other filters than HDF5's own cannot be read, and the error says so.
  }
  const firstLine = (error: unknown): string => messageOf(error).split('\n')[0].trim();
  let file: InstanceType<typeof library.File>;
  try {
    file = new library.File(path, 'r');
  } catch (error) {
    return refuse(`cannot be read as HDF5 (${firstLine(error)}). Give a complete file`, error);
  }
  try {
    // A link that leads nowhere is no dataset: in a circle the library throws.
    const at = (path: string): unknown => {
      try {
        return file.get(path);
      } catch {
        return null;
      }
    };
    const found = file
      .paths()
      .map((path) => ({ at: `/${path}`, dataset: at(path) }))
      .filter(({ dataset }) => dataset instanceof library.Dataset && dataset.shape?.length === 2);
    const named = name === undefined ? found : found.filter(({ at }) => at === name);
    const list = found.slice(0, namedMost).map(({ at }) => `${path}:${at}`);
    const give = list.length === 0 ? 'It has no dataset of two dimensions' : `Give one of ${list.join(', ')}`;
    if (named.length === 0) return refuse(`has no dataset ${name ?? 'of two dimensions'}. ${give}`);
    if (named.length > 1) return refuse(`has several datasets of two dimensions. ${give}`);
    const dataset = named[0].dataset as InstanceType<typeof library.Dataset>;
    // Parts whose source is not there would be read as 0, and nothing of them would be masked.
    if ((dataset.metadata.virtual_sources ?? []).length > 0)
      return refuse('is a virtual dataset, which is put together from others. Save what it shows as .npy');
    if (!integerClasses.includes(dataset.metadata.type)) return refuse('its pixels are no integers. Save them as such');
    needShape(dataset.shape as number[], shape, refuse);
    const values = dataset.value as ArrayLike<number | bigint | boolean>;
    return Uint8Array.from({ length: shape[0] * shape[1] }, (_, pixel) => Number(Number(values[pixel]) !== 0));
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    return refuse(`cannot be read as HDF5 (${firstLine(error)}). Give a complete file`, error);
  } finally {
    file.close();
  }
}
