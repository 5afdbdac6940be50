import fc from 'fast-check';
import t from 'tap';
import { load53, store53 } from '../../src/memory/number53.js';

t.test('any frame number comes back as it was stored', async () => {
  const words = new Int32Array(new SharedArrayBuffer(64));
  const border = fc.constantFrom(0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 33, 2 ** 53 - 1);
  fc.assert(
    fc.property(fc.oneof(border, fc.maxSafeNat()), fc.nat(5), (value, at) => {
      store53(words, at, value);
      return load53(words, at) === value;
    }),
  );
});

t.test('neighbours are left alone', async (t) => {
  const words = new Int32Array(8).fill(7);
  store53(words, 2, 2 ** 53 - 1);
  t.strictSame([...words], [7, 7, 2 ** 21 - 1, -1, 2 ** 21 - 1, 7, 7, 7]);
});
