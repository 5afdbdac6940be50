import t from 'tap';
import { SeriesWords, seriesWordsBytes } from '../../src/memory/series-words.js';
import { afterEachStore } from './interleaved.js';

t.test('whoever sees a new version of the first frame sees its numbers', async (t) => {
  const words = new SeriesWords(new SharedArrayBuffer(seriesWordsBytes), 0);
  words.reset();
  for (const [first, last] of [
    [12, 21],
    [11, 20],
    [2 ** 40, 0],
  ] as const) {
    const before = words.firstVersion;
    let looks = 0;
    afterEachStore(
      () => t.equal(words.setFirst(first, last), before + 1),
      () => {
        if (words.firstVersion === before) return;
        looks++;
        t.strictSame([words.first, words.last, words.next], [first, last, first]);
      },
    );
    t.equal(looks, 1);
  }
});

t.test('a first frame is settled by its version, and all is forgotten before the next series', async (t) => {
  const words = new SeriesWords(new SharedArrayBuffer(seriesWordsBytes), 0);
  words.reset();
  const version = words.setFirst(5, 9);
  t.not(words.settledVersion, version);
  words.settleFirst();
  t.equal(words.settledVersion, version);
  words.setGiveUp(7);
  words.reset();
  t.strictSame(
    [words.first, words.last, words.next, words.giveUp, words.firstVersion, words.settledVersion],
    [0, 0, 0, 0, 0, 0],
  );
});
