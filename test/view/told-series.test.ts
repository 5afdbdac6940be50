import t from 'tap';
import { recordOf } from '../../src/view/series-record.js';
import { ToldSeries, historyLength } from '../../src/view/told-series.js';
import { noLoss, summaryOf } from './hand-made-view.js';

const series = { id: 1, filename: '/data/a.h5', frames: 5, msgNumberBase: null };
const keepsNothing = { before: [], keep: () => undefined, find: () => Promise.resolve(null), trouble: null };
const reached = [{ udp_port: 50001, images_complete: 4, newest_frame_number: 5 }];

t.test('what the receiver has got is added to a series that has ended, and how far its ports came stays', async (t) => {
  const kept: unknown[] = [];
  const told = new ToldSeries({
    ...keepsNothing,
    keep: (summary) => kept.push(summary),
  });
  told.hear({ kind: 'ended', summary: summaryOf({ series_id: 1 }), reached, loss: noLoss });
  told.received({ series_id: 1, received: 3, error: 'disk full' });
  t.match(told.find(1), { summary: { received_by_consumer: 3, receiver_error: 'disk full' }, reached });
  t.match(kept, [{ received_by_consumer: undefined }, { received_by_consumer: 3 }], 'kept anew');
  told.received({ series_id: 1, received: null, error: 'disk full' });
  t.match(told.find(1), { summary: { received_by_consumer: null, receiver_error: 'disk full' } }, 'not known');
  kept.pop();
  told.received({ series_id: 2, received: 3, error: null });
  t.equal(kept.length, 2, 'a series that is not known');
  told.hear({ kind: 'amended', summary: summaryOf({ series_id: 1, aborted: 'consumer_lost' }) });
  const both = { aborted: 'consumer_lost', received_by_consumer: null, receiver_error: 'disk full' };
  t.match(told.find(1), { summary: both, reached }, 'what the receiver made of it stays');
  t.match(kept.at(-1), { aborted: 'consumer_lost' });
  t.equal(told.find(2), undefined);
});

t.test(
  'a series that was asked for is not begun again when it opens; an automatic one keeps its warnings',
  async (t) => {
    const told = new ToldSeries(null);
    told.hear({ kind: 'warning', code: 'strangers', message: 'two consumers' });
    told.begin(series, true, 10);
    t.equal(told.warnings.size, 1);
    told.begin({ ...series, filename: '' }, true, 20);
    t.match(told.open, { ...series, since: 10 });
    told.begin({ ...series, id: 2 }, false, 30);
    t.match(told.open, { id: 2, since: 30 });
    t.equal(told.warnings.size, 0);
    told.hear({ kind: 'warning', code: 'strangers', message: 'two consumers' });
    told.hear({ kind: 'warnings_over', codes: ['strangers'] });
    t.equal(told.warnings.size, 0);
    told.hear({ kind: 'ended', summary: summaryOf({ series_id: 2 }), reached: [], loss: noLoss });
    t.equal(told.open, null);
  },
);

t.test('images of series that ended are summed by outcome', async (t) => {
  const told = new ToldSeries(null);
  const counts = { frames: 6, complete: 3, marked: 2, discarded: 1 };
  for (let id = 1; id <= 2; id++)
    told.hear({ kind: 'ended', summary: summaryOf({ series_id: id, ...counts }), reached, loss: noLoss });
  t.strictSame(told.imagesBefore, { frames: 12, complete: 6, marked: 4, discarded: 2 });
});

t.test('the history has series of earlier processes behind those of this one, and a limit', async (t) => {
  const before = [summaryOf({ series_id: 7, filename: '/data/old.h5' })];
  const told = new ToldSeries({ ...keepsNothing, before });
  told.hear({ kind: 'ended', summary: summaryOf({ series_id: 8, filename: '/data/new.h5' }), reached, loss: noLoss });
  t.strictSame(
    told.history().map(({ series_id }) => series_id),
    [8, 7],
  );
  t.equal(told.knowsFile('/data/old.h5'), true);
  t.equal(told.knowsFile('/data/other.h5'), false);
  t.equal(told.knowsFile(''), false, 'no file is no file twice');
  t.equal(told.find(7), undefined, 'its ports are not known any more');
  for (let id = 9; id < 9 + historyLength; id++)
    told.hear({ kind: 'ended', summary: summaryOf({ series_id: id }), reached, loss: noLoss });
  t.equal(told.history().length, historyLength);
});

t.test('an end that waited is delivered when it waits no longer; until then the consumer lacks it', async (t) => {
  const stream = { endPending: true, headerSent: false };
  const told = new ToldSeries(null);
  told.follow(stream);
  told.hear({ kind: 'ended', summary: summaryOf({ series_id: 1, end_pending: true }), reached, loss: noLoss });
  t.match(told.ended(), [{ end_pending: true }]);
  t.match(told.lacking(), /^the series_end of the last series was never taken/);
  stream.endPending = false;
  t.match(told.ended(), [{ end_pending: false }]);
  t.equal(told.lacking(), null);

  stream.endPending = true;
  told.hear({ kind: 'ended', summary: summaryOf({ series_id: 2, end_pending: true }), reached, loss: noLoss });
  t.match(told.ended(), [{ end_pending: true }, { end_pending: false }], 'the one before went out before it');
  const neverSent = summaryOf({ series_id: 3, header_sent: false });
  told.hear({ kind: 'ended', summary: neverSent, reached, loss: noLoss });
  t.match(told.ended(), [{ end_pending: false }, { end_pending: true }, { end_pending: false }], 'it waits still');
  stream.endPending = false;
  told.hear({ kind: 'closed', undelivered: { messages: 3, bytes: 100 } });
  t.match(told.lacking(), /^3 messages \(100 bytes\) had not reached/);
  stream.endPending = true;
  t.match(told.lacking(), /^the series_end of the last .*is over\. 3 messages \(100 bytes\) had not reached/);
});

t.test('a series that was not ended when the streamer was is said to be cut off', async (t) => {
  const stream = { endPending: false, headerSent: true };
  const told = new ToldSeries(null);
  told.follow(stream);
  told.hear({ kind: 'closed', undelivered: { messages: 0, bytes: 0 } });
  t.match(told.lacking(), /^the series was cut off/);
  stream.headerSent = false;
  t.equal(told.lacking(), null);
});

t.test('what the frames of a series lack is told of this process and of those before, not of others', async (t) => {
  const old = recordOf(summaryOf({ series_id: 7 }), { ranges: Uint32Array.of(3, 50002, 0, 9), unlisted_from: null });
  const told = new ToldSeries({
    ...keepsNothing,
    before: [summaryOf({ series_id: 7 })],
    find: (id) => Promise.resolve(id === 7 ? old : null),
  });
  const loss = { ranges: Uint32Array.of(1, 50001, 4, 5, 1, 50002, 0, 63), unlisted_from: 8 };
  told.hear({ kind: 'ended', summary: summaryOf({ series_id: 8 }), reached, loss });
  t.strictSame(await told.record(7), old);
  t.match(await told.record(8), {
    series_id: 8,
    missing: [
      [1, 50001, 4, 5],
      [1, 50002, 0, 63],
    ],
    unlisted_from: 8,
  });
  t.equal(await told.record(9), null);
  told.received({ series_id: 8, received: 10, error: null });
  t.match(await told.record(8), { received_by_consumer: 10, unlisted_from: 8 }, 'the loss stays');
});
