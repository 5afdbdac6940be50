import t from 'tap';
import { makeLayout } from '../../src/detector/layout.js';
import type { Layout } from '../../src/detector/layout.js';
import { makePieceTable } from '../../src/detector/piece-table.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { gridSettings, quadSettings } from '../simulators/detector/settings-examples.js';

/** Frame coordinates (y, x) of pixel (row, column) of the port image of port `port`, through its piece table. */
function placeOf(layout: Layout, port: number, row: number, column: number): [y: number, x: number] {
  const { expectedPosition, flip } = layout.ports[port];
  const { starts, pieces } = makePieceTable(layout, expectedPosition, flip);
  const perPacket = layout.payloadBytes / layout.pixelBytes;
  const pixel = row * 512 + column;
  const packet = Math.floor(pixel / perPacket);
  const offset = (pixel - packet * perPacket) * layout.pixelBytes;
  for (let piece = starts[packet]; piece < starts[packet + 1]; piece++) {
    const [from, to, length] = pieces.subarray(piece * 3, piece * 3 + 3) as unknown as [number, number, number];
    if (offset < from || offset >= from + length) continue;
    const at = (to + offset - from) / layout.pixelBytes;
    return [Math.floor(at / layout.shape[1]), at % layout.shape[1]];
  }
  throw new Error(`pixel ${row}, ${column} of port ${port} is placed nowhere`);
}

const shapes: readonly [string, DetectorSettings, readonly [number, number]][] = [
  ['quad', quadSettings(), [514, 514]],
  ['quad without gaps', quadSettings({ gapPixels: false }), [512, 512]],
  ['half-module', gridSettings(1, 1), [256, 1030]],
  ['module', gridSettings(2, 1), [514, 1030]],
  ['module without gaps', gridSettings(2, 1, { gapPixels: false }), [512, 1024]],
  ['2 modules in a row', gridSettings(2, 2), [514, 2 * 1030 + 8]],
  ['2 modules in a column', gridSettings(4, 1), [2 * 514 + 36, 1030]],
  ['4 modules', gridSettings(4, 2), [2 * 514 + 36, 2 * 1030 + 8]],
];

for (const [name, settings, shape] of shapes) {
  t.test(`${name}: ${shape.join(' × ')}`, async (t) => {
    t.strictSame(makeLayout(settings).shape, shape);
  });
}

t.test('a quad is laid out as at MAX IV: second port above, upside down, first port below', async (t) => {
  for (const dynamicRange of [8, 16, 32]) {
    const layout = makeLayout(quadSettings({ dynamicRange }));
    const g = (c: number): number => (c < 256 ? c : c + 2);
    for (const row of [0, 1, 100, 255]) {
      for (const column of [0, 255, 256, 511]) {
        t.strictSame(placeOf(layout, 1, row, column), [255 - row, g(column)]);
        t.strictSame(placeOf(layout, 0, row, column), [258 + row, g(column)]);
      }
    }
  }
});

t.test(
  'modules: 2 pixels between chips, 36 rows and 8 columns between modules, odd rows of ports upside down',
  async (t) => {
    const layout = makeLayout(gridSettings(4, 2));
    // Ports count units downwards first: unit 0 … 3 in the left column, 4 … 7 in the right.
    t.strictSame(placeOf(layout, 0, 0, 0), [0, 0]);
    t.strictSame(placeOf(layout, 0, 255, 511), [255, 513]);
    t.strictSame(placeOf(layout, 1, 0, 0), [0, 516], 'right half of the top half-module');
    t.strictSame(placeOf(layout, 1, 0, 511), [0, 1029]);
    t.strictSame(placeOf(layout, 2, 0, 0), [513, 0], 'second half-module: its first row is the lowest');
    t.strictSame(placeOf(layout, 2, 255, 0), [258, 0]);
    t.strictSame(placeOf(layout, 4, 0, 0), [514 + 36, 0], 'second module');
    t.strictSame(placeOf(layout, 6, 0, 0), [514 + 36 + 513, 0]);
    t.strictSame(placeOf(layout, 8, 0, 0), [0, 1030 + 8], 'second column of modules');
    t.strictSame(placeOf(layout, 15, 0, 511), [514 + 36 + 513, 1038 + 1029]);
  },
);

t.test('flips and positions as configured', async (t) => {
  const layout = makeLayout(
    gridSettings(2, 1, {
      flipRows: new Map([
        [50001, true],
        [50003, false],
      ]),
      portPositions: new Map([
        [50003, [1, 1]],
        [50004, [1, 0]],
      ]),
    }),
  );
  t.strictSame(placeOf(layout, 0, 0, 0), [255, 0]);
  t.strictSame(placeOf(layout, 1, 0, 0), [0, 516]);
  t.strictSame(placeOf(layout, 2, 0, 0), [258, 516]);
  t.strictSame(placeOf(layout, 3, 0, 0), [513, 0]);
});

t.test('packets of a port image, as PSI lists them', async (t) => {
  for (const [dynamicRange, ten, one] of [
    [8, 32, 128],
    [16, 64, 256],
    [32, 128, 512],
  ] as const) {
    t.match(makeLayout(quadSettings({ dynamicRange })), {
      packetsPerPortImage: ten,
      expectedPackets: ten,
      packetBytes: 4144,
    });
    t.match(makeLayout(quadSettings({ dynamicRange, tenGiga: false })), {
      packetsPerPortImage: one,
      packetBytes: 1072,
    });
  }
  t.match(makeLayout(quadSettings({ readNRows: 64 })), {
    packetsPerPortImage: 64,
    expectedPackets: 16,
    positions: [{ firstPacket: 0 }, { firstPacket: 0 }],
    shape: [514, 514],
  });
});

t.test('settings that fit no detector are refused with what would', async (t) => {
  t.throws(() => makeLayout(quadSettings({ dynamicRange: 7 })), /dynamic_range: 7.*4, 8, 12, 16, 32/);
  t.throws(() => makeLayout(quadSettings({ readNRows: 3 })), /read_n_rows: 3.*multiple of 4/);
  t.throws(() => makeLayout(quadSettings({ readNRows: 260 })), /read_n_rows/);
  t.throws(() => makeLayout(quadSettings({ detector: 'other' })), /"other" is not known/);
});
