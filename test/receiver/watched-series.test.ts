import t from 'tap';
import type { ReceiverAnswer } from '../../src/receiver/ask.js';
import { WatchedSeries, doubtMs } from '../../src/receiver/watched-series.js';

const idle = (received: number): ReceiverAnswer => ({ state: 'idle', error: null, received });
const running = (received: number): ReceiverAnswer => ({ state: 'running', error: null, received });
const failed = (error: string, received: number): ReceiverAnswer => ({ state: 'error', error, received });

interface Course {
  readonly found: ReceiverAnswer | null;
  readonly open?: readonly ReceiverAnswer[];
  /** Once it has ended; null = it goes on. */
  readonly sent?: number | null;
  readonly after?: readonly ReceiverAnswer[];
  /** From answer to answer, ms. */
  readonly everyMs?: number;
}

/** What is known of a series behind this course of answers. */
function known({ found, open = [], sent = null, after = [], everyMs = 50 }: Course) {
  const series = new WatchedSeries(1, null, found);
  let now = 0;
  for (const answer of open) series.hear(answer, (now += everyMs));
  if (sent !== null) series.end(sent);
  for (const answer of after) series.hear(answer, (now += everyMs));
  const { seen, count, received, error, settled } = series;
  return { seen, count, received, error, settled };
}

t.test('a receiver that runs, or fails, behind an idle one does so with this series', (t) => {
  t.match(known({ found: idle(7), open: [idle(7), running(3)] }), { seen: true, count: 3, received: null });
  t.match(known({ found: idle(7), open: [failed('no such folder', 7)] }), { seen: true, error: 'no such folder' });
  t.match(known({ found: null, open: [running(3)] }), { seen: true, count: 3 }, 'one that did not answer before');
  t.match(
    known({ found: idle(7), open: [failed('no such folder', 1)], sent: 5, after: [idle(5), idle(5)] }),
    { settled: true, received: 5, error: 'no such folder' },
    'what it forgets is kept',
  );
  t.end();
});

t.test('a count that was there before says nothing of this series, however often it is seen', (t) => {
  const stale = Array.from({ length: doubtMs / 50 + 2 }, () => idle(7));
  t.match(known({ found: idle(7), sent: 7, after: stale.slice(2) }), { settled: false, received: null });
  for (const found of [idle(7), null])
    t.match(known({ found, sent: 7, after: stale }), { settled: true, count: null, received: null, error: null });
  t.match(known({ found: idle(7), sent: 7, after: [...stale.slice(2), running(0)] }), { settled: false, seen: true });
  t.end();
});

t.test('another count is of this series; whether it is saved stays open for a while', (t) => {
  t.match(known({ found: idle(7), sent: 5, after: [idle(2), idle(5), idle(5), idle(5)] }), {
    settled: false,
    count: 5,
    received: 5,
  });
  t.match(
    known({ found: idle(7), sent: 5, after: [idle(5), idle(5), failed('quota', 5), idle(5), idle(5)] }),
    { settled: true, received: 5, error: 'quota' },
    'a file that takes long to make',
  );
  t.match(known({ found: idle(7), sent: 5, after: [idle(3), idle(3), idle(3)], everyMs: doubtMs / 2 }), {
    settled: true,
    received: 3,
    seen: false,
  });
  t.end();
});

t.test('what the receiver still does for the series before is not this one', (t) => {
  t.match(
    known({ found: running(5), open: [running(6), running(10), idle(10)], sent: 10, after: [idle(10), idle(10)] }),
    { seen: false, count: null, received: null, settled: false },
  );
  t.match(known({ found: running(5), open: [running(10), idle(10), running(0), running(2)] }), {
    seen: true,
    count: 2,
  });
  t.match(known({ found: running(5), open: [running(1)] }), { seen: false, count: 1 }, 'a header set the count back');
  t.match(
    known({ found: running(5), open: [running(1)], sent: 5, after: [running(5), idle(5), idle(5)] }),
    { settled: false, received: 5 },
    'idle is the end of the one before, perhaps',
  );
  t.match(
    known({ found: failed('no such folder: /a', 5), open: [failed('no such folder: /a', 5)] }),
    { seen: false, error: null },
    'its error is told of the one before',
  );
  for (const own of [failed('no such folder: /b', 5), failed('no such folder: /a', 0)])
    t.match(known({ found: failed('no such folder: /a', 5), open: [own] }), { error: own.error });
  t.match(known({ found: failed('no such folder: /a', 5), open: [running(5)] }), { seen: true, error: null, count: 5 });
  t.end();
});

t.test('all is known as soon as all were counted; fewer when the receiver is idle twice', (t) => {
  const open = [running(2)];
  t.match(known({ found: idle(0), open, sent: 5, after: [running(5)] }), { received: 5, settled: false });
  t.match(known({ found: idle(0), open, sent: 5, after: [running(4)] }), { received: null, settled: false });
  t.match(known({ found: idle(0), open, sent: 5, after: [idle(4)] }), { received: null, settled: false });
  t.match(known({ found: idle(0), open, sent: 5, after: [idle(3), idle(4)] }), { received: null, settled: false });
  t.match(known({ found: idle(0), open, sent: 5, after: [idle(4), idle(4)] }), { received: 4, settled: true });
  t.match(known({ found: idle(0), open: [running(2), idle(2), idle(2)] }), { settled: false }, 'while it is open');
  t.end();
});
