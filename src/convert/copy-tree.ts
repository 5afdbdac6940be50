// Everything of an HDF5 file into another one, except stacks of images: groups, datasets, attributes, links. Comes in:
// a file, a new one. Goes out: the same tree; what became another type is named; what cannot be copied is refused
// before anything is made of it. A dataset with several names becomes several datasets.
// Tested by test/convert/convert.test.ts.

import { exitCode, OperatorError } from '../base/errors.js';
import { loadHdf5 } from '../../simulators/files/hdf5.js';
import type { Dataset, Group, H5File } from '../../simulators/files/hdf5.js';
import { pixelKinds } from '../../simulators/files/pixel-kinds.js';
import type { PixelKind } from '../../simulators/files/pixel-kinds.js';
import { checkSources } from '../../simulators/files/virtual-sources.js';

/** Classes of types (H5T_class_t) that are copied. */
const classes = { integer: 0, float: 1, text: 3, enumeration: 8 } as const;
/** Bytes of a dataset beside the images at most: it is in memory once. */
const datasetBytesMost = 256 << 20;
const depthMost = 64;
const unlimited = 2 ** 53;

/** Images of one dataset. */
export interface Stack {
  readonly path: string;
  readonly images: number;
  /** Of an image. */
  readonly shape: readonly number[];
  readonly kind: PixelKind;
  /** Images that it may have; null = any number. */
  readonly imagesMost: number | null;
  /** Numbers of the filters that it has now. */
  readonly filters: readonly number[];
}

export interface Tree {
  readonly stacks: readonly Stack[];
  /** What is written as another type, one sentence each. */
  readonly changed: readonly string[];
  /** Write everything but the stacks, in which `make` puts the dataset of one. */
  copy(to: H5File, make: (stack: Stack, group: Group, name: string) => void): void;
}

type Step = (to: Group, make: (stack: Stack, group: Group, name: string) => void) => void;

/** What is in a file. @throws OperatorError (usage) when a part of it cannot be copied */
export async function readTree(file: H5File): Promise<Tree> {
  const library = await loadHdf5();
  const stacks: Stack[] = [];
  const virtual: Dataset[] = [];
  const changed: string[] = [];
  const refuse = (path: string, what: string): never => {
    throw new OperatorError(
      `${file.filename}: ${path} ${what}, which is not copied here. Convert it with ` +
        'h5repack -f UD=32008,0,5,0,4,N,0,2 (N = bytes of a pixel), which copies everything',
      exitCode.usage,
    );
  };

  const group = (from: Group, depth: number): Step => {
    if (depth > depthMost) refuse(from.path, `lies more than ${depthMost} groups deep, or in itself`);
    const steps = [attributes(from), ...from.keys().map((name) => entry(from, name, depth))];
    return (to, make) => {
      for (const step of steps) step(to, make);
    };
  };

  const entry = (from: Group, name: string, depth: number): Step => {
    const path = `${from.path === '/' ? '' : from.path}/${name}`;
    const soft = from.get_link(path);
    if (typeof soft === 'string' && soft !== '') return (to) => void to.create_soft_link(soft, name);
    // Empty where it is none.
    const { filename, obj_path: target } = from.get_external_link(path) as { filename?: string; obj_path?: string };
    if (filename !== undefined && target !== undefined)
      return (to) => void to.create_external_link(filename, target, name);
    const found = from.get(name);
    if (found instanceof library.Dataset) return dataset(found, name);
    if (found === null || !('create_group' in found)) return refuse(path, 'is a named type, or a link of unknown kind');
    const inside = group(found, depth + 1);
    return (to, make) => inside(to.create_group(name), make);
  };

  const dataset = (from: Dataset, name: string): Step => {
    const { shape, metadata } = from;
    if ((metadata.virtual_sources ?? []).length > 0) virtual.push(from);
    const kind = kindOf(from);
    const described = attributes(from);
    if (kind !== null && shape !== null && shape.length >= 3 && shape.every((length) => length > 0)) {
      const most = metadata.maxshape?.[0] ?? shape[0];
      const stack: Stack = {
        path: from.path,
        images: shape[0],
        shape: shape.slice(1),
        kind,
        imagesMost: most >= unlimited ? null : most,
        filters: from.filters.map(({ id }) => id),
      };
      stacks.push(stack);
      return (to, make) => {
        make(stack, to, name);
        described(to.get(name) as unknown as Group, make);
      };
    }
    if (shape === null) return refuse(from.path, 'has no value');
    const type = typeOf(from.path, metadata);
    const bytes = shape.reduce((product, length) => product * length, metadata.size);
    if (bytes > datasetBytesMost) refuse(from.path, `has ${bytes} bytes`);
    const extents = metadata.maxshape?.map((most) => (most >= unlimited ? null : most)) ?? null;
    const gzip = from.filters.some(({ id }) => id === 1);
    return (to, make) => {
      const made = to.create_dataset({
        name,
        data: valueOf(from.value),
        shape,
        dtype: type,
        ...(metadata.chunks === null ? {} : { chunks: metadata.chunks, maxshape: extents }),
        ...(gzip ? { compression: 'gzip' } : {}),
      });
      described(made as unknown as Group, make);
    };
  };

  const attributes = (from: Group | Dataset): Step => {
    const all = Object.entries(from.attrs).map(([name, attribute]) => {
      const { shape, metadata } = attribute;
      const path = `${from.path}@${name}`;
      if (shape === null) return refuse(path, 'has no value');
      return { name, shape, type: typeOf(path, metadata), value: attribute.value };
    });
    return (to) => {
      for (const { name, shape, type, value } of all) to.create_attribute(name, valueOf(value), shape, type);
    };
  };

  /** As the library names it. */
  const typeOf = (path: string, { type, size, signed, littleEndian, vlen }: Dataset['metadata']): string => {
    const letter = { 1: 'b', 2: 'h', 4: 'i', 8: 'q' }[size];
    if (type === classes.text) return vlen ? 'S' : `S${size}`;
    if (type === classes.float && (size === 4 || size === 8)) {
      if (!littleEndian) changed.push(`${path} is little endian now`);
      return size === 4 ? '<f' : '<d';
    }
    if ((type === classes.integer || type === classes.enumeration) && letter !== undefined) {
      if (type === classes.enumeration)
        changed.push(`${path} is a number now; it was one of an enumeration, or boolean`);
      else if (!littleEndian && size > 1) changed.push(`${path} is little endian now`);
      return `<${signed ? letter : letter.toUpperCase()}`;
    }
    return refuse(path, `is of another type than integers, floats and text (class ${type}, ${size} bytes)`);
  };

  const all = group(file, 0);
  for (const dataset of virtual)
    await checkSources(file.filename, dataset.path, dataset, 'convert each of them by itself');
  return {
    stacks,
    changed,
    copy(to, make) {
      all(to, make);
    },
  };
}

/** Pixels that can be compressed; null = these are none. */
function kindOf({ metadata: { type, size, signed, littleEndian } }: Dataset): PixelKind | null {
  if (!littleEndian && size > 1) return null;
  const name =
    type === classes.integer
      ? `${signed ? 'int' : 'uint'}${8 * size}`
      : type === classes.float
        ? `float${8 * size}`
        : '';
  return pixelKinds.get(name) ?? null;
}

type Written = Parameters<Group['create_dataset']>[0]['data'];

/** The library reads a single value as such, and booleans as booleans, and writes lists. */
function valueOf(value: unknown): Written {
  if (typeof value === 'boolean') return Number(value) as Written;
  if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'boolean'))
    return Uint8Array.from(value, Number) as Written;
  return value as Written;
}
