// The HTTP interface before clients that mean no good: slow ones, paths that climb, bodies and headers of every kind.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import t from 'tap';
import type { Test } from 'tap';
import type { InjectOptions } from 'fastify';
import { Random } from '../../src/base/random.js';
import { FlightRecorder } from '../../src/flight/recorder.js';
import { makeApp, startHttp } from '../../src/http/http.js';
import type { HttpLimits } from '../../src/http/answers.js';
import type { HttpServer } from '../../src/http/http.js';
import { makeLogger } from '../../src/runtime/log.js';
import { viewerLimit } from '../../src/http/page/events.js';
import { small } from '../pipeline/small.js';
import { HandMadeView, quadPlaces } from '../view/hand-made-view.js';

const build = { version: '0.0.0', backend: 'dgram' };
const silent = makeLogger('error', 'quad', { write: () => undefined });
const soon: HttpLimits = { headMs: 300, requestMs: 600, stuckMs: 400, answerMs: 1500, idleMs: 300, lookMs: 50 };

async function serve(t: Test, view: HandMadeView, limits = soon): Promise<HttpServer> {
  const server = await startHttp(view, { host: '127.0.0.1', port: 0, logger: silent, build, limits });
  t.teardown(() => server.close());
  return server;
}

/** As a part of a URL; halves of surrogate pairs cannot be. */
const encoded = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

/** A connection of which everything is known. */
function dial(t: Test, { url }: HttpServer): Promise<{ socket: Socket; text: () => string; closed: Promise<string> }> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    t.teardown(() => socket.destroy());
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.once('error', reject);
    const closed = new Promise<string>((done) =>
      socket.once('close', () => {
        done(text);
      }),
    );
    socket.once('connect', () => {
      socket.on('error', () => undefined);
      resolve({ socket, text: () => text, closed });
    });
  });
}

/** The answer to these bytes, which end the connection. */
async function raw(t: Test, server: HttpServer, bytes: string | Uint8Array): Promise<string> {
  const { socket, closed } = await dial(t, server);
  socket.write(bytes);
  return closed;
}

t.test('clients that send slowly are cut off, and others are served meanwhile', async (t) => {
  const view = new HandMadeView();
  const server = await serve(t, view);
  const drip = async (first: string): Promise<string> => {
    const { socket, closed } = await dial(t, server);
    socket.write(first);
    const timer = setInterval(() => socket.write('a'), 20);
    const text = await closed;
    clearInterval(timer);
    return text;
  };
  const all = Promise.all([
    dial(t, server).then(({ closed }) => closed),
    drip('GET /status HTTP/1.1\r\nhost: localhost\r\nx-slow: '),
    drip(
      'POST /api/v1/series HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ' +
        '100000\r\n\r\n{"filename":"/',
    ),
    ...Array.from({ length: 60 }, () => drip('GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ')),
  ]);
  for (let asked = 0; asked < 5; asked++) t.equal((await fetch(`${server.url}/status`)).status, 200);
  const [, head, body] = await all;
  t.match(head, /^HTTP\/1\.1 408 /);
  t.match(body, /^HTTP\/1\.1 408 /);
  t.equal(view.armed.length, 0);
});

t.test('a client that takes nothing of a large answer is cut off, and how much waits is limited', async (t) => {
  const view = new HandMadeView();
  const pixels = new Uint8Array(130 * 1024 * 1024);
  view.frame = { header: { shape: [pixels.length / 2, 1], type: 'uint16' }, places: quadPlaces, pixels };
  const server = await serve(t, view, { ...soon, stuckMs: 1500, answerMs: 60_000 });
  const { socket, closed } = await dial(t, server);
  socket.pause();
  socket.write('GET /api/v1/last_frame.npy HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await new Promise((resolve) => setTimeout(resolve, 200));
  const second = await fetch(`${server.url}/api/v1/last_frame.npy`);
  t.equal(second.status, 503);
  t.match(await second.json(), { problems: [/bytes of answers wait/] });
  t.equal((await fetch(`${server.url}/status`)).status, 200);
  for (let wait = 0; ; wait++) {
    const third = await fetch(`${server.url}/api/v1/last_frame.npy`);
    const bytes = (await third.arrayBuffer()).byteLength;
    if (third.status === 503 && wait < 200) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    t.equal(third.status, 200, 'there is room again');
    t.equal(bytes, pixels.length + 128);
    break;
  }
  // It sees its end once it reads what the kernel still holds.
  socket.resume();
  const got = await closed;
  t.ok(got.length < pixels.length, `cut off after ${got.length} bytes`);
});

t.test('no path leads out of the files of page and documentation', async (t) => {
  const server = await serve(t, new HandMadeView());
  const climbs = [
    '../',
    '..%2f',
    '%2e%2e/',
    '%2e%2e%2f',
    '..\\',
    '..%5c',
    '....//',
    '..%c0%af',
    '%252e%252e%252f',
    '..;/',
    '.%00./',
  ];
  for (const base of ['/', '/page/', '/docs/', '/docs/static/', '/api/v1/', '/downsample/']) {
    for (const climb of climbs) {
      for (const target of ['package.json', 'etc/passwd', 'src/main.js']) {
        const path = `${base}${climb.repeat(target === 'etc/passwd' ? 12 : 3)}${target}`;
        const answer = await raw(t, server, `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
        t.match(answer, /^HTTP\/1\.1 (?:40[0-9]|414) /, path);
        t.notMatch(answer, /virtual-dcu"|root:|#!\/usr/, path);
      }
    }
  }
  for (const path of [
    '/page//etc/passwd',
    '/page/%2fetc%2fpasswd',
    '/docs/static//etc/passwd',
    '/page/page.js%00.html',
    'http://localhost/page/../../../package.json',
    '/page/file:///etc/passwd',
  ]) {
    t.match(
      await raw(t, server, `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`),
      /^HTTP\/1\.1 4/,
      path,
    );
  }
});

t.test('heads that are no HTTP, contradict themselves or are too long are refused', async (t) => {
  const view = new HandMadeView();
  const server = await serve(t, view);
  const post = (head: string, body: string): string =>
    'POST /api/v1/series HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: ' +
    `close\r\n${head}\r\n\r\n${body}`;
  const refused: readonly [string, string][] = [
    ['no HTTP', 'hello\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['no host', 'GET /status HTTP/1.1\r\n\r\n'],
    ['two lengths', post('content-length: 2\r\ncontent-length: 3', '{}')],
    ['length and chunks', post('content-length: 2\r\ntransfer-encoding: chunked', '2\r\n{}\r\n0\r\n\r\n')],
    ['negative length', post('content-length: -1', '{}')],
    ['wrong chunk', post('transfer-encoding: chunked', 'zz\r\n{}')],
    ['bare newline in a field', post('x: a\nb: c\x00', '')],
    ['announced too long', post('content-length: 99999999999', '{}')],
    ['a head too long', `GET /status HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['a URL too long', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`],
    [
      'chunks without end',
      post('transfer-encoding: chunked', `${'10000\r\n'.concat('x'.repeat(0x10000), '\r\n').repeat(6)}`),
    ],
  ];
  for (const [what, bytes] of refused)
    t.match(await raw(t, server, Buffer.from(bytes, 'latin1')), /^HTTP\/1\.1 4(?:00|13|14|31|08) /, what);
  t.equal(view.armed.length, 0);
  t.equal((await fetch(`${server.url}/status`)).status, 200);
});

t.test('a body nested without end is refused, not followed', async (t) => {
  const view = new HandMadeView();
  const app = await makeApp(view, { logger: silent, build });
  t.teardown(() => app.close());
  for (const payload of [
    '['.repeat(200_000),
    `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`,
    `{"metadata":${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}}`,
    `{"metadata":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`,
  ]) {
    const answer = await app.inject({
      method: 'POST',
      url: '/api/v1/series',
      headers: { 'content-type': 'application/json' },
      payload,
    });
    t.ok(answer.statusCode === 400 || answer.statusCode === 422, `${answer.statusCode}: ${payload.slice(0, 20)}`);
    t.ok(answer.payload.length < 100_000);
  }
  t.equal(view.armed.length, 0);
});

/**
 * Whatever is asked: an answer of ours, never a 500, JSON that names a problem when refused, and no file of this
 * machine.
 */
t.test('whatever is asked is answered: any method, path, query, header and body', async (t) => {
  const view = new HandMadeView();
  const pixels = new Uint8Array(514 * 514 * 2);
  view.frame = { header: { shape: [514, 514], type: 'uint16' }, places: quadPlaces, pixels };
  const app = await makeApp(view, { logger: silent, build });
  t.teardown(() => app.close());
  const routes = [
    '/',
    '/status',
    '/received_frames',
    '/last_frame',
    '/downsample',
    '/api/v1/series',
    '/api/v1/series/history',
    '/api/v1/series/history/1',
    '/api/v1/udp',
    '/api/v1/config',
    '/api/v1/doctor',
    '/api/v1/preview',
    '/api/v1/frames/latest',
    '/api/v1/last_frame.npy',
    '/healthz',
    '/readyz',
    '/metrics',
    '/docs',
    '/docs/json',
    '/docs/static/index.html',
    '/page/page.js',
  ];
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.string({ maxLength: 30 }),
    fc.constantFrom(
      '0',
      '1',
      '-1',
      '4096',
      '4097',
      '1e9',
      '0-255',
      '255-0',
      '9999999-9999999',
      'NaN',
      '__proto__',
      'constructor',
      '\0',
    ),
  );
  const query = fc
    .array(fc.tuple(fc.oneof(fc.constantFrom('value', 'size', 'rows', 'columns', '__proto__'), text), text), {
      maxLength: 4,
    })
    .map((pairs) => pairs.map(([key, value]) => `${encoded(key)}=${encoded(value)}`).join('&'));
  const path = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...routes) },
    { weight: 1, arbitrary: text.map((part) => `/${encoded(part)}`) },
    { weight: 1, arbitrary: fc.string({ maxLength: 20 }).map((part) => `/${part.replace(/[^!-~]|[\\/]/g, '%')}`) },
  );
  const body = fc.oneof(
    fc.json({ maxDepth: 5 }),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc
      .record(
        {
          filename: fc.oneof(fc.constant('/data/a.h5'), fc.jsonValue()),
          frames: fc.jsonValue(),
          first_frame_number: fc.jsonValue(),
          frame_period_ms: fc.jsonValue(),
          metadata: fc.jsonValue(),
          dynamic_range: fc.jsonValue(),
          read_n_rows: fc.jsonValue(),
          force: fc.jsonValue(),
        },
        { requiredKeys: [] },
      )
      .map((object) => JSON.stringify(object)),
  );
  const asked = fc.record({
    method: fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'HEAD', 'OPTIONS', 'PATCH'),
    path,
    query,
    type: fc.constantFrom(
      'application/json',
      'text/plain',
      'application/x-www-form-urlencoded',
      '',
      'application/json; charset=utf-16',
      'a/b/c',
    ),
    body,
  });
  await fc.assert(
    fc.asyncProperty(asked, async ({ method, path: where, query: how, type, body: payload }) => {
      if (where === '/page/events') return;
      const before = view.armed.length;
      const answer = await app.inject({
        method: method as 'GET',
        url: `${where}${how === '' ? '' : `?${how}`}`,
        headers: { 'content-type': type },
        ...(method === 'GET' || method === 'HEAD' ? {} : { payload }),
      } satisfies InjectOptions);
      const said = `${method} ${where}?${how} ${payload} → ${answer.statusCode} ${answer.payload.slice(0, 200)}`;
      if (answer.statusCode >= 500) throw new Error(said);
      if (answer.statusCode >= 400 && method !== 'HEAD') {
        const { problems } = answer.json<{ problems: unknown }>();
        if (
          !Array.isArray(problems) ||
          problems.length === 0 ||
          problems.length > 200 ||
          !problems.every((one) => typeof one === 'string')
        )
          throw new Error(said);
      }
      if (view.armed.length !== before && answer.statusCode !== 201) throw new Error(`armed: ${said}`);
      if (answer.headers['x-content-type-options'] !== 'nosniff' && answer.statusCode !== 400)
        throw new Error(`no headers: ${said}`);
    }),
    { numRuns: 1500, seed: 20_261_127 },
  );
});

t.test(
  'the event stream: whatever is asked with it, and however viewers go, others are served and those that are gone ' +
    'are forgotten',
  async (t) => {
    const server = await serve(t, new HandMadeView());
    const random = new Random(20_261_127);
    const heads = [
      'last-event-id: 9999999999999999999999',
      `last-event-id: ${'x'.repeat(3000)}`,
      'accept: text/plain',
      'accept: \xff\xfe',
      'range: bytes=0-1',
      'connection: close',
      'connection: upgrade\r\nupgrade: websocket',
      'expect: 100-continue',
      'content-length: 3',
      'transfer-encoding: chunked',
      'accept-encoding: gzip, br',
    ];
    const query = (): string =>
      Array.from({ length: random.integer(4) }, () =>
        encoded(String.fromCharCode(...Array.from({ length: random.integer(9) }, () => random.integer(65536)))),
      ).join('&');
    const streams = 100;
    const answers = new Map<string, number>();
    for (let stream = 0; stream < streams; stream++) {
      const method = random.chance(0.8) ? 'GET' : random.pick(['HEAD', 'POST', 'DELETE', 'OPTIONS', 'PATCH']);
      const { socket, text } = await dial(t, server);
      const target = `/page/events${random.chance(0.5) ? `?${query()}` : ''}`;
      const fields = Array.from({ length: random.integer(3) }, () => `${random.pick(heads)}\r\n`).join('');
      const rest = random.chance(0.2) ? 'abc'.repeat(random.integer(50)) : '';
      socket.write(`${method} ${target} HTTP/1.1\r\nhost: localhost\r\n${fields}\r\n${rest}`, 'latin1');
      if (random.chance(0.3)) socket.pause();
      else if (random.chance(0.7)) {
        for (let wait = 0; wait < 100 && text() === ''; wait++) await new Promise((resolve) => setTimeout(resolve, 5));
        const status = text().slice(9, 12);
        answers.set(status, (answers.get(status) ?? 0) + 1);
      }
      if (random.chance(0.3)) socket.destroy();
      else if (random.chance(0.3)) socket.end();
      if (stream % 25 === 0) t.equal((await fetch(`${server.url}/status`)).status, 200);
      // (A little later, so that the limit of viewers is reached and left again.)
      if (stream % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    t.ok((answers.get('200') ?? 0) > 5, JSON.stringify([...answers]));
    for (const status of answers.keys()) t.match(status, /^(?:100|200|4\d\d|503|)$/);
  },
);

t.test('viewers of the event stream are limited, and there is room again when some have gone', async (t) => {
  const server = await serve(t, new HandMadeView(), { ...soon, answerMs: 60_000, stuckMs: 60_000 });
  const ask = async (): Promise<{ socket: Socket; status: string }> => {
    const { socket, text } = await dial(t, server);
    socket.write('GET /page/events HTTP/1.1\r\nhost: localhost\r\n\r\n');
    for (let wait = 0; wait < 400 && text() === ''; wait++) await new Promise((resolve) => setTimeout(resolve, 5));
    return { socket, status: text().slice(9, 12) };
  };
  const viewers = await Promise.all(Array.from({ length: 40 }, ask));
  const seen = viewers.filter(({ status }) => status === '200').length;
  t.equal(seen, viewerLimit);
  t.equal(viewers.filter(({ status }) => status === '503').length, 40 - seen);
  for (const { socket } of viewers) socket.destroy();
  let status = '';
  for (let wait = 0; wait < 100 && status !== '200'; wait++) status = (await ask()).status;
  t.equal(status, '200');
});

t.test('whatever is asked of the flight recorder, it writes its own files and no others', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-hostile-flights-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const inside = join(folder, 'flights');
  const pipeline = small({ flight_recorder_dir: JSON.stringify(inside) });
  pipeline.arm();
  pipeline.play(1, 3);
  const { config, plan, map, buffer, clock } = pipeline;
  const recorder = new FlightRecorder({ config, plan, map, buffer, clock, logger: silent });
  const app = await makeApp(new HandMadeView(), {
    logger: silent,
    build,
    flightRecorder: () => recorder,
  });
  t.teardown(() => app.close());
  const words = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.constantFrom('../../x', '/etc/passwd', 'folder', '..%2f', '\0', '__proto__'),
  );
  const asked = fc.record({
    method: fc.constantFrom('POST', 'POST', 'POST', 'GET', 'DELETE', 'PUT', 'HEAD'),
    query: fc.array(fc.tuple(words, words), { maxLength: 3 }),
    tail: fc.constantFrom('', '', '', '/', '/..', '/../../x', '/a'),
    type: fc.constantFrom(
      'application/json',
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      '',
    ),
    body: fc.oneof(
      fc.json({ maxDepth: 3 }),
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc.constantFrom('{"flight_recorder_dir":"/tmp/elsewhere"}', '{"folder":"../.."}', ''),
    ),
  });
  let written = 0;
  await fc.assert(
    fc.asyncProperty(asked, async ({ method, query, tail, type, body: payload }) => {
      const fields = query.map(([key, value]) => `${encoded(key)}=${encoded(value)}`).join('&');
      const url = `/api/v1/flight-recorder${tail}${query.length === 0 ? '' : `?${fields}`}`;
      const answer = await app.inject({
        method: method as 'GET',
        url,
        headers: { 'content-type': type },
        ...(method === 'GET' || method === 'HEAD' ? {} : { payload }),
      } satisfies InjectOptions);
      if (answer.statusCode === 201) written++;
      else if (answer.statusCode < 400 || answer.statusCode >= 500)
        throw new Error(`${method} ${url} → ${answer.statusCode} ${answer.payload.slice(0, 200)}`);
    }),
    { numRuns: 300, seed: 20_261_127 },
  );
  t.ok(written > 5, `${written} recordings`);
  t.strictSame(readdirSync(folder), ['flights']);
  t.ok(
    readdirSync(inside).every((name) => /^det-\d{8}T\d{6}\.\d{3}Z-request(?:-\d+)?\.(?:pcap|json)$/.test(name)),
    readdirSync(inside).slice(0, 3).join(),
  );
});
