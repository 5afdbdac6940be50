import t from 'tap';
import { combine, combinable } from '../../src/page/combine.js';
import { blockHolds } from '../../src/page/preview-bytes.js';
import type { PreviewBytes, PreviewHead } from '../../src/page/preview-bytes.js';

const { value, missing, saturated } = blockHolds;

function preview(count: number, values: number[], holds: number[], part: Partial<PreviewHead> = {}): PreviewBytes {
  const head: PreviewHead = {
    count,
    frame: {
      ...{ msg_number: 100 + count, frame: count, frame_number: count, shape: [1, 3], type: 'uint16' },
      ...{ complete: true, missing_packets: 0 },
    },
    top: 0,
    left: 0,
    rows: 1,
    columns: values.length,
    factor: 1,
    height: 1,
    width: values.length,
    values: 'uint16',
    total: { values: 0, sum: 0, largest: null, saturated: 0, missing: 0 },
    ...part,
  };
  return { head, values: Uint16Array.from(values), holds: Uint8Array.from(holds) };
}

const three = [
  preview(1, [65000, 1, 3], [value, value, 0]),
  preview(2, [65000, 0, 0], [value, missing, 0]),
  preview(3, [65535, 7, 0], [value | saturated, value, 0]),
];

t.test('a sum goes beyond the type of the pixels; where a frame misses a pixel there is no sum', (t) => {
  const { head, values, holds } = combine(three, 'sum');
  t.equal(values[0], 195535);
  t.strictSame([...holds], [value | saturated, missing, 0]);
  t.equal(head.count, 3, 'the head of the last');
  t.end();
});

t.test('the largest is that of the frames that have the pixel', (t) => {
  const { values, holds } = combine(three, 'largest');
  t.strictSame([...values].slice(0, 2), [65535, 7]);
  t.strictSame([...holds], [value | saturated, value | missing, 0]);
  t.end();
});

t.test('one preview stays as it is', (t) => {
  t.equal(combine(three, 'single'), three[2]);
  t.equal(combine([three[0]], 'sum'), three[0]);
  t.end();
});

t.test('blocks of another part or size, of the same frame or another series are not combined', (t) => {
  const one = three[0];
  t.ok(combinable(one, three[1]));
  t.notOk(combinable(one, one), 'a frame counts once');
  const { frame } = three[1].head;
  t.notOk(combinable(one, preview(2, [1, 2, 3], [1, 1, 1], { frame: { ...frame, msg_number: 500 } })));
  for (const part of [{ top: 1 }, { left: 1 }, { rows: 2 }, { columns: 2 }, { factor: 2 }])
    t.notOk(combinable(one, preview(4, [1, 2, 3], [1, 1, 1], part)), JSON.stringify(part));
  t.end();
});
