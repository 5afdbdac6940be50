import t from 'tap';
import { Drain } from '../../src/assembly/drain.js';
import { portCounter, portCounterTable } from '../../src/memory/counters.js';
import type { PacketSource } from '../../src/udp/packet-source.js';

/** A socket in which so many bytes wait, and never none. */
function full(waiting: number | null) {
  const source = { empty: false, lookAnew: () => ((source.empty = false), waiting) };
  const counters = new Float64Array(portCounterTable.length);
  return { source, counters, drain: new Drain(source as unknown as PacketSource, counters, 100) };
}

t.test('a socket that is found empty ends it, however little time has passed', async (t) => {
  const { source, drain } = full(50_000);
  source.empty = true;
  drain.begin(1000);
  t.equal(source.empty, false, 'what was found before is no answer');
  t.equal(drain.over(source.empty, 1000), false);
  source.empty = true;
  t.equal(drain.over(source.empty, 1000), true);
});

t.test('one that is never found empty ends it after drain_ms of reading, once what waited has been read', async (t) => {
  const { source, counters, drain } = full(50_000);
  counters[portCounter.bytes] = 7;
  drain.begin(1000);
  for (let now = 1010; now < 1100; now += 10) t.equal(drain.over(source.empty, now), false);
  counters[portCounter.bytes] = 50_006;
  t.equal(drain.over(source.empty, 1100), false);
  counters[portCounter.bytes] = 50_007;
  t.equal(drain.over(source.empty, 1100), true);
  drain.begin(2000);
  counters[portCounter.bytes] = 1_000_000;
  t.equal(drain.over(source.empty, 2010), false, 'all of it was read, in too short a time');
});

t.test('time in which the thread did not run is no reading', async (t) => {
  const { source, drain } = full(null);
  drain.begin(1000);
  t.equal(drain.over(source.empty, 61_000), false);
  for (let turn = 1; turn < 9; turn++) t.equal(drain.over(source.empty, 61_000 + turn * 60_000), false);
  t.equal(drain.over(source.empty, 700_000), true, 'ten turns of 10 ms');
});
