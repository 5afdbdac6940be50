import t from 'tap';
import { OrderedReceive } from '../../../simulators/consumer/ordered-receive.js';

interface Message {
  htype: string;
  msgNumber: number;
}

/** `h5` is a header with number 5, `i6` an image, `e7` a series_end. */
function messages(text: string): Message[] {
  const names: Record<string, string> = { h: 'header', i: 'image', e: 'series_end' };
  return text.split(' ').map((word) => ({ htype: names[word[0]], msgNumber: Number(word.slice(1)) }));
}

function deliver(text: string, ordered = new OrderedReceive<Message>()): { out: string; cached: number } {
  const out = messages(text)
    .flatMap((message) => ordered.push(message))
    .map((one) => `${one.htype[0].replace('s', 'e')}${one.msgNumber}`);
  return { out: out.join(' '), cached: ordered.cached };
}

t.test('messages of several workers are put in order', async (t) => {
  t.same(deliver('h10 i12 i11 e14 i13 h15'), { out: 'h10 i11 i12 i13 e14 h15', cached: 0 });
});

t.test('t01: a number that never comes holds back everything until a header with a larger one', async (t) => {
  t.same(deliver('h0 i1 i3 i4 e5'), { out: 'h0 i1', cached: 3 });
  t.same(deliver('h0 i1 i3 i4 e5 h6 i7 e8'), { out: 'h0 i1 h6 i7 e8', cached: 0 });
});

t.test('t02: numbers that begin again with each series work without loss', async (t) => {
  t.same(deliver('h0 i1 e2 h0 i1 e2'), { out: 'h0 i1 e2 h0 i1 e2', cached: 0 });
});

t.test('t03: numbers that begin again after a gap mix two series', async (t) => {
  t.same(deliver('h0 i1 i3 i4 e5 h0 i1 i2'), { out: 'h0 i1 h0 i1 i2 i3 i4 e5', cached: 0 });
});

t.test('t04: a header may follow without series_end', async (t) => {
  t.same(deliver('h0 i1 h2 i3 e4'), { out: 'h0 i1 h2 i3 e4', cached: 0 });
});

t.test('t25: a message that comes twice is cached and does no harm', async (t) => {
  t.same(deliver('h0 i1 i1 i2 e3'), { out: 'h0 i1 i2 e3', cached: 1 });
});

t.test('t26: an image overtaken by the next header is lost', async (t) => {
  t.same(deliver('h0 i1 h4 i2 e3 i5'), { out: 'h0 i1 h4 i5', cached: 2 });
});

t.test('t27: before the first header nothing is delivered', async (t) => {
  t.same(deliver('i7 i8 e9'), { out: '', cached: 3 });
  t.same(deliver('i7 i8 e9 h10 i11'), { out: 'h10 i11', cached: 0 });
});

t.test('a limit keeps the cache bounded and counts what it refuses', async (t) => {
  const ordered = new OrderedReceive<Message>(2);
  t.same(deliver('h0 i2 i3 i4 i3', ordered), { out: 'h0', cached: 2 });
  t.equal(ordered.dropped, 1);
  t.equal(ordered.next, 1);
});

t.test('messages before the first header are those with smaller numbers, whenever they come', async (t) => {
  const late = new OrderedReceive<Message>();
  t.same(deliver('i12', late), { out: '', cached: 1 });
  t.equal(late.beforeFirst, 1);
  t.same(deliver('h10 i11 e13', late), { out: 'h10 i11 i12 e13', cached: 0 });
  t.equal(late.beforeFirst, 0);
  const middle = new OrderedReceive<Message>();
  deliver('i7 i8 e9 h10 i12 h14', middle);
  t.equal(middle.beforeFirst, 3, 'what a later header throws away is stuck, and not before the first');
});

t.test('before the first header the limit forgets what came first', async (t) => {
  const ordered = new OrderedReceive<Message>(2);
  t.same(deliver('i7 i8 i9 i11 h10', ordered), { out: 'h10 i11', cached: 0 });
  t.equal(ordered.beforeFirst, 3);
  t.equal(ordered.dropped, 0);
});

t.test('a limit may go by what messages weigh', async (t) => {
  const ordered = new OrderedReceive<Message>(10, ({ msgNumber }) => msgNumber);
  t.same(deliver('h0 i2 i3 i4 i6', ordered), { out: 'h0', cached: 4 });
  t.ok(ordered.refuses({ htype: 'image', msgNumber: 7 }));
  t.notOk(ordered.refuses({ htype: 'image', msgNumber: 1 }));
  t.same(deliver('i1 i7 i8', ordered), { out: 'i1 i2 i3 i4', cached: 2 });
});
