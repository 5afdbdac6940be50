import t from 'tap';
import type { PortCounter } from '../../src/memory/counters.js';
import { missingCauses, seriesPackets } from '../../src/memory/series-packets.js';
import { portCountersOf } from '../view/hand-made-view.js';

const causesOf = (counts: Partial<Record<PortCounter, number>>) => missingCauses((counter) => counts[counter] ?? 0);

t.test('every missing packet has one cause, the surest first', async (t) => {
  t.strictSame(causesOf({ missing: 10, lateFirst: 2, ringFull: 3, socketDropped: 4 }), {
    late: 2,
    ring: 3,
    socket: 4,
    cut_off: 0,
    unexplained: 1,
  });
  t.strictSame(causesOf({ missing: 10, lateFirst: 2, ringFull: 30, socketDropped: 4 }), {
    late: 2,
    ring: 8,
    socket: 0,
    cut_off: 0,
    unexplained: 0,
  });
  t.strictSame(causesOf({ missing: 10, socketDropped: 40 }), {
    late: 0,
    ring: 0,
    socket: 10,
    cut_off: 0,
    unexplained: 0,
  });
  t.strictSame(causesOf({ missing: 10, lateFirst: 2, ringFull: 1, socketDropped: 3, cutOff: 3 }), {
    late: 2,
    ring: 1,
    socket: 3,
    cut_off: 3,
    unexplained: 1,
  });
  t.match(causesOf({ missing: 10, socketDropped: 8, cutOff: 5 }), { socket: 8, cut_off: 2, unexplained: 0 });
});

t.test('where the kernel tells nothing, neither socket nor unexplained is known', async (t) => {
  t.strictSame(causesOf({ missing: 10, lateFirst: 1, socketDropped: NaN }), {
    late: 1,
    ring: 0,
    socket: null,
    cut_off: 0,
    unexplained: null,
  });
  t.match(causesOf({ missing: 10, lateFirst: 7, socketDropped: NaN, cutOff: 5 }), { socket: null, cut_off: 3 });
});

t.test('counters that are read while they go on never make a cause negative', async (t) => {
  t.strictSame(causesOf({ missing: 1, lateFirst: 2, ringFull: 3, socketDropped: 4 }), {
    late: 1,
    ring: 0,
    socket: 0,
    cut_off: 0,
    unexplained: 0,
  });
});

t.test('causes of missing packets add up at every moment, also when the kernel tells nothing', (t) => {
  for (const [counters, wanted] of [
    [
      { expected: 10, missing: 4, lateFirst: 1, ringFull: 1, socketDropped: 1 },
      { late: 1, ring: 1, socket: 1, unexplained: 1 },
    ],
    [
      { expected: 10, missing: 2, lateFirst: 1, ringFull: 5, socketDropped: 9 },
      { late: 1, ring: 1, socket: 0, unexplained: 0 },
    ],
    [
      { expected: 10, missing: 0, lateFirst: 1 },
      { late: 0, ring: 0, socket: 0, unexplained: 0 },
    ],
    [
      { expected: 10, missing: 4, socketDropped: NaN },
      { late: 0, ring: 0, socket: null, unexplained: null },
    ],
  ] as const) {
    const loss = seriesPackets((counter) => portCountersOf(counters)[counter]);
    t.match(loss, wanted);
    t.equal(loss.accepted + loss.missing, loss.expected);
    if (loss.socket !== null)
      t.equal(loss.late + loss.ring + loss.socket + loss.cut_off + (loss.unexplained ?? 0), loss.missing);
  }
  t.end();
});
