import t from 'tap';
import { frameLayout } from '../../../simulators/detector/layout.js';
import { pixelValue } from '../../../simulators/detector/pattern.js';
import { Rings, ringsBase } from '../../../simulators/detector/rings.js';
import { FrameVerifier } from '../../../simulators/consumer/verify.js';
import { config } from '../../view/hand-made-view.js';

const quad = { ...config.detector, flipRows: new Map(), portPositions: new Map() };

t.test('a pixel is base and noise, as documented, whatever else is in its row', async (t) => {
  const rings = new Rings(quad);
  const { ports, rows, columns } = frameLayout(quad);
  for (const frame of [1, 77]) {
    const image = rings.portImage(1, frame);
    for (const [row, column] of [
      [0, 0],
      [17, 300],
      [200, 260],
      [255, 511],
    ] as const) {
      const { x } = ports[1].pieces
        .map((piece) => ({ ...piece, x: piece.x + column - piece.column }))
        .filter((_, index) => column >= ports[1].pieces[index].column)
        .at(-1) as { x: number };
      const base = ringsBase(ports[1].y[row], x, rows, columns);
      const noise = pixelValue(frame, 1, row, column, 16);
      const wanted = Math.min(65535, base + Math.floor((noise * Math.floor(4 * Math.sqrt(base))) / 65536));
      t.equal(image[row * 512 + column], wanted, `frame ${frame}, ${row}, ${column}`);
    }
  }
});

t.test('there is a beam that saturates, there are rings, and it is darker between them', async (t) => {
  const at = (share: number): number => ringsBase(0.46 * 514, 0.53 * 514 - share * 514, 514, 514);
  t.equal(at(0), 65535);
  t.ok(at(0.22) > 3 * at(0.265), 'on the second ring and outside it');
  for (const bits of [4, 8, 12, 16, 32]) {
    const image = new Rings({ ...quad, dynamicRange: bits }).portImage(0, 3);
    const most = Math.min(65535, 2 ** bits - 1);
    t.ok(image.some((value) => value === most) && image.some((value) => value < most / 8), `${bits} bit`);
  }
});

t.test('every pixel of it is compared: one that is wrong is found', async (t) => {
  const layout = frameLayout(quad);
  const frame = new Uint16Array(layout.rows * layout.columns);
  const rings = new Rings(quad);
  for (const { portIndex, y, pieces } of layout.ports) {
    const image = rings.portImage(portIndex, 9);
    y.forEach((frameRow, row) => {
      for (const { column, x, length } of pieces)
        for (let at = 0; at < length; at++) frame[frameRow * layout.columns + x + at] = image[row * 512 + column + at];
    });
  }
  const fields = { shape: [514, 514], type: 'uint16', compression: 'none', frame_number: 9 };
  const blob = new Uint8Array(frame.buffer);
  const verifier = new FrameVerifier(quad, 'rings');
  t.match(verifier.verify(fields, blob), { wrong: 0, missing: 0, checked: 514 * 514 });
  t.not((new FrameVerifier(quad).verify(fields, blob) as { wrong: number }).wrong, 0, 'it is not the formula');
  t.not((verifier.verify({ ...fields, frame_number: 10 }, blob) as { wrong: number }).wrong, 0, 'nor another frame');
  const expected = frame[100 * 514 + 7]++;
  t.match(verifier.verify(fields, blob), {
    wrong: 1,
    firstWrong: { y: 100, x: 7, seen: expected + 1, expected },
  });
});
