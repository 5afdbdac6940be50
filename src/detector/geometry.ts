// A layout in words that a person can check against a real detector: which port lands where, where its first pixel
// goes, which way its rows run, where gaps are. Pure. As text and as a drawing: config/print-geometry.ts,
// config/geometry-svg.ts.

import { gapped, rowsFlipped } from './layout.js';
import type { Layout, PortLayout } from './layout.js';

/** First and last of something, both included. */
export type Span = readonly [first: number, last: number];

/** One port image in the frame. Frame coordinates from 0, row 0 on top of the array. */
export interface PortGeometry {
  readonly udpPort: number;
  readonly off: boolean;
  /** Placed by configuration; otherwise the packet header decides, and this is where PSI's order of ports puts it. */
  readonly fixed: boolean;
  /** Header row and column, counted in ports. */
  readonly row: number;
  readonly column: number;
  readonly frameRows: Span;
  readonly frameColumns: Span;
  /** Frame row and column of the port image's pixel (0, 0). */
  readonly firstPixel: readonly [y: number, x: number];
  /** The rows of the port image follow each other downwards in the frame, or upwards. */
  readonly rowsRun: 'down' | 'up';
  /** Rows of the port image, as received, that are read out; null when the port is off. */
  readonly rowsRead: Span | null;
  /** Packet numbers that are read out. */
  readonly packets: Span | null;
}

/** Where everything lies. */
export interface Geometry {
  readonly shape: readonly [rows: number, columns: number];
  /** Header rows and columns. */
  readonly grid: { readonly rows: number; readonly columns: number };
  /** Pixels of one port image. */
  readonly portImage: { readonly rows: number; readonly columns: number };
  /** In the order of `udp_ports`. */
  readonly ports: readonly PortGeometry[];
  /** Frame rows and columns without a sensor. */
  readonly gapRows: readonly Span[];
  readonly gapColumns: readonly Span[];
}

/** The geometry of a layout. */
export function geometryOf(layout: Layout): Geometry {
  const {
    shape,
    grid,
    profile: { portImage },
  } = layout;
  return {
    shape,
    grid,
    portImage,
    ports: layout.ports.map((port) => portGeometry(layout, port)),
    gapRows: gaps(layout, 'rows'),
    gapColumns: gaps(layout, 'columns'),
  };
}

function portGeometry(layout: Layout, { udpPort, off, fixed, expectedPosition, flip }: PortLayout): PortGeometry {
  const { portImage } = layout.profile;
  const { row, column, firstPacket } = layout.positions[expectedPosition];
  const at = (pixel: number, axis: 'rows' | 'columns'): number => gapped(pixel, layout.gapPixels, layout.profile, axis);
  const frameRows: Span = [at(row * portImage.rows, 'rows'), at((row + 1) * portImage.rows - 1, 'rows')];
  const frameColumns: Span = [
    at(column * portImage.columns, 'columns'),
    at((column + 1) * portImage.columns - 1, 'columns'),
  ];
  const flipped = rowsFlipped(layout, expectedPosition, flip);
  const rowsPerPacket = portImage.rows / layout.packetsPerPortImage;
  const lastPacket = firstPacket + layout.expectedPackets - 1;
  return {
    udpPort,
    off,
    fixed,
    row,
    column,
    frameRows,
    frameColumns,
    firstPixel: [frameRows[flipped ? 1 : 0], frameColumns[0]],
    rowsRun: flipped ? 'up' : 'down',
    rowsRead: off ? null : [Math.floor(firstPacket * rowsPerPacket), Math.ceil((lastPacket + 1) * rowsPerPacket) - 1],
    packets: off ? null : [firstPacket, lastPacket],
  };
}

function gaps(layout: Layout, axis: 'rows' | 'columns'): Span[] {
  const { profile, grid, gapPixels } = layout;
  const pixels = grid[axis] * profile.portImage[axis];
  const found: Span[] = [];
  for (let pixel = 1; pixel < pixels; pixel++) {
    const before = gapped(pixel - 1, gapPixels, profile, axis);
    const here = gapped(pixel, gapPixels, profile, axis);
    if (here > before + 1) found.push([before + 1, here - 1]);
  }
  return found;
}
