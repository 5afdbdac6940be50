import t from 'tap';
import { SeenTimes } from '../../../src/stream/series/seen-times.js';
import { asOwn } from '../../frame-numbers.js';

t.test('a frame was seen when the highest number first reached it', async (t) => {
  const times = new SeenTimes(10);
  times.note(asOwn(5), 100);
  times.note(asOwn(5), 110);
  times.note(asOwn(8), 120);
  t.equal(times.seenBy(99), 0);
  t.equal(times.seenBy(100), 5);
  t.equal(times.seenBy(119), 0, 'what was returned is forgotten');
  t.equal(times.seenBy(500), 8);
  t.equal(times.seenBy(1000), 0);
});

t.test('a smaller number changes nothing', async (t) => {
  const times = new SeenTimes(10);
  times.note(asOwn(5), 100);
  times.note(asOwn(3), 110);
  t.equal(times.seenBy(200), 5);
});

t.test('when full, frames are given up a little early, never late', async (t) => {
  const times = new SeenTimes(2);
  for (let frame = 1; frame <= 6; frame++) times.note(asOwn(frame), frame * 10);
  t.equal(times.seenBy(20), 2);
  t.equal(times.seenBy(30), 6);
});

t.test('it goes on for ever, and forgets when told', async (t) => {
  const times = new SeenTimes(3);
  for (let frame = 1; frame <= 100; frame++) {
    times.note(asOwn(frame), frame);
    t.equal(times.seenBy(frame - 2), Math.max(0, frame - 2));
  }
  times.clear();
  t.equal(times.seenBy(1000), 0);
});
