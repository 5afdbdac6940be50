// A service with real threads: series through HTTP while packets flow, from arming to the end of the stream.

import t from 'tap';
import { accounts, quadYaml, start } from './running.js';
import { until } from './waiting.js';

t.test('what the simulator sent, what the service counted and what the consumer saw are the same', async (t) => {
  const running = await start(t);
  const { view } = running.service;
  const consumer = await running.consume({ series: 1 });
  const before = view.portCounters();
  t.match(
    await running.arm({ filename: '/data/a.h5', frames: 50, first_frame_number: 1, metadata: { exptime: 0.01 } }),
    {
      status: 201,
      body: { series_id: 1, header_pending: false, state: 'open' },
    },
  );
  const { truth } = await running.simulate({ frames: 50 });
  const summary = await running.ended(1);
  const report = await consumer.report;
  const whole = accounts(t, { truth, summary, before, after: view.portCounters(), report });
  t.match(summary, {
    frames: 50,
    first_frame_number: 1,
    filename: '/data/a.h5',
    unsent: 0,
    warnings: [],
    header_sent: true,
    end_pending: false,
  });
  if (whole) t.match(summary, { complete: 50, marked: 0 });
  t.equal(report.checker.counts.pixelsChecked, 50 * 514 * 514);
});

t.test('every fault of the network is counted as what it is, and no pixel is wrong', async (t) => {
  const running = await start(t);
  const { view } = running.service;
  const consumer = await running.consume({ series: 1 });
  const before = view.portCounters();
  await running.arm({ frames: 60, first_frame_number: 1 });
  const [first] = running.config.detector.udpPorts as [number];
  const { truth } = await running.simulate({
    frames: 60,
    seed: 3,
    loss: `${first}:7:3-9,*:20:*`,
    reorder: '0.02',
    duplicate: '0.01',
    delay: `${first}:30:5`,
    truncate: '0.002',
    foreign: '0.005',
  });
  const summary = await running.ended(1);
  const report = await consumer.report;
  const whole = accounts(t, { truth, summary, before, after: view.portCounters(), report });
  t.equal(summary.frames, 60);
  t.ok(report.checker.counts.missingPackets >= 7 + 2 * 64 + 1, 'lost and late packets are missing');
  if (whole) {
    for (const [index, { duplicated, truncated, foreignDetectorType, foreignVersion }] of truth.ports.entries()) {
      const { duplicate, late_duplicate: lateDuplicate, malformed } = summary.ledger[index];
      t.equal(duplicate + lateDuplicate, duplicated, 'second copies');
      t.equal(malformed, truncated + foreignDetectorType + foreignVersion, 'malformed packets');
    }
    t.equal(view.portCounters()[0]?.counters.lateFirst, 1, 'the packet that came eight frames later');
    t.equal(
      report.checker.counts.missingPackets,
      7 + 2 * 64 + 1 + truth.ports.reduce((sum, { truncated }) => sum + truncated, 0),
    );
  }
});

t.test(
  'status is told while packets flow; a second arm is refused, DELETE ends the series with what was seen',
  async (t) => {
    const running = await start(t);
    const consumer = await running.consume({ series: 2 });
    t.match((await running.http('GET', '/api/v1/series')).body, {
      state: 'idle',
      consumers: 1,
      series: null,
      problems: [],
    });
    t.match((await running.http('GET', '/readyz')).body, { ready: true });
    await running.arm({ filename: '/data/b.h5' });
    const end = new AbortController();
    const sending = running.simulate({ frames: 0, rate: 50, firstFrame: 101, signal: end.signal });
    await until(async () => {
      const { series } = (await running.http('GET', '/api/v1/series')).body as {
        series: { images_sent: number } | null;
      };
      return (series?.images_sent ?? 0) >= 10;
    }, 'ten images in the status');
    const { status, body } = await running.http('GET', '/api/v1/series');
    t.equal(status, 200);
    t.match(body, {
      state: 'open',
      series: {
        series_id: 1,
        filename: '/data/b.h5',
        auto: false,
        first_frame_number: 101,
        header_pending: false,
        ports: [{}, {}],
      },
    });
    t.match(await running.arm(), { status: 409, body: { problems: [/series 1 is open: end it first/] } });
    t.match(await running.arm({ frames: -1 }), { status: 422, body: { problems: [/^frames: -1/] } });
    t.match((await running.http('GET', '/status')).body, { state: 'running' });
    const summary = await running.end();
    end.abort();
    const { truth } = await sending;
    t.ok(
      summary !== null && summary.frames >= 10 && summary.frames <= (truth.ports[0]?.frames ?? 0),
      `${summary?.frames} frames, none made up`,
    );
    t.match(summary, { first_frame_number: 101, end_pending: false });
    t.notOk(summary?.aborted);
    t.equal(await running.end(), null, 'nothing is open any more');
    t.match((await running.http('GET', '/status')).body, { state: 'idle' });

    // Numbers may have gone back meanwhile: the slots of the last series are forgotten.
    t.match(await running.arm({ frames: 20 }), { status: 201, body: { series_id: 2 } });
    await running.simulate({ frames: 20 });
    t.match(await running.ended(2), { series_id: 2, frames: 20, first_frame_number: 1 });
    const report = await consumer.report;
    t.strictSame(report.checker.problems, []);
    t.match(report.checker.counts, { headers: 2, seriesEnds: 2, images: (summary?.frames ?? 0) + 20, wrongPixels: 0 });
    t.match((await running.http('GET', '/api/v1/series/history')).body, {
      series: [{ series_id: 2 }, { series_id: 1 }],
    });
  },
);

t.test('bit depth and rows change from series to series', async (t) => {
  const running = await start(t, `${quadYaml}\ndynamic_range_max: 32`);
  for (const [id, dynamicRange, readNRows] of [
    [1, 32, null],
    [2, 8, null],
    [3, 16, 128],
  ] as const) {
    const detector = { ...running.config.detector, dynamicRange, readNRows };
    const consumer = await running.consume({ series: 1, verify: detector });
    t.match(
      await running.arm({ frames: 8, first_frame_number: 1, dynamic_range: dynamicRange, read_n_rows: readNRows ?? 0 }),
      { status: 201 },
    );
    await running.simulate({ settings: detector, frames: 8, rate: 30 });
    t.match(await running.ended(id), { frames: 8 });
    const report = await consumer.report;
    t.strictSame(report.checker.problems, [], `${dynamicRange} bit, ${readNRows ?? 'all'} rows`);
    await until(() => running.status().consumers === 0, 'the consumer is gone');
  }
  t.match(await running.arm({ dynamic_range: 12.5 }), { status: 422 });
});

t.test('incomplete frames go out as discarded when so configured', async (t) => {
  const running = await start(t, `${quadYaml}\nincomplete_frames: discard`);
  const consumer = await running.consume({ series: 1 });
  await running.arm({ frames: 12, first_frame_number: 1 });
  await running.simulate({ frames: 12, loss: '*:5:0' });
  const summary = await running.ended(1);
  t.match(summary, { frames: 12, marked: 0 });
  t.ok(summary.discarded >= 1);
  const report = await consumer.report;
  t.strictSame(report.checker.problems, []);
  t.equal(report.checker.counts.discarded, summary.discarded);
});
