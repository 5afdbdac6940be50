import t from 'tap';
import { FrameVerifier } from '../../../simulators/consumer/verify.js';
import type { FormWish } from '../../../simulators/consumer/sent-form.js';
import { pixelValue } from '../../../simulators/detector/pattern.js';
import { gridSettings } from '../detector/settings-examples.js';

const settings = gridSettings(1, 1, { dynamicRange: 16, gapPixels: false });
const whole = new FrameVerifier(settings).layout;
const plain: FormWish = { turn: 0, mirror: false, roi: null, mask: null, maskValue: null };

/** The frame as the detector has it, in rows; without gaps. */
function frameOf(frameNumber: number): number[][] {
  const frame = Array.from({ length: whole.rows }, () => new Array<number>(whole.columns).fill(0));
  for (const { portIndex, y, pieces } of whole.ports)
    for (const [row, at] of y.entries())
      for (const { column, x, length } of pieces)
        for (let step = 0; step < length; step++)
          frame[at][x + step] = pixelValue(frameNumber, portIndex, row, column + step, 16);
  return frame;
}

const bytesOf = (image: number[][]): Uint8Array => new Uint8Array(Uint16Array.from(image.flat()).buffer);
const fieldsOf = (image: number[][], more: object = {}) => ({
  shape: [image.length, image[0].length],
  type: 'uint16',
  compression: 'none',
  frame_number: 7,
  ...more,
});
const wrongOf = (form: FormWish, image: number[][], more: object = {}): number | string => {
  const verdict = new FrameVerifier(settings, 'formula', form).verify(fieldsOf(image, more), bytesOf(image));
  return typeof verdict === 'string' ? verdict : verdict.wrong;
};
/** numpy.rot90(image, 1), by its definition: transposed, then upside down. */
const quarter = (image: number[][]): number[][] =>
  image[0].map((_, column) => image.map((row) => row[column])).reverse();
const mirrored = (image: number[][]): number[][] => image.map((row) => [...row].reverse());

t.test('images that are cut, turned and mirrored as told are right, and no others are', async (t) => {
  const frame = frameOf(7);
  const cut = frame.slice(10, 40).map((row) => row.slice(20, 90));
  const roi = [10, 20, 30, 70] as const;
  t.equal(wrongOf({ ...plain, roi }, cut), 0);
  t.equal(wrongOf({ ...plain, turn: 90 }, quarter(frame)), 0);
  t.equal(wrongOf({ ...plain, turn: 180 }, quarter(quarter(frame))), 0);
  t.equal(wrongOf({ ...plain, turn: 270, roi }, quarter(quarter(quarter(cut)))), 0);
  t.equal(wrongOf({ ...plain, turn: 90, mirror: true, roi }, mirrored(quarter(cut))), 0);
  t.ok(Number(wrongOf({ ...plain, turn: 270, roi }, quarter(cut))) > 2000, 'the other way round');
  t.ok(Number(wrongOf({ ...plain, turn: 90, mirror: true, roi }, quarter(mirrored(cut)))) > 2000, 'mirrored before');
  t.ok(Number(wrongOf({ ...plain, roi: [11, 20, 30, 70] }, cut)) > 2000, 'a row further');
  t.match(wrongOf({ ...plain, roi }, quarter(cut)), /shape is \[70,30\], the configuration gives \[30,70\]/);
});

t.test('masked pixels have their value, and no others have it', async (t) => {
  const frame = frameOf(7);
  const mask = new Uint8Array(whole.rows * whole.columns);
  mask[12 * whole.columns + 25] = 255;
  const roi = [10, 20, 30, 70] as const;
  const cut = frame.slice(10, 40).map((row) => row.slice(20, 90));
  t.equal(wrongOf({ ...plain, roi, mask }, cut), 1, 'not masked');
  cut[2][5] = 65535;
  t.equal(wrongOf({ ...plain, roi, mask }, cut), 0, 'the missing value');
  t.equal(wrongOf({ ...plain, roi, mask, maskValue: 12 }, cut), 1);
  cut[2][5] = 12;
  t.equal(wrongOf({ ...plain, roi, mask, maskValue: 12 }, cut), 0);
  cut[3][5] = 12;
  const verdict = new FrameVerifier(settings, 'formula', { ...plain, roi, mask, maskValue: 12 }).verify(
    fieldsOf(cut),
    bytesOf(cut),
  );
  t.match(verdict, { checked: 2100, wrong: 1, firstWrong: { y: 3, x: 5, seen: 12, expected: frame[13][25] } });
});

t.test('missing packets are looked for where the form has put them', async (t) => {
  const { portIndex, udpPort, y } = whole.ports[0];
  const image = quarter(frameOf(7));
  const missing = { complete: false, missing_packets: 1, missing: { [udpPort]: [[0, 0]] } };
  const turned = new FrameVerifier(settings, 'formula', { ...plain, turn: 90 });
  t.ok(Number(wrongOf({ ...plain, turn: 90 }, image, missing)) > 1000, 'what is called missing holds pixels');
  const rows = y.slice(0, 4);
  for (const line of image) for (const row of rows) if (image.indexOf(line) >= whole.columns - 512) line[row] = 65535;
  t.equal(portIndex, 0);
  const verdict = turned.verify(fieldsOf(image, missing), bytesOf(image));
  if (typeof verdict === 'string') throw new Error(verdict);
  t.equal(verdict.missing, 2048);
  t.ok(verdict.wrong === 0, `${verdict.wrong} wrong`);
});
