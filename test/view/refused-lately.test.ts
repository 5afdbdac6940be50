import t from 'tap';
import { RefusedLately } from '../../src/view/refused-lately.js';

t.test('a sentence is shown until its peer has stopped, and one that is told again stays', async (t) => {
  const lately = new RefusedLately();
  lately.note('a', 0);
  lately.note('b', 0);
  lately.note('a', 60_000);
  t.strictSame(lately.sentences(89_999), ['b', 'a']);
  t.strictSame(lately.sentences(90_000), ['a']);
  t.strictSame(lately.sentences(150_000), []);
});

t.test('whoever knocks, from however many addresses: the newest sentences are kept, and no more', async (t) => {
  const lately = new RefusedLately();
  for (let peer = 0; peer < 10_000; peer++) lately.note(`peer ${peer}`, peer);
  t.equal(lately.size, 64);
  t.match(lately.sentences(10_000), { 0: 'peer 9936', 63: 'peer 9999' });
  lately.note('peer 9936', 10_000);
  lately.note('another', 10_000);
  t.match(lately.sentences(10_000), { 0: 'peer 9938', 62: 'peer 9936', 63: 'another' });
});

t.test('what is old is forgotten although nobody asks for the state', async (t) => {
  const lately = new RefusedLately();
  for (let peer = 0; peer < 10; peer++) lately.note(`peer ${peer}`, 0);
  lately.note('another', 90_000);
  t.equal(lately.size, 1);
});
