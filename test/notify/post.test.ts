import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import type { Test } from 'tap';
import { post } from '../../src/notify/post.js';
import { freeTcpPort } from '../threads/free-ports.js';

async function answering(t: Test, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=1`;
}

const never = new AbortController().signal;

t.test('a text arrives as JSON, at the path of the URL', async (t) => {
  let seen: unknown;
  const url = await answering(t, (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen = [request.method, request.url, request.headers['content-type'], body];
      response.writeHead(204).end();
    });
  });
  t.strictSame(await post(url, '{"a":1}', never), { delivered: true });
  t.strictSame(seen, ['POST', '/hook?key=1', 'application/json', '{"a":1}']);
});

t.test('a status says whether trying again can help; redirects are not followed', async (t) => {
  for (const [status, again] of [
    [500, true],
    [503, true],
    [429, true],
    [408, true],
    [404, false],
    [401, false],
    [302, false],
  ] as const) {
    const url = await answering(t, (_, response) =>
      response.writeHead(status, { location: 'http://127.0.0.1:9/' }).end('x'),
    );
    t.strictSame(await post(url, '{}', never), { delivered: false, why: `status ${status}`, again });
  }
});

t.test('nobody there: the reason, and again; an endless answer is not read', async (t) => {
  const nobody = `http://127.0.0.1:${await freeTcpPort()}/`;
  t.match(await post(nobody, '{}', never), { delivered: false, why: /ECONNREFUSED/, again: true });
  const endless = await answering(t, (_, response) => {
    response.writeHead(200);
    const more = (): void => void (response.destroyed || response.write(Buffer.alloc(65536), more));
    more();
  });
  t.strictSame(await post(endless, '{}', never), { delivered: true });
});

t.test('one that does not answer is left when the signal says so', async (t) => {
  const url = await answering(t, () => undefined);
  const over = new AbortController();
  const result = post(url, '{}', over.signal);
  setTimeout(() => over.abort(), 50);
  t.match(await result, { delivered: false, again: true });
});

t.test(
  'one that does not answer is left after a time, whatever the collector of garbage takes meanwhile',
  async (t) => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const url = await answering(t, () => undefined);
    const collecting = setInterval(collect, 20);
    t.teardown(() => clearInterval(collecting));
    const none = Symbol('no result');
    const late = new Promise((resolve) => setTimeout(() => resolve(none), 10_000));
    t.strictSame(await Promise.race([post(url, '{}', new AbortController().signal, 300), late]), {
      delivered: false,
      why: 'no answer within 300 ms',
      again: true,
    });
  },
);

t.test('a signal that was given before ends a try at once', async (t) => {
  const url = await answering(t, () => undefined);
  t.match(await post(url, '{}', AbortSignal.abort()), { delivered: false, again: true });
});
