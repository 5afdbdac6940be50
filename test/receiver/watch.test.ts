import t from 'tap';
import type { Test } from 'tap';
import { VirtualClock } from '../../src/base/clock.js';
import type { ReceiverAnswer } from '../../src/receiver/ask.js';
import { ReceiverWatch } from '../../src/receiver/watch.js';

const idle = (received: number): ReceiverAnswer => ({ state: 'idle', error: null, received });
const running = (received: number): ReceiverAnswer => ({ state: 'running', error: null, received });

interface Station {
  readonly watch: ReceiverWatch;
  /** What the receiver answers from now on. */
  readonly says: (answer: ReceiverAnswer | Error) => void;
  /** Let time go by. */
  readonly pass: (milliseconds: number) => Promise<void>;
  /** The next question, and this answer. */
  readonly see: (answer: ReceiverAnswer | Error) => Promise<void>;
  /** When it was asked, ms. */
  readonly asked: number[];
  /** Questions are answered late: so long after they were asked, ms. */
  late: number;
  /** Questions without an answer, and the most of them at once. */
  readonly open: { now: number; most: number };
}

function station(t: Test): Station {
  const clock = new VirtualClock();
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  const after = (milliseconds: number, run: () => void) => {
    const timer = { at: clock.now() + milliseconds, run };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  const asked: number[] = [];
  const open = { now: 0, most: 0 };
  let answer: ReceiverAnswer | Error = idle(0);
  const watch = new ReceiverWatch({
    url: 'http://receiver',
    clock,
    after,
    ask: async () => {
      asked.push(clock.now());
      open.most = Math.max(open.most, ++open.now);
      if (place.late > 0) await new Promise<void>((resolve) => after(place.late, resolve));
      open.now--;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  t.teardown(() => watch.close());
  /** The next timer that is due by then. */
  const step = async (until: number): Promise<boolean> => {
    const next = [...timers]
      .filter(({ at }) => at <= until)
      .sort((one, other) => one.at - other.at)
      .at(0);
    if (next === undefined) return false;
    timers.delete(next);
    clock.advance(Math.max(0, next.at - clock.now()));
    next.run();
    await new Promise((resolve) => setImmediate(resolve));
    return true;
  };
  const place: Station = {
    watch,
    says: (next) => void (answer = next),
    pass: async (milliseconds) => {
      const until = clock.now() + milliseconds;
      for (let more = true; more;) more = await step(until);
      clock.advance(until - clock.now());
    },
    see: async (next) => {
      answer = next;
      const before = asked.length;
      while (asked.length === before) if (!(await step(Infinity))) throw new Error('it will not be asked');
    },
    asked,
    late: 0,
    open,
  };
  return place;
}

const codes = (watch: ReceiverWatch): string[] => watch.findings().map(({ code }) => code);

t.test('a series is settled when the receiver is idle twice with the same count', async (t) => {
  const { watch, see } = station(t);
  await see(idle(7));
  watch.opened(1, null);
  await see(idle(7));
  t.equal(watch.figures(3).behind, null, 'while it is not running its count may be that of the series before');
  await see(running(1));
  t.match(watch.figures(3), { answers: true, behind: 2, missed: 0 });
  t.equal(watch.sentence(), null, 'the series is open');
  watch.ended(1, 10);
  t.equal(watch.sentence(), 'series 1 is sent, the receiver is still 9 frames behind.');
  await see(running(10));
  t.equal(watch.sentence(), 'series 1 is sent, the receiver has not finished it yet.');
  await see(idle(10));
  t.strictSame(watch.takeSettled(), [], 'idle once');
  await see(idle(10));
  t.strictSame(watch.takeSettled(), [{ series_id: 1, received: 10, error: null }]);
  t.strictSame(watch.takeSettled(), [], 'told once');
  t.equal(watch.sentence(), null);
  t.strictSame(watch.findings(), []);
  t.match(watch.figures(0), { behind: 0, missed: 0 });
});

t.test('a receiver that is still idle from the series before does not settle this one', async (t) => {
  const { watch, see } = station(t);
  watch.opened(2, null);
  watch.ended(2, 10);
  await see(idle(7));
  await see(running(3));
  await see(idle(10));
  t.strictSame(watch.takeSettled(), []);
  await see(idle(10));
  t.match(watch.takeSettled(), [{ received: 10 }]);
});

t.test('received fewer than sent: told until the next series', async (t) => {
  const { watch, see } = station(t);
  watch.opened(1, null);
  await see(running(4));
  watch.ended(1, 10);
  await see(idle(6));
  t.strictSame(codes(watch), [], 'not before it is done');
  await see(idle(6));
  t.match(watch.findings(), [{ code: 'received_fewer', message: /received 6 of the 10 frames of series 1\. Look/ }]);
  t.match(watch.figures(0), { missed: 4 });
  watch.opened(2, null);
  t.strictSame(codes(watch), []);
  t.match(watch.figures(0), { missed: 4 }, 'those of all series are counted');
  await see(running(5));
  watch.ended(2, 10);
  await see(idle(9));
  t.match(watch.figures(0), { missed: 4 }, 'not before it is done');
  await see(idle(9));
  t.match(watch.figures(0), { missed: 5 });
  await see(idle(9));
  t.match(watch.figures(0), { missed: 5 }, 'once');
});

t.test('a failure is kept, though the receiver forgets it at the end of the series', async (t) => {
  const { watch, see } = station(t);
  watch.opened(1, '/data/a.h5');
  t.match(watch.findings(), [{ code: 'name_again', message: /has the file of an earlier series, \/data\/a\.h5/ }]);
  await see({ state: 'error', error: 'no such folder', received: 2 });
  t.strictSame(codes(watch), ['receiver_error', 'name_again']);
  watch.ended(1, 2);
  await see(idle(2));
  await see(idle(2));
  t.strictSame(watch.takeSettled(), [{ series_id: 1, received: 2, error: 'no such folder' }]);
  t.match(watch.findings()[0], { message: /failed in series 1, its frames are not saved: no such folder\./ });
});

t.test('one that does not answer is said, and nothing is made up', async (t) => {
  const { watch, see } = station(t);
  watch.opened(1, null);
  await see(running(2));
  watch.ended(1, 4);
  await see(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }));
  t.match(watch.findings(), [{ code: 'receiver_silent', message: /\(connect ECONNREFUSED\)/ }]);
  t.match(watch.figures(0), { answers: false, behind: null, missed: 0 });
  t.equal(watch.sentence(), null);
  await see(idle(4));
  await see(idle(4));
  t.strictSame(codes(watch), []);
  t.match(watch.takeSettled(), [{ received: 4 }]);
});

t.test('it is asked seldom while nothing goes on, and no more once it is closed', async (t) => {
  const { watch, pass, asked, says } = station(t);
  await pass(20_000);
  t.strictSame(asked, [0, 5000, 10_000, 15_000, 20_000]);
  watch.opened(1, null);
  says(running(0));
  await pass(100);
  watch.ended(1, 0);
  says(idle(0));
  await pass(20_000);
  t.match(watch.takeSettled(), [{ received: 0 }]);
  asked.length = 0;
  await pass(20_000);
  t.equal(asked.length, 4, 'again when the series is settled');
  watch.close();
  await pass(20_000);
  t.equal(asked.length, 4);
});

t.test('the error of a series of 200 ms is seen, though the receiver forgets it', async (t) => {
  for (const offset of [0, 17, 1234, 4999]) {
    const { watch, pass, says } = station(t);
    says(idle(20));
    await pass(offset);
    watch.opened(1, null);
    await pass(30);
    says({ state: 'error', error: 'no such folder', received: 0 });
    await pass(170);
    t.strictSame(codes(watch), ['receiver_error'], 'while it is open');
    watch.ended(1, 20);
    says(idle(20));
    await pass(1000);
    t.strictSame(watch.takeSettled(), [{ series_id: 1, received: 20, error: 'no such folder' }]);
  }
});

t.test('what was not seen is not known, and nothing is said to be missing', async (t) => {
  const { watch, pass, says, asked } = station(t);
  says(idle(7));
  await pass(5000);
  watch.opened(1, null);
  watch.ended(1, 10);
  await pass(9900);
  t.strictSame(watch.takeSettled(), []);
  t.match(watch.sentence(), /has not finished it yet/);
  await pass(1000);
  t.strictSame(watch.takeSettled(), [{ series_id: 1, received: null, error: null }]);
  t.equal(watch.sentence(), null);
  t.strictSame(codes(watch), []);
  t.match(watch.figures(0), { behind: null, missed: 0 });
  asked.length = 0;
  await pass(60_000);
  t.equal(asked.length, 12, 'and it is asked as seldom as ever');
});

t.test('it is asked often for some seconds only', async (t) => {
  const { watch, pass, says, asked } = station(t);
  await pass(0);
  asked.length = 0;
  watch.opened(1, null);
  await pass(5000);
  t.equal(asked.length, 101, 'whether it runs is not known');
  asked.length = 0;
  await pass(60_000);
  t.equal(asked.length, 120, 'a receiver that does not take the series');
  says(running(0));
  await pass(500);
  asked.length = 0;
  await pass(60_000);
  t.equal(asked.length, 120, 'one that runs');
  watch.ended(1, 1000);
  asked.length = 0;
  await pass(5000);
  t.equal(asked.length, 101, 'it may end at once');
  asked.length = 0;
  await pass(60_000);
  t.equal(asked.length, 120, 'it takes its time');
});

t.test('a series that runs is not asked about more than twice a second', async (t) => {
  const { watch, pass, says, asked } = station(t);
  await pass(0);
  watch.opened(1, null);
  says(running(0));
  await pass(0);
  asked.length = 0;
  await pass(5000);
  t.equal(asked.length, 10);
});

t.test('a series that follows at once takes nothing from the one before', async (t) => {
  const { watch, pass, says } = station(t);
  await pass(0);
  watch.opened(1, null);
  says({ state: 'error', error: 'no such folder', received: 2 });
  await pass(50);
  watch.ended(1, 2);
  watch.opened(2, null);
  t.strictSame(watch.takeSettled(), [{ series_id: 1, received: 2, error: 'no such folder' }]);
  t.strictSame(codes(watch), [], 'the error is not of the second');
  await pass(50);
  t.strictSame(codes(watch), []);
  says(running(1));
  await pass(50);
  watch.ended(2, 10);
  says(running(10));
  await pass(50);
  watch.opened(3, null);
  says(running(4));
  await pass(100);
  watch.ended(3, 10);
  watch.opened(4, null);
  t.strictSame(
    watch.takeSettled(),
    [
      { series_id: 2, received: 10, error: null },
      { series_id: 3, received: null, error: null },
    ],
    'each in its order; 4 of 10 may not be all',
  );
  t.match(watch.figures(0), { missed: 0 });
  says(idle(10));
  await pass(50);
  says(running(0));
  await pass(500);
  says(idle(6));
  watch.ended(4, 10);
  await pass(500);
  t.strictSame(watch.takeSettled(), [{ series_id: 4, received: 6, error: null }]);
  t.match(watch.figures(0), { missed: 4 });
});

t.test('never two questions at once, and one more right behind an answer that is old', async (t) => {
  const place = station(t);
  const { watch, pass, says, asked, open } = place;
  says(idle(3));
  await pass(0);
  place.late = 1800;
  watch.opened(1, null);
  await pass(0);
  t.equal(open.now, 1);
  await pass(100);
  watch.ended(1, 3);
  watch.opened(2, null);
  watch.ended(2, 0);
  await pass(20_000);
  t.equal(open.most, 1);
  t.strictSame(asked.slice(1, 4), [0, 1800, 3650], 'asked before the second series, at once, and as ever');
  t.match(watch.takeSettled(), [
    { series_id: 1, received: null },
    { series_id: 2, received: null },
  ]);
});

t.test('results that are not taken are bounded', async (t) => {
  const { watch } = station(t);
  for (let id = 1; id <= 1000; id++) {
    watch.opened(id, null);
    watch.ended(id, 1);
  }
  t.strictSame(
    watch.takeSettled().map(({ series_id: id }) => id),
    Array.from({ length: 100 }, (_, index) => 900 + index),
  );
});
