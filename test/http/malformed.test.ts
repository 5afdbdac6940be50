// What is no proper request is answered like everything that is refused: JSON with problems, and the connection closed.

import { connect } from 'node:net';
import t from 'tap';
import type { Test } from 'tap';
import { startHttp } from '../../src/http/http.js';
import type { HttpServer } from '../../src/http/http.js';
import { unclearField } from '../../src/http/malformed.js';
import { makeLogger } from '../../src/runtime/log.js';
import { HandMadeView } from '../view/hand-made-view.js';

const silent = makeLogger('error', 'quad', { write: () => undefined });

async function serve(t: Test, view = new HandMadeView()): Promise<{ server: HttpServer; view: HandMadeView }> {
  const limits = { headMs: 400, requestMs: 800, stuckMs: 5000, answerMs: 10_000, idleMs: 2000, lookMs: 50 };
  const server = await startHttp(view, {
    host: '127.0.0.1',
    port: 0,
    logger: silent,
    build: { version: '0', backend: 'x' },
    limits,
  });
  t.teardown(() => server.close());
  return { server, view };
}

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** What these bytes are answered with, up to the end of the connection. */
function ask(server: HttpServer, bytes: string | Uint8Array): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => {
      socket.write(bytes);
    });
    let text = '';
    socket.on('data', (piece) => {
      text += piece.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      const [head = '', body = ''] = text.split('\r\n\r\n', 2);
      resolve({ status: Number(head.slice(9, 12)), head, body });
    });
  });
}

const post = (head: string, body: string): string =>
  'POST /api/v1/series HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: ' +
  `close\r\n${head}\r\n\r\n${body}`;

const malformed: readonly (readonly [what: string, bytes: string, statuses: readonly number[], problem: RegExp])[] = [
  ['no HTTP', 'hello\r\n\r\n', [400], /./],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', [400], /no HTTP/],
  ['no host', 'GET /status HTTP/1.1\r\n\r\n', [400], /host: is missing/],
  ['two hosts', 'GET /status HTTP/1.1\r\nhost: localhost\r\nHost: localhost\r\n\r\n', [400], /host: is given twice/],
  ['two different hosts', 'GET /status HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n\r\n', [400, 421], /host/],
  [
    'two tokens',
    'DELETE /api/v1/series HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n',
    [400],
    /authorization: is given twice/,
  ],
  ['two lengths', post('content-length: 2\r\ncontent-length: 3', '{}'), [400], /./],
  ['the same length twice', post('content-length: 2\r\ncontent-length: 2', '{}'), [400], /twice/],
  [
    'length and chunks',
    post('content-length: 2\r\ntransfer-encoding: chunked', '2\r\n{}\r\n0\r\n\r\n'),
    [400],
    /beside|twice/,
  ],
  [
    'chunks and length',
    post('transfer-encoding: chunked\r\ncontent-length: 2', '2\r\n{}\r\n0\r\n\r\n'),
    [400],
    /beside|twice/,
  ],
  ['a length that is no number', post('content-length: x', '{}'), [400], /content-length/],
  ['a chunk that is none', post('transfer-encoding: chunked', 'zz\r\n{}\r\n0\r\n\r\n'), [400], /chunk/],
  ['an unknown encoding', post('transfer-encoding: gzip', '{}'), [400, 501], /./],
  ['an unknown method', 'BREW /status HTTP/1.1\r\nhost: localhost\r\n\r\n', [400], /method/],
  ['CONNECT', 'CONNECT example.org:443 HTTP/1.1\r\nhost: example.org:443\r\n\r\n', [405], /no proxy/],
  [
    'an expectation',
    'GET /status HTTP/1.1\r\nhost: localhost\r\nexpect: miracles\r\nconnection: close\r\n\r\n',
    [417],
    /expect/,
  ],
  ['a head too long', `GET /status HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, [431], /16 KiB/],
  ['a URL too long', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`, [431, 414], /./],
  ['a head that never ends', 'GET /status HTTP/1.1\r\nhost: localhost\r\nx: ', [408], /too long to arrive/],
  ['a body that never ends', post('content-length: 100', '{'), [408], /too long to arrive/],
  ['a NUL in the path', 'GET /%00 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n', [404, 400], /./],
  [
    'a path that is no UTF-8',
    'GET /page/%ff%fe HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
    [400, 404],
    /./,
  ],
  [
    'a method without a route',
    'TRACE /status HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
    [404],
    /no such route/,
  ],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400, 404], /./],
  ["a space in a field's name", 'GET /status HTTP/1.1\r\nhost : localhost\r\n\r\n', [400], /./],
];

t.test(
  'malformed requests are answered as documented, arm nothing, and others are served',
  { timeout: 120_000 },
  async (t) => {
    const { server, view } = await serve(t);
    await Promise.all(
      malformed.map(async ([what, bytes, statuses, problem]) => {
        const { status, head, body } = await ask(server, Buffer.from(bytes, 'latin1'));
        t.ok(statuses.includes(status), `${what}: ${status} ${body.slice(0, 80)}`);
        t.match(head, /content-type: application\/json/i, what);
        const { problems } = JSON.parse(body === '' ? '{}' : body) as { problems?: string[] };
        t.equal(problems?.length, 1, `${what}: ${body}`);
        t.match(problems?.[0], problem, what);
      }),
    );
    t.equal(view.armed.length, 0);
    t.equal((await fetch(`${server.url}/status`)).status, 200);
  },
);

t.test('a body that is no UTF-8 is refused, not repaired: what would be written is not what was meant', async (t) => {
  const { server, view } = await serve(t);
  const send = async (body: Uint8Array): Promise<Answer> =>
    ask(server, Buffer.concat([Buffer.from(post(`content-length: ${body.length}`, ''), 'latin1'), body]));
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf], [0xf5, 0x80, 0x80, 0x80]]) {
    const { status, body } = await send(
      Buffer.concat([Buffer.from('{"filename":"/data/'), Buffer.from(bytes), Buffer.from('.h5"}')]),
    );
    t.equal(status, 400);
    t.match(JSON.parse(body), { problems: [/^body: is no UTF-8/] });
  }
  t.equal(view.armed.length, 0);
  t.equal((await send(Buffer.from('{"filename":"/data/ä🚀.h5"}'))).status, 201);
  t.match(view.armed, [{ filename: '/data/ä🚀.h5' }]);
});

t.test('only fields that may stand once are looked at, whatever their case', (t) => {
  t.equal(unclearField(['Host', 'a', 'Accept', 'x', 'accept', 'y', 'Cookie', '1', 'Cookie', '2']), null);
  t.match(unclearField(['Host', 'a', 'X', 'y', 'HOST', 'a']), /^host/);
  t.match(unclearField([]), /^host: is missing/);
  t.equal(unclearField([], '1.0'), null);
  t.end();
});

t.test('thousands of unknown keys are answered at once, with some of them named', async (t) => {
  const { server, view } = await serve(t);
  const keys = Array.from({ length: 17_576 }, (_, index) => `${index.toString(26).padStart(4, 'a')}x`);
  for (const body of [
    `{${keys.map((key) => `"${key}":1`).join(',')}}`,
    `{${keys.map(() => '"frames":1').join(',')}}`,
  ]) {
    const answer = await fetch(`${server.url}/api/v1/series`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    t.equal(answer.status, 422);
    const text = await answer.text();
    const { problems } = JSON.parse(text) as { problems: string[] };
    t.equal(problems.length, 51);
    t.match(problems.at(-1), /^and \d{5} more problems$/);
    t.ok(text.length < 30_000, `${text.length} bytes`);
  }
  t.equal(view.armed.length, 0);
});
