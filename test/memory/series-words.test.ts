import t from 'tap';
import { phase, SeriesWords, seriesWordsBytes } from '../../src/memory/series-words.js';
import { afterEachStore } from './interleaved.js';
import { asOwn } from '../frame-numbers.js';
import { noFrame } from '../../src/detector/frame-share.js';

t.test('whoever sees a new version of the first frame sees its numbers', async (t) => {
  const words = new SeriesWords(new SharedArrayBuffer(seriesWordsBytes), 0);
  words.reset();
  for (const [first, last] of [
    [asOwn(12), asOwn(21)],
    [asOwn(11), asOwn(20)],
    [asOwn(2 ** 40), noFrame],
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
  const version = words.setFirst(asOwn(5), asOwn(9));
  t.not(words.settledVersion, version);
  words.settleFirst();
  t.equal(words.settledVersion, version);
  words.setGiveUp(asOwn(7));
  words.reset();
  t.strictSame(
    [words.first, words.last, words.next, words.giveUp, words.firstVersion, words.settledVersion],
    [0, 0, 0, 0, 0, 0],
  );
});

t.test(
  'who waits for a command on an event loop wakes by it, and each command is told',
  { timeout: 60_000 },
  async (t) => {
    let told = 0;
    const words = new SeriesWords(new SharedArrayBuffer(seriesWordsBytes), 0, () => told++);
    const before = words.readCommand();
    // Such a wait by itself keeps no process.
    const keeping = setInterval(() => undefined, 1000);
    t.teardown(() => clearInterval(keeping));
    const waiting = words.waitCommandAsync(before, 1_000_000);
    const given = words.command(phase.prepare);
    await waiting;
    t.equal(told, 1);
    t.equal(words.readCommand(), given);
    await words.waitCommandAsync(before, 1_000_000);
    await words.waitCommandAsync(given, 1);
  },
);
