import t from 'tap';
import { streamCounter, streamCounterTable } from '../../../../src/memory/counters.js';
import { Outbox } from '../../../../src/stream/output/maxiv/outbox.js';
import { MemorySink } from '../../../pipeline/memory-sink.js';

function make(
  limit: number,
  late: boolean,
): { sink: MemorySink; outbox: Outbox; counters: Float64Array; offered: number[]; offer: (now?: number) => boolean } {
  const sink = new MemorySink(limit, late);
  sink.connect();
  sink.reading = false;
  const counters = new Float64Array(streamCounterTable.length);
  const outbox = new Outbox(sink, counters, 100);
  const offered: number[] = [];
  const offer = (now = 0): boolean =>
    outbox.offer('images', [Uint8Array.of(outbox.next)], () => offered.push(outbox.next - 1), now);
  return { sink, outbox, counters, offered, offer };
}

t.test('a number is taken at hand-over and not before', async (t) => {
  const { sink, outbox, offered, offer } = make(1, false);
  t.ok(offer());
  t.notOk(offer(), 'the queue is full');
  t.equal(outbox.next, 101);
  sink.read();
  t.ok(offer());
  t.strictSame(offered, [100, 101]);
  t.strictSame(
    sink.taken.map(({ parts }) => parts[0]?.[0]),
    [100, 101],
  );
});

t.test('an offer under way has its number when it is settled, or gives it back', async (t) => {
  const { sink, outbox, offered, offer } = make(8, true);
  t.ok(offer());
  t.ok(outbox.busy);
  t.equal(outbox.next, 100);
  t.throws(() => offer(), /under way/);
  outbox.settle(0);
  t.strictSame(offered, [100]);
  offer();
  sink.disconnect();
  outbox.settle(0);
  t.equal(outbox.next, 101);
  t.notOk(outbox.busy);
});

t.test('the time in which nothing was taken is counted once', async (t) => {
  const { sink, counters, offer } = make(1, false);
  offer(1000);
  offer(2000);
  offer(3000);
  sink.read();
  offer(4500);
  t.equal(counters[streamCounter.blockedSeconds], 2.5);
  t.equal(counters[streamCounter.images], 2);
  t.equal(counters[streamCounter.bytes], 2);
});

t.test('blocked time shows while it lasts, and ends when nothing is offered any more', async (t) => {
  const { sink, outbox, counters, offer } = make(1, false);
  offer(0);
  for (const now of [1000, 2000, 3000]) {
    outbox.settle(now);
    offer(now);
  }
  t.equal(counters[streamCounter.blockedSeconds], 2);
  t.ok(outbox.blocked);
  outbox.settle(4000);
  outbox.settle(9000);
  t.notOk(outbox.blocked, 'the series was given up');
  sink.read();
  offer(9000);
  t.equal(counters[streamCounter.blockedSeconds], 2);
});

t.test('a header or an end that was begun is kept, so that its order waits for no consumer', async (t) => {
  for (const kind of ['headers', 'images', 'seriesEnds'] as const) {
    let kept = false;
    const sink = { offer: () => 'pending', outcome: () => (kept ? 'sent' : 'pending'), keep: () => void (kept = true) };
    const counters = new Float64Array(streamCounterTable.length);
    const outbox = new Outbox(sink as unknown as MemorySink, counters, 100);
    let done = false;
    t.ok(outbox.offer(kind, [Uint8Array.of(1)], () => (done = true), 0));
    t.equal(done, kind !== 'images', kind);
    t.equal(outbox.busy, kind === 'images');
  }
});
