// Metadata of a stream's header as datasets beside the images, as the real consumer's file writer lays them out: nested
// objects become groups, lists become arrays. What that writer could not write is left out here and reported.
// Tested by test/simulators/record.test.ts.

import { columnNames } from './frame-columns.js';
import { hdf5Reason } from './hdf5.js';
import type { Group } from './hdf5.js';
import { isObject } from '../consumer/stream-message.js';
import type { JsonObject } from '../consumer/stream-message.js';

const reserved = ['data', ...columnNames];

/**
 * Write metadata into a group.
 * @param warn called with a sentence for each value that is not written
 */
export function writeMetadata(group: Group, metadata: JsonObject, warn: (text: string) => void): void {
  for (const [key, value] of Object.entries(metadata)) {
    if (reserved.includes(key)) warn(`metadata ${key} is not written: the name is that of a dataset of the recording`);
    else writeValue(group, key, value, key, warn);
  }
}

function writeValue(group: Group, name: string, value: unknown, path: string, warn: (text: string) => void): void {
  if (name === '' || name === '.' || name === '..' || name.includes('/')) {
    warn(`metadata ${path} is not written: its key is no name of a dataset`);
    return;
  }
  try {
    if (isObject(value)) {
      const inner = group.create_group(name);
      for (const [key, part] of Object.entries(value)) writeValue(inner, key, part, `${path}.${key}`, warn);
      return;
    }
    const array = arrayOf(value);
    if (array === null) warn(`metadata ${path} is not written: it is null, a mixed list, or not all of a length`);
    else group.create_dataset({ name, data: array.data, shape: array.shape, dtype: array.dtype });
  } catch (error) {
    warn(`metadata ${path} is not written: ${hdf5Reason(error)}`);
  }
}

interface ArrayValue {
  readonly data: string[] | BigInt64Array | Float64Array | Uint8Array;
  readonly shape: number[];
  readonly dtype: string;
}

/** Numbers, strings, booleans, and lists of lists of one kind of them; null for anything else. */
function arrayOf(value: unknown): ArrayValue | null {
  const items: unknown[] = [];
  const shape = flatten(value, 0, items);
  if (shape === null) return null;
  if (items.every((item) => typeof item === 'string') && items.length > 0) return { data: items, shape, dtype: 'S' };
  // As h5py's own boolean would read, but a plain number.
  if (items.every((item) => typeof item === 'boolean') && items.length > 0)
    return { data: Uint8Array.from(items, Number), shape, dtype: '<B' };
  if (!items.every((item) => typeof item === 'number')) return null;
  if (items.length > 0 && items.every((item) => Number.isSafeInteger(item)))
    return { data: BigInt64Array.from(items, BigInt), shape, dtype: '<q' };
  return { data: Float64Array.from(items), shape, dtype: '<d' };
}

/** Items in order, and the shape of the list of lists; null when it has none. */
function flatten(value: unknown, depth: number, items: unknown[]): number[] | null {
  if (!Array.isArray(value)) {
    items.push(value);
    return [];
  }
  // HDF5 has 32 dimensions at most.
  if (depth === 32) return null;
  let inner: number[] | null = null;
  for (const part of value as unknown[]) {
    const shape = flatten(part, depth + 1, items);
    if (shape === null || (inner !== null && shape.join() !== inner.join())) return null;
    inner = shape;
  }
  return [value.length, ...(inner ?? [])];
}
