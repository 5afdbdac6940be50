import t from 'tap';
import { blockHolds } from '../../src/page/preview-bytes.js';
import type { PreviewBytes } from '../../src/page/preview-bytes.js';
import { columnProfile, lineProfile, rowProfile } from '../../src/page/profile.js';

/** Rows 10 … 15 and columns 20 … 27 of a frame in blocks of 2 × 2; the block in row 12, column 22 is missing. */
const preview: PreviewBytes = {
  head: {
    count: 1,
    frame: {
      ...{ msg_number: 1, frame: 0, frame_number: 1, shape: [64, 64], type: 'uint16' },
      ...{ complete: false, missing_packets: 1 },
    },
    top: 10,
    left: 20,
    rows: 6,
    columns: 8,
    factor: 2,
    height: 3,
    width: 4,
    values: 'float32',
    total: { values: 44, sum: 0, largest: 11, saturated: 0, missing: 4 },
  },
  values: Float32Array.from({ length: 12 }, (_, block) => block),
  holds: Uint8Array.from({ length: 12 }, (_, block) => (block === 5 ? blockHolds.missing : blockHolds.value)),
};

t.test('along a row and a column there is a value for each block, and none where it is missing', (t) => {
  t.strictSame(rowProfile(preview, 13), { at: [20, 22, 24, 26], values: [4, null, 6, 7] });
  t.strictSame(columnProfile(preview, 22), { at: [10, 12, 14], values: [1, null, 9] });
  t.end();
});

t.test('a row that is not shown has no values', (t) => {
  t.strictSame(rowProfile(preview, 40).values, [null, null, null, null]);
  t.end();
});

t.test('a line has both ends, its length in pixels, and no values outside of what is shown', (t) => {
  const { at, values } = lineProfile(preview, { row: 10, column: 20 }, { row: 14, column: 23 });
  t.strictSame(at, [0, 2.5, 5]);
  t.strictSame(values, [0, null, 9]);
  t.strictSame(lineProfile(preview, { row: 15, column: 27 }, { row: 15, column: 31 }).values, [11, null, null]);
  t.strictSame(lineProfile(preview, { row: 10, column: 20 }, { row: 10, column: 20 }).at, [0, 0], 'a point');
  t.end();
});
