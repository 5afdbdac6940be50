import t from 'tap';
import { FrameCutter, imageShapes } from '../../../simulators/detector/frame-cutter.js';
import { gridSettings, quadSettings } from './settings-examples.js';

t.test('images fit with gap pixels or without', async (t) => {
  t.same(imageShapes(quadSettings()), [
    [514, 514],
    [512, 512],
  ]);
  t.same(
    imageShapes(quadSettings({ gapPixels: false })),
    [
      [514, 514],
      [512, 512],
    ],
    'whatever the service is told to stitch',
  );
  t.same(imageShapes(gridSettings(4, 2)), [
    [1064, 2068],
    [1024, 2048],
  ]);
  t.same(
    imageShapes(quadSettings({ detector: 'moench', quad: false, udpPorts: [50001] })),
    [[400, 400]],
    'the same when there are no gaps',
  );
});

t.test('the halves of a quad are cut as MAX IV stitches them', async (t) => {
  for (const width of [514, 512]) {
    const gap = width - 512;
    const image = Uint16Array.from({ length: width * width }, (_, index) => index % 65521);
    const cutter = new FrameCutter(quadSettings(), [width, width]);
    const g = (c: number): number => (c < 256 ? c : c + gap);
    let wrong = 0;
    const lower = cutter.cut(image, 0).slice();
    for (let r = 0; r < 256; r++)
      for (let c = 0; c < 512; c++) if (lower[r * 512 + c] !== image[(256 + gap + r) * width + g(c)]) wrong++;
    const upper = cutter.cut(image, 1);
    for (let r = 0; r < 256; r++)
      for (let c = 0; c < 512; c++) if (upper[r * 512 + c] !== image[(255 - r) * width + g(c)]) wrong++;
    t.equal(wrong, 0);
    t.equal(cutter.clipped, 0);
  }
});

t.test('values that the wire cannot carry become its largest, and are counted', async (t) => {
  const cutter = new FrameCutter(quadSettings({ dynamicRange: 12 }), [512, 512]);
  const image = new Uint16Array(512 * 512);
  image[256 * 512] = 4095;
  image[256 * 512 + 1] = 4096;
  image[256 * 512 + 2] = 65535;
  t.same([...cutter.cut(image, 0).subarray(0, 4)], [4095, 4095, 4095, 0]);
  t.equal(cutter.clipped, 2);
});
