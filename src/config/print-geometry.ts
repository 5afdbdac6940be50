// A geometry for people (text with a picture) and for scripts (JSON, snake_case). Nothing is computed here. The drawing
// for a browser: geometry-svg.ts.

import type { Geometry, PortGeometry, Span } from '../detector/geometry.js';
import type { ServiceConfig } from './service-config.js';

const cellWidth = 15;

/** The geometry as a picture in characters and a table of ports. */
export function geometryText({ name, detector }: ServiceConfig, geometry: Geometry): string {
  const { shape, portImage, gapRows, gapColumns } = geometry;
  const heading = ['port', 'row', 'column', 'frame rows', 'frame columns', 'pixel (0, 0)', 'rows run', 'read out'];
  const table = [heading, ...geometry.ports.map(portCells)];
  const widths = heading.map((_, column) => Math.max(...table.map((cells) => cells[column].length)));
  return [
    `${name}: ${detector.detector}, frame of ${shape[0]} rows × ${shape[1]} columns, ${geometry.ports.length} port ` +
      `images of ${portImage.rows} × ${portImage.columns}`,
    '',
    ...picture(geometry),
    '',
    '•      pixel (0, 0) of the port image: the first of its packet 0',
    '↓ ↑    which way its rows follow each other; columns always run to the right',
    ...(geometry.ports.some((port) => port.off) ? ['off    the detector sends nothing here: missing value'] : []),
    ...(geometry.ports.some((port) => port.fixed) ? ['fixed  placed by port_positions, whatever its packets say'] : []),
    '',
    ...table.map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    ),
    '',
    `gap rows:    ${spans(gapRows)}`,
    `gap columns: ${spans(gapColumns)}`,
    'Row and column are those of the packet header, which decide where a port lands unless it is fixed; shown is ' +
      'the order of PSI.',
    '',
  ].join('\n');
}

/** The geometry as a JSON object with the detector's name. */
export function geometryJson({ name, detector }: ServiceConfig, geometry: Geometry): unknown {
  return {
    name,
    detector: detector.detector,
    shape: geometry.shape,
    grid: [geometry.grid.rows, geometry.grid.columns],
    port_image: [geometry.portImage.rows, geometry.portImage.columns],
    ports: geometry.ports.map((port) => ({
      udp_port: port.udpPort,
      off: port.off,
      fixed: port.fixed,
      position: [port.row, port.column],
      frame_rows: port.frameRows,
      frame_columns: port.frameColumns,
      first_pixel: port.firstPixel,
      rows_run: port.rowsRun,
      rows_read: port.rowsRead,
      packets: port.packets,
    })),
    gap_rows: geometry.gapRows,
    gap_columns: geometry.gapColumns,
  };
}

/** Three lines for each row of port images; positions without a port stay empty. */
function picture({ grid, ports }: Geometry): string[] {
  const at = (row: number, column: number): PortGeometry[] =>
    ports.filter((port) => port.row === row && port.column === column);
  const columns = Array.from({ length: grid.columns }, (_, column) => column);
  const rows = Array.from({ length: grid.rows }, (_, row) => row);
  const margin = Math.max(...ports.map((port) => String(port.frameRows[1]).length)) + 2;
  const border = (left: string, middle: string, right: string): string =>
    ' '.repeat(margin) + left + columns.map(() => '─'.repeat(cellWidth)).join(middle) + right;
  const head = columns
    .map((column) => span(ports.find((port) => port.column === column)?.frameColumns).padStart(cellWidth + 1))
    .join('');
  const lines = [`${' '.repeat(margin)}${head}`, border('┌', '┬', '┐')];
  for (const row of rows) {
    if (row > 0) lines.push(border('├', '┼', '┤'));
    const cells = columns.map((column) => at(row, column));
    const frameRows = ports.find((port) => port.row === row)?.frameRows ?? ['', ''];
    const side = [frameRows[0], '', frameRows[1]];
    for (const part of [0, 1, 2]) {
      const texts = cells.map((port) => cellLine(port, part).padEnd(cellWidth));
      lines.push(`${String(side[part]).padStart(margin - 1)} │${texts.join('│')}│`);
    }
  }
  return [...lines, border('└', '┴', '┘')];
}

/** One of the three lines of a cell: the dot is in the corner where the first row lies. */
function cellLine(ports: readonly PortGeometry[], part: number): string {
  const [port] = ports;
  if (port === undefined) return part === 1 ? '  (no port)' : '';
  if (part === 1) {
    const name = ports.map(({ udpPort }) => udpPort).join(' ');
    return `  ${name} ${port.off ? 'off' : port.rowsRun === 'down' ? '↓' : '↑'}${port.fixed ? ' fixed' : ''}`.slice(
      0,
      cellWidth,
    );
  }
  return !port.off && port.rowsRun === (part === 0 ? 'down' : 'up') ? '•' : '';
}

function portCells(port: PortGeometry): string[] {
  const read =
    port.rowsRead === null || port.packets === null
      ? 'off'
      : `rows ${span(port.rowsRead)}, packets ${span(port.packets)}`;
  return [
    `${port.udpPort}${port.fixed ? ' fixed' : ''}`,
    String(port.row),
    String(port.column),
    span(port.frameRows),
    span(port.frameColumns),
    `row ${port.firstPixel[0]}, column ${port.firstPixel[1]}`,
    port.rowsRun,
    read,
  ];
}

/** "0 to 255"; one number where both are the same. */
function span(of: Span | undefined): string {
  if (of === undefined) return '';
  return of[0] === of[1] ? String(of[0]) : `${of[0]} to ${of[1]}`;
}

function spans(all: readonly Span[]): string {
  return all.length === 0 ? 'none' : all.map(span).join(', ');
}
