import t from 'tap';
import type { SeriesSummary } from '../../../../src/contract/series.js';
import { streamCounterTable } from '../../../../src/memory/counters.js';
import { MaxivOutput } from '../../../../src/stream/output/maxiv/maxiv-output.js';
import { plain } from '../../../../src/stream/output/output.js';
import { MemorySink } from '../../../pipeline/memory-sink.js';
import { asIndex, asNumber } from '../../../frame-numbers.js';

const facts = {
  frameIndex: asIndex(0),
  frameNumber: asNumber(1),
  missingPackets: 0,
  missing: [],
  reason: null,
  discard: false,
  headerValues: [],
} as const;
const summary = { frames: 1, ledger: [], incomplete: [], warnings: [] } as unknown as SeriesSummary;

function setUp(limit = 8): {
  sink: MemorySink;
  output: MaxivOutput;
  texts: () => { htype: string; msg_number: number }[];
} {
  const sink = new MemorySink(limit);
  sink.connect();
  sink.reading = false;
  const output = new MaxivOutput({ sink, counters: new Float64Array(streamCounterTable.length), first: 100 });
  output.prepare({ shape: [1, 2], type: 'uint8', headerKeys: [], exposureTime: null });
  const texts = () =>
    sink.taken.map(
      ({ parts }) => JSON.parse(Buffer.from(parts[0]).toString()) as { htype: string; msg_number: number },
    );
  return { sink, output, texts };
}

t.test('it is lossless, and sends frames as they lie in their slots', async (t) => {
  const { output } = setUp();
  t.match(output, { name: 'maxiv', holds: true, form: plain });
});

t.test('a series is a header, its images and its end, numbered without a gap', async (t) => {
  const { output, texts, sink } = setUp();
  const said: unknown[] = [];
  output.begin({ filename: '/a', metadata: '{"x":1}', number: null }, (number) => said.push(number), 0);
  output.image({ facts, pixels: Uint8Array.of(1, 2), number: null }, (now) => said.push(now), 7);
  output.end(summary, (now) => said.push(now), 8);
  t.strictSame(said, [100, 7, 8]);
  t.match(texts(), [
    { htype: 'header', msg_number: 100 },
    { htype: 'image', msg_number: 101 },
    { htype: 'series_end', msg_number: 102 },
  ]);
  t.equal(sink.taken[0]?.parts.length, 2, 'metadata is a part of its own');
  t.equal(output.next, 103);
});

t.test('numbers that are given are taken, where they are not used yet', async (t) => {
  const { output, texts } = setUp();
  output.begin({ filename: '', metadata: '{}', number: 500 }, () => undefined, 0);
  output.image({ facts, pixels: new Uint8Array(2), number: 510 }, () => undefined, 0);
  t.strictSame(
    texts().map(({ msg_number }) => msg_number),
    [500, 510],
  );
});

t.test('what was refused goes out as it was made, unless its number is another one by then', async (t) => {
  const { output, sink, texts } = setUp(1);
  const frame = { facts, pixels: Uint8Array.of(1, 2), number: null };
  const taken: Uint8Array[] = [];
  t.ok(output.begin({ filename: '', metadata: '{}', number: null }, () => undefined, 0));
  t.notOk(output.image(frame, () => t.fail('it was refused'), 0));
  output.skipTo(200);
  sink.read();
  t.ok(output.image(frame, (_, json) => taken.push(json), 0));
  t.match(texts().at(-1), { htype: 'image', msg_number: 200 });
  t.equal(taken.length, 1);
});

t.test('an end that is owed goes out before anything else, once', async (t) => {
  const { output, sink, texts } = setUp(1);
  output.begin({ filename: '', metadata: '{}', number: null }, () => undefined, 0);
  output.owedEnd = summary;
  t.notOk(output.settleOwedEnd(1), 'nobody takes it');
  sink.read();
  t.ok(output.settleOwedEnd(2));
  t.ok(output.settleOwedEnd(3));
  t.strictSame(
    texts().map(({ htype }) => htype),
    ['header', 'series_end'],
  );
});

t.test('who waits for an end hears when it was handed over, not when it was offered', async (t) => {
  const sink = new MemorySink(8, true);
  sink.connect();
  const output = new MaxivOutput({ sink, counters: new Float64Array(streamCounterTable.length), first: 100 });
  const said: number[] = [];
  output.end(summary, (now) => said.push(now), 8);
  t.ok(output.busy, 'the sink answers a turn later');
  output.settle(500);
  t.strictSame(said, [500]);
});
