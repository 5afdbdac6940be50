import t from 'tap';
import { amendedNotice, endedNotice, problemNotice } from '../../src/notify/notices.js';
import { textLimit } from '../../src/notify/outbox.js';
import { ledgerOf, summaryOf } from '../view/hand-made-view.js';

const source = { detector: 'quad', wall: Date.UTC(2026, 10, 29, 8, 15, 2, 123) };

t.test('the end of a series is told with its sentence and its summary', async (t) => {
  const summary = summaryOf({ filename: '/data/a.h5', aborted: 'consumer_lost' });
  const told = JSON.parse(endedNotice(source, summary)) as { message: string };
  t.match(told, {
    event: 'series_ended',
    detector: 'quad',
    time: '2026-11-29T08:15:02.123Z',
    series: { ...summary, incomplete: summary.incomplete },
  });
  t.match(told.message, /^series 1 \(\/data\/a\.h5\): .*aborted: consumer_lost/);
});

t.test('so is what became of it afterwards', async (t) => {
  const summary = summaryOf({ aborted: 'consumer_lost', delivered_frames: 3, end_pending: true });
  t.match(JSON.parse(amendedNotice(source, summary)), { event: 'series_amended', series: summary });
});

t.test('the worst series of the largest detector is a text that can be kept', async (t) => {
  const incomplete = Array.from({ length: 1000 }, (_, index) => [2e9 + 2 * index, 2e9 + 2 * index] as [number, number]);
  const big = 2 ** 40;
  const ledger = Array.from({ length: 256 }, (_, index) =>
    ledgerOf(50000 + index, { expected: big, accepted: big, missing: big, foreign: big, reordered: big, late: big }),
  );
  const warnings = Array.from({ length: 20 }, () => 'w'.repeat(400));
  const filename = '\u0001'.repeat(4095);
  const text = endedNotice(source, summaryOf({ incomplete, ledger, warnings, filename }));
  t.ok(text.length < textLimit, `${text.length} characters`);
  const { series } = JSON.parse(text) as { series: { incomplete: unknown[]; truncated: boolean } };
  t.match(series, { truncated: true });
  t.equal(series.incomplete.length, 100);
});

t.test('a problem is told with its code', async (t) => {
  t.strictSame(JSON.parse(problemNotice(source, { code: 'ring', message: 'the ring is full' })), {
    event: 'problem',
    detector: 'quad',
    time: '2026-11-29T08:15:02.123Z',
    message: 'the ring is full',
    code: 'ring',
  });
});
