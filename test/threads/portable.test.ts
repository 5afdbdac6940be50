// The portable ways to receive, place and send, which serve where the fast ones cannot be had: the same promises.

import t from 'tap';
import { accounts, quadYaml, start } from './running.js';
import { until } from './waiting.js';

const portable = `${quadYaml}\nreceive: dgram\nsend: zeromq.js`;

t.test('every fault of the network is counted as what it is, and no pixel is wrong', async (t) => {
  const running = await start(t, portable);
  const { view } = running.service;
  t.equal(view.backend, 'dgram+zeromq.js');
  const consumer = await running.consume({ series: 1 });
  const before = view.portCounters();
  await running.arm({ frames: 50, first_frame_number: 1 });
  const { truth } = await running.simulate({
    frames: 50,
    seed: 11,
    loss: '0.002',
    reorder: '0.02',
    duplicate: '0.01',
    truncate: '0.002',
    foreign: '0.005',
  });
  const summary = await running.ended(1);
  t.equal(summary.frames, 50);
  accounts(t, { truth, summary, before, after: view.portCounters(), report: await consumer.report });
});

t.test('a slow consumer gets every frame, and its end after the service was asked to stop', async (t) => {
  const running = await start(t, portable);
  const consumer = await running.consume({ series: 1, delayMs: 25, receiveHighWaterMark: 1 });
  await running.arm();
  await running.simulate({ frames: 40, rate: 80 });
  await running.stop();
  t.match(running.service.view.history(), [{ frames: 40, unsent: 0, end_pending: false }]);
  const report = await consumer.report;
  t.strictSame(report.checker.problems, []);
  t.match(report.checker.counts, { headers: 1, images: 40, seriesEnds: 1, aborted: 0 });
});

t.test('a consumer that vanishes ends the series, and the next one has its own', async (t) => {
  const running = await start(t, portable);
  const first = await running.consume();
  await running.arm();
  const end = new AbortController();
  const sending = running.simulate({ frames: 0, rate: 40, signal: end.signal });
  await until(() => (running.status().series?.images_sent ?? 0) >= 3, 'three images');
  await first.vanish();
  t.match(await running.ended(1), { aborted: 'consumer_lost' });
  end.abort();
  await sending;
  const second = await running.consume({ series: 1 });
  await until(() => !running.status().end_pending, 'the owed series_end');
  t.match(await running.arm({ frames: 5, first_frame_number: 1 }), { status: 201 });
  await running.simulate({ frames: 5, rate: 40 });
  t.match(await running.ended(2), { frames: 5 });
  const { checker } = await second.report;
  t.strictSame(checker.problems, []);
  t.match(checker.counts, { headers: 1, images: 5, seriesEnds: 1 });
});
