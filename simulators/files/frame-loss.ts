// Which frames of a series are not complete, and which packets they lack: two tables beside the images. Comes in: what
// the message of a frame says, of those that were written and of those that were discarded. Goes out: a line for each
// such frame, and one for each range of a port's packets; a thousand at once.
// Tested by test/threads/loss-in-file.test.ts.

import { readMissing } from '../consumer/missing-packets.js';
import type { MissingPackets } from '../consumer/missing-packets.js';
import type { Dataset, Group } from './hdf5.js';

/** Frame indices in their series, those of discarded frames too. */
export const incompleteTable = 'incomplete_frames';
/** Packet numbers as in the message, both ends included. */
export const missingTable = 'missing_ranges';
const missingColumns = ['frame', 'row', 'udp_port', 'first_packet', 'last_packet'] as const;

/** Row of a frame that is not in the file. */
export const noRow = 0xffff_ffff;

/** Lines kept before they are written, about: a chunk of their table. All lines of a frame are kept together. */
const linesAtOnce = 1024;

/** A table of whole numbers that grows. */
class Table {
  readonly #dataset: Dataset;
  readonly #pending: number[] = [];
  readonly #width: number;
  #written = 0;

  /** @param columns their names; null = a single one, and the table is a plain list */
  constructor(group: Group, name: string, columns: readonly string[] | null) {
    this.#width = columns?.length ?? 1;
    this.#dataset = group.create_dataset({
      name,
      data: new Uint32Array(0),
      shape: columns === null ? [0] : [0, this.#width],
      maxshape: columns === null ? [null] : [null, this.#width],
      chunks: columns === null ? [linesAtOnce] : [linesAtOnce, this.#width],
      dtype: '<I',
    });
    if (columns !== null) this.#dataset.create_attribute('columns', [...columns]);
  }

  get full(): boolean {
    return this.#pending.length >= linesAtOnce * this.#width;
  }

  add(...values: readonly number[]): void {
    this.#pending.push(...values);
  }

  write(): void {
    if (this.#pending.length === 0) return;
    const width = this.#width;
    const end = this.#written + this.#pending.length / width;
    this.#dataset.resize(width === 1 ? [end] : [end, width]);
    this.#dataset.write_slice(
      [[this.#written, end], ...(width === 1 ? [] : [[] as []])],
      Uint32Array.from(this.#pending),
    );
    this.#written = end;
    this.#pending.length = 0;
  }
}

/** Of one file. */
export class FrameLoss {
  readonly #incomplete: Table;
  readonly #missing: Table;

  constructor(group: Group) {
    this.#incomplete = new Table(group, incompleteTable, null);
    this.#missing = new Table(group, missingTable, missingColumns);
  }

  /** A frame, as its message says it. @param row of the images, `noRow` = it is not there */
  addMessage({ frame, complete, missing }: Readonly<Record<string, unknown>>, row: number): void {
    if (complete !== false) return;
    const read = readMissing(missing ?? {});
    this.add(frame as number, row, typeof read === 'string' ? new Map() : read);
  }

  /**
   * A frame that is not complete; its ports stand in ascending order.
   * @throws what the library throws, with all of the frame noted: a later `write` has it
   */
  add(frame: number, row: number, missing: MissingPackets): void {
    this.#incomplete.add(frame);
    for (const [port, ranges] of [...missing].sort(([one], [other]) => one - other))
      for (const [first, last] of ranges) this.#missing.add(frame, row, port, first, last);
    if (this.#incomplete.full || this.#missing.full) this.write();
  }

  /** Everything into the file. @throws what the library throws */
  write(): void {
    this.#incomplete.write();
    this.#missing.write();
  }
}
