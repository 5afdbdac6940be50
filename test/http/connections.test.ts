// How many connections there may be, and that whoever has something to ask gets in, probes above all.

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import t from 'tap';
import type { Test } from 'tap';
import { connectionLimit, descriptorFigures } from '../../src/http/connections.js';
import { startHttp } from '../../src/http/http.js';
import type { HttpServer } from '../../src/http/http.js';
import { makeLogger } from '../../src/runtime/log.js';
import { until } from '../threads/waiting.js';
import { HandMadeView } from '../view/hand-made-view.js';

interface Line {
  readonly event?: string;
}

async function serve(t: Test, view = new HandMadeView()): Promise<{ server: HttpServer; lines: Line[] }> {
  const lines: Line[] = [];
  const logger = makeLogger('info', 'quad', {
    write: (line: string) => {
      lines.push(JSON.parse(line) as Line);
    },
  });
  // So slow to lose patience that nothing but the limit makes room.
  const limits = {
    headMs: 60_000,
    requestMs: 60_000,
    stuckMs: 60_000,
    answerMs: 60_000,
    idleMs: 60_000,
    lookMs: 60_000,
  };
  const server = await startHttp(view, {
    host: '127.0.0.1',
    port: 0,
    logger,
    build: { version: '0', backend: 'x' },
    limits,
  });
  t.teardown(() => server.close());
  return { server, lines };
}

async function dial(t: Test, { url }: HttpServer, bytes = ''): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.on('error', () => undefined);
  // (What is not read keeps the end from being seen.)
  socket.resume();
  await new Promise((resolve) => socket.once('connect', resolve));
  if (bytes !== '') socket.write(bytes);
  return socket;
}

const occupations: readonly (readonly [string, string])[] = [
  ['say nothing', ''],
  ['never end their head', 'GET / HTTP/1.1\r\nhost: localhost\r\nx: '],
  ['asked once and stay', 'GET /status HTTP/1.1\r\nhost: localhost\r\n\r\n'],
  [
    'never end their body',
    'POST /api/v1/series HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
  ],
];

for (const [what, bytes] of occupations) {
  t.test(
    `400 connections that ${what} lock nobody out: probes and metrics are answered`,
    { timeout: 60_000 },
    async (t) => {
      const { server, lines } = await serve(t);
      const sockets: Socket[] = [];
      for (let count = 0; count < 400; count++) sockets.push(await dial(t, server, bytes));
      for (const path of ['/healthz', '/readyz', '/metrics', '/status'])
        t.equal((await fetch(`${server.url}${path}`, { headers: { connection: 'close' } })).status, 200, path);
      await until(
        () => sockets.filter(({ destroyed, readableEnded }) => !destroyed && !readableEnded).length <= 256,
        'some were closed',
      );
      t.equal(lines.filter(({ event }) => event === 'http_connections').length, 1, 'said once a minute');
    },
  );
}

t.test('who takes an answer stays, who idles goes', { timeout: 60_000 }, async (t) => {
  const { server } = await serve(t);
  const viewer = await dial(t, server, 'GET /page/events HTTP/1.1\r\nhost: localhost\r\n\r\n');
  let got = 0;
  viewer.on('data', ({ length }) => {
    got += length;
  });
  await until(() => got > 0, 'the first event');
  for (let count = 0; count < 600; count++) await dial(t, server);
  const before = got;
  await until(() => got > before, 'further events');
  t.notOk(viewer.destroyed);
});

t.test('half of the descriptors that are left are for HTTP, within bounds', (t) => {
  t.equal(connectionLimit(null, null), 256);
  t.equal(connectionLimit(1_048_576, 60), 256);
  t.equal(connectionLimit(1024, 60), 256);
  t.equal(connectionLimit(256, 56), 100);
  t.equal(connectionLimit(64, 60), 8);
  t.equal(connectionLimit(64, 90), 8);
  const { limit, open } = descriptorFigures();
  if (process.platform === 'linux') t.ok(limit !== null && open !== null && open > 0 && open < limit);
  t.end();
});

/** What a client that sends so many requests at once gets, until the connection has ended or all is there. */
async function ahead(t: Test, server: HttpServer, count: number): Promise<{ answers: number; ended: boolean }> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  t.teardown(() => socket.destroy());
  let text = '';
  let ended = false;
  socket.on('data', (piece: Buffer) => (text += piece.toString('latin1')));
  socket.on('error', () => undefined);
  socket.once('close', () => (ended = true));
  socket.write('GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(count));
  const answers = (): number => text.split('HTTP/1.1 200 OK').length - 1;
  await until(() => ended || answers() === count, 'it was answered, or closed');
  return { answers: answers(), ended };
}

t.test(
  'requests that are sent ahead are answered one after the other; too many of them end the connection',
  async (t) => {
    const { server } = await serve(t);
    t.strictSame(await ahead(t, server, 10), { answers: 10, ended: false });
    t.match(await ahead(t, server, 1000), { ended: true });
    t.equal((await fetch(`${server.url}/healthz`)).status, 200);
  },
);

t.test('a request whose connection has ended is not worked on', async (t) => {
  let worked = 0;
  class CountingView extends HandMadeView {
    override streamCounters(): ReturnType<HandMadeView['streamCounters']> {
      worked++;
      return super.streamCounters();
    }
  }
  const { server } = await serve(t, new CountingView());
  const text = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text();
  await text();
  const each = worked;
  t.ok(each > 0, 'a request reads the counters');
  const clients = 100;
  const sockets: Socket[] = [];
  for (let count = 0; count < clients; count++) sockets.push(await dial(t, server));
  // All at once: the server finds requests and ends together.
  const request = 'GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n';
  for (const socket of sockets) socket.write(request);
  for (const socket of sockets) socket.resetAndDestroy();
  await text();
  const begun = Math.round(worked / each) - 2;
  t.comment(`${begun} of ${clients}`);
  t.ok(begun < clients / 2, `${begun} of ${clients} were worked on`);
});
