import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Access, checkedToken, configuredToken, readToken } from '../../src/http/access.js';
import type { AccessRules } from '../../src/http/access.js';
import { makeApp } from '../../src/http/http.js';
import { makeLogger } from '../../src/runtime/log.js';
import { HandMadeView } from '../view/hand-made-view.js';

const token = 'a-token-of-some-length';
const open: AccessRules = { token: null, host: '0.0.0.0', names: null };
const status = (rules: AccessRules, method: string, headers: Record<string, string>): number =>
  new Access(rules, 'daq-7.example.org').refuse({ method, headers: { host: 'dcu:5000', ...headers } })?.status ?? 200;

t.test(
  'without a token anybody may change the state; with one only who sends it, and reading stays open',
  async (t) => {
    t.equal(status(open, 'POST', {}), 200);
    const closed = { ...open, token };
    for (const method of ['POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS', 'TRACE']) {
      t.equal(status(closed, method, {}), 401, method);
      t.equal(status(closed, method, { authorization: `Bearer ${token}` }), 200, method);
    }
    for (const method of ['GET', 'HEAD']) t.equal(status(closed, method, {}), 200, method);
    for (const authorization of [
      '',
      'Bearer',
      'Bearer ',
      `Basic ${token}`,
      token,
      `Bearer ${token}x`,
      `Bearer ${token.slice(1)}`,
      `Bearer x ${token}`,
      `Bearer ${token} x`,
    ]) {
      t.equal(status(closed, 'POST', { authorization }), 401, authorization);
    }
    t.equal(status(closed, 'POST', { authorization: `bearer  ${token}` }), 200, 'the word in any case');
  },
);

t.test('a page of another site changes nothing, whatever it sends; a program is no page', async (t) => {
  for (const rules of [open, { ...open, token }]) {
    const more = rules.token === null ? {} : { authorization: `Bearer ${token}` };
    const post = (headers: Record<string, string>): number => status(rules, 'POST', { ...more, ...headers });
    t.equal(post({}), 200);
    t.equal(post({ origin: 'http://dcu:5000' }), 200);
    t.equal(post({ origin: 'https://dcu:5000' }), 200, 'behind an ingress that speaks https');
    t.equal(post({ origin: 'https://dcu', host: 'dcu' }), 200);
    t.equal(post({ origin: 'https://dcu', host: 'dcu:443' }), 200);
    t.equal(post({ origin: 'http://dcu', host: 'DCU:80' }), 200);
    for (const origin of [
      'http://evil.example',
      'http://dcu:5001',
      'http://dcu',
      'http://dcu:5000.evil.example',
      'null',
      '',
      'file://',
      'dcu:5000',
      'http://evil.example/dcu:5000',
    ]) {
      t.equal(post({ origin }), 403, origin);
    }
    t.equal(post({ 'sec-fetch-site': 'cross-site' }), 403);
    t.equal(post({ 'sec-fetch-site': 'same-site' }), 403);
    t.equal(post({ 'sec-fetch-site': 'same-origin' }), 200);
    t.equal(
      status(rules, 'GET', { origin: 'http://evil.example' }),
      200,
      'it may ask, and the browser shows it nothing',
    );
  }
});

t.test('on loopback, names that a foreign name server could point here are refused for reading too', async (t) => {
  for (const host of ['127.0.0.1', '127.0.0.9', '::1']) {
    const get = (name: string): number => status({ ...open, host }, 'GET', { host: name });
    for (const name of [
      '127.0.0.1:5000',
      'localhost:5000',
      'LOCALHOST',
      'dcu.localhost',
      '[::1]:5000',
      '10.1.2.3',
      'daq-7',
      'daq-7.example.org:5000',
      'daq-7.example.org.',
    ])
      t.equal(get(name), 200, name);
    for (const name of [
      'evil.example',
      'evil.example:5000',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      'daq-7.evil.example',
      '',
      'a b',
      '[::1',
      'localhost@evil.example',
      '1.2.3',
      'localhost:123456',
    ])
      t.equal(get(name), 421, name);
    t.equal(status({ ...open, host }, 'POST', { host: 'evil.example', origin: 'http://evil.example' }), 421);
  }
});

t.test('api_names: further names, also those that a proxy shows to browsers', async (t) => {
  const named = { ...open, names: ['dcu.Facility.org'] };
  t.equal(status(named, 'GET', { host: 'dcu.facility.org' }), 200);
  t.equal(status(named, 'GET', { host: 'other.facility.org' }), 421);
  t.equal(status(named, 'GET', { host: '10.0.0.5:5000' }), 200, 'probes and scrapes by address');
  t.equal(
    status(named, 'POST', { host: '127.0.0.1:5000', origin: 'https://dcu.facility.org' }),
    200,
    'a proxy that asks by address',
  );
  t.equal(status(named, 'POST', { host: '127.0.0.1:5000', origin: 'https://evil.example' }), 403);
});

t.test('a token is read from a file, and what cannot be one is refused without being shown', async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'vdcu-')), 'token');
  writeFileSync(file, `${token}\n`);
  t.equal(readToken(file), token);
  for (const text of [
    '',
    '\n',
    'short',
    'has a space in it, you see',
    'x'.repeat(513),
    'with-ümlaut-in-the-middle',
    'two-lines-of-text\nof-which-one-is',
  ]) {
    writeFileSync(file, text);
    t.throws(() => readToken(file), {
      name: 'OperatorError',
      exitCode: 2,
      message: /^token file .*: holds \d+ characters\. Needed: 16 to 512 /,
    });
  }
  t.throws(() => readToken(`${file}.none`), { name: 'OperatorError', message: /ENOENT.*docs\/operating\.md#access/ });
  try {
    checkedToken('my secret', 'VDCU_API_TOKEN');
    t.fail('refused');
  } catch (error) {
    t.notMatch(String(error), /secret/);
  }
});

t.test('every route that is not read needs the token, and nothing happens without it', async (t) => {
  const view = new HandMadeView();
  const app = await makeApp(view, {
    logger: makeLogger('error', 'quad', { write: () => undefined }),
    build: { version: '0', backend: 'dgram' },
    token,
  });
  t.teardown(() => app.close());
  const ask = (method: 'POST' | 'DELETE' | 'PUT', url: string, headers: Record<string, string> = {}) =>
    app.inject({ method, url, headers, ...(url.endsWith('series') && method === 'POST' ? { payload: {} } : {}) });
  for (const [method, url] of [
    ['POST', '/api/v1/series'],
    ['DELETE', '/api/v1/series'],
    ['POST', '/downsample?value=7'],
    ['POST', '/api/v1/flight-recorder'],
    ['PUT', '/nowhere'],
  ] as const) {
    const answer = await ask(method, url);
    t.equal(answer.statusCode, 401, `${method} ${url}`);
    t.equal(answer.headers['www-authenticate'], 'Bearer realm="vdcu"');
    t.match(answer.json(), { problems: [/needs a token: .*--token-file/] });
    t.match(answer.headers['content-security-policy'], /default-src 'none'/);
  }
  t.equal(view.armed.length, 0);
  t.strictSame((await app.inject('/downsample')).json(), { value: 1 });
  t.match((await ask('POST', '/api/v1/series', { authorization: 'Bearer wrong-wrong-wrong-wrong' })).json(), {
    problems: [/not the one of this service/],
  });
  t.equal((await ask('POST', '/api/v1/series', { authorization: `Bearer ${token}` })).statusCode, 201);
  t.equal(
    (await ask('POST', '/api/v1/series', { authorization: `Bearer ${token}`, origin: 'http://evil.example' }))
      .statusCode,
    403,
  );
  t.equal(view.armed.length, 1);
  const document = (await app.inject('/docs/json')).json<{ components: object; security: object }>();
  t.match(document, {
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    security: [{ token: [] }],
  });
  for (const url of ['/status', '/api/v1/config', '/docs/json', '/metrics', '/api/v1/series'])
    t.notMatch((await app.inject(url)).payload, token, `${url} does not tell it`);
});

t.test(
  'the token is that of the configuration, else of the file that the environment names, else of the environment; a ' +
    'file that is not there never means none',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'vdcu-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const [configured, mounted, empty] = [
      write('a', 'token-of-the-configuration\n'),
      write('b', 'token-that-is-mounted\n'),
      write('c', ''),
    ];
    const all = { VDCU_API_TOKEN_FILE: mounted, VDCU_API_TOKEN: 'token-in-the-environment' };
    t.equal(configuredToken(configured, all), 'token-of-the-configuration');
    t.equal(configuredToken(null, all), 'token-that-is-mounted');
    t.equal(configuredToken(null, { ...all, VDCU_API_TOKEN_FILE: '' }), 'token-in-the-environment');
    t.equal(configuredToken(null, {}), null);
    for (const file of [join(folder, 'none'), empty])
      t.throws(() => configuredToken(null, { ...all, VDCU_API_TOKEN_FILE: file }), { name: 'OperatorError' }, file);
  },
);
