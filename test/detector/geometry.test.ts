import t from 'tap';
import { geometryOf } from '../../src/detector/geometry.js';
import { makeLayout } from '../../src/detector/layout.js';
import { gridSettings, quadSettings } from '../simulators/detector/settings-examples.js';

t.test('a quad: the second port above, upside down', async (t) => {
  const { ports, gapRows, gapColumns, shape } = geometryOf(makeLayout(quadSettings()));
  t.strictSame(shape, [514, 514]);
  t.match(ports, [
    {
      udpPort: 50001,
      row: 1,
      frameRows: [258, 513],
      frameColumns: [0, 513],
      firstPixel: [258, 0],
      rowsRun: 'down',
      rowsRead: [0, 255],
      packets: [0, 63],
      fixed: false,
    },
    { udpPort: 50002, row: 0, frameRows: [0, 255], firstPixel: [255, 0], rowsRun: 'up' },
  ]);
  t.strictSame(gapRows, [[256, 257]]);
  t.strictSame(gapColumns, [[256, 257]]);
});

t.test('ports off, fixed and flipped by configuration are shown so', async (t) => {
  const settings = gridSettings(2, 1, {
    portsOff: [50004],
    portPositions: new Map([
      [50001, [0, 1]],
      [50002, [0, 0]],
    ]),
    flipRows: new Map([[50002, true]]),
  });
  t.match(geometryOf(makeLayout(settings)).ports, [
    { fixed: true, row: 0, column: 1, firstPixel: [0, 516], rowsRun: 'down' },
    { fixed: true, row: 0, column: 0, firstPixel: [255, 0], rowsRun: 'up' },
    { fixed: false, row: 1, column: 0, rowsRun: 'up' },
    { off: true, rowsRead: null, packets: null },
  ]);
});

t.test('rows around the centre of a Jungfrau: the last of the first port, the first of the second', async (t) => {
  const settings = quadSettings({ detector: 'jungfrau', quad: false, interfaces: 2, readNRows: 128 });
  t.match(geometryOf(makeLayout(settings)).ports, [
    { rowsRead: [192, 255], packets: [48, 63] },
    { rowsRead: [0, 63], packets: [0, 15] },
  ]);
  const one = quadSettings({ detector: 'jungfrau', quad: false, udpPorts: [50001], readNRows: 128 });
  t.match(geometryOf(makeLayout(one)).ports, [{ rowsRead: [192, 319], packets: [48, 79] }]);
});

t.test('without gap pixels there are no gaps', async (t) => {
  t.match(geometryOf(makeLayout(gridSettings(2, 2, { gapPixels: false }))), { gapRows: [], gapColumns: [] });
  t.strictSame(geometryOf(makeLayout(gridSettings(4, 1))).gapRows, [
    [256, 257],
    [514, 549],
    [806, 807],
  ]);
});
