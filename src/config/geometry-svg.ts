// A geometry as an SVG drawing: the frame with row 0 on top, each port image as a coloured field with its UDP port, a
// dot at its pixel (0, 0), an arrow in the direction of its rows. Gaps are dark, rows that are not read out are
// hatched. Lengths in the drawing are SVG user units.
// Tested by test/config/print-geometry.test.ts.

import type { Geometry, PortGeometry, Span } from '../detector/geometry.js';
import type { ServiceConfig } from './service-config.js';

const longestSide = 760;
/** A port image is never drawn smaller, so that its text fits. */
const leastWidth = 150;
const leastHeight = 84;
const margin = { left: 76, top: 78, right: 28, bottom: 82 };
/** By module-like parity of header row and column, so that neighbours differ. */
const fills = ['#cfe3f5', '#fbe3c5', '#d9efd3', '#eadcf2'];

interface Scale {
  x(column: number): number;
  y(row: number): number;
  readonly width: number;
  readonly height: number;
  /** Both directions have the same scale. */
  readonly true: boolean;
}

/** A complete SVG document. */
export function geometrySvg({ name, detector }: ServiceConfig, geometry: Geometry): string {
  const scale = scaleOf(geometry);
  const [rows, columns] = geometry.shape;
  const width = margin.left + scale.width + margin.right;
  const height = margin.top + scale.height + margin.bottom;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${round(width)} ${round(height)}" ` +
      `width="${round(width)}" height="${round(height)}" font-family="sans-serif">`,
    '<defs>',
    '<pattern id="unread" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect ' +
      'width="8" height="8" fill="#f4f4f4"/><line x1="0" y1="0" x2="0" y2="8" stroke="#b9b9b9" ' +
      'stroke-width="3"/></pattern>',
    '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path ' +
      'd="M0,0 L10,5 L0,10 z" fill="#333"/></marker>',
    '</defs>',
    `<rect width="100%" height="100%" fill="white"/>`,
    text(margin.left, 24, `${name}: ${detector.detector}, ${rows} rows × ${columns} columns`, 17, 'start', 'bold'),
    text(
      margin.left,
      44,
      `row 0 on top, as in the array that consumers get${scale.true ? '' : '; height not to scale'}`,
      12,
      'start',
    ),
    `<rect x="${round(scale.x(0))}" y="${round(scale.y(0))}" width="${round(scale.width)}" ` +
      `height="${round(scale.height)}" fill="#555"/>`,
    ...geometry.ports.flatMap((port) => drawPort(port, geometry, scale)),
    ...axisLabels(geometry, scale),
    ...legend(geometry, margin.top + scale.height + 22),
    '</svg>',
    '',
  ];
  return lines.join('\n');
}

function scaleOf({ shape: [rows, columns], portImage }: Geometry): Scale {
  const even = Math.max(longestSide / Math.max(rows, columns), leastWidth / portImage.columns);
  // Lines of pixels would be too thin to see.
  const down = Math.max(even, leastHeight / portImage.rows);
  return {
    x: (column) => margin.left + column * even,
    y: (row) => margin.top + row * down,
    width: columns * even,
    height: rows * down,
    true: down === even,
  };
}

function drawPort(port: PortGeometry, geometry: Geometry, scale: Scale): string[] {
  const fill = fills[(port.row % 2) * 2 + (port.column % 2)];
  const [top, bottom] = [scale.y(port.frameRows[0]), scale.y(port.frameRows[1] + 1)];
  const [left, right] = [scale.x(port.frameColumns[0]), scale.x(port.frameColumns[1] + 1)];
  const field = (rows: Span, colour: string): string[] =>
    without(geometry.gapRows, rows).flatMap((down) =>
      without(geometry.gapColumns, port.frameColumns).map(
        (across) =>
          `<rect x="${round(scale.x(across[0]))}" y="${round(scale.y(down[0]))}" ` +
          `width="${round(scale.x(across[1] + 1) - scale.x(across[0]))}" ` +
          `height="${round(scale.y(down[1] + 1) - scale.y(down[0]))}" fill="${colour}"/>`,
      ),
    );
  const read = readInFrame(port, geometry);
  const [originY, end] = port.rowsRun === 'down' ? [top + 14, bottom - 14] : [bottom - 14, top + 14];
  const middle = (top + bottom) / 2;
  const centre = (left + right) / 2 + 8;
  const notes = [
    `row ${port.row}, column ${port.column}`,
    ...(port.off ? ['off'] : []),
    ...(port.fixed ? ['fixed'] : []),
  ].join(', ');
  return [
    ...field(port.frameRows, 'url(#unread)'),
    ...(read === null ? [] : field(read, fill)),
    `<rect x="${round(left)}" y="${round(top)}" width="${round(right - left)}" height="${round(bottom - top)}" ` +
      'fill="none" stroke="#333" stroke-width="1"/>',
    ...(port.off
      ? []
      : [
          `<line x1="${round(left + 14)}" y1="${round(originY)}" x2="${round(left + 14)}" y2="${round(end)}" ` +
            'stroke="#333" stroke-width="1.5" marker-end="url(#head)"/>',
          `<circle cx="${round(left + 14)}" cy="${round(originY)}" r="5" fill="#c0392b"/>`,
          text(left + 24, originY + 4, '(0, 0)', 11, 'start'),
        ]),
    plate(centre, middle, Math.max(60, notes.length * 6 + 12)),
    text(centre, middle, String(port.udpPort), 18, 'middle', 'bold'),
    text(centre, middle + 16, notes, 11, 'middle'),
  ];
}

/** Frame rows of what is read out of a port image; null = nothing. */
function readInFrame(port: PortGeometry, { portImage, gapRows }: Geometry): Span | null {
  if (port.rowsRead === null) return null;
  const rows = without(gapRows, port.frameRows).flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index),
  );
  const [from, to] =
    port.rowsRun === 'down'
      ? port.rowsRead
      : [portImage.rows - 1 - port.rowsRead[1], portImage.rows - 1 - port.rowsRead[0]];
  return [rows[from], rows[to]];
}

/** A span without the gaps inside it, as spans. */
function without(gaps: readonly Span[], [first, last]: Span): Span[] {
  const kept: Span[] = [];
  let from = first;
  for (const [gapFirst, gapLast] of gaps) {
    if (gapLast < from || gapFirst > last) continue;
    kept.push([from, gapFirst - 1]);
    from = gapLast + 1;
  }
  kept.push([from, last]);
  return kept.filter(([begin, end]) => begin <= end);
}

/** First and last frame row of each row of port images at the left, columns on top. */
function axisLabels({ ports }: Geometry, scale: Scale): string[] {
  const rows = new Map(ports.map((port) => [port.row, port.frameRows]));
  const columns = new Map(ports.map((port) => [port.column, port.frameColumns]));
  return [
    ...[...rows.values()].flatMap(([first, last]) =>
      first === last
        ? [text(margin.left - 8, (scale.y(first) + scale.y(first + 1)) / 2 + 4, String(first), 12, 'end')]
        : [
            text(margin.left - 8, scale.y(first) + 11, String(first), 12, 'end'),
            text(margin.left - 8, scale.y(last + 1) - 2, String(last), 12, 'end'),
          ],
    ),
    ...[...columns.values()].flatMap(([first, last]) => [
      text(scale.x(first) + 2, margin.top - 8, String(first), 12, 'start'),
      text(scale.x(last + 1) - 2, margin.top - 8, String(last), 12, 'end'),
    ]),
  ];
}

function legend({ ports, portImage, gapRows, gapColumns }: Geometry, y: number): string[] {
  const first = `Each field is a port image of ${portImage.rows} × ${portImage.columns} pixels.`;
  const hatched = ports.some(
    (port) => port.rowsRead === null || port.rowsRead[1] - port.rowsRead[0] + 1 < portImage.rows,
  )
    ? 'Hatched: not read out or off, missing value.'
    : '';
  const gaps = gapRows.length + gapColumns.length > 0 ? 'Dark: gaps, value 0.' : 'No gaps.';
  return [
    `<circle cx="${margin.left + 5}" cy="${round(y - 4)}" r="5" fill="#c0392b"/>`,
    text(
      margin.left + 16,
      y,
      'pixel (0, 0) of the port image; the arrow: its rows; columns run to the right.',
      12,
      'start',
    ),
    text(margin.left, y + 18, [first, gaps, hatched].filter((sentence) => sentence !== '').join(' '), 12, 'start'),
    text(
      margin.left,
      y + 36,
      'Row and column as packet headers name them; unless fixed they decide where a port lands. Shown is the order ' +
        'of PSI.',
      12,
      'start',
    ),
  ];
}

/** A light ground for text that may lie on a hatched field. */
function plate(x: number, y: number, width: number): string {
  return (
    `<rect x="${round(x - width / 2)}" y="${round(y - 18)}" width="${width}" height="40" rx="4" fill="white" ` +
    'fill-opacity="0.75"/>'
  );
}

function text(
  x: number,
  y: number,
  content: string,
  size: number,
  anchor: 'start' | 'middle' | 'end',
  weight = 'normal',
): string {
  return (
    `<text x="${round(x)}" y="${round(y)}" font-size="${size}" text-anchor="${anchor}" font-weight="${weight}" ` +
    `fill="#222">${escaped(content)}</text>`
  );
}

function escaped(content: string): string {
  return content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
