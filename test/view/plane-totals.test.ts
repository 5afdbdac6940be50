import t from 'tap';
import { added, addedReading, addedSockets, noTotals, totalsOf } from '../../src/view/plane-totals.js';
import { HandMadeView, portCountersOf, streamCountersOf } from './hand-made-view.js';

t.test('figures add up; one that was not known counts from now, one that is not known now stays so', async (t) => {
  t.strictSame(added({ a: 1, b: 2, c: NaN }, { a: 10, b: NaN, c: 5 }), { a: 11, b: 2, c: NaN });
  t.strictSame(added({ a: 1 }, undefined), { a: 1 });
  const reading = { counts: [1, 0, 2], sum: 3.5 };
  t.strictSame(addedReading(reading, { counts: [1, 1, 1], sum: 1 }), { counts: [2, 1, 3], sum: 4.5 });
  t.equal(addedReading(reading, undefined), reading);
});

t.test('a port that a data plane no longer has keeps its count', async (t) => {
  const view = new HandMadeView();
  const count = (udpPort: number, received: number): number | undefined => {
    const measured = view.portFigures()[0]?.histograms;
    if (measured === undefined) throw new Error('the view has ports');
    const gone = { counters: portCountersOf({ received: 7 }), histograms: measured };
    const totals = totalsOf(
      {
        portCounters: () => [{ udpPort: 50001, counters: portCountersOf({ received }) }],
        portFigures: () => view.portFigures(),
        streamCounters: () => streamCountersOf({ images: 3 }),
        frameHistograms: () => view.frameHistograms(),
        encoders: () => [],
        gauges: () => view.gauges(),
      },
      { ...noTotals, ports: new Map([[50009, gone]]) },
    );
    t.equal(totals.stream.images, 3);
    return totals.ports.get(udpPort)?.counters.received;
  };
  t.equal(count(50001, 5), 5);
  t.equal(count(50009, 5), 7);
});

t.test("ports whose numbers PSI's client changed again and again are forgotten, the oldest first", async (t) => {
  const view = new HandMadeView();
  const measured = view.portFigures()[0].histograms;
  const gone = (received: number) => ({ counters: portCountersOf({ received }), histograms: measured });
  const many = Array.from({ length: 5000 }, (_, index) => [index + 1, gone(index + 1)] as const);
  const { ports } = totalsOf(
    {
      portCounters: () => [{ udpPort: 1, counters: portCountersOf({ received: 9 }) }],
      portFigures: () => [{ ...view.portFigures()[0], udpPort: 1 }],
      streamCounters: () => streamCountersOf({}),
      frameHistograms: () => view.frameHistograms(),
      encoders: () => [],
      gauges: () => view.gauges(),
    },
    { ...noTotals, ports: new Map(many) },
  );
  t.equal(ports.size, 1024);
  t.equal(ports.get(1)?.counters.received, 9, 'a port that is there now');
  t.equal(ports.get(5000)?.counters.received, 5000);
  t.notOk(ports.has(2));
});

t.test('a socket of the stream counts on when another data plane has it', async (t) => {
  const [socket] = new HandMadeView().gauges().dataSockets;
  t.match(addedSockets([socket, socket], [{ ...socket, disconnects: 2, messages: 10, blocked_seconds: 1 }]), [
    { disconnects: 2, messages: 17, blocked_seconds: 1.25, consumers: 1 },
    { disconnects: 0, messages: 7, blocked_seconds: 0.25 },
  ]);
});
