// Which pixel is where: on the canvas, and in its port image.

import t from 'tap';
import { aboutJson } from '../../src/http/page/state.js';
import { geometryOf } from '../../src/detector/geometry.js';
import { makeLayout } from '../../src/detector/layout.js';
import { portAt } from '../../src/page/port-at.js';
import { fit, pan, pixelAt, visible, zoom } from '../../src/page/viewport.js';
import { config } from '../view/hand-made-view.js';

const frame = { width: 200, height: 100 };
const canvas = { width: 400, height: 400 };

t.test('a frame is shown whole, in the middle, undistorted', (t) => {
  const view = fit(frame, canvas);
  t.strictSame(view, { left: 0, top: -50, scaleX: 2, scaleY: 2 });
  t.strictSame(pixelAt(view, 0, 100), { row: 0, column: 0 });
  t.strictSame(pixelAt(view, 399, 299), { row: 99, column: 199 });
  t.strictSame(pixelAt(view, 0, 99), { row: -1, column: 0 }, 'above the frame');
  t.strictSame(visible(view, frame, canvas), { rows: [0, 99], columns: [0, 199] });
  t.end();
});

t.test('a frame of one row is stretched until it is seen', (t) => {
  const strip = { width: 1280, height: 1 };
  const view = fit(strip, canvas);
  t.ok(view.scaleY * strip.height >= canvas.height / 6.001);
  t.equal(pixelAt(view, 200, 200).row, 0);
  t.end();
});

t.test('zooming keeps the pixel under the cursor, within bounds', (t) => {
  const start = zoom(fit(frame, canvas), 4, 200, 200, frame, canvas);
  const before = pixelAt(start, 120, 260);
  t.strictSame(pixelAt(zoom(start, 1.5, 120, 260, frame, canvas), 120, 260), before);
  t.equal(zoom(start, 1e9, 0, 0, frame, canvas).scaleX, 64);
  t.strictSame(zoom(start, 1e-9, 3, 5, frame, canvas), fit(frame, canvas), 'smaller than whole is whole');
  t.end();
});

t.test('the frame follows the hand, and stays on the canvas', (t) => {
  const close = zoom(fit(frame, canvas), 4, 200, 200, frame, canvas);
  const at = pixelAt(close, 100, 100);
  t.strictSame(pixelAt(pan(close, 16, 8, frame, canvas), 116, 108), at);
  t.strictSame(visible(pan(close, -1e6, -1e6, frame, canvas), frame, canvas), { rows: [50, 99], columns: [150, 199] });
  t.strictSame(visible(pan(close, 1e6, 1e6, frame, canvas), frame, canvas), { rows: [0, 49], columns: [0, 49] });
  t.end();
});

t.test('every pixel of a frame is one pixel of one port image, or a gap', (t) => {
  for (const detector of [
    config.detector,
    {
      ...config.detector,
      quad: false,
      modules: [2, 1] as const,
      udpPorts: [50001, 50002, 50003, 50004],
      portPositions: new Map(),
      flipRows: new Map(),
    },
  ]) {
    const geometry = geometryOf(makeLayout(detector));
    const about = aboutJson({ ...config, detector }, geometry, '0', 1);
    const { rows, columns } = geometry.portImage;
    const seen = new Map<number, Uint8Array>(detector.udpPorts.map((port) => [port, new Uint8Array(rows * columns)]));
    let gaps = 0;
    let doubled = 0;
    for (let row = 0; row < geometry.shape[0]; row++) {
      for (let column = 0; column < geometry.shape[1]; column++) {
        const pixel = portAt(about, row, column);
        if (pixel === null) {
          gaps++;
          continue;
        }
        const image = seen.get(pixel.udpPort) as Uint8Array;
        if (
          pixel.row < 0 ||
          pixel.row >= rows ||
          pixel.column < 0 ||
          pixel.column >= columns ||
          image[pixel.row * columns + pixel.column] !== 0
        )
          doubled++;
        image[pixel.row * columns + pixel.column] = 1;
      }
    }
    t.equal(doubled, 0);
    const found = [...seen.values()].reduce((sum, image) => sum + image.reduce((count, mark) => count + mark, 0), 0);
    t.equal(found + gaps, geometry.shape[0] * geometry.shape[1]);
    for (const port of geometry.ports)
      t.match(
        portAt(about, ...port.firstPixel),
        { udpPort: port.udpPort, row: 0, column: 0, fixed: port.fixed },
        `port ${port.udpPort} begins where the geometry says`,
      );
  }
  t.equal(portAt(aboutJson(config, geometryOf(makeLayout(config.detector)), '0', 1), -1, 0), null);
  t.end();
});

t.test('the page is told how images leave, and nothing where they leave as they lie', (t) => {
  const geometry = geometryOf(makeLayout(config.detector));
  const sentAs = (more: object) => aboutJson({ ...config, ...more }, geometry, '0', 1).sent_as;
  t.equal(sentAs({}), null);
  t.strictSame(sentAs({ compression: 'bslz4' }), { shape: [514, 514], steps: [], compression: 'bslz4' });
  t.strictSame(sentAs({ roi: [0, 0, 100, 200], turn: 90, mirror: true }), {
    shape: [200, 100],
    steps: ['cut to rows 0 to 99, columns 0 to 199', 'turned by 90° anticlockwise', 'mirrored'],
    compression: 'none',
  });
  t.equal(aboutJson({ ...config, compression: 'bslz4' }, null, '0', 1).sent_as, null, 'without a detector');
  t.end();
});
