import { createRequire } from 'node:module';
import t from 'tap';
import { makeApp } from '../../src/http/http.js';
import { makeLogger } from '../../src/runtime/log.js';
import { HandMadeView } from '../view/hand-made-view.js';

const options = {
  logger: makeLogger('error', 'quad', { write: () => undefined }),
  build: { version: '0.0.0', backend: 'dgram' },
};

/** Packages of which something was loaded. */
const loaded = (): string[] => [
  ...new Set(
    Object.keys(createRequire(import.meta.url).cache).flatMap(
      (file) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(file)?.[1] ?? [],
    ),
  ),
];

t.test('what shows the interface is loaded once somebody asks, and no compiler of schemas before', async (t) => {
  const app = await makeApp(new HandMadeView(), options);
  t.teardown(() => app.close());
  t.ok(loaded().includes('fastify'), 'the look finds what is there');
  const late = ['@fastify/swagger-ui', '@fastify/static', 'ajv', '@fastify/ajv-compiler'];
  t.strictSame(
    late.filter((name) => loaded().includes(name)),
    [],
  );
  t.equal((await app.inject('/docs/')).statusCode, 200);
  t.ok(loaded().includes('@fastify/swagger-ui'));
});

t.test('its files are sent as any file: only when they have changed, and HEAD without them', async (t) => {
  const app = await makeApp(new HandMadeView(), options);
  t.teardown(() => app.close());
  const url = '/docs/static/swagger-ui.css';
  const whole = await app.inject(url);
  t.equal(whole.statusCode, 200);
  t.match(whole.headers, { 'content-type': /^text\/css/, etag: String });
  t.ok(whole.rawPayload.length > 10_000);
  const again = await app.inject({ url, headers: { 'if-none-match': String(whole.headers.etag) } });
  t.equal(again.statusCode, 304);
  t.equal(again.rawPayload.length, 0);
  const head = await app.inject({ method: 'HEAD', url });
  t.equal(head.statusCode, 200);
  t.equal(head.rawPayload.length, 0);
  t.equal(Number(head.headers['content-length']), whole.rawPayload.length);
});

t.test('what is not there, or not so much of it, is answered as everywhere', async (t) => {
  const app = await makeApp(new HandMadeView(), options);
  t.teardown(() => app.close());
  const beyond = await app.inject({ url: '/docs/static/swagger-ui.css', headers: { range: 'bytes=99999999-' } });
  t.equal(beyond.statusCode, 416);
  t.strictSame(beyond.json(), { problems: ['/docs/static/swagger-ui.css: Range Not Satisfiable'] });
  for (const url of ['/docs/nothing', '/docs/static/nothing.js', '/docs/static/../../package.json']) {
    const answer = await app.inject(url);
    t.equal(answer.statusCode, 404, url);
    t.match(answer.json(), { problems: [/there is no such route/] });
  }
});
