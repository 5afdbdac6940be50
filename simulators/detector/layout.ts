// Where each port image lies in the frame, computed from the configuration for the checking side: independent of the
// service's own geometry, so that a mistake there is seen here.
// Tested by test/simulators/detector/frame-cutter.test.ts.

import type { DetectorSettings } from '../../src/detector/settings.js';
import { firstPacketNumber, headerPosition, wireFormat } from './packet.js';

/** Columns of a port image that stay neighbours in the frame. */
export interface Piece {
  readonly column: number;
  readonly x: number;
  readonly length: number;
}

export interface PortLayout {
  readonly portIndex: number;
  readonly udpPort: number;
  readonly off: boolean;
  /** Number of the first packet sent. */
  readonly firstPacket: number;
  /** Frame row of each row of the port image as received. */
  readonly y: readonly number[];
  readonly pieces: readonly Piece[];
}

export interface FrameLayout {
  readonly rows: number;
  readonly columns: number;
  readonly ports: readonly PortLayout[];
  /** Pixels without a sensor: first pixel (row-major) and length of each run. */
  readonly gaps: readonly (readonly [start: number, length: number])[];
}

/** Distances along one direction, in pixels. */
interface Spacing {
  readonly chip: number;
  readonly module: number;
  readonly chipGap: number;
  readonly moduleGap: number;
}

/** Position with gaps of the pixel that has position `at` without. */
function stretch(at: number, { chip, module, chipGap, moduleGap }: Spacing): number {
  const before = Math.floor(at / module) * ((module / chip - 1) * chipGap + moduleGap);
  return at + before + Math.floor((at % module) / chip) * chipGap;
}

function spacings(settings: DetectorSettings): { down: Spacing; across: Spacing } {
  const { chip, module, gaps } = wireFormat(settings).profile;
  const on = settings.gapPixels ? 1 : 0;
  return {
    down: { chip: chip.rows, module: module.rows, chipGap: gaps.chip * on, moduleGap: gaps.moduleRows * on },
    across: { chip: chip.columns, module: module.columns, chipGap: gaps.chip * on, moduleGap: gaps.moduleColumns * on },
  };
}

/** Rows upside down in the frame: as configured for this port, else as PSI's configurations have it. */
function isFlipped(settings: DetectorSettings, udpPort: number, row: number): boolean {
  const rule = wireFormat(settings).profile.flippedRows;
  const usual = rule === 'odd' ? row % 2 === 1 : rule === 'even' ? row % 2 === 0 : false;
  return settings.flipRows.get(udpPort) ?? usual;
}

function portLayout(settings: DetectorSettings, portIndex: number): PortLayout {
  const { rows, columns } = wireFormat(settings);
  const { down, across } = spacings(settings);
  const udpPort = settings.udpPorts[portIndex];
  const header = headerPosition(settings, portIndex);
  const [row, column] = settings.portPositions.get(udpPort) ?? [header.row, header.column];
  const flipped = isFlipped(settings, udpPort, row);
  const y = Array.from({ length: rows }, (_, r) => stretch(row * rows + (flipped ? rows - 1 - r : r), down));
  const pieces: { column: number; x: number; length: number }[] = [];
  for (let c = 0; c < columns; c++) {
    const x = stretch(column * columns + c, across);
    const last = pieces.at(-1);
    if (last !== undefined && last.x + last.length === x) last.length++;
    else pieces.push({ column: c, x, length: 1 });
  }
  return {
    portIndex,
    udpPort,
    off: settings.portsOff.includes(udpPort),
    firstPacket: firstPacketNumber(settings, portIndex),
    y,
    pieces,
  };
}

/** The whole frame of a configuration. */
export function frameLayout(settings: DetectorSettings): FrameLayout {
  const { profile, rows: portRows, columns: portColumns } = wireFormat(settings);
  const grid = {
    rows: settings.modules[0] * profile.unitPorts.rows,
    columns: settings.modules[1] * profile.unitPorts.columns,
  };
  const { down, across } = spacings(settings);
  const rows = stretch(grid.rows * portRows - 1, down) + 1;
  const columns = stretch(grid.columns * portColumns - 1, across) + 1;
  const ports = settings.udpPorts.map((_, portIndex) => portLayout(settings, portIndex));
  const covered = new Uint8Array(rows * columns);
  for (const { y, pieces } of ports) {
    for (const row of y)
      for (const { x, length } of pieces) covered.fill(1, row * columns + x, row * columns + x + length);
  }
  return { rows, columns, ports, gaps: runsOfZero(covered) };
}

function runsOfZero(covered: Uint8Array): [start: number, length: number][] {
  const runs: [number, number][] = [];
  for (let start = covered.indexOf(0); start >= 0;) {
    const next = covered.indexOf(1, start);
    const end = next < 0 ? covered.length : next;
    runs.push([start, end - start]);
    start = next < 0 ? -1 : covered.indexOf(0, end);
  }
  return runs;
}
