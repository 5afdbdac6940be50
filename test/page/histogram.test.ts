import t from 'tap';
import { histogram } from '../../src/page/histogram.js';
import { blockHolds } from '../../src/page/preview-bytes.js';

const { value, missing, saturated } = blockHolds;

t.test('each measured block is in one bin: what lies outside in the first or last, what has no value in none', (t) => {
  const values = Uint16Array.of(0, 5, 10, 19, 20, 400, 65535, 7, 7);
  const holds = Uint8Array.of(value, value, value, value, value, value, value | saturated, missing, 0);
  t.strictSame([...histogram({ values, holds }, { low: 0, high: 20 }, 'linear', 4)], [1, 1, 1, 3]);
  t.strictSame([...histogram({ values, holds }, { low: 10, high: 20 }, 'linear', 2)], [3, 3]);
  t.end();
});

t.test('bins are as wide as the scale makes them', (t) => {
  const values = Float32Array.of(0, 1, 5, 50, 500, 999);
  const holds = new Uint8Array(6).fill(value);
  t.strictSame([...histogram({ values, holds }, { low: 1, high: 1000 }, 'log', 3)], [3, 1, 2]);
  t.end();
});
