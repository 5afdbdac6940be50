// Virtual datasets of HDF5, which are put together from others, often of other files: are those there? Comes in: a
// dataset of an open file. Goes out: nothing, or an error that names what is missing.
// Tested by test/simulators/files/hdf5-source.test.ts.

import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exitCode, OperatorError } from '../../src/base/errors.js';
import { loadHdf5, openForReading } from './hdf5.js';
import type { Dataset } from './hdf5.js';

/** Sources named in an error message at most. */
const namedSources = 8;

/**
 * Parts of a virtual dataset whose source is not there would be read as fill values, which are no images.
 * @param otherwise what else can be done, for the message
 * @throws OperatorError (usage) that names the sources
 */
export async function checkSources(file: string, path: string, dataset: Dataset, otherwise: string): Promise<void> {
  const missing = new Set<string>();
  await findMissing(file, dataset, missing, new Set());
  if (missing.size > 0)
    throw new OperatorError(
      `${file} ${path}: is made of other files, and these are not there: ${[...missing].join(', ')}. Put them beside ` +
        `it, or ${otherwise}`,
      exitCode.usage,
    );
}

/** Sources may be virtual themselves. @param seen those that were looked at */
async function findMissing(file: string, dataset: Dataset, missing: Set<string>, seen: Set<string>): Promise<void> {
  for (const { file_name: name, dset_name: source } of dataset.metadata.virtual_sources ?? []) {
    if (missing.size === namedSources) return;
    // A name with a count in it stands for as many files as there are; "." is the file itself.
    if (name.includes('%')) continue;
    const at =
      name === '.'
        ? file
        : [join(dirname(file), name), name].find(
            (candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile() === true,
          );
    if (at !== undefined && seen.has(`${at} ${source}`)) continue;
    seen.add(`${at} ${source}`);
    if (at === undefined || !(await isWhole(at, source, missing, seen))) missing.add(`${name} ${source}`);
  }
}

/** Is the dataset there? Sources that it lacks itself are named. */
async function isWhole(file: string, path: string, missing: Set<string>, seen: Set<string>): Promise<boolean> {
  const { Dataset } = await loadHdf5();
  const opened = await openForReading(file).catch(() => null);
  try {
    const found = opened?.get(path);
    if (!(found instanceof Dataset)) return false;
    await findMissing(file, found, missing, seen);
    return true;
  } catch {
    return false;
  } finally {
    opened?.close();
  }
}
