import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import t from 'tap';
import type { Test } from 'tap';
import type { Schema } from '../../src/http/schema-parts.js';
import { makeApp, startHttp } from '../../src/http/http.js';
import { makeLogger } from '../../src/runtime/log.js';
import { refusals } from '../../src/contract/refusals.js';
import { filenameBytesLimit, metadataBytesLimit } from '../../src/contract/series.js';
import { codesOf } from '../../src/contract/row.js';
import { Refused } from '../../src/control/refused.js';
import { refusalStatus } from '../../src/http/refusal-status.js';
import { HandMadeView, currentPortOf, ledgerOf, quadPlaces, summaryOf } from '../view/hand-made-view.js';
import { differences } from './schema-check.js';

const build = { version: '0.0.0', backend: 'dgram' };
const silent = makeLogger('error', 'quad', { write: () => undefined });

async function appFor(t: Test, view: HandMadeView): Promise<FastifyInstance> {
  const app = await makeApp(view, { logger: silent, build });
  t.teardown(() => app.close());
  return app;
}

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            summary?: string;
            responses: Readonly<Record<string, { content?: Readonly<Record<string, { schema: Schema }>> }>>;
          }
        >
      >
    >
  >;
}

t.test('a series is opened: 201 with id, number, state; the request reaches the service', async (t) => {
  const view = new HandMadeView();
  const app = await appFor(t, view);
  const answer = await app.inject({
    method: 'POST',
    url: '/api/v1/series',
    payload: { filename: '/data/a.h5', frames: 3, metadata: { exptime: 0.5 } },
  });
  t.equal(answer.statusCode, 201);
  t.strictSame(answer.json(), {
    series_id: 1,
    msg_number: 1_700_000_000_000_000,
    header_pending: false,
    state: 'open',
    shape: [514, 514],
    type: 'uint16',
    warnings: [],
  });
  t.match(view.armed, [{ filename: '/data/a.h5', frames: 3, metadata: '{"exptime":0.5}', force: false }]);
});

t.test('metadata reach the service digit by digit', async (t) => {
  const view = new HandMadeView();
  const app = await appFor(t, view);
  await app.inject({
    method: 'POST',
    url: '/api/v1/series',
    headers: { 'content-type': 'application/json' },
    payload: '{"metadata": {"n": 9007199254740993, "f": 1.0}}',
  });
  t.equal(view.armed[0]?.metadata, '{"n":9007199254740993,"f":1.0}');
});

t.test('a wrong request is refused with every problem and opens nothing', async (t) => {
  const view = new HandMadeView();
  const app = await appFor(t, view);
  const answer = await app.inject({
    method: 'POST',
    url: '/api/v1/series',
    payload: { frame: 3, filename: 'a.h5', metadata: { data: 1 } },
  });
  t.equal(answer.statusCode, 422);
  t.match(answer.json(), { problems: [/^frame: .*did you mean frames/, /^filename: /, /^metadata\.data: /] });
  t.equal(view.armed.length, 0);
});

t.test(
  'what the service refuses is said with its reason and its problems, and has the status of the reason',
  async (t) => {
    const view = new HandMadeView();
    const app = await appFor(t, view);
    t.match(refusalStatus, {
      invalid: 422,
      busy: 409,
      no_consumer: 503,
      unsafe: 503,
      starting: 503,
      stopping: 503,
      failed: 503,
    });
    for (const why of codesOf(refusals)) {
      view.refusal = new Refused(why, ['no consumer is connected', 'second']);
      const answer = await app.inject({ method: 'POST', url: '/api/v1/series', payload: {} });
      t.equal(answer.statusCode, refusalStatus[why]);
      t.strictSame(answer.json(), { why, problems: ['no consumer is connected', 'second'] });
    }
    view.refusal = new Error('streamer is gone');
    const answer = await app.inject({ method: 'POST', url: '/api/v1/series', payload: {} });
    t.equal(answer.statusCode, 500);
    t.match(answer.json(), { problems: [/streamer is gone/] });
  },
);

t.test('what is refused over and over stands in the log once a minute, what is done each time', async (t) => {
  const lines: { readonly msg: string; readonly status?: number; readonly why?: string }[] = [];
  const logger = makeLogger('info', 'quad', { write: (line) => void lines.push(JSON.parse(line)) });
  const view = new HandMadeView();
  const app = await makeApp(view, { logger, build });
  t.teardown(() => app.close());
  const arm = (payload: object, remoteAddress = '10.0.0.1') =>
    app.inject({ method: 'POST', url: '/api/v1/series', payload, remoteAddress });
  for (let time = 0; time < 50; time++) await arm({ frames: -1 });
  await arm({ frames: -2 });
  await arm({ frames: -1 }, '10.0.0.2');
  const refused = lines.filter(({ msg }) => msg === 'order refused');
  t.equal(refused.length, 3, 'another problem, and another client, are told');
  t.equal(lines.filter(({ msg, status }) => msg === 'request' && status === 422).length, 2, 'once for each client');
  for (let time = 0; time < 3; time++) await arm({ frames: 3 });
  t.equal(lines.filter(({ msg, status }) => msg === 'request' && status === 201).length, 3);
});

t.test('a body that is missing, no JSON, of another type or too long opens nothing', async (t) => {
  const view = new HandMadeView();
  const app = await appFor(t, view);
  const post = async (payload: string | undefined, type: string | undefined): Promise<[number, unknown]> => {
    const answer = await app.inject({
      method: 'POST',
      url: '/api/v1/series',
      headers: type === undefined ? {} : { 'content-type': type },
      ...(payload === undefined ? {} : { payload }),
    });
    return [answer.statusCode, answer.json()];
  };
  t.match(await post(undefined, undefined), [422, { problems: [/^body: is empty/] }]);
  t.match(await post('', 'application/json'), [422, { problems: [/^body: is empty/] }]);
  t.match(await post('{"frames":', 'application/json'), [400, { problems: [/^body: is no JSON/] }]);
  t.match(await post('{}', 'text/plain'), [415, { problems: [/text\/plain: send application\/json/] }]);
  t.match(await post('{}', 'application/x-www-form-urlencoded'), [415, { problems: [/send application\/json/] }]);
  t.match(await post(`{"filename":"/${'x'.repeat(500_000)}"}`, 'application/json'), [
    413,
    { problems: [/^body: larger than \d+ bytes; metadata may have 131072/] },
  ]);
  t.equal(view.armed.length, 0);
  t.match(await post('{}', 'application/json; charset=utf-8'), [201, {}]);
});

t.test(
  'a request at its limits is taken however its JSON is written: characters as they are, or in ASCII',
  async (t) => {
    const view = new HandMadeView();
    const app = await appFor(t, view);
    const filename = `/${'\u0001'.repeat(filenameBytesLimit - 1)}`;
    const a = 'é'.repeat((metadataBytesLimit - '{"a":""}'.length) / 2);
    const plain = JSON.stringify({ filename, metadata: { a } });
    for (const payload of [plain, plain.replaceAll('é', '\\u00e9')]) {
      const headers = { 'content-type': 'application/json' };
      const answer = await app.inject({ method: 'POST', url: '/api/v1/series', headers, payload });
      t.equal(answer.statusCode, 201, answer.body.slice(0, 200));
      t.match(view.armed.pop(), { filename, metadata: JSON.stringify({ a }) });
    }
  },
);

t.test('the end of a series answers with its summary, or with null when none was open', async (t) => {
  const view = new HandMadeView();
  const app = await appFor(t, view);
  t.strictSame((await app.inject({ method: 'DELETE', url: '/api/v1/series' })).json(), { summary: null });
  view.summary = summaryOf();
  const answer = await app.inject({
    method: 'DELETE',
    url: '/api/v1/series',
    headers: { 'content-type': 'application/json' },
  });
  t.equal(answer.statusCode, 200);
  t.strictSame(answer.json(), { summary: JSON.parse(JSON.stringify(summaryOf())) as object });
  t.equal((await app.inject({ method: 'DELETE', url: '/api/v1/series?series_id=7&fill=true' })).statusCode, 200);
  t.strictSame(view.ends, [{}, {}, { seriesId: 7, fill: true }]);
  for (const text of ['', '-1', '7x', '9007199254740992']) {
    const refused = await app.inject({ method: 'DELETE', url: `/api/v1/series?series_id=${text}` });
    t.equal(refused.statusCode, 422, text);
    t.match(refused.json(), { why: 'invalid', problems: [/^series_id: .*needs a whole number$/] });
  }
});

t.test(
  "streaming-receiver's /status: idle, running while open or closing, error when a thread stands still",
  async (t) => {
    const view = new HandMadeView();
    const app = await appFor(t, view);
    const status = async (): Promise<unknown> => (await app.inject('/status')).json();
    t.strictSame(await status(), { state: 'idle' });
    for (const state of ['open', 'closing'] as const) {
      view.state = { ...view.state, state };
      t.strictSame(await status(), { state: 'running' });
    }
    view.state = { ...view.state, problems: ['something to look at'] };
    t.strictSame(await status(), { state: 'running' });
    view.alive = { alive: false, reasons: ['receiver 50001 stands still for 5 s', 'more'] };
    t.strictSame(await status(), { state: 'error', error: 'receiver 50001 stands still for 5 s; more' });
  },
);

t.test('the last frame: empty before the first, then a pickle and an npy', async (t) => {
  const view = new HandMadeView();
  view.images = 7;
  const app = await appFor(t, view);
  t.strictSame((await app.inject('/received_frames')).json(), { value: 7 });
  const empty = await app.inject('/last_frame');
  t.equal(empty.headers['content-type'], 'image/pickle');
  t.equal(empty.rawPayload.toString('hex'), '80035d287d4300652e');
  const missing = await app.inject('/api/v1/last_frame.npy');
  t.equal(missing.statusCode, 404);
  t.match(missing.json(), { problems: [/no frame has been sent/] });

  view.frame = {
    header: { shape: [2, 2], type: 'uint16' },
    places: quadPlaces,
    pixels: Uint8Array.of(2, 0, 4, 0, 255, 255, 6, 1),
  };
  const whole = (await app.inject('/last_frame')).rawPayload.toString('hex');
  t.equal(
    whole,
    '80035d287d285805000000' +
      '7368617065' +
      '5d284b024b0265' +
      '580400000074797065' +
      '5806000000' +
      '75696e743136' +
      '75' +
      '4308' +
      '02000400ffff0601' +
      '652e',
  );
  const file = await app.inject('/api/v1/last_frame.npy');
  t.equal(file.headers['content-type'], 'application/octet-stream');
  t.equal(file.rawPayload.toString('hex', 0, 8), '934e554d50590100');
  t.equal(file.rawPayload.subarray(-8).toString('hex'), '02000400ffff0601');
});

t.test('/downsample is kept and makes only /last_frame smaller', async (t) => {
  const view = new HandMadeView();
  const app = await appFor(t, view);
  // One port sent 4 everywhere, the other nothing; gaps are 0.
  const pixels = new Uint8Array(new Uint16Array(514 * 514).fill(4).buffer);
  const header = { shape: [514, 514], type: 'uint16', missing: { 50002: [[0, 63]] } };
  for (let at = 0; at < 514; at++)
    for (const gap of [256, 257]) pixels.fill(0, (at * 514 + gap) * 2, (at * 514 + gap + 1) * 2);
  pixels.fill(0, 256 * 514 * 2, 258 * 514 * 2);
  view.frame = { header, places: quadPlaces, pixels };
  const get = async (): Promise<unknown> => (await app.inject('/downsample')).json();
  t.strictSame(await get(), { value: 1 });
  t.strictSame((await app.inject({ method: 'POST', url: '/downsample?value=514' })).json(), { value: 514 });
  t.strictSame(await get(), { value: 514 });
  // 256 × 512 pixels of 4 and 2052 of 0.
  t.match((await app.inject('/last_frame')).rawPayload.toString('hex'), /5d284b014b0165.*43020300652e$/);
  t.equal((await app.inject('/api/v1/last_frame.npy')).rawPayload.length, 128 + pixels.length);
  t.strictSame(view.frame.header, { shape: [514, 514], type: 'uint16', missing: { 50002: [[0, 63]] } });
  for (const query of ['', '?value=', '?value=x', '?value=-1', '?value=1.5', '?value=4097', '?value=2&value=3']) {
    const answer = await app.inject({ method: 'POST', url: `/downsample${query}` });
    t.equal(answer.statusCode, 422, query);
    t.match(answer.json(), { problems: [/^value: /] });
  }
  t.strictSame(await get(), { value: 514 });
  t.strictSame((await app.inject({ method: 'POST', url: '/downsample?value=0' })).json(), { value: 0 });
});

t.test('health and readiness are 200, or 503 with the reasons', async (t) => {
  const view = new HandMadeView();
  const app = await appFor(t, view);
  t.equal((await app.inject('/healthz')).statusCode, 200);
  t.equal((await app.inject('/readyz')).statusCode, 200);
  view.ready = { ready: false, reasons: ['port 50001 is not bound'] };
  const unready = await app.inject('/readyz');
  t.equal(unready.statusCode, 503);
  t.strictSame(unready.json(), { ready: false, reasons: ['port 50001 is not bound'], problems: [] });
  t.equal((await app.inject('/healthz')).statusCode, 200);
  view.alive = { alive: false, reasons: ['streamer stands still'] };
  const dead = await app.inject('/healthz');
  t.equal(dead.statusCode, 503);
  t.strictSame(dead.json(), { alive: false, reasons: ['streamer stands still'] });
});

t.test('metrics are text for Prometheus', async (t) => {
  const app = await appFor(t, new HandMadeView());
  const answer = await app.inject('/metrics');
  t.match(answer.headers['content-type'], /^text\/plain; version=0\.0\.4/);
  t.match(answer.payload, /^vdcu_ready\{detector="quad"\} 1$/m);
});

t.test('an unknown route is JSON that names the documentation, an unreadable URL is JSON too', async (t) => {
  const app = await appFor(t, new HandMadeView());
  const answer = await app.inject({ method: 'PUT', url: '/api/v1/series' });
  t.equal(answer.statusCode, 404);
  t.match(answer.json(), { problems: [/^PUT \/api\/v1\/series: .*\/docs/] });
  const bad = await app.inject('/%zz');
  t.equal(bad.statusCode, 400);
  t.match(bad.json(), { problems: [String] });
});

t.test('every answer carries the headers that browsers go by', async (t) => {
  const app = await appFor(t, new HandMadeView());
  for (const url of ['/status', '/nowhere', '/docs', '/docs/static/swagger-ui.css']) {
    const { headers } = await app.inject(url);
    t.equal(headers['x-content-type-options'], 'nosniff', url);
    t.equal(headers['referrer-policy'], 'no-referrer', url);
    t.match(headers['content-security-policy'], /frame-ancestors 'none'/, url);
  }
  t.match((await app.inject('/status')).headers['content-security-policy'], /^default-src 'none';/);
  t.notMatch((await app.inject('/docsy')).headers['content-security-policy'], /script-src/);
});

t.test('the documentation page loads its own files only, and they are there', async (t) => {
  const app = await appFor(t, new HandMadeView());
  t.match((await app.inject('/docs')).headers, { location: 'docs/' });
  const page = await app.inject('/docs/');
  t.equal(page.statusCode, 200);
  t.notMatch(page.payload, /<script(?![^>]*src=)/);
  const sources = [...page.payload.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source);
  t.ok(sources.length >= 5);
  for (const source of sources)
    t.equal((await app.inject(new URL(source, 'http://x/docs/').pathname)).statusCode, 200, source);
});

t.test('the description of the interface is at /openapi.json, too, with a server that fits', async (t) => {
  const app = await appFor(t, new HandMadeView());
  const { servers, paths } = (await app.inject('/openapi.json')).json<Document & { servers: { url: string }[] }>();
  t.strictSame(servers, [{ url: './' }]);
  t.strictSame(paths, (await app.inject('/docs/json')).json<Document>().paths);
  t.ok('/api/v1/series' in paths);
});

t.test('every route is documented, and answers as documented', async (t) => {
  const view = new HandMadeView();
  const app = await appFor(t, view);
  const document = (await app.inject('/docs/json')).json<Document>();
  t.strictSame(
    Object.entries(document.paths)
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
      .sort(),
    [
      'delete /api/v1/series',
      'get /api/v1/config',
      'get /api/v1/doctor',
      'get /api/v1/frames/{frame}',
      'get /api/v1/last_frame.npy',
      'get /api/v1/preview',
      'get /api/v1/series',
      'get /api/v1/series/history',
      'get /api/v1/series/history/{series_id}',
      'get /api/v1/udp',
      'get /downsample',
      'get /healthz',
      'get /last_frame',
      'get /metrics',
      'get /readyz',
      'get /received_frames',
      'get /status',
      'post /api/v1/series',
      'post /api/v1/series/halt',
      'post /downsample',
    ],
  );
  const port = currentPortOf(50001, { lateFirst: 3 });
  view.series = [
    summaryOf({ aborted: 'consumer_lost', incomplete: [[1, 2]] }),
    summaryOf({ ledger: [ledgerOf(50001, { socket: null })] }),
  ];
  view.loss = { ranges: Uint32Array.of(1, 50001, 0, 63), unlisted_from: null };
  view.summary = view.series[1] ?? null;
  view.state = {
    ...view.state,
    state: 'open',
    last_series: view.series[0] ?? null,
    series: {
      series_id: 2,
      filename: '',
      auto: true,
      frames: 0,
      header_pending: false,
      msg_number_base: null,
      first_frame_number: null,
      highest_frame_number: 5,
      images_sent: 1,
      complete: 1,
      marked: 0,
      discarded: 0,
      ports: [port],
    },
  };
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { summary, responses }] of Object.entries(methods)) {
      t.ok(summary, `${method} ${path} has a summary`);
      const url =
        path === '/downsample' && method === 'post' ? '/downsample?value=1' : path.replace('{series_id}', '1');
      const answer = await app.inject({
        method: method.toUpperCase() as 'GET',
        url,
        ...(path === '/api/v1/series' && method === 'post' ? { payload: {} } : {}),
      });
      const documented = responses[answer.statusCode];
      t.ok(documented, `${method} ${path} documents ${answer.statusCode}`);
      const schema = documented?.content?.['application/json']?.schema;
      if (schema !== undefined) t.strictSame(differences(answer.json(), schema), [], `${method} ${path}`);
    }
  }
  t.match((await app.inject('/api/v1/series')).json(), { series: { ports: [{ counters: { late_first: 3 } }] } });
});

t.test('the server listens, answers, and is gone after close', async (t) => {
  const server = await startHttp(new HandMadeView(), { host: '127.0.0.1', port: 0, logger: silent, build });
  t.match(server.url, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  const answer = await fetch(`${server.url}/status`);
  t.strictSame(await answer.json(), { state: 'idle' });
  await server.close();
  await server.close();
  await t.rejects(fetch(`${server.url}/status`));
});

t.test('a server on all addresses names one that this machine can ask', async (t) => {
  const server = await startHttp(new HandMadeView(), { host: '0.0.0.0', port: 0, logger: silent, build });
  t.match(server.url, /^http:\/\/127\.0\.0\.1:/);
  t.equal((await fetch(`${server.url}/status`)).status, 200);
  await server.close();
});

t.test('a request that is never answered does not keep the server from closing', async (t) => {
  const view = new HandMadeView();
  view.orders.stop = () => new Promise(() => undefined);
  const server = await startHttp(view, { host: '127.0.0.1', port: 0, logger: silent, build });
  const hanging = t.rejects(fetch(`${server.url}/api/v1/series`, { method: 'DELETE' }));
  await fetch(`${server.url}/status`);
  await server.close();
  await hanging;
});

t.test('a taken port and a foreign address are said in one line with their remedy', async (t) => {
  const other = createServer();
  await new Promise<void>((resolve) => {
    other.listen(0, '127.0.0.1', resolve);
  });
  t.teardown(() => other.close());
  const { port } = other.address() as AddressInfo;
  const start = (host: string, at: number) => startHttp(new HandMadeView(), { host, port: at, logger: silent, build });
  await t.rejects(start('127.0.0.1', port), {
    name: 'OperatorError',
    exitCode: 3,
    message: new RegExp(`^HTTP interface on 127\\.0\\.0\\.1 port ${port}: the port is taken .* set another api_port$`),
  });
  await t.rejects(start('192.0.2.1', 0), { name: 'OperatorError', message: /no such address.*api_host/ });
});

t.test(
  'a shared series is halted, and its end is told with DELETE; one that is not shared knows neither',
  async (t) => {
    const view = new HandMadeView();
    const app = await appFor(t, view);
    t.match((await app.inject({ method: 'POST', url: '/api/v1/series/halt' })).json(), {
      why: 'invalid',
      problems: [/frames_stride: 1/],
    });
    t.equal((await app.inject({ method: 'DELETE', url: '/api/v1/series?frames=5' })).statusCode, 422);
    view.config = { ...view.config, share: { stride: 4, offset: 1 } };
    view.halted = { msg_number_base: 1000, frames: 7, ended: false };
    t.strictSame((await app.inject({ method: 'POST', url: '/api/v1/series/halt' })).json(), { halted: view.halted });
    for (const [query, problem] of [
      ['frames=-1', /^frames: "-1"/],
      ['frames=9007199254740992', /^frames/],
      ['withdraw=true', /^frames: is missing/],
      ['frames=5&withdraw=maybe', /^withdraw: "maybe", needs true or false$/],
      ['frames=1&frames=2', /^frames: \["1","2"\], needs a whole number$/],
    ] as const) {
      const refused = await app.inject({ method: 'DELETE', url: `/api/v1/series?${query}` });
      t.equal(refused.statusCode, 422, query);
      t.match(refused.json(), { problems: [problem] });
    }
    t.equal((await app.inject({ method: 'DELETE', url: '/api/v1/series?frames=8' })).statusCode, 200);
    t.equal((await app.inject({ method: 'DELETE', url: '/api/v1/series?frames=0&withdraw=true' })).statusCode, 200);
    t.strictSame(view.ends, [{ end: { frames: 8, withdraw: false } }, { end: { frames: 0, withdraw: true } }]);
  },
);
