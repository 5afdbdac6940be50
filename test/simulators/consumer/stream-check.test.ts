import t from 'tap';
import { StreamChecker } from '../../../simulators/consumer/stream-check.js';
import type { StreamRule } from '../../../simulators/consumer/stream-check.js';
import { parseMessage } from '../../../simulators/consumer/stream-message.js';
import type { StreamMessage } from '../../../simulators/consumer/stream-message.js';

type Fields = Record<string, unknown>;

function message(fields: Fields, ...parts: Uint8Array[]): StreamMessage {
  const parsed = parseMessage([Buffer.from(JSON.stringify(fields)), ...parts]);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
}

const blob = new Uint8Array(2 * 3 * 2);
const header = (msg: number, more: Fields = {}, ...parts: Uint8Array[]): StreamMessage =>
  message({ htype: 'header', msg_number: msg, filename: '', ...more }, ...parts);
const image = (msg: number, frame: number, more: Fields = {}, ...parts: Uint8Array[]): StreamMessage =>
  message(
    {
      htype: 'image',
      msg_number: msg,
      frame,
      shape: [2, 3],
      type: 'uint16',
      compression: 'none',
      frame_number: 101 + frame,
      complete: true,
      missing_packets: 0,
      ...more,
    },
    ...(parts.length > 0 ? parts : [blob]),
  );
const ledger = (missing: number): Fields => ({ 50001: { expected: 128, accepted: 128 - missing, missing } });
const end = (msg: number, frames: number, more: Fields = {}, ...parts: Uint8Array[]): StreamMessage =>
  message(
    {
      htype: 'series_end',
      msg_number: msg,
      frames,
      complete: frames,
      marked: 0,
      discarded: 0,
      incomplete: [],
      ledger: ledger(0),
      ...more,
    },
    ...parts,
  );

const lossy = {
  complete: false,
  missing_packets: 3,
  missing: {
    50001: [
      [0, 1],
      [9, 9],
    ],
  },
  reason: 'packet_loss',
};
const lossyEnd = { complete: 1, marked: 1, incomplete: [[1, 1]], ledger: ledger(3) };

function rules(...messages: StreamMessage[]): StreamRule[] {
  const checker = new StreamChecker();
  for (const one of messages) checker.accept(one);
  checker.finish();
  return [...checker.problemCounts.keys()];
}

/** Rules broken by a series of two images of which the second is changed. */
function withImage(more: Fields, endFields: Fields = {}, ...parts: Uint8Array[]): StreamRule[] {
  return rules(header(7), image(8, 0), image(9, 1, more, ...parts), end(10, 2, endFields));
}

const metadata = (value: unknown): StreamRule[] =>
  rules(header(1, {}, Buffer.from(JSON.stringify(value))), end(2, 0, { ledger: {} }));

t.test('a stream that keeps the contract has no problems', async (t) => {
  const checker = new StreamChecker();
  const stream = [header(5), image(6, 0), image(7, 1, lossy), end(8, 2, lossyEnd), header(9), end(10, 0)];
  for (const one of stream) checker.accept(one);
  checker.finish();
  t.same(checker.problems, []);
  t.match(checker.counts, {
    messages: 6,
    headers: 2,
    images: 2,
    seriesEnds: 2,
    complete: 1,
    marked: 1,
    missingPackets: 3,
    blobBytes: 24,
  });
});

t.test('part 0 is an object with htype and a whole msg_number', async (t) => {
  const parse = (text: string): unknown => parseMessage([Buffer.from(text)]);
  t.type(parse('{"htype":"header","msg_number":1}'), 'object');
  for (const text of [
    '',
    'x',
    '[]',
    '1',
    '{"msg_number":1}',
    '{"htype":"header"}',
    '{"htype":"header","msg_number":-1}',
    '{"htype":"header","msg_number":1.5}',
    '{"htype":"header","msg_number":"1"}',
    '{"htype":"header","msg_number":9007199254740992}',
  ]) {
    t.type(parse(text), 'string', text);
  }
  t.type(parseMessage([]), 'string');
  t.type(parseMessage([Buffer.from([0x22, 0xff, 0x22])]), 'string');
});

t.test('msg_number goes up by one, over series as within', async (t) => {
  t.same(rules(header(0), end(1, 0), header(2), end(3, 0)), []);
  t.same(rules(header(0), end(2, 0)), ['msg_number']);
  t.same(rules(header(0), end(0, 0)), ['msg_number']);
  t.same(rules(header(0), end(1, 0), header(3), end(4, 0)), ['msg_number']);
  t.same(rules(header(5), end(6, 0), header(5), end(6, 0)), ['msg_number']);
});

t.test('after a new connection a header may begin at a larger number, never at a smaller one', async (t) => {
  const after = (number: number, open: boolean): StreamRule[] => {
    const checker = new StreamChecker();
    checker.accept(header(10));
    if (!open) checker.accept(end(11, 0));
    checker.noteReconnect();
    checker.accept(header(number));
    checker.accept(end(number + 1, 0));
    return [...checker.problemCounts.keys()];
  };
  t.same(after(500, false), []);
  t.same(after(500, true), ['connection']);
  t.same(after(5, false), ['msg_number']);
});

t.test('only the three message types are known', async (t) => {
  t.same(rules(header(1), message({ htype: 'stats', msg_number: 2 }), end(3, 0)), ['htype']);
});

t.test('each header has one series_end, and images lie between', async (t) => {
  t.same(rules(header(1), header(2), end(3, 0)), ['series']);
  t.same(rules(header(1), end(2, 0), end(3, 0)), ['series']);
  t.same(rules(header(1), end(2, 0), image(3, 0)), ['series']);
  t.same(rules(header(1)), ['series']);
});

t.test('filename is a string, and a header has at most two parts', async (t) => {
  t.same(rules(header(1, { filename: '/data/a.h5' }), end(2, 0)), []);
  t.same(rules(header(1, { filename: null }), end(2, 0)), ['header']);
  t.same(rules(message({ htype: 'header', msg_number: 1 }), end(2, 0)), ['header']);
  t.same(rules(header(1, {}, Buffer.from('{}')), end(2, 0)), []);
  t.same(rules(header(1, {}, Buffer.from('{}'), Buffer.from('{}')), end(2, 0)), ['header']);
});

t.test('metadata that would hurt the consumer is named', async (t) => {
  t.same(
    metadata({
      exptime: 0.1,
      on: true,
      name: 'a',
      list: [1, 2],
      texts: ['a'],
      none: [],
      grid: [
        [1, 2],
        [3, 4],
      ],
      group: { a: 1, data: 2 },
    }),
    [],
  );
  for (const bad of [
    { a: null },
    { g: { a: null } },
    { data: 1 },
    { sequence_number: 1 },
    { a: [1, 'x'] },
    { a: [{}] },
    { a: [null] },
    { a: [[1], [1, 2]] },
    { a: 2 ** 63 },
    [1],
    'x',
  ]) {
    t.same(metadata(bad), ['metadata'], JSON.stringify(bad));
  }
  t.same(metadata({ a: 2 ** 53 }), []);
});

t.test('an image has all mandatory fields and exactly one blob', async (t) => {
  t.same(withImage({}), []);
  for (const key of ['shape', 'type', 'compression']) t.match(withImage({ [key]: undefined }), ['image'], key);
  t.match(withImage({ compression: 'lz4' }), ['image']);
  t.match(withImage({ type: 'u2' }), ['image']);
  t.match(withImage({ shape: [2, -3] }), ['image']);
  t.same(withImage({}, {}, blob, blob), ['image']);
});

t.test('a blob has exactly the bytes of shape and type', async (t) => {
  t.same(withImage({}, {}, blob.subarray(1)), ['blob']);
  t.same(withImage({}, {}, new Uint8Array(13)), ['blob']);
  const bslz4 = (bytes: number): Uint8Array => Buffer.from([0, 0, 0, 0, 0, 0, 0, bytes, 0, 0, 32, 0, 1]);
  const compressed = (bytes: number): StreamRule[] =>
    rules(header(1), image(2, 0, { compression: 'bslz4' }, bslz4(bytes)), end(3, 1));
  t.same(compressed(12), []);
  t.same(compressed(13), ['blob']);
});

t.test('shape, type and compression stay the same within a series', async (t) => {
  t.same(withImage({ shape: [3, 2] }), ['constant']);
  t.same(withImage({ type: 'int16' }), ['constant']);
  t.same(
    rules(header(1), image(2, 0), end(3, 1), header(4), image(5, 0, { shape: [3, 2] }), end(6, 1)),
    [],
    'another series may differ',
  );
});

t.test('each frame index comes once and in order', async (t) => {
  t.same(rules(header(1), image(2, 0), image(3, 2, { frame_number: 102 }), end(4, 2)), ['frame']);
  t.same(rules(header(1), image(2, 0), image(3, 0, { frame_number: 102 }), end(4, 2)), ['frame']);
  t.same(rules(header(1), image(2, 1, { frame_number: 101 }), end(3, 1)), ['frame']);
});

t.test('the extra fields of an image agree with each other', async (t) => {
  t.same(withImage(lossy, lossyEnd), []);
  t.same(withImage({ ...lossy, discard: true }, { ...lossyEnd, marked: 0, discarded: 1 }), []);
  t.same(
    withImage(
      { complete: false, missing_packets: 0, missing: {}, reason: 'stop' },
      { complete: 1, marked: 1, incomplete: [[1, 1]] },
    ),
    [],
    'an image may be suspect without a known loss',
  );
  const bad: Fields[] = [
    { frame_number: 103 },
    { frame_number: undefined },
    { frame_number: 0 },
    { complete: undefined },
    { missing_packets: undefined },
    { missing_packets: 1 },
    { missing: { 50001: [[0, 0]] } },
    { discard: false },
  ];
  for (const more of bad) t.same(withImage(more), ['extra_fields'], JSON.stringify(more));
  for (const more of [{ missing_packets: 2 }, { reason: undefined }, { reason: 'bad_luck' }])
    t.same(withImage({ ...lossy, ...more }, lossyEnd), ['extra_fields']);
  for (const missing of [
    undefined,
    [],
    { 50001: [0, 1] },
    { 50001: [[1, 0]] },
    {
      50001: [
        [5, 6],
        [6, 7],
      ],
    },
    { x: [[0, 2]] },
  ]) {
    t.match(
      withImage({ ...lossy, missing }, { ...lossyEnd, ledger: ledger(0) }),
      ['extra_fields'],
      JSON.stringify(missing),
    );
  }
});

t.test('the sums of series_end are those of the images', async (t) => {
  t.same(withImage(lossy, lossyEnd), []);
  const bad: Fields[] = [
    { frames: 3 },
    { complete: 2 },
    { marked: 0 },
    { discarded: undefined },
    { incomplete: [[0, 1]] },
    { incomplete: undefined },
    { truncated: true },
    { ledger: ledger(2) },
    { ledger: undefined },
    { aborted: 3 },
    { aborted: 'tired' },
    {
      ledger: {
        50001: { expected: 128, accepted: 125, missing: 3, late: 1, ring: 1, socket: 0, cut_off: 1, unexplained: 1 },
      },
    },
    { ledger: { 50001: { expected: 128, accepted: 124, missing: 3 } } },
  ];
  for (const more of bad) t.same(withImage(lossy, { ...lossyEnd, ...more }), ['series_end'], JSON.stringify(more));
  t.same(rules(header(1), end(2, 0, {}, blob)), ['series_end']);
  t.same(
    rules(header(1), end(2, 0, { aborted: 'consumer_stalled', frames: 4, complete: 4 })),
    [],
    'an aborted series may have had more',
  );
});

t.test('streams of other producers pass without the extra fields', async (t) => {
  const checker = new StreamChecker({ extraFields: false });
  checker.accept(header(0));
  checker.accept(
    message({ htype: 'image', msg_number: 1, frame: 0, shape: [2, 3], type: 'uint16', compression: 'none' }, blob),
  );
  checker.accept(message({ htype: 'series_end', msg_number: 2 }));
  checker.finish();
  t.same(checker.problems, []);
});

t.test('problems are all counted, and a bounded number is kept', async (t) => {
  const checker = new StreamChecker();
  for (let number = 0; number < 100; number++) checker.accept(image(number, 0));
  t.equal(checker.problemCount, 100);
  t.equal(checker.problems.length, 20);
});
