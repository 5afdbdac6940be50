import t from 'tap';
import type { SeriesWords } from '../../../src/memory/series-words.js';
import { FirstFrame } from '../../../src/stream/series/first-frame.js';
import type { ReadPort } from '../../../src/stream/series/frame-reader.js';

/** What a port tells of itself. */
interface Told {
  smallest: number;
  newestAccepted: number;
  holding: boolean;
  firstAnswer: number;
}

const nothing: Told = { smallest: 0, newestAccepted: 0, holding: false, firstAnswer: 0 };

/** A start window of 20 ms, a ring of 16 frames, two ports. */
function setUp(): { first: FirstFrame; ports: readonly [Told, Told]; told: number[] } {
  const ports = [{ ...nothing }, { ...nothing }] as const;
  const told: number[] = [];
  const words = { setFirst: (number: number) => told.push(number), settleFirst: () => undefined };
  const first = new FirstFrame({
    words: words as unknown as SeriesWords,
    ports: ports.map((port) => ({ words: port }) as unknown as ReadPort),
    frames: null,
    startWindowMs: 20,
    ring: 16,
  });
  return { first, ports, told };
}

t.test('nothing is told before the start window is over', async (t) => {
  const { first, ports, told } = setUp();
  t.equal(first.look(0), 'nothing');
  Object.assign(ports[0], { smallest: 12, newestAccepted: 12 });
  t.equal(first.look(100), 'nothing', 'it begins with the first packet');
  t.equal(first.look(119), 'nothing');
  Object.assign(ports[1], { smallest: 10, newestAccepted: 11 });
  t.equal(first.look(120), 'told');
  t.strictSame(told, [10]);
});

t.test('a port that holds packets is waited for, another start window at most', async (t) => {
  for (const confirmed of [true, false]) {
    const { first, ports, told } = setUp();
    Object.assign(ports[0], { smallest: 12, newestAccepted: 12 });
    ports[1].holding = true;
    t.equal(first.look(0), 'nothing');
    t.equal(first.look(39), 'nothing');
    if (confirmed) Object.assign(ports[1], { smallest: 10, newestAccepted: 10, holding: false });
    t.equal(first.look(40), 'told');
    t.strictSame(told, [confirmed ? 10 : 12]);
  }
});

t.test('numbers that are a ring apart are told to nobody', async (t) => {
  for (const apart of [15, 16]) {
    const { first, ports, told } = setUp();
    Object.assign(ports[0], { smallest: 12, newestAccepted: 12 });
    Object.assign(ports[1], { smallest: 12 + apart, newestAccepted: 12 + apart });
    first.look(0);
    t.equal(first.look(20), apart === 16 ? 'disagree' : 'told');
    t.strictSame(told, apart === 16 ? [] : [12]);
  }
});
