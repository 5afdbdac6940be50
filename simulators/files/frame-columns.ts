// What a recording says of each of its frames, beside the images: one dataset for each thing, one row for each frame.
// Comes in: the fields of image messages. Goes out: rows, a thousand at once. A value that the message does not have is
// the maximum of the type. Tested by test/simulators/record.test.ts.

import { FrameLoss, incompleteTable, missingTable, noRow } from './frame-loss.js';
import type { Dataset, Group } from './hdf5.js';

/** Rows kept before they are written: a chunk of their dataset. */
const rowsAtOnce = 1024;

/** One value for each frame. */
export type Rows = Uint8Array | Uint32Array | BigUint64Array;
type Fields = Readonly<Record<string, unknown>>;

/** In a row of which it is not known: the maximum of the type. */
export const notKnown = { number: 0xffff_ffff_ffff_ffffn, flag: 0xff, count: 0xffff_ffff } as const;

/** A dataset beside the images that can grow, with the rows that there are already, in their type. */
export function makeColumn(group: Group, name: string, rows: Rows): Dataset {
  return group.create_dataset({ name, data: rows, shape: [rows.length], maxshape: [null], chunks: [rowsAtOnce] });
}

interface ColumnKind {
  readonly name: string;
  readonly rows: () => Rows;
  readonly value: (fields: Fields) => number | bigint;
}

const whole = (value: unknown, absent: bigint): bigint =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? BigInt(value as number) : absent;

const wide = (name: string): ColumnKind => ({
  name,
  rows: () => new BigUint64Array(rowsAtOnce),
  value: (fields) => whole(fields[name], notKnown.number),
});

/** The position in the series; the real consumer has this one, too. */
const sequence: ColumnKind = {
  name: 'sequence_number',
  rows: () => new Uint32Array(rowsAtOnce),
  value: ({ frame }) => frame as number,
};

/** What the service's messages say beyond the contract. */
const told: readonly ColumnKind[] = [
  wide('frame_number'),
  wide('timestamp'),
  {
    name: 'complete',
    rows: () => new Uint8Array(rowsAtOnce),
    value: ({ complete }) => (typeof complete === 'boolean' ? Number(complete) : notKnown.flag),
  },
  {
    name: 'missing_packets',
    rows: () => new Uint32Array(rowsAtOnce),
    value: (fields) => Number(whole(fields['missing_packets'], BigInt(notKnown.count))),
  },
];

/** Names that metadata of a header cannot have. */
export const columnNames: readonly string[] = [
  ...[sequence, ...told].map(({ name }) => name),
  incompleteTable,
  missingTable,
];

interface Column extends ColumnKind {
  readonly dataset: Dataset;
  readonly pending: Rows;
}

/** Of one recording. */
export class FrameColumns {
  readonly #group: Group;
  readonly #columns: Column[] = [];
  /** Null = nothing is told of the frames; undefined = not known yet. */
  #loss: FrameLoss | null | undefined;
  #pending = 0;
  #written = 0;

  constructor(group: Group) {
    this.#group = group;
    this.#make(sequence);
  }

  /** Before a frame: make the columns. Whether there are some beyond the sequence number, the first frame decides. */
  prepare(fields: Fields): void {
    this.#lossOf(fields);
  }

  /** A frame that was written: all of it is noted, also where the disk refuses what has to be written for that. */
  add(fields: Fields): void {
    const row = this.#written + this.#pending;
    for (const { pending, value } of this.#columns) pending[this.#pending] = value(fields);
    this.#pending++;
    this.#lossOf(fields)?.addMessage(fields, row);
    if (this.#pending === rowsAtOnce) this.write();
  }

  /** A frame that is left out: what it lacks is told all the same. */
  leftOut(fields: Fields): void {
    this.#lossOf(fields)?.addMessage(fields, noRow);
  }

  #lossOf(fields: Fields): FrameLoss | null {
    if (this.#loss === undefined) {
      const tells = 'complete' in fields;
      if (tells) for (const kind of told) this.#make(kind);
      this.#loss = tells ? new FrameLoss(this.#group) : null;
    }
    return this.#loss;
  }

  /** Everything into the file. @throws what the library throws */
  write(): void {
    this.#loss?.write();
    if (this.#pending === 0) return;
    const end = this.#written + this.#pending;
    for (const { dataset, pending } of this.#columns) {
      dataset.resize([end]);
      dataset.write_slice([[this.#written, end]], pending.slice(0, this.#pending));
    }
    this.#written = end;
    this.#pending = 0;
  }

  #make(kind: ColumnKind): void {
    const pending = kind.rows();
    const dataset = makeColumn(this.#group, kind.name, pending.slice(0, 0));
    this.#columns.push({ ...kind, dataset, pending });
  }
}
