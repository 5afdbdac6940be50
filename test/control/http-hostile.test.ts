// The HTTP interface before clients that mean no good: slow ones, paths that climb, bodies and headers of every kind.

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import * as fc from 'fast-check';
import t from 'tap';
import type { Test } from 'tap';
import type { InjectOptions } from 'fastify';
import { makeApp, startHttp } from '../../src/control/http.js';
import type { HttpLimits, HttpServer } from '../../src/control/http.js';
import { makeLogger } from '../../src/control/log.js';
import { HandMadeView } from './hand-made-view.js';

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
    socket.on('data', (chunk) => { text += chunk.toString('latin1'); });
    socket.once('error', reject);
    const closed = new Promise<string>((done) => socket.once('close', () => { done(text); }));
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
    drip('POST /api/v1/series HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{"filename":"/'),
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
  view.frame = { header: { shape: [pixels.length / 2, 1], type: 'uint16' }, pixels };
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
  const climbs = ['../', '..%2f', '%2e%2e/', '%2e%2e%2f', '..\\', '..%5c', '....//', '..%c0%af', '%252e%252e%252f', '..;/', '.%00./'];
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
  for (const path of ['/page//etc/passwd', '/page/%2fetc%2fpasswd', '/docs/static//etc/passwd', '/page/page.js%00.html', 'http://localhost/page/../../../package.json', '/page/file:///etc/passwd']) {
    t.match(await raw(t, server, `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`), /^HTTP\/1\.1 4/, path);
  }
});

t.test('heads that are no HTTP, contradict themselves or are too long are refused', async (t) => {
  const view = new HandMadeView();
  const server = await serve(t, view);
  const post = (head: string, body: string): string => `POST /api/v1/series HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\n${head}\r\n\r\n${body}`;
  const refused: readonly [string, string][] = [
    ['no HTTP', 'hello\r\n\r\n'], ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'], ['no host', 'GET /status HTTP/1.1\r\n\r\n'],
    ['two lengths', post('content-length: 2\r\ncontent-length: 3', '{}')], ['length and chunks', post('content-length: 2\r\ntransfer-encoding: chunked', '2\r\n{}\r\n0\r\n\r\n')],
    ['negative length', post('content-length: -1', '{}')], ['wrong chunk', post('transfer-encoding: chunked', 'zz\r\n{}')], ['bare newline in a field', post('x: a\nb: c\x00', '')],
    ['announced too long', post('content-length: 99999999999', '{}')], ['a head too long', `GET /status HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['a URL too long', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`], ['chunks without end', post('transfer-encoding: chunked', `${'10000\r\n'.concat('x'.repeat(0x10000), '\r\n').repeat(6)}`)],
  ];
  for (const [what, bytes] of refused) t.match(await raw(t, server, Buffer.from(bytes, 'latin1')), /^HTTP\/1\.1 4(?:00|13|14|31|08) /, what);
  t.equal(view.armed.length, 0);
  t.equal((await fetch(`${server.url}/status`)).status, 200);
});

t.test('a body nested without end is refused, not followed', async (t) => {
  const view = new HandMadeView();
  const app = await makeApp(view, { logger: silent, build });
  t.teardown(() => app.close());
  for (const payload of ['['.repeat(200_000), `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`, `{"metadata":${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}}`, `{"metadata":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`]) {
    const answer = await app.inject({ method: 'POST', url: '/api/v1/series', headers: { 'content-type': 'application/json' }, payload });
    t.ok(answer.statusCode === 400 || answer.statusCode === 422, `${answer.statusCode}: ${payload.slice(0, 20)}`);
    t.ok(answer.payload.length < 100_000);
  }
  t.equal(view.armed.length, 0);
});

/** Whatever is asked: an answer of ours, never a 500, JSON that names a problem when refused, and no file of this machine. */
t.test('whatever is asked is answered: any method, path, query, header and body', async (t) => {
  const view = new HandMadeView();
  view.frame = { header: { shape: [2, 2], type: 'uint16' }, pixels: new Uint8Array(8) };
  const app = await makeApp(view, { logger: silent, build });
  t.teardown(() => app.close());
  const routes = ['/', '/status', '/received_frames', '/last_frame', '/downsample', '/api/v1/series', '/api/v1/series/history', '/api/v1/udp', '/api/v1/config', '/api/v1/doctor', '/api/v1/preview', '/api/v1/last_frame.npy', '/healthz', '/readyz', '/metrics', '/docs', '/docs/json', '/docs/static/index.html', '/page/page.js'];
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.string({ maxLength: 30 }), fc.constantFrom('0', '1', '-1', '4096', '4097', '1e9', '0-255', '255-0', '9999999-9999999', 'NaN', '__proto__', 'constructor', '\0'));
  const query = fc.array(fc.tuple(fc.oneof(fc.constantFrom('value', 'size', 'rows', 'columns', '__proto__'), text), text), { maxLength: 4 }).map((pairs) => pairs.map(([key, value]) => `${encoded(key)}=${encoded(value)}`).join('&'));
  const path = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...routes) }, { weight: 1, arbitrary: text.map((part) => `/${encoded(part)}`) }, { weight: 1, arbitrary: fc.string({ maxLength: 20 }).map((part) => `/${part.replace(/[^!-~]|[\\/]/g, '%')}`) });
  const body = fc.oneof(
    fc.json({ maxDepth: 5 }),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.record({ filename: fc.oneof(fc.constant('/data/a.h5'), fc.jsonValue()), frames: fc.jsonValue(), first_frame_number: fc.jsonValue(), frame_period_ms: fc.jsonValue(), metadata: fc.jsonValue(), dynamic_range: fc.jsonValue(), read_n_rows: fc.jsonValue(), force: fc.jsonValue() }, { requiredKeys: [] }).map((object) => JSON.stringify(object)),
  );
  const asked = fc.record({ method: fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'HEAD', 'OPTIONS', 'PATCH'), path, query, type: fc.constantFrom('application/json', 'text/plain', 'application/x-www-form-urlencoded', '', 'application/json; charset=utf-16', 'a/b/c'), body });
  await fc.assert(fc.asyncProperty(asked, async ({ method, path: where, query: how, type, body: payload }) => {
    if (where === '/page/events') return;
    const before = view.armed.length;
    const answer = await app.inject({ method: method as 'GET', url: `${where}${how === '' ? '' : `?${how}`}`, headers: { 'content-type': type }, ...(method === 'GET' || method === 'HEAD' ? {} : { payload }) } satisfies InjectOptions);
    const said = `${method} ${where}?${how} ${payload} → ${answer.statusCode} ${answer.payload.slice(0, 200)}`;
    if (answer.statusCode >= 500) throw new Error(said);
    if (answer.statusCode >= 400 && method !== 'HEAD') {
      const { problems } = answer.json<{ problems: unknown }>();
      if (!Array.isArray(problems) || problems.length === 0 || problems.length > 200 || !problems.every((one) => typeof one === 'string')) throw new Error(said);
    }
    if (view.armed.length !== before && answer.statusCode !== 201) throw new Error(`armed: ${said}`);
    if (answer.headers['x-content-type-options'] !== 'nosniff' && answer.statusCode !== 400) throw new Error(`no headers: ${said}`);
  }), { numRuns: 1500, seed: 20_261_127 });
});
