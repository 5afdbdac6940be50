// An annotation in the file: datasets beside the images as frame-columns.ts and frame-loss.ts have them, and what NeXus
// readers look for. Comes in: a file of a receiver, open for changes. Goes out: the same with more in it, and what was
// done. Tested by test/simulators/annotate.test.ts.

import { basename } from 'node:path';
import { exitCode, OperatorError } from '../../src/base/errors.js';
import type { Annotation } from './annotation.js';
import { makeColumn } from './frame-columns.js';
import type { Rows } from './frame-columns.js';
import { FrameLoss, incompleteTable, missingTable } from './frame-loss.js';
import type { Dataset, Group, H5File } from './hdf5.js';
import { addDefaultPlot, addDescription, sayImages } from './nexus.js';
import type { SeriesLedger } from './series-ledger.js';

export interface Annotated {
  /** Path of the images in the file. */
  readonly dataset: string;
  /** False: it says all of this already. */
  readonly changed: boolean;
  readonly counts: Annotation['counts'];
  readonly warnings: readonly string[];
}

const instrumentPath = '/entry/instrument';

/**
 * @param name of the detector; undefined = the only one with images
 * @param make the annotation, of the sequence numbers
 * @throws OperatorError when it is no file of a receiver (usage), or says something else already (failed)
 */
export function writeAnnotation(
  file: H5File,
  path: string,
  name: string | undefined,
  ledgers: readonly SeriesLedger[],
  make: (sequence: ArrayLike<number>) => Annotation,
): Annotated {
  const detector = detectorIn(file, path, name);
  const group = file.get(`${instrumentPath}/${detector}`) as Group;
  const annotation = make(sequenceOf(group, path));
  const columns = columnsOf(annotation);
  const changed = !saysAlready(group, columns, path);
  if (changed) {
    for (const { name: column, rows } of columns) makeColumn(group, column, rows);
    const loss = new FrameLoss(group);
    for (const { frame, row, missing } of annotation.incomplete) loss.add(frame, row, missing);
    loss.write();
    addDefaultPlot(file, detector);
    sayImages(group.get('data') as Dataset);
    const told = group.keys().includes('virtual_dcu') ? group.get('virtual_dcu') : null;
    addDescription(file, group, told === null ? undefined : plainValues(told as Group));
  }
  const { counts, warnings } = annotation;
  return {
    dataset: `${instrumentPath}/${detector}/data`,
    changed,
    counts,
    warnings: [...otherNames(path, ledgers), ...warnings],
  };
}

function detectorIn(file: H5File, path: string, name: string | undefined): string {
  const instrument = file.get(instrumentPath);
  const names = isGroup(instrument) ? instrument.keys().filter((key) => hasFrames(instrument.get(key))) : [];
  if (name !== undefined && names.includes(name)) return name;
  if (name === undefined && names.length === 1) return names[0];
  const there = names.length === 0 ? 'none there' : `there: ${names.join(', ')}`;
  throw new OperatorError(
    name === undefined && names.length > 1
      ? `${path}: has several detectors. Name one with --name (${there})`
      : `${path}: has no ${instrumentPath}/${name ?? 'NAME'} with sequence_number (${there}). Give a file of ` +
          'streaming-receiver, and the name of its detector with --name',
    exitCode.usage,
  );
}

const isGroup = (entity: unknown): entity is Group => typeof (entity as Group | null)?.keys === 'function';
const hasFrames = (entity: unknown): boolean => isGroup(entity) && entity.keys().includes('sequence_number');

function sequenceOf(group: Group, path: string): ArrayLike<number> {
  const sequence = (group.get('sequence_number') as Dataset).value as ArrayLike<number> | null;
  const data = group.keys().includes('data') ? (group.get('data') as Dataset).shape : [0];
  const rows = sequence?.length ?? 0;
  if (data?.[0] !== rows)
    throw new OperatorError(
      `${path}: has ${data?.[0]} images and ${rows} sequence numbers: which image is which frame cannot be told. The ` +
        'receiver was restarted within the file, or still writes',
      exitCode.failed,
    );
  return rows === 0 ? [] : Array.from(sequence as ArrayLike<number>, Number);
}

interface Column {
  readonly name: string;
  readonly rows: Rows;
}

const columnsOf = ({ frameNumber, complete, missingPackets }: Annotation): Column[] => [
  { name: 'frame_number', rows: frameNumber },
  { name: 'complete', rows: complete },
  { name: 'missing_packets', rows: missingPackets },
];

/** The same is there already; @throws OperatorError where something else is */
function saysAlready(group: Group, columns: readonly Column[], path: string): boolean {
  const names = new Set(group.keys());
  const there = [...columns.map(({ name }) => name), incompleteTable, missingTable].filter((name) => names.has(name));
  if (there.length === 0) return false;
  const same =
    there.length === columns.length + 2 &&
    columns.every(({ name, rows }) => {
      const found = Array.from((group.get(name) as Dataset).value as ArrayLike<number | bigint>, Number);
      return found.length === rows.length && found.every((value, row) => value === Number(rows[row]));
    });
  if (same) return true;
  throw new OperatorError(
    `${path}: has ${there.join(', ')} already, and they say something else than the series. Look up of which series ` +
      'the file was written',
    exitCode.failed,
  );
}

/** A group as the object that it was made of. */
function plainValues(group: Group): Record<string, unknown> {
  return Object.fromEntries(
    group.keys().map((key) => {
      const entity = group.get(key);
      return [key, isGroup(entity) ? plainValues(entity) : plain((entity as Dataset).value)];
    }),
  );
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  return ArrayBuffer.isView(value) || Array.isArray(value) ? Array.from(value as ArrayLike<unknown>, plain) : value;
}

/** A file may have been moved; that it was another one is worth a look. */
function otherNames(path: string, ledgers: readonly SeriesLedger[]): string[] {
  return ledgers.flatMap(({ id, filename }) =>
    filename === '' || basename(filename) === basename(path)
      ? []
      : [`series ${id} was written to ${filename}: look whether this is that file`],
  );
}
