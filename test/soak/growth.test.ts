import t from 'tap';
import { Random } from '../../src/base/random.js';
import { judgeGrowth, judgedPart, robustSlope } from './growth.js';
import type { Point } from './growth.js';

const limit = { name: 'resident', unit: 'MB', atMost: 8 };
const run = (minutes: number, value: (minutes: number) => number): Point[] =>
  Array.from({ length: minutes * 12 + 1 }, (_, index) => ({ minutes: index / 12, value: value(index / 12) }));

t.test('a slope is the same with a quarter of the points anywhere', async (t) => {
  const random = new Random(7);
  const points = run(20, (minutes) => (random.chance(0.25) ? 1e6 * random.next() : 300 + 0.5 * minutes));
  t.ok(Math.abs(robustSlope(points) - 0.5) < 0.25, String(robustSlope(points)));
  t.equal(robustSlope([]), 0);
  t.equal(robustSlope([{ minutes: 1, value: 5 }]), 0);
});

t.test('memory that goes up and down does not grow; memory that leaks does', async (t) => {
  const waves = (minutes: number): number => 300 + 20 * Math.sin(minutes * 2);
  t.equal(judgeGrowth(limit, run(30, waves)).ok, true);
  t.equal(
    judgeGrowth(
      limit,
      run(30, (minutes) => waves(minutes) + minutes * 0.5),
    ).ok,
    false,
  );
});

t.test('what fills up in the beginning and then stays is no growth', async (t) => {
  const growth = judgeGrowth(
    limit,
    run(30, (minutes) => 300 + Math.min(minutes, 6) * 20),
  );
  t.equal(growth.ok, true);
  t.match(growth, { first: 300, last: 420, most: 420, grown: 0 });
  t.equal(
    judgedPart(
      run(30, () => 0),
      0,
    )[0]?.minutes,
    7.5,
  );
});

t.test('what fills up later is no growth either, from when it is known to be full', async (t) => {
  const filling = run(40, (minutes) => 300 + Math.min(minutes, 24) * 5);
  t.equal(judgeGrowth(limit, filling, 10).ok, false, 'not full yet');
  t.match(judgeGrowth(limit, filling, 24), { ok: true, grown: 0 });
  t.match(
    judgeGrowth(limit, filling, Number.POSITIVE_INFINITY),
    { ok: null, grown: null },
    'never full: nothing is said',
  );
});

t.test('of a short run nothing is said', async (t) => {
  t.match(
    judgeGrowth(
      limit,
      run(14, (minutes) => minutes * 100),
    ),
    { grown: null, ok: null },
  );
  t.match(judgeGrowth(limit, []), { grown: null, ok: null });
});
