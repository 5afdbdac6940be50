import t from 'tap';
import type { PortCounter } from '../../src/memory/counters.js';
import { missingCauses } from '../../src/memory/missing-causes.js';

const causesOf = (counts: Partial<Record<PortCounter, number>>) => missingCauses((counter) => counts[counter] ?? 0);

t.test('every missing packet has one cause, the surest first', async (t) => {
  t.strictSame(causesOf({ missing: 10, lateFirst: 2, ringFull: 3, socketDropped: 4 }), { late: 2, ring: 3, socket: 4, unexplained: 1 });
  t.strictSame(causesOf({ missing: 10, lateFirst: 2, ringFull: 30, socketDropped: 4 }), { late: 2, ring: 8, socket: 0, unexplained: 0 });
  t.strictSame(causesOf({ missing: 10, socketDropped: 40 }), { late: 0, ring: 0, socket: 10, unexplained: 0 });
});

t.test('where the kernel tells nothing, neither socket nor unexplained is known', async (t) => {
  t.strictSame(causesOf({ missing: 10, lateFirst: 1, socketDropped: NaN }), { late: 1, ring: 0, socket: null, unexplained: null });
});

t.test('counters that are read while they go on never make a cause negative', async (t) => {
  t.strictSame(causesOf({ missing: 1, lateFirst: 2, ringFull: 3, socketDropped: 4 }), { late: 1, ring: 0, socket: 0, unexplained: 0 });
});
