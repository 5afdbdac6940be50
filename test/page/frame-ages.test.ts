import t from 'tap';
import { FrameAges } from '../../src/page/frame-ages.js';

t.test('a picture that is some frames behind is as old as it is, not as the last frame', (t) => {
  let now = 1000;
  const ages = new FrameAges(() => now);
  t.equal(ages.of(1), null);
  ages.told({ count: 1, age_ms: 40 });
  now += 500;
  ages.told({ count: 5, age_ms: 10 });
  t.equal(ages.of(1), 540);
  t.equal(ages.of(3), 10, 'not told of itself: at least as old as the next that was');
  t.equal(ages.of(5), 10);
  now += 100;
  ages.told({ count: 5, age_ms: 0 });
  t.equal(ages.of(5), 110, 'told of once');
  t.equal(ages.of(6), null);
  t.end();
});

t.test('what is remembered is bounded', (t) => {
  let now = 0;
  const ages = new FrameAges(() => now);
  for (let count = 1; count <= 1000; count++) {
    now++;
    ages.told({ count, age_ms: 0 });
  }
  t.equal(ages.of(1000), 0);
  t.equal(ages.of(1), 199, 'forgotten: the oldest that is remembered');
  t.end();
});
