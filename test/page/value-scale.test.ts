import t from 'tap';
import { blockHolds } from '../../src/page/preview-bytes.js';
import { autoRange, lowestShown, scales, shareOf, stepOf, valueAt, wholeRange } from '../../src/page/value-scale.js';

t.test('values outside the range get the first or the last colour; a logarithmic scale has zero at its first', (t) => {
  const linear = stepOf({ low: 10, high: 110 }, 'linear');
  t.strictSame([0, 10, 61, 110, 1e9].map(linear), [0, 0, 130, 255, 255]);
  const logarithmic = stepOf({ low: 0, high: 10_000 }, 'log');
  t.strictSame([0, 1, 100, 10_000, 1e9].map(logarithmic), [0, 0, 128, 255, 255]);
  t.strictSame([0, 5].map(stepOf({ low: 0, high: 0 }, 'log')), [0, 0], 'an empty range is no crash');
  t.equal(lowestShown({ low: 0, high: 0.5 }, 'log'), 0.0005);
  t.strictSame([5, 10, 35, 110, 1e9].map(stepOf({ low: 10, high: 110 }, 'sqrt')), [0, 0, 128, 255, 255]);
  t.end();
});

t.test('the range found does not follow single hot pixels, nor what has no value', (t) => {
  const values = Float32Array.from({ length: 1000 }, (_, index) => index % 100);
  const { value, missing, saturated } = blockHolds;
  const holds = new Uint8Array(1000).fill(value);
  values[5] = 1e9;
  values[6] = 5e8;
  holds[6] = missing;
  t.strictSame(autoRange({ values, holds }), { low: 0, high: 99 });
  for (let at = 0; at < 100; at++) [values[at], holds[at]] = [65535, value | saturated];
  t.strictSame(autoRange({ values, holds }), { low: 0, high: 99 }, 'a tenth is saturated');
  t.strictSame(autoRange({ values, holds: holds.fill(0) }), { low: 0, high: 1 }, 'gaps only');
  t.strictSame(
    autoRange({ values: Uint16Array.of(7, 7), holds: Uint8Array.of(1, 1) }),
    { low: 7, high: 8 },
    'one value',
  );
  t.end();
});

t.test('on every scale a place leads back to its value, and half way is what the scale means by it', (t) => {
  for (const scale of scales) {
    for (const range of [
      { low: 3, high: 5000 },
      { low: 0.5, high: 0.75 },
    ]) {
      for (const share of [0, 0.1, 0.5, 0.99, 1])
        t.ok(Math.abs(shareOf(range, scale)(valueAt(range, scale, share)) - share) < 1e-9, `${scale} ${share}`);
    }
  }
  t.equal(valueAt({ low: 0, high: 100 }, 'linear', 0.5), 50);
  t.equal(valueAt({ low: 0, high: 100 }, 'sqrt', 0.5), 25);
  t.ok(Math.abs(valueAt({ low: 1, high: 100 }, 'log', 0.5) - 10) < 1e-9);
  t.end();
});

t.test('the whole range leaves out what is saturated and what has no value, and nothing else', (t) => {
  const { value, missing, saturated } = blockHolds;
  const holds = Uint8Array.of(value, value, missing, value | saturated, value | missing, 0);
  t.strictSame(wholeRange({ values: Uint16Array.of(4, 900, 1, 65535, 2, 0), holds }), { low: 2, high: 900 });
  t.strictSame(wholeRange({ values: Uint16Array.of(4), holds: Uint8Array.of(0) }), { low: 0, high: 1 });
  t.end();
});
