// A whole service that tells somebody outside what happens: who takes it, who does not, and what that does to a series.

import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import type { Test } from 'tap';
import { freeTcpPort } from './free-ports.js';
import { quadYaml, start } from './running.js';
import { until } from './waiting.js';

interface Told {
  readonly event: string;
  readonly code?: string;
  readonly message: string;
  readonly series?: { readonly series_id: number; readonly frames: number };
}

/** What was posted; `answer` decides what the sender gets. */
async function listener(t: Test, answer: (response: ServerResponse) => void): Promise<{ url: string; told: Told[] }> {
  const told: Told[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      told.push(JSON.parse(body) as Told);
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, told };
}

t.test('the end of each series is posted, and trouble when it begins', async (t) => {
  const { url, told } = await listener(t, (response) => response.writeHead(204).end());
  const running = await start(t, `${quadYaml}\nnotify_url: "${url}"`);
  const consumer = await running.consume();
  await running.arm({ frames: 5, first_frame_number: 1, frame_period_ms: 20 });
  await running.simulate({ frames: 5, rate: 50, loss: '*:2:7' });
  const summary = await running.ended(1);
  await until(() => told.length === 1, 'the notification');
  t.match(told[0], { event: 'series_ended', series: { series_id: 1, frames: 5, marked: 1, ledger: summary.ledger } });
  // The consumer goes in the middle of the next one.
  await running.arm({ first_frame_number: 6 });
  await running.simulate({ frames: 2, rate: 50, firstFrame: 6 });
  await consumer.vanish();
  await until(() => told.some(({ code }) => code === 'cut_short'), 'the finding');
  t.match(
    told.find(({ event, series }) => event === 'series_ended' && series?.series_id === 2),
    { series: { aborted: 'consumer_lost' } },
  );
  const { text } = { text: await (await running.fetch('GET', '/metrics')).text() };
  t.match(text, /^vdcu_notifications_total\{.*result="delivered".*\} [3-9]$/m);
});

for (const [who, urlOf] of [
  ['nobody', async () => `http://127.0.0.1:${await freeTcpPort()}/`],
  ['somebody who never answers', async (t: Test) => (await listener(t, () => undefined)).url],
] as const) {
  t.test(`with ${who} there series go on as ever, and the state says it`, async (t) => {
    const running = await start(t, `${quadYaml}\nnotify_url: "${await urlOf(t)}"`);
    await running.consume({ series: 2 });
    for (const first of [1, 6]) {
      t.match(await running.arm({ frames: 5, first_frame_number: first, frame_period_ms: 20 }), { status: 201 });
      await running.simulate({ frames: 5, rate: 50, firstFrame: first });
      t.match(await running.ended(first === 1 ? 1 : 2), { frames: 5 });
    }
    await until(
      () => running.status().problems.some((problem) => problem.includes('notifications do not get through')),
      'the problem in the state',
      60_000,
    );
    t.equal(running.status().problems.length, 1);
    // The end of the test holds the metrics against the simulator, and a stop that takes too long fails it.
  });
}
