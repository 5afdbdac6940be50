import fc from 'fast-check';
import t from 'tap';
import { load53, store53, storeChanged, storeChanged53 } from '../../src/memory/number53.js';
import { afterEachStore, beforeEachLoad } from './interleaved.js';

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

t.test('a number that stands there already is not written again, any other is', async (t) => {
  const words = new Int32Array(new SharedArrayBuffer(64));
  const stores = (write: () => void): number => {
    let count = 0;
    afterEachStore(write, () => count++);
    return count;
  };
  const numbers = [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1];
  for (const [index, number] of numbers.entries()) {
    t.equal(
      stores(() => storeChanged53(words, 0, number)),
      index === 0 ? 0 : 3,
      String(number),
    );
    t.equal(load53(words, 0), number);
    t.equal(
      stores(() => storeChanged53(words, 0, number)),
      0,
      `${number} again`,
    );
  }
  t.equal(
    stores(() => storeChanged(words, 4, -1)),
    1,
  );
  t.equal(
    stores(() => storeChanged(words, 4, -1)),
    0,
  );
  t.equal(words[4], -1);
});

t.test('neighbours are left alone', async (t) => {
  const words = new Int32Array(8).fill(7);
  store53(words, 2, 2 ** 53 - 1);
  t.strictSame([...words], [7, 7, 2 ** 21 - 1, -1, 2 ** 21 - 1, 7, 7, 7]);
});

t.test('a reader between any two stores of the writer sees the old number or the new one', async (t) => {
  const [old, next] = [7 * 2 ** 32 + 1, 9 * 2 ** 32 + 2];
  // The words after each store, from the first on.
  const states: Int32Array[] = [];
  const words = new Int32Array(3);
  store53(words, 0, old);
  states.push(words.slice());
  afterEachStore(
    () => store53(words, 0, next),
    () => states.push(words.slice()),
  );
  t.equal(states.length, 4);
  let read = 0;
  // How many stores were made before each of the first three loads; a reader that tries again finds all.
  for (let first = 0; first < 4; first++)
    for (let second = first; second < 4; second++)
      for (let third = second; third < 4; third++) {
        const seen = beforeEachLoad(
          () => load53(words, 0),
          (loads) => void words.set(states[[first, second, third][loads] ?? 3]),
        );
        if (seen !== old && seen !== next) t.fail(`${seen} after ${first}, ${second}, ${third} stores`);
        read++;
      }
  t.equal(read, 20);
});
