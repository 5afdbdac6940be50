// Values along a line through a preview. Pure.

import { blockAt, blockHolds } from './preview-bytes.js';
import type { PreviewBytes } from './preview-bytes.js';

/** A pixel of the frame, counted from 0. */
export interface Place {
  readonly row: number;
  readonly column: number;
}

export interface Profile {
  /** Row or column number, or pixels from the beginning of the line. */
  readonly at: readonly number[];
  /** Null = the block has no value. */
  readonly values: readonly (number | null)[];
}

function valueOf(preview: PreviewBytes, row: number, column: number): number | null {
  const block = blockAt(preview.head, row, column);
  return block === null || (preview.holds[block] & blockHolds.value) === 0 ? null : preview.values[block];
}

/** Along a row: one value per block of the part that is shown. */
export function rowProfile(preview: PreviewBytes, row: number): Profile {
  const { left, factor, width } = preview.head;
  const at = Array.from({ length: width }, (_, block) => left + block * factor);
  return { at, values: at.map((column) => valueOf(preview, row, column)) };
}

/** Along a column, downwards. */
export function columnProfile(preview: PreviewBytes, column: number): Profile {
  const { top, factor, height } = preview.head;
  const at = Array.from({ length: height }, (_, block) => top + block * factor);
  return { at, values: at.map((row) => valueOf(preview, row, column)) };
}

/** From one pixel to another, both included, a value about every block; what lies outside the part has none. */
export function lineProfile(preview: PreviewBytes, from: Place, to: Place): Profile {
  const rows = to.row - from.row;
  const columns = to.column - from.column;
  const steps = Math.max(1, Math.ceil(Math.max(Math.abs(rows), Math.abs(columns)) / preview.head.factor));
  const length = Math.hypot(rows, columns);
  const shares = Array.from({ length: steps + 1 }, (_, step) => step / steps);
  return {
    at: shares.map((share) => share * length),
    values: shares.map((share) =>
      valueOf(preview, Math.round(from.row + share * rows), Math.round(from.column + share * columns)),
    ),
  };
}
