import fc from 'fast-check';
import t from 'tap';
import { portCounter, portCounterTable } from '../../../src/memory/counters.js';
import type { PortCounter } from '../../../src/memory/counters.js';
import { IncompleteRanges, countsBetween, settlePort } from '../../../src/stream/series/ledger.js';

const settle = (counts: Partial<Record<PortCounter, number>>): ReturnType<typeof settlePort> =>
  settlePort(50001, (counter) => counts[counter] ?? 0);

t.test('missing packets are late, then ring, then socket, then cut off, then unexplained', async (t) => {
  t.match(settle({ expected: 100, accepted: 80, missing: 20, lateFirst: 5, ringFull: 6, socketDropped: 7 }), {
    missing: 20,
    late: 5,
    ring: 6,
    socket: 7,
    unexplained: 2,
    socket_limited: false,
  });
  t.match(settle({ missing: 20, lateFirst: 5, ringFull: 6, socketDropped: 4, cutOff: 3 }), {
    cut_off: 3,
    unexplained: 2,
  });
  t.match(settle({ missing: 20, socketDropped: 18, cutOff: 3 }), { cut_off: 2, unexplained: 0, socket_limited: false });
  t.match(settle({ missing: 20, lateFirst: 5, ringFull: 30, socketDropped: 7 }), {
    late: 5,
    ring: 15,
    socket: 0,
    unexplained: 0,
    socket_limited: true,
    kernel_drops: 7,
  });
  t.match(settle({ missing: 20, socketDropped: 20 }), { socket: 20, unexplained: 0, socket_limited: false });
  t.match(settle({ missing: 20, socketDropped: 21 }), { socket: 20, unexplained: 0, socket_limited: true });
  t.match(settle({ missing: 0, socketDropped: 0 }), { late: 0, ring: 0, socket: 0, unexplained: 0 });
});

t.test('drops that nobody can read are null', async (t) => {
  t.match(settle({ missing: 20, lateFirst: 5, socketDropped: Number.NaN }), {
    late: 5,
    socket: null,
    unexplained: null,
    kernel_drops: null,
    socket_limited: false,
  });
});

t.test('the causes add up to what is missing, and none is negative', async () => {
  fc.assert(
    fc.property(
      fc.nat(1000),
      fc.nat(1000),
      fc.nat(2000),
      fc.nat(2000),
      fc.nat(2000),
      (late, more, ringFull, socketDropped, cutOff) => {
        const missing = late + more;
        const port = settle({ missing, lateFirst: late, ringFull, socketDropped, cutOff });
        const causes = [port.late, port.ring, port.socket as number, port.cut_off, port.unexplained as number];
        return causes.every((count) => count >= 0) && causes.reduce((sum, count) => sum + count, 0) === missing;
      },
    ),
  );
});

t.test('counts of a series are the difference of two snapshots', async (t) => {
  const base = new Float64Array(portCounterTable.length).fill(3);
  const end = base.slice();
  end[portCounter.accepted] = 10;
  const counts = countsBetween(base, end);
  t.equal(counts('accepted'), 7);
  t.equal(counts('missing'), 0);
});

t.test('neighbours become one range; after 1000 ranges the list is cut and says so', async (t) => {
  const ranges = new IncompleteRanges();
  for (const index of [0, 1, 2, 5, 7, 8]) ranges.add(index);
  t.strictSame(ranges.ranges, [
    [0, 2],
    [5, 5],
    [7, 8],
  ]);
  for (let index = 10; index <= 2002; index += 2) ranges.add(index);
  t.equal(ranges.ranges.length, 1000);
  t.notOk(ranges.truncated);
  const last = ranges.ranges[999]?.[1];
  ranges.add(last + 1);
  t.notOk(ranges.truncated, 'the last range may still grow');
  ranges.add(last + 3);
  t.ok(ranges.truncated);
  t.equal(ranges.ranges.length, 1000);
});
