import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { describeStuck, OrderedPulls } from '../../../simulators/consumer/ordered-pulls.js';
import type { OrderedPullsOptions } from '../../../simulators/consumer/ordered-pulls.js';
import type { StreamMessage } from '../../../simulators/consumer/stream-message.js';

const room = 10;
/** Each takes what ten of them have room for. */
const message = (htype: string, msgNumber: number): StreamMessage => ({ htype, msgNumber, fields: {}, parts: [] });
const image = (number: number): StreamMessage => message('image', number);

function setUp(options: Partial<OrderedPullsOptions> = {}) {
  const end = new AbortController();
  const pulls = new OrderedPulls({ endpoints: 2, signal: end.signal, memoryBytes: room * 1024, ...options });
  const seen: number[] = [];
  /** As an endpoint does: one after the other. */
  const bring = async (messages: readonly StreamMessage[]): Promise<void> => {
    for (const one of messages) await pulls.take(one, ({ msgNumber }) => seen.push(msgNumber));
  };
  return { pulls, end, seen, bring };
}

const upTo = (first: number, last: number, step = 1): number[] =>
  Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step);

t.test('an endpoint that is ahead waits, and nothing is dropped', async (t) => {
  const { pulls, seen, bring } = setUp();
  let ahead = false;
  const first = bring([message('header', 0), ...upTo(1, 599, 2).map(image)]).then(() => (ahead = true));
  await sleep(20);
  t.match({ ahead, stuck: pulls.stuck, dropped: pulls.dropped }, { ahead: false, stuck: room, dropped: 0 });
  await bring(upTo(2, 600, 2).map(image));
  await first;
  t.strictSame(seen, upTo(0, 600));
  t.match(pulls, { stuck: 0, dropped: 0 });
});

t.test('a number that comes again, and a header, wait for nothing', async (t) => {
  const { pulls, seen, bring } = setUp();
  await bring([message('header', 0), image(1), ...upTo(3, 2 + room).map(image), image(1), image(4)]);
  await bring([message('header', 50), image(51)]);
  t.strictSame(seen, [0, 1, 50, 51]);
  t.match(pulls, { stuck: 1, dropped: 1 });
});

t.test('a number that nobody can bring is given up at once, and one that nobody brings after a while', async (t) => {
  const both = setUp({ patienceMs: 60_000 });
  const first = both.bring([message('header', 0), ...upTo(2, 40, 2).map(image)]);
  await both.bring(upTo(3, 41, 2).map(image));
  await first;
  t.match(both.pulls, { stuck: 40, dropped: 40 - room }, 'both are ahead of it');
  await both.bring([message('header', 42), image(43)]);
  t.strictSame(both.seen, [0, 42, 43], 'the next series is whole');

  const silent = setUp({ patienceMs: 50 });
  const begun = performance.now();
  await silent.bring([message('header', 0), ...upTo(2, 40, 2).map(image)]);
  const took = performance.now() - begun;
  t.ok(took >= 49 && took < 5000, `it waited once: ${took} ms`);
  t.match(silent.pulls, { stuck: 20, dropped: 20 - room });

  const alone = setUp({ endpoints: 1, patienceMs: 60_000 });
  await alone.bring([message('header', 0), ...upTo(2, 40).map(image), message('header', 41), image(42)]);
  t.strictSame(alone.seen, [0, 41, 42], 'one endpoint does not wait for itself');
});

t.test('patience begins anew with each number that comes', async (t) => {
  const { pulls, seen, bring } = setUp({ patienceMs: 1000 });
  const ahead = bring([message('header', 0), ...upTo(2, 60, 2).map(image)]);
  for (const number of upTo(1, 59, 2)) {
    await sleep(number < 9 ? 300 : 0);
    await bring([image(number)]);
  }
  await ahead;
  t.strictSame(seen, upTo(0, 60));
  t.equal(pulls.dropped, 0);
});

t.test('the end leaves nobody waiting, and counts what waited', async (t) => {
  const { pulls, end, bring } = setUp();
  const ahead = bring([message('header', 0), ...upTo(2, 1 + room + 1).map(image)]);
  await sleep(20);
  end.abort();
  await ahead;
  t.match(pulls, { stuck: room + 1, dropped: 0 });
});

t.test('when all that is wanted is there only what came too late, or was dropped, is stuck', async (t) => {
  const { pulls, seen, bring } = setUp();
  await bring([message('header', 0), image(2), message('header', 3), image(1), image(8)]);
  t.equal(pulls.stuck, 2);
  const ahead = bring(upTo(10, 30).map(image));
  await sleep(20);
  await bring([image(4)]);
  pulls.close();
  await ahead;
  await bring([image(5), message('header', 40)]);
  t.equal(pulls.stuck, 1);
  t.strictSame(seen, [0, 3, 4], 'and nothing more is taken');
});

t.test('where headers wait one loses nothing of the series before, and passes when nobody brings it', async (t) => {
  const behind = async (options: Partial<OrderedPullsOptions>) => {
    const { pulls, seen, bring } = setUp(options);
    const first = bring([message('header', 0), image(1), message('series_end', 3), message('header', 4), image(5)]);
    await sleep(20);
    await bring([image(2)]);
    await first;
    return { seen, stuck: pulls.stuck };
  };
  t.strictSame(await behind({ headersWait: true }), { seen: upTo(0, 5), stuck: 0 });
  t.strictSame(await behind({}), { seen: [0, 1, 4, 5], stuck: 1 }, 'the real consumer loses image 2 and the end');

  const silent = setUp({ headersWait: true, patienceMs: 50 });
  await silent.bring([message('header', 0), image(2), message('header', 4), image(5), message('header', 6), image(7)]);
  t.strictSame(silent.seen, [0, 4, 5, 6, 7], 'one that nobody brings costs its patience once');
  const ended = setUp({ headersWait: true });
  const waits = ended.bring([message('header', 0), message('header', 4)]);
  await sleep(20);
  ended.end.abort();
  await waits;
  t.strictSame(ended.seen, [0], 'at the end it is none of the recording');
  t.equal(ended.pulls.stuck, 1);
  const anew = setUp({ headersWait: true, patienceMs: 60_000 });
  await anew.bring([message('header', 10), image(11), message('header', 0), image(1)]);
  t.strictSame(anew.seen, [10, 11, 0, 1], 'a service that counts anew is waited for by nobody');
  const alone = setUp({ headersWait: true, patienceMs: 60_000, endpoints: 1 });
  await alone.bring([message('header', 0), image(2), message('header', 4)]);
  t.strictSame(alone.seen, [0, 4], 'nor does one endpoint wait for itself');
});

t.test('before the first header nobody waits: what came first is forgotten first', async (t) => {
  const { pulls, seen, bring } = setUp();
  await bring(upTo(1, 37).map(image));
  t.match(pulls, { beforeFirst: 37, stuck: 0, dropped: 0 });
  await bring([image(39), message('header', 38), image(40)]);
  t.strictSame(seen, [38, 39, 40]);
  t.equal(pulls.beforeFirst, 37);
});

t.test('what is said of messages that are stuck', async (t) => {
  t.match(describeStuck({ stuck: 3, dropped: 0 }), /^3 messages wait .*: the real consumer would hang here$/);
  t.notMatch(describeStuck({ stuck: 3, dropped: 1 }), /would hang/);
});
