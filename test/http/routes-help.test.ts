import { fastify } from 'fastify';
import t from 'tap';
import { makeApp } from '../../src/http/http.js';
import { addHelpRoutes } from '../../src/http/routes-help.js';
import { makeLogger } from '../../src/runtime/log.js';
import { HandMadeView } from '../view/hand-made-view.js';

const pages = [
  { name: 'operating.md', title: 'Operating', html: '<h1>Operating</h1>', markdown: '# Operating' },
  { name: 'decisions/1.md', title: 'A & <b>', html: '<h1>x</h1>', markdown: '# x' },
];

t.test('the list leads to every document, and every document back', async (t) => {
  const app = fastify();
  addHelpRoutes(app, () => pages);
  const list = (await app.inject('/help/')).payload;
  t.match(list, /href="operating\.md">Operating</);
  t.match(list, /href="decisions\/1\.md">A &amp; &lt;b&gt;</);
  const deep = await app.inject('/help/decisions/1.md');
  t.match(deep.headers['content-type'], /^text\/html/);
  t.match(deep.payload, /<title>A &amp; &lt;b&gt; /);
  t.match(deep.payload, /href="\.\.\/help\.css"[^]*href="\.\.\/\.\/"[^]*href="\.\.\/\.\.\/"/, 'one folder further up');
  t.match(deep.payload, /rel="icon" href="\.\.\/\.\.\/page\/icon\.svg"/);
  t.match((await app.inject('/help/help.css')).headers['content-type'], /^text\/css/);
});

t.test('nothing but documents is found below /help', async (t) => {
  const app = fastify();
  addHelpRoutes(app, () => pages);
  for (const path of [
    'nothing.md',
    '../package.json',
    '..%2fpackage.json',
    '%2e%2e/%2e%2e/package.json',
    'decisions/../operating.md%00',
    'pages.json',
    'operating.md/',
    '__proto__',
    'constructor',
  ]) {
    const answer = await app.inject(`/help/${path}`);
    t.equal(answer.statusCode, 404, path);
    t.ok(
      answer.json<{ message?: string; problems?: string[] }>().problems?.[0]?.includes('no such document') ?? true,
      path,
    );
  }
  const bare = fastify();
  addHelpRoutes(bare, () => []);
  t.match((await bare.inject('/help/')).json(), { problems: [/were not built: npm run build/] });
});

t.test('documents are read once somebody asks, and again only where nothing could be read', async (t) => {
  const app = fastify();
  const answers: (readonly (typeof pages)[number][])[] = [[], pages];
  let reads = 0;
  addHelpRoutes(app, () => answers[reads++] ?? []);
  t.equal(reads, 0);
  t.equal((await app.inject('/help/help.css')).statusCode, 200);
  t.equal(reads, 0, 'the style is no document');
  t.equal((await app.inject('/help/operating.md')).statusCode, 404);
  for (let asked = 0; asked < 3; asked++) t.equal((await app.inject('/help/operating.md')).statusCode, 200);
  t.equal(reads, 2);
});

t.test('answers that name a document tell where the service has it', async (t) => {
  const view = new HandMadeView();
  view.state = { ...view.state, problems: ['no room (docs/operating.md#ring-full).', 'else'] };
  const logger = makeLogger('error', 'quad', { write: () => undefined });
  const app = await makeApp(view, { logger, build: { version: '0', backend: 'x' } });
  t.teardown(() => app.close());
  t.match((await app.inject('/api/v1/series')).json(), { help: ['help/operating.md#ring-full'] });
  t.match((await app.inject('/readyz')).json(), { help: ['help/operating.md#ring-full'] });
  view.state = { ...view.state, problems: ['else'] };
  t.notOk('help' in (await app.inject('/api/v1/series')).json());
  t.match((await app.inject('/help')).headers, { location: 'help/' });
  t.match((await app.inject('/help/')).headers['content-security-policy'], /style-src 'self'/);
});
