import t from 'tap';
import { Random } from '../../../src/base/random.js';
import { pixelState } from '../../../src/detector/pixel-states.js';
import { pixelBytes } from '../../../src/detector/pixel-type.js';
import type { PixelType } from '../../../src/detector/pixel-type.js';
import { encodePreview, makePreview } from '../../../src/http/page/preview.js';
import type { Preview } from '../../../src/http/page/preview.js';
import type { ToldFrame } from '../../../src/http/frame.js';
import { blockAt, blockHolds, blockSize, readPreview } from '../../../src/page/preview-bytes.js';

/** A pixel by what it is; missing ones have the same value as saturated ones. */
type Pixel = number | 'missing' | 'unread' | 'gap';

function frameOf(rows: readonly (readonly Pixel[])[], type: PixelType = 'uint16'): ToldFrame {
  const most = 2 ** (8 * pixelBytes[type]) - 1;
  const pixels = rows.flat();
  const values = pixels.map((pixel) => (typeof pixel === 'number' ? pixel : pixel === 'gap' ? 0 : most));
  const array = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array }[type].from(values);
  return {
    pixels: new Uint8Array(array.buffer),
    type,
    shape: [rows.length, rows[0]?.length ?? 0],
    states: Uint8Array.from(pixels, (pixel) => (typeof pixel === 'number' ? pixelState.value : pixelState[pixel])),
    saturation: most,
  };
}

const all = { rows: null, columns: null, size: 16 } as const;
const M = 65535;

t.test('a frame that fits is shown pixel by pixel: zero, saturated, missing, not read out and gap told apart', (t) => {
  const preview = makePreview(
    frameOf([
      [1, 0, 'missing'],
      ['gap', 'gap', 'gap'],
      [M, 'unread', 65534],
    ]),
    all,
  );
  t.match(preview, { top: 0, left: 0, rows: 3, columns: 3, factor: 1, height: 3, width: 3 });
  t.strictSame(preview?.values, Uint16Array.of(1, 0, 0, 0, 0, 0, M, 0, 65534));
  const { value, missing, saturated, unread } = blockHolds;
  t.strictSame([...(preview?.holds ?? [])], [value, value, missing, 0, 0, 0, value | saturated, unread, value]);
  t.end();
});

t.test('what is saturated goes by the bits of the wire, not by the type of the pixel', (t) => {
  const { holds } = makePreview({ ...frameOf([[4094, 4095, M]]), saturation: 4095 }, all) as Preview;
  t.strictSame([...holds], [1, 5, 1]);
  t.end();
});

t.test('blocks are means of what has a value, and say what is among their pixels; gaps neither add nor mark', (t) => {
  const frame = frameOf([
    [1, 2, 'missing', 'missing', 'gap'],
    ['gap', 'gap', 'gap', 'gap', 'gap'],
    [3, 5, M, 'unread', 'gap'],
    [4, 'missing', 1, 0, 'gap'],
  ]);
  const preview = makePreview(frame, { ...all, size: 3 });
  t.match(preview, { factor: 2, height: 2, width: 3 });
  t.strictSame(preview?.values, Float32Array.of(1.5, 0, 0, 4, Math.fround((M + 1) / 3), 0));
  t.strictSame([...(preview?.holds ?? [])], [1, 2, 0, 3, 13, 0]);
  t.end();
});

t.test('a part is cut to the frame; one that lies outside is none', (t) => {
  const frame = frameOf([
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ]);
  const part = makePreview(frame, { rows: [1, 99], columns: [0, 1], size: 16 });
  t.match(part, { top: 1, left: 0, rows: 2, columns: 2, factor: 1 });
  t.strictSame(part?.values, Uint16Array.of(4, 5, 7, 8));
  t.equal(makePreview(frame, { rows: [3, 9], columns: null, size: 16 }), null);
  t.end();
});

/** The same by looking at each block alone. */
function expected(
  rows: readonly (readonly Pixel[])[],
  most: number,
  { top, left, rows: height, columns, factor }: Preview,
): { value: number; held: number }[] {
  const blocks: { value: number; held: number }[] = [];
  for (let y = 0; y < height; y += factor) {
    for (let x = 0; x < columns; x += factor) {
      const down = rows.slice(top + y, Math.min(top + height, top + y + factor));
      const pixels = down.flatMap((row) => row.slice(left + x, Math.min(left + columns, left + x + factor)));
      const valued = pixels.filter((pixel) => typeof pixel === 'number');
      const mean = valued.reduce((sum, pixel) => sum + pixel, 0) / valued.length;
      blocks.push({
        value: valued.length === 0 ? 0 : factor === 1 ? mean : Math.fround(mean),
        held:
          (valued.length > 0 ? 1 : 0) +
          (pixels.includes('missing') ? 2 : 0) +
          (valued.includes(most) ? 4 : 0) +
          (pixels.includes('unread') ? 8 : 0),
      });
    }
  }
  return blocks;
}

t.test('random frames, parts and sizes of every pixel type agree with a slow reckoning', (t) => {
  const random = new Random(11);
  for (let run = 0; run < 120; run++) {
    const type = random.pick(['uint8', 'uint16', 'uint32'] as const);
    const most = 2 ** (8 * pixelBytes[type]) - 1;
    const shape: [number, number] = [1 + random.integer(40), 1 + random.integer(60)];
    const rows = Array.from({ length: shape[0] }, () =>
      Array.from({ length: shape[1] }, (): Pixel =>
        random.chance(0.3) ? random.pick(['missing', 'unread', 'gap', most] as const) : random.integer(most),
      ),
    );
    const part: [number, number] = [random.integer(shape[0]), shape[0]];
    const preview = makePreview(frameOf(rows, type), {
      rows: part,
      columns: null,
      size: 1 + random.integer(30),
    }) as Preview;
    const wanted = expected(rows, most, preview);
    t.strictSame(
      [...preview.values],
      wanted.map(({ value }) => value),
      `run ${run}: values`,
    );
    t.strictSame(
      [...preview.holds],
      wanted.map(({ held }) => held),
      `run ${run}: what blocks hold`,
    );
    const pixels = rows.slice(part[0]).flat();
    const numbers = pixels.filter((pixel): pixel is number => typeof pixel === 'number');
    t.strictSame(
      preview.total,
      {
        values: numbers.length,
        sum: numbers.reduce((sum, value) => sum + value, 0),
        largest: numbers.length === 0 ? null : Math.max(...numbers),
        saturated: numbers.filter((value) => value === most).length,
        missing: pixels.filter((pixel) => pixel === 'missing').length,
      },
      `run ${run}: what the part comes to`,
    );
    t.equal(preview.height * preview.width, wanted.length);
    t.ok(
      Math.max(preview.height, preview.width) <=
        Math.max(1, Math.ceil(Math.max(preview.rows, preview.columns) / preview.factor)),
    );
  }
  t.end();
});

t.test('pixels that do not begin at a multiple of their size are read right', (t) => {
  const bytes = new Uint8Array(9);
  bytes.set(new Uint8Array(Uint32Array.of(7, 9).buffer), 1);
  const preview = makePreview({ ...frameOf([[0, 0]], 'uint32'), pixels: bytes.subarray(1) }, all);
  t.strictSame(preview?.values, Uint32Array.of(7, 9));
  t.end();
});

t.test('pixels or states that do not fill their shape are a bug', (t) => {
  const frame = frameOf([[1, 2]]);
  for (const wrong of [{ pixels: new Uint8Array(3) }, { states: new Uint8Array(3) }])
    t.throws(() => makePreview({ ...frame, ...wrong }, all), { name: 'AssertionFailed' });
  t.end();
});

t.test('the page reads what the service writes', (t) => {
  const frame = frameOf([
    [1, 2, 3, 4],
    [5, 'missing', 7, 8],
  ]);
  for (const size of [4, 2]) {
    const preview = makePreview(frame, { ...all, size }) as Preview;
    const message = {
      htype: 'image',
      msg_number: 8,
      frame: 2,
      frame_number: 3,
      shape: [2, 4],
      type: 'uint16',
      complete: false,
      missing_packets: 1,
      reason: 'packet_loss',
      missing: { 50001: [[0, 0]] },
    };
    const { head, values, holds } = readPreview(encodePreview(preview, 12, message).buffer);
    t.match(head, {
      count: 12,
      frame: { frame: 2, frame_number: 3, shape: [2, 4], complete: false, missing_packets: 1, reason: 'packet_loss' },
      factor: preview.factor,
      width: preview.width,
      height: preview.height,
    });
    t.notOk('missing' in head.frame, 'only what is shown');
    t.strictSame(values, preview.values);
    t.strictSame(holds, preview.holds);
    t.equal(
      holds[blockAt(head, 1, 1) as number],
      size === 4 ? blockHolds.missing : blockHolds.missing | blockHolds.value,
    );
    t.equal(blockAt(head, 2, 0), null);
    t.equal(blockAt(head, 0, 4), null);
  }
  t.end();
});

t.test('blocks at the lower and right edges are as small as what is left', (t) => {
  const head = {
    count: 1,
    frame: { frame: 0, frame_number: 1, shape: [5, 9] as const, type: 'uint16', complete: true, missing_packets: 0 },
    top: 0,
    left: 1,
    rows: 1,
    columns: 7,
    factor: 3,
    height: 1,
    width: 3,
    values: 'float32' as const,
  };
  t.strictSame(blockSize(head, 0, 1), [1, 3], 'a strip has one row');
  t.strictSame(blockSize(head, 0, 7), [1, 1]);
  t.end();
});
