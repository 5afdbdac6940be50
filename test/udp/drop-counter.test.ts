import t from 'tap';
import { DropCounter } from '../../src/udp/drop-counter.js';

t.test('the count goes on where 32 bits end', async (t) => {
  const drops = new DropCounter();
  for (const [reading, total] of [
    [0, 0],
    [5, 5],
    [2 ** 31, 2 ** 31],
    [2 ** 32 - 1, 2 ** 32 - 1],
    [3, 2 ** 32 + 3],
    [2 ** 31, 2 ** 32 + 2 ** 31],
  ] as const) {
    drops.read(reading);
    t.equal(drops.total, total);
  }
});

t.test('an older reading changes nothing, signed or not', async (t) => {
  const drops = new DropCounter();
  drops.read(2 ** 31 - 5);
  drops.read(-(2 ** 31) + 2);
  t.equal(drops.total, 2 ** 31 + 2);
  drops.read(2 ** 31 - 1);
  t.equal(drops.total, 2 ** 31 + 2);
  drops.read(2 ** 31 + 3);
  t.equal(drops.total, 2 ** 31 + 3);
});
