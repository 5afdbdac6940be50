import t from 'tap';
import { encodePreview, makePreview } from '../../../src/http/page/preview.js';
import type { FrameGaps, Preview } from '../../../src/http/page/preview.js';
import type { Frame } from '../../../src/http/downsample.js';
import { geometryOf } from '../../../src/detector/geometry.js';
import { makeLayout } from '../../../src/detector/layout.js';
import { Random } from '../../../src/base/random.js';
import { blockAt, blockKind, blockSize, readPreview } from '../../../src/page/preview-bytes.js';
import { config } from '../../view/hand-made-view.js';

const noGaps = (shape: readonly [number, number]): FrameGaps => ({ shape, gapRows: [], gapColumns: [] });

function frameOf(rows: number[][], type: Frame['type'] = 'uint16'): Frame {
  const array = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array }[type].from(rows.flat());
  return { pixels: new Uint8Array(array.buffer), type, shape: [rows.length, rows[0]?.length ?? 0] };
}

const M = 65535;

t.test('a frame that fits is shown pixel by pixel, zero, missing and gap told apart', (t) => {
  const frame = frameOf([
    [1, 0, M],
    [0, 0, 0],
    [4, 0, 65534],
  ]);
  const preview = makePreview(
    frame,
    { rows: null, columns: null, size: 16 },
    { shape: [3, 3], gapRows: [[1, 1]], gapColumns: [] },
  );
  t.match(preview, { top: 0, left: 0, rows: 3, columns: 3, factor: 1, height: 3, width: 3 });
  t.strictSame(preview?.values, Uint16Array.of(1, 0, 0, 0, 0, 0, 4, 0, 65534));
  t.strictSame([...(preview?.kinds ?? [])], [0, 0, 2, 3, 3, 3, 0, 0, 0]);
  t.end();
});

t.test('blocks are means of what has a value; one missing pixel marks its block; gaps neither add nor mark', (t) => {
  const frame = frameOf([
    [1, 2, M, M, 7],
    [0, 0, 0, 0, 0],
    [3, 5, M, M, 0],
    [4, M, M, M, 0],
  ]);
  const gaps: FrameGaps = { shape: [4, 5], gapRows: [[1, 1]], gapColumns: [[4, 4]] };
  const preview = makePreview(frame, { rows: null, columns: null, size: 3 }, gaps);
  t.match(preview, { factor: 2, height: 2, width: 3 });
  t.strictSame(preview?.values, Float32Array.of(1.5, 0, 0, 4, 0, 0));
  t.strictSame(
    [...(preview?.kinds ?? [])],
    [blockKind.value, blockKind.missing, blockKind.gap, blockKind.partlyMissing, blockKind.missing, blockKind.gap],
  );
  t.end();
});

t.test('gaps of another shape are not believed', (t) => {
  const preview = makePreview(
    frameOf([[0, 1]]),
    { rows: null, columns: null, size: 16 },
    { shape: [2, 2], gapRows: [[0, 0]], gapColumns: [] },
  );
  t.strictSame([...(preview?.kinds ?? [])], [0, 0]);
  t.end();
});

t.test('a part is cut to the frame; one that lies outside is none', (t) => {
  const frame = frameOf([
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ]);
  const part = makePreview(frame, { rows: [1, 99], columns: [0, 1], size: 16 }, noGaps([3, 3]));
  t.match(part, { top: 1, left: 0, rows: 2, columns: 2, factor: 1 });
  t.strictSame(part?.values, Uint16Array.of(4, 5, 7, 8));
  t.equal(makePreview(frame, { rows: [3, 9], columns: null, size: 16 }, noGaps([3, 3])), null);
  t.end();
});

/** The same by looking at each block alone. */
function expected(
  values: number[][],
  gaps: FrameGaps,
  missing: number,
  { top, left, rows, columns, factor }: Preview,
): { value: number; kind: number }[] {
  const isGap = (spans: FrameGaps['gapRows'], at: number): boolean =>
    spans.some(([first, last]) => at >= first && at <= last);
  const blocks: { value: number; kind: number }[] = [];
  for (let y = 0; y < rows; y += factor) {
    for (let x = 0; x < columns; x += factor) {
      const pixels: number[] = [];
      for (let row = top + y; row < Math.min(top + rows, top + y + factor); row++) {
        for (let column = left + x; column < Math.min(left + columns, left + x + factor); column++) {
          if (!isGap(gaps.gapRows, row) && !isGap(gaps.gapColumns, column)) pixels.push(values[row]?.[column]);
        }
      }
      const valued = pixels.filter((pixel) => pixel !== missing);
      const lost = pixels.length > valued.length;
      blocks.push({
        value:
          valued.length === 0
            ? 0
            : factor === 1
              ? valued[0]
              : Math.fround(valued.reduce((sum, pixel) => sum + pixel, 0) / valued.length),
        kind: valued.length === 0 ? (lost ? 2 : 3) : lost ? 1 : 0,
      });
    }
  }
  return blocks;
}

t.test('random frames, parts and sizes of every pixel type agree with a slow reckoning', (t) => {
  const random = new Random(11);
  for (let run = 0; run < 120; run++) {
    const type = random.pick(['uint8', 'uint16', 'uint32'] as const);
    const missing = { uint8: 255, uint16: M, uint32: 4294967295 }[type];
    const shape: [number, number] = [1 + random.integer(40), 1 + random.integer(60)];
    const values = Array.from({ length: shape[0] }, () =>
      Array.from({ length: shape[1] }, () => (random.chance(0.2) ? missing : random.integer(missing))),
    );
    const gaps: FrameGaps = {
      shape,
      gapRows: [[shape[0] >> 1, (shape[0] >> 1) + 1]],
      gapColumns: random.chance(0.5) ? [[3, 4]] : [],
    };
    const rows: [number, number] = [random.integer(shape[0]), shape[0]];
    const preview = makePreview(
      frameOf(values, type),
      { rows, columns: null, size: 1 + random.integer(30) },
      gaps,
    ) as Preview;
    const wanted = expected(values, gaps, missing, preview);
    t.strictSame(
      [...preview.values],
      wanted.map(({ value }) => value),
      `run ${run}: values`,
    );
    t.strictSame(
      [...preview.kinds],
      wanted.map(({ kind }) => kind),
      `run ${run}: kinds`,
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
  const preview = makePreview(
    { pixels: bytes.subarray(1), type: 'uint32', shape: [1, 2] },
    { rows: null, columns: null, size: 16 },
    noGaps([1, 2]),
  );
  t.strictSame(preview?.values, Uint32Array.of(7, 9));
  t.end();
});

t.test('pixels that do not fill their shape are a bug', (t) => {
  t.throws(
    () =>
      makePreview(
        { pixels: new Uint8Array(3), type: 'uint16', shape: [1, 2] },
        { rows: null, columns: null, size: 16 },
        noGaps([1, 2]),
      ),
    { name: 'AssertionFailed' },
  );
  t.end();
});

t.test('the gaps of a detector are where its geometry says', (t) => {
  const geometry = geometryOf(makeLayout(config.detector));
  const [rows, columns] = geometry.shape;
  const zeros = { pixels: new Uint8Array(rows * columns * 2), type: 'uint16', shape: [rows, columns] } as const;
  const preview = makePreview(zeros, { rows: null, columns: null, size: 1024 }, geometry) as Preview;
  const gaps = preview.kinds.filter((kind) => kind === blockKind.gap).length;
  t.equal(gaps, rows * columns - 512 * 512, 'an Eiger quad has 512 × 512 pixels');
  t.end();
});

t.test('the page reads what the service writes', (t) => {
  const frame = frameOf([
    [1, 2, 3, 4],
    [5, M, 7, 8],
  ]);
  for (const size of [4, 2]) {
    const preview = makePreview(frame, { rows: null, columns: null, size }, noGaps([2, 4])) as Preview;
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
    const { head, values, kinds } = readPreview(encodePreview(preview, 12, message).buffer);
    t.match(head, {
      count: 12,
      frame: { frame: 2, frame_number: 3, shape: [2, 4], complete: false, missing_packets: 1, reason: 'packet_loss' },
      factor: preview.factor,
      width: preview.width,
      height: preview.height,
    });
    t.notOk('missing' in head.frame, 'only what is shown');
    t.strictSame(values, preview.values);
    t.strictSame(kinds, preview.kinds);
    t.equal(kinds[blockAt(head, 1, 1) as number], size === 4 ? blockKind.missing : blockKind.partlyMissing);
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
