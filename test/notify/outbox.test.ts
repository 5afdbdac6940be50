import t from 'tap';
import { VirtualClock } from '../../src/base/clock.js';
import { giveUpMs, Outbox, settleMs, textLimit, waitingLimit } from '../../src/notify/outbox.js';
import type { PostResult } from '../../src/notify/post.js';
import { makeLogger } from '../../src/runtime/log.js';

const failed = (why: string, again = true): PostResult => ({ delivered: false, why, again });

interface Station {
  readonly clock: VirtualClock;
  readonly log: Record<string, unknown>[];
  readonly seen: string[];
  readonly pauses: number[];
  answer: () => PostResult | Promise<PostResult>;
  readonly outbox: Outbox;
}

/** An outbox on virtual time whose receiver answers as it is told. */
function station(): Station {
  const clock = new VirtualClock();
  const log: Record<string, unknown>[] = [];
  const seen: string[] = [];
  const pauses: number[] = [];
  const made: Station = {
    clock,
    log,
    seen,
    pauses,
    answer: () => ({ delivered: true }),
    outbox: new Outbox({
      url: 'http://hooks.example.org/secret',
      clock,
      logger: makeLogger('info', 'det', { write: (line: string) => void log.push(JSON.parse(line) as never) }),
      post: async (_, text) => {
        seen.push(text);
        return made.answer();
      },
      pause: async (milliseconds) => {
        pauses.push(milliseconds);
        clock.advance(milliseconds);
      },
    }),
  };
  return made;
}

/** Let whatever waits for promises go on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('texts go out in their order, and are counted', async (t) => {
  const { outbox, seen, log } = station();
  for (const text of ['a', 'b', 'c']) outbox.put(text);
  await turn();
  t.strictSame(seen, ['a', 'b', 'c']);
  t.strictSame(outbox.counts, { delivered: 3, failedTries: 0, dropped: 0, waiting: 0 });
  t.equal(outbox.trouble, null);
  t.strictSame(log, []);
});

t.test('a try that failed is made again, with growing pauses; it is told once, and once that it is over', async (t) => {
  const made = station();
  let tries = 0;
  made.answer = () => (++tries <= 8 ? failed('connect ECONNREFUSED') : { delivered: true });
  made.outbox.put('a');
  made.outbox.put('b');
  await turn();
  t.strictSame(made.pauses, [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]);
  t.strictSame(made.seen, ['a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', 'b']);
  t.match(made.outbox.counts, { delivered: 2, failedTries: 8, dropped: 0 });
  t.match(
    made.log.map(({ msg }) => msg),
    [/do not get through to http:\/\/hooks\.example\.org \(connect ECONNREFUSED\): 2 wait/, /get through .* again/],
  );
  t.notMatch(JSON.stringify(made.log), 'secret', 'the path of the URL is not told');
});

t.test('what is refused for good is dropped at once; the next one goes', async (t) => {
  const made = station();
  made.answer = () => (made.seen.length === 1 ? failed('status 404', false) : { delivered: true });
  made.outbox.put('a');
  made.outbox.put('b');
  await turn();
  t.strictSame(made.seen, ['a', 'b']);
  t.strictSame(made.pauses, []);
  t.match(made.outbox.counts, { delivered: 1, failedTries: 1, dropped: 1 });
});

t.test('each is given up after its time, while others still come', async (t) => {
  const made = station();
  made.answer = () => failed('no answer');
  made.outbox.put('a');
  made.outbox.put('b');
  await turn();
  t.match(made.outbox.counts, { delivered: 0, dropped: 2, waiting: 0 });
  t.ok(made.clock.now() >= giveUpMs && made.clock.now() < giveUpMs + 120_000, `${made.clock.now()} ms`);
  t.match(made.outbox.trouble, /0 wait, 2 were dropped.*docs\/operating\.md#notifications/);
});

t.test('so many wait and no more: the oldest behind the one on its way is dropped', async (t) => {
  const made = station();
  let free: (result: PostResult) => void = () => undefined;
  made.answer = () => new Promise((resolve) => (free = resolve));
  for (let text = 0; text < waitingLimit + 10; text++) made.outbox.put(String(text));
  t.match(made.outbox.counts, { waiting: waitingLimit, dropped: 10 });
  await turn();
  made.answer = () => ({ delivered: true });
  free({ delivered: true });
  await turn();
  t.equal(made.seen.length, waitingLimit);
  t.strictSame(made.seen.slice(0, 2), ['0', '11'], 'the first was on its way already');
  made.outbox.put('x'.repeat(textLimit + 1));
  t.match(made.outbox.counts, { waiting: 0, dropped: 11 });
});

t.test('a stop tries once more at once what waits for its next try', async (t) => {
  for (const back of [true, false]) {
    let tries = 0;
    const outbox = new Outbox({
      url: 'http://hooks.example.org/',
      clock: new VirtualClock(),
      logger: makeLogger('error', 'det', { write: () => undefined }),
      post: () => Promise.resolve(tries++ > 0 && back ? { delivered: true } : failed('HTTP 503')),
      // As long as nobody ends it, but for the moment that a stop gives.
      pause: (milliseconds, signal) =>
        new Promise((resolve, reject) => {
          if (milliseconds === settleMs) setTimeout(resolve, 20);
          signal.addEventListener('abort', () => reject(new Error('over')));
          if (signal.aborted) reject(new Error('over'));
        }),
    });
    outbox.put('a');
    await turn();
    t.equal(tries, 1);
    await outbox.close();
    t.equal(tries, 2);
    t.match(outbox.counts, back ? { delivered: 1, dropped: 0 } : { delivered: 0, dropped: 1 });
  }
});

t.test('a stop waits a moment for what waits, and no longer', async (t) => {
  const made = station();
  made.outbox.put('a');
  await made.outbox.close();
  t.match(made.outbox.counts, { delivered: 1, dropped: 0 });
  made.outbox.put('b');
  t.match(made.outbox.counts, { delivered: 1, dropped: 1, waiting: 0 }, 'nothing is taken any more');

  const aborted: boolean[] = [];
  const slow = new Outbox({
    url: 'http://hooks.example.org/',
    clock: made.clock,
    logger: makeLogger('error', 'det', { write: () => undefined }),
    post: (_, __, signal) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          aborted.push(true);
          resolve(failed('aborted'));
        }),
      ),
    pause: async (milliseconds) => t.equal(milliseconds, settleMs),
  });
  slow.put('a');
  slow.put('b');
  await slow.close();
  t.strictSame(aborted, [true], 'the one that was on its way, and no other');
  t.match(slow.counts, { delivered: 0, dropped: 2, waiting: 0 });
});

t.test('a text that comes in any moment of the end of the one before goes out', async (t) => {
  for (let later = 0; later < 8; later++) {
    const { outbox, seen } = station();
    outbox.put('a');
    while (outbox.counts.delivered === 0) await Promise.resolve();
    for (let step = 0; step < later; step++) await Promise.resolve();
    outbox.put('b');
    await turn();
    t.strictSame(seen, ['a', 'b'], `${later} steps later`);
  }
});
