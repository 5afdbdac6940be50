import t from 'tap';
import { ticks } from '../../src/page/ticks.js';

t.test('ticks are round, inside, and no more than there is room for', (t) => {
  t.strictSame(ticks(0, 513, 6), [0, 100, 200, 300, 400, 500]);
  t.strictSame(ticks(37, 61, 5), [40, 45, 50, 55, 60]);
  t.strictSame(ticks(3, 5, 10), [3, 4, 5], 'whole numbers only');
  t.strictSame(ticks(0, 3071, 4), [0, 1000, 2000, 3000]);
  for (const [from, to, most] of [
    [0, 1, 1],
    [17, 4711, 7],
    [250, 260, 3],
  ] as const)
    t.ok(ticks(from, to, most).length <= most + 1, `${from} … ${to}`);
  t.end();
});

t.test('an empty axis has none', (t) => {
  t.strictSame(ticks(5, 4, 10), []);
  t.strictSame(ticks(0, 100, 0), []);
  t.end();
});
