// Which port sends a pixel, and which pixel of its port image that is. Pure; geometry as the service tells it.
// Tested by test/page/pixels.test.ts.

import type { About, Span } from './messages.js';

export interface PortPixel {
  readonly udpPort: number;
  readonly row: number;
  readonly column: number;
  readonly off: boolean;
  /** Placed by configuration; otherwise packet headers may place it elsewhere. */
  readonly fixed: boolean;
}

/** Null in gaps and outside of all ports. */
export function portAt(
  { ports, gap_rows: gapRows, gap_columns: gapColumns }: About,
  row: number,
  column: number,
): PortPixel | null {
  if (inside(gapRows, row) || inside(gapColumns, column)) return null;
  const port = ports.find(
    ({ frame_rows: rows, frame_columns: columns }) =>
      row >= rows[0] && row <= rows[1] && column >= columns[0] && column <= columns[1],
  );
  if (port === undefined) return null;
  const { frame_rows: rows, frame_columns: columns } = port;
  return {
    udpPort: port.udp_port,
    row:
      port.rows_run === 'down'
        ? row - rows[0] - gapsWithin(gapRows, rows[0], row)
        : rows[1] - row - gapsWithin(gapRows, row, rows[1]),
    column: column - columns[0] - gapsWithin(gapColumns, columns[0], column),
    off: port.off,
    fixed: port.fixed,
  };
}

const inside = (spans: readonly Span[], at: number): boolean =>
  spans.some(([first, last]) => at >= first && at <= last);

/** Gap rows or columns between two that are none. */
function gapsWithin(spans: readonly Span[], from: number, to: number): number {
  return spans.reduce((sum, [first, last]) => (first >= from && last <= to ? sum + last - first + 1 : sum), 0);
}
