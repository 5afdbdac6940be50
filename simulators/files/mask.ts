// The mask of a configuration as the checking consumer reads it: a file of NumPy, or a dataset of HDF5, whose pixels
// that are not 0 are masked. Written apart from the service's own reading, so that a mistake there is seen.

import { readFileSync, statSync } from 'node:fs';
import { exitCode, OperatorError } from '../../src/base/errors.js';
import { loadHdf5, openForReading } from './hdf5.js';

/**
 * @param where path, or path:/dataset
 * @returns one byte for each pixel in C order, 0 = it is not masked, and rows and columns
 * @throws OperatorError (usage) when it is no mask
 */
export async function loadMask(where: string): Promise<{ mask: Uint8Array; shape: readonly [number, number] }> {
  const split = where.indexOf(':/');
  const path = split < 0 ? where : where.slice(0, split);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    throw new OperatorError(`${where}: is no file. Give the mask that the service has`, exitCode.usage);
  const bytes = path.endsWith('.npy') || split < 0 ? readFileSync(path) : null;
  if (bytes !== null && bytes[0] === 0x93 && bytes.toString('latin1', 1, 6) === 'NUMPY') return fromNumpy(bytes, where);
  return fromHdf5(path, split < 0 ? null : where.slice(split + 2), where);
}

function fromNumpy(bytes: Buffer, where: string): { mask: Uint8Array; shape: readonly [number, number] } {
  const headed = bytes[6] === 1 ? 10 + bytes.readUInt16LE(8) : 12 + bytes.readUInt32LE(8);
  const header = bytes.toString('latin1', 10, headed);
  const [rows, columns] = (/\((\d+), *(\d+)\)/.exec(header) ?? []).slice(1).map(Number);
  if (rows === undefined || columns === undefined)
    throw new OperatorError(`${where}: is no mask of two dimensions`, exitCode.usage);
  const size = (bytes.length - headed) / rows / columns;
  const fortran = header.includes("'fortran_order': True");
  const mask = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const at = headed + (fortran ? column * rows + row : row * columns + column) * size;
      mask[row * columns + column] = Number(bytes.subarray(at, at + size).some((byte) => byte !== 0));
    }
  return { mask, shape: [rows, columns] };
}

async function fromHdf5(
  path: string,
  name: string | null,
  where: string,
): Promise<{ mask: Uint8Array; shape: readonly [number, number] }> {
  const { Dataset } = await loadHdf5();
  const file = await openForReading(path);
  try {
    const names = name === null ? file.paths() : [name];
    for (const at of names) {
      const dataset = file.get(at);
      if (!(dataset instanceof Dataset) || dataset.shape?.length !== 2) continue;
      const values = dataset.to_array() as (number | bigint | boolean)[][];
      const mask = Uint8Array.from(values.flat(), (value) => (Number(value) === 0 ? 0 : 1));
      return { mask, shape: dataset.shape as [number, number] };
    }
  } finally {
    file.close();
  }
  throw new OperatorError(`${where}: has no dataset of two dimensions`, exitCode.usage);
}
