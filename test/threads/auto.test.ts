// A service of which nobody asks anything: series by themselves; and everything over IPv6.

import t from 'tap';
import { accounts, quadYaml, start } from './running.js';
import { until } from './waiting.js';

const autoYaml = `${quadYaml}\nseries: auto\nseries_idle_ms: 300`;

t.test('an auto series needs no call: packets open it, silence ends it', async (t) => {
  const running = await start(t, autoYaml);
  const { view } = running.service;
  t.match(running.status(), { state: 'idle', message: /no consumer is connected/ });
  const consumer = await running.consume({ series: 2 });
  for (const [id, firstFrame, frames] of [
    [1, 1, 25],
    [2, 500, 15],
  ] as const) {
    await until(() => running.status().state === 'open', 'receivers are open');
    t.match(running.status(), { series: null, message: 'ready: a series opens with the first packets.' });
    const before = view.portCounters();
    const { truth } = await running.simulate({ firstFrame, frames, rate: 60 });
    await until(() => running.status().series !== null || view.history().length >= id, 'the series is known');
    t.ok(((await running.http('GET', '/received_frames')).body['value'] as number) <= frames);
    const summary = await running.ended(id);
    t.match(summary, { auto: true, filename: '', header_sent: true });
    t.notOk(summary.aborted);
    if (accounts(t, { truth, summary, before, after: view.portCounters() }))
      t.match(summary, { frames, complete: frames, first_frame_number: firstFrame });
    t.match((await running.http('GET', '/received_frames')).body, { value: summary.frames });
  }
  const report = await consumer.report;
  t.strictSame(report.checker.problems, []);
  t.match(report.checker.counts, { headers: 2, seriesEnds: 2, wrongPixels: 0 });
  t.ok(report.checker.counts.images >= 38, `${report.checker.counts.images} images`);
});

t.test('an auto series of a number of frames ends with the last of them', async (t) => {
  const running = await start(t, `${autoYaml}\nframes: 10\nseries_idle_ms: 60000`);
  const consumer = await running.consume({ series: 1 });
  await until(() => running.status().state === 'open', 'receivers are open');
  await running.simulate({ frames: 10, rate: 50 });
  t.match(await running.ended(1), { auto: true, frames: 10 });
  t.strictSame((await consumer.report).checker.problems, []);
});

t.test('a detector that sends a frame when its auto series has just ended loses none', async (t) => {
  const running = await start(t, `${quadYaml}\nseries: auto\nseries_idle_ms: 60`);
  const consumer = await running.consume();
  await until(() => running.status().state === 'open', 'receivers are open');
  const { view } = running.service;
  // From well before to well behind the end.
  let firstFrame = 1;
  for (let pause = 52; pause <= 72; pause++) {
    await running.simulate({ firstFrame: firstFrame++, frames: 1 });
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  const summaries = (): readonly { frames: number; complete: number }[] => view.history();
  await until(() => summaries().reduce((sum, { frames }) => sum + frames, 0) === 21, 'all frames are in a series');
  t.equal(
    summaries().reduce((sum, { complete }) => sum + complete, 0),
    21,
  );
  for (const { counters } of view.portCounters())
    t.match(counters, { foreignUnarmed: 0, foreignSeries: 0, missing: 0 });
  const report = await consumer.vanish();
  t.strictSame(report.checker.problems, []);
  t.equal(report.checker.counts.images, 21);
});

t.test('an arm request ends an auto series first and then has its own', async (t) => {
  const running = await start(t, `${autoYaml}\nseries_idle_ms: 60000`);
  const consumer = await running.consume({ series: 2 });
  await until(() => running.status().state === 'open', 'receivers are open');
  await running.simulate({ frames: 12, rate: 60 });
  await until(() => (running.status().series?.images_sent ?? 0) >= 10, 'images of the auto series');
  t.match(await running.arm({ filename: '/data/e.h5', frames: 6, first_frame_number: 1 }), { status: 201 });
  t.match(running.service.view.history(), [{ auto: true, frames: 12 }]);
  await running.simulate({ frames: 6, rate: 60 });
  t.match(await running.ended(2), { auto: false, filename: '/data/e.h5', frames: 6 });
  t.strictSame((await consumer.report).checker.problems, []);
});

t.test('all of it over IPv6', async (t) => {
  const running = await start(t, quadYaml, '::1');
  const { view, dataEndpoint, apiUrl } = running.service;
  t.match(dataEndpoint, /^tcp:\/\/\[::1\]:\d+$/);
  t.match(apiUrl, /^http:\/\/\[::1\]:\d+$/);
  const consumer = await running.consume({ series: 1 });
  const before = view.portCounters();
  t.match(await running.arm({ frames: 20, first_frame_number: 1 }), { status: 201 });
  const { truth } = await running.simulate({ frames: 20, rate: 60 });
  const summary = await running.ended(1);
  t.match(summary, { frames: 20 });
  accounts(t, { truth, summary, before, after: view.portCounters(), report: await consumer.report });
  t.match((await running.http('GET', '/api/v1/udp')).body, {
    ports: [{ address: '::1', packet_bytes: 4144 }, { address: '::1' }],
  });
});

t.test('only the configured source is the detector', async (t) => {
  const running = await start(t, `${quadYaml}\nudp_source: 127.0.0.2`);
  const consumer = await running.consume({ series: 1 });
  await running.arm({ frames: 5 });
  await running.simulate({ frames: 5 });
  const { view } = running.service;
  await until(
    () => view.portCounters().every(({ counters }) => counters.foreignSource > 0),
    'packets of another source',
  );
  await until(
    () => running.status().problems.some((problem) => problem.includes('another source than udp_source 127.0.0.2')),
    'the state says why nothing comes',
  );
  t.match(running.status().message, /is armed and no packet of it has come for \d+ s/);
  t.match(await running.end(), { frames: 0, first_frame_number: null });
  t.match((await consumer.report).checker.counts, { headers: 1, images: 0, seriesEnds: 1 });
});

t.test('a detector that counts from 0 loses no image, armed or not', async (t) => {
  const auto = await start(t, autoYaml);
  const consumer = await auto.consume({ series: 1 });
  await until(() => auto.status().state === 'open', 'receivers are open');
  await auto.simulate({ firstFrame: 0, frames: 12, rate: 60 });
  t.match(await auto.ended(1), { first_frame_number: 0, frames: 12, complete: 12, warnings: [] });
  const { checker } = await consumer.report;
  t.strictSame(checker.problems, []);
  t.match(checker.counts, { images: 12, wrongPixels: 0 });

  const armed = await start(t, quadYaml);
  await armed.consume({ series: 2 });
  for (const more of [{ first_frame_number: 0 }, {}]) {
    await armed.arm({ frames: 5, ...more });
    await armed.simulate({ firstFrame: 0, frames: 5, rate: 60 });
    t.match(await armed.ended(armed.service.view.history().length + 1), { first_frame_number: 0, complete: 5 });
  }
});
