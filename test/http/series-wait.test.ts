import t from 'tap';
import { VirtualClock } from '../../src/base/clock.js';
import { startHttp } from '../../src/http/http.js';
import { SeriesWait, waitLimit } from '../../src/http/series-wait.js';
import { makeLogger } from '../../src/runtime/log.js';
import type { SeriesState } from '../../src/contract/series.js';
import { HandMadeView } from '../view/hand-made-view.js';

const silent = makeLogger('error', 'quad', { write: () => undefined });
const build = { version: '0', backend: 'x' };
const listening = new AbortController().signal;

t.test('who waits is told when the state is as wanted, or when the time is over', async (t) => {
  let state: SeriesState = 'open';
  const clock = new VirtualClock();
  const waits = new SeriesWait(() => state, clock);
  t.teardown(() => waits.close());
  const told: string[] = [];
  void waits.for('idle', 1000, listening).then(() => told.push('idle'));
  void waits.for('closing', 300, listening).then(() => told.push('time'));
  await waits.for('open', 1000, listening);
  waits.look();
  await Promise.resolve();
  t.strictSame(told, [], 'the state is still another');
  clock.advance(300);
  waits.look();
  await Promise.resolve();
  t.strictSame(told, ['time']);
  state = 'idle';
  waits.look();
  await Promise.resolve();
  t.strictSame(told, ['time', 'idle']);
});

t.test('those who wait are limited; who has gone, and the end of the service, make room', async (t) => {
  const waits = new SeriesWait(() => 'open', new VirtualClock());
  const gone = new AbortController();
  const waiting = Array.from({ length: waitLimit }, (_, index) =>
    waits.for('idle', 1e6, index === 0 ? gone.signal : listening),
  );
  t.ok(waits.full);
  gone.abort();
  await waiting[0];
  t.notOk(waits.full);
  waits.close();
  await Promise.all(waiting);
  await waits.for('idle', 1e6, listening);
});

t.test('GET /api/v1/series?wait=idle answers when the series has ended', async (t) => {
  const view = new HandMadeView();
  view.state = { ...view.state, state: 'open' };
  const server = await startHttp(view, { host: '127.0.0.1', port: 0, logger: silent, build });
  t.teardown(() => server.close());
  const ask = async (query: string): Promise<{ status: number; body: Record<string, unknown> }> => {
    const answer = await fetch(`${server.url}/api/v1/series?${query}`);
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  t.match(await ask('wait=open'), { status: 200, body: { state: 'open' } });
  t.match(await ask('wait=idle&timeout=0.05'), { status: 200, body: { state: 'open' } }, 'the time is over');
  const answer = ask('wait=idle&timeout=60');
  setTimeout(() => (view.state = { ...view.state, state: 'idle' }), 150);
  t.match(await answer, { status: 200, body: { state: 'idle' } });
  for (const [query, problem] of [
    ['wait=gone', /^wait: "gone", needs idle, open, closing/],
    ['timeout=3', /^wait: not given/],
    ['wait=idle&timeout=601', /^timeout: "601", needs seconds from 0 to 600/],
    ['wait=idle&timeout=', /^timeout/],
    ['wait=idle&timeout=x', /^timeout/],
    ['wait=idle&wait=open', /^wait/],
  ] as const)
    t.match(await ask(query), { status: 422, body: { problems: [problem] } }, query);
});

t.test('nobody who waits keeps the service from ending, and everybody is answered', async (t) => {
  const view = new HandMadeView();
  view.state = { ...view.state, state: 'open' };
  const server = await startHttp(view, { host: '127.0.0.1', port: 0, logger: silent, build });
  const url = `${server.url}/api/v1/series?wait=idle&timeout=600`;
  const answers = Array.from({ length: waitLimit }, async () => (await fetch(url)).json() as Promise<object>);
  // One too many, as soon as all the others wait.
  for (let status = 200; status !== 503;) {
    status = (await fetch(`${server.url}/api/v1/series?wait=idle&timeout=0.01`)).status;
  }
  await server.close();
  for (const answer of await Promise.all(answers)) t.match(answer, { state: 'open' });
});
