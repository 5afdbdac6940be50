// A whole service that looks at the receiver behind it. The receiver's answers are the test's, its images go to the
// checking consumer.

import t from 'tap';
import { receiverOf } from './hand-made-receiver.js';
import { quadYaml, start } from './running.js';
import type { Running } from './running.js';
import { Browser, noBrowser } from './browser.js';
import { until } from './waiting.js';

const problem = (running: Running, text: string) =>
  until(() => running.status().problems.some((seen) => seen.includes(text)), text);

t.test('what the receiver makes of each series is told', async (t) => {
  const receiver = await receiverOf(t);
  const running = await start(t, `${quadYaml}\nreceiver_url: "${receiver.url}"`);
  await running.consume({ series: 2 });

  await running.arm({ filename: '/data/a.h5', frames: 5, first_frame_number: 1, frame_period_ms: 20 });
  receiver.status = { state: 'running' };
  await running.simulate({ frames: 5, rate: 50 });
  receiver.received = 2;
  t.notOk('received_by_consumer' in (await running.ended(1)), 'not known yet');
  t.notMatch(await (await running.fetch('GET', '/metrics')).text(), /^vdcu_series_received_frames/m);
  await until(() => running.status().message.includes('still 3 frames behind'), 'how far it is behind');
  Object.assign(receiver, { status: { state: 'idle' }, received: 4 });
  await problem(running, 'received 4 of the 5 frames of series 1');
  await until(() => running.status().last_series?.received_by_consumer === 4, 'the summary');
  const metrics = await (await running.fetch('GET', '/metrics')).text();
  t.match(metrics, /^vdcu_receiver_missed_frames_total\{.*\} 1$/m);
  t.match(metrics, /^vdcu_series_received_frames\{.*\} 4$/m);

  await running.arm({ filename: '/data/a.h5', frames: 5, first_frame_number: 6, frame_period_ms: 20 });
  await problem(running, 'has the file of an earlier series');
  receiver.status = { state: 'error', error: 'no such folder' };
  await problem(running, 'its frames are not saved: no such folder');
  await running.simulate({ frames: 5, rate: 50, firstFrame: 6 });
  await running.ended(2);
  Object.assign(receiver, { status: { state: 'idle' }, received: 5 });
  await until(() => running.status().last_series?.receiver_error !== undefined, 'the summary');
  t.match(running.status().last_series, { received_by_consumer: 5, receiver_error: 'no such folder' });
});

t.test(
  'the page tells it of the last series, and of those before',
  { skip: noBrowser ?? false, timeout: 120_000 },
  async (t) => {
    const receiver = await receiverOf(t);
    const running = await start(t, `${quadYaml}\nreceiver_url: "${receiver.url}"`);
    await running.consume({ series: 2 });
    await running.arm({ filename: '/data/a.h5', frames: 5, first_frame_number: 1, frame_period_ms: 20 });
    receiver.status = { state: 'running' };
    await running.simulate({ frames: 5, rate: 50 });
    receiver.received = 4;
    await running.ended(1);
    const browser = await Browser.start(1280, 1400);
    t.teardown(() => browser.close());
    await browser.open(`${running.service.apiUrl}/`);
    const says = (id: string, wanted: string): Promise<void> =>
      until(
        async () =>
          (await browser.evaluate<string>(`document.getElementById('${id}')?.textContent ?? ''`)).includes(wanted),
        `#${id} says ${wanted}`,
      );
    await says('message', 'series 1 is sent, the receiver is still 1 frame behind');
    await browser.evaluate(`document.getElementById('past').open = true`);
    await says('past-list', '1 · /data/a.h5');
    await browser.evaluate(`document.querySelector('#past-list details').open = true`);
    Object.assign(receiver, { status: { state: 'idle' }, received: 4 });
    await says('series-facts', 'the receiver has 4 of 5');
    await says('past-list', 'the receiver has 4 of 5');
    t.equal(await browser.evaluate(`document.querySelector('#past-list details').open`), true, 'and stays open');

    await running.arm({ filename: '/data/b.h5', frames: 5, first_frame_number: 6, frame_period_ms: 20 });
    receiver.status = { state: 'error', error: 'no such folder' };
    await says('problems', 'its frames are not saved: no such folder');
    await running.simulate({ frames: 5, rate: 50, firstFrame: 6 });
    await running.ended(2);
    Object.assign(receiver, { status: { state: 'idle' }, received: 5 });
    await until(() => running.status().last_series?.received_by_consumer === 5, 'the summary');
    await says('series-facts', 'the receiver failed: not saved');
    const facts = await browser.evaluate<string>(`document.getElementById('series-facts').textContent`);
    t.notMatch(facts, 'the receiver has');
    await until(
      () =>
        browser.evaluate<boolean>(
          `(document.querySelector('#past-list summary.incomplete')?.textContent ?? '').includes('not saved')`,
        ),
      'the line in the list is marked',
    );
  },
);
