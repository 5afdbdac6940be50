// The page, the documents and the description of the HTTP interface behind a reverse proxy that shows them under a
// path, as nginx does with location /vdcu/ { proxy_pass http://127.0.0.1:PORT/; }: every link and every file works
// there.

import t from 'tap';
import type { Test } from 'tap';
import { startHttp } from '../../src/http/http.js';
import { makeLogger } from '../../src/runtime/log.js';
import { HandMadeView } from '../view/hand-made-view.js';
import { underPath } from './reverse-proxy.js';
import type { Proxied } from './reverse-proxy.js';

/** The service with a made-up view, shown under a path. */
async function behindProxy(t: Test): Promise<Proxied> {
  const logger = makeLogger('error', 'quad', { write: () => undefined });
  const server = await startHttp(new HandMadeView(), {
    host: '127.0.0.1',
    port: 0,
    logger,
    build: { version: '0', backend: 'x' },
  });
  t.teardown(() => server.close());
  return underPath(t, server.url);
}

/** Addresses in a page, and those that our scripts ask for by themselves. */
function linksOf(text: string, type: string): string[] {
  if (type.startsWith('text/html'))
    return [...text.matchAll(/(?:href|src|action)="([^"#]+)"/g)].map(([, link]) => link);
  if (type.startsWith('text/css')) return [...text.matchAll(/url\(["']?([^"')]+)/g)].map(([, link]) => link);
  return [];
}

t.test(
  'every link and file of page and documentation is found under the prefix, from wherever one begins',
  { timeout: 60_000 },
  async (t) => {
    const { home, strays } = await behindProxy(t);
    const origin = new URL(home).origin;
    const seen = new Set<string>();
    const waiting = [
      '',
      'docs',
      'docs/',
      'docs?x=1',
      'docs/?x=1',
      'docs/static/index.html',
      'help',
      'help/',
      'metrics',
      'api/v1/series',
    ].map((path) => home + path);
    for (let url = waiting.shift(); url !== undefined; url = waiting.shift()) {
      if (seen.has(url)) continue;
      seen.add(url);
      const answer = await fetch(url);
      const type = answer.headers.get('content-type') ?? '';
      t.equal(answer.status, 200, url);
      t.ok(answer.url.startsWith(home), `${url} leads to ${answer.url}`);
      const text = await answer.text();
      for (const link of linksOf(text, type)) {
        const target = new URL(link, answer.url);
        if (target.origin === origin) waiting.push(target.href);
      }
    }
    t.strictSame(strays, []);
    for (const path of [
      'help/operating.md',
      'help/decisions/0010-page-without-framework.md',
      'help/help.css',
      'page/page.js',
      'page/page.css',
      'docs/static/swagger-ui-bundle.js',
      'docs/static/swagger-initializer.js',
    ])
      t.ok(seen.has(home + path), path);
  },
);

t.test('requests that are tried out in the documentation stay under the prefix', async (t) => {
  const { home } = await behindProxy(t);
  const where = `${home}docs/json`;
  const { servers, paths } = (await (await fetch(where)).json()) as {
    servers: { url: string }[];
    paths: Record<string, object>;
  };
  t.equal(servers.length, 1);
  const base = new URL(servers[0]?.url, where).href.replace(/\/$/, '');
  t.equal(`${base}/`, home);
  t.ok(Object.keys(paths).length > 10);
  for (const path of ['/api/v1/series', '/healthz']) t.equal((await fetch(base + path)).status, 200, path);
});

t.test('scripts of the page ask below their own address only', async (t) => {
  const { home } = await behindProxy(t);
  const text = await (await fetch(`${home}page/page.js`)).text();
  t.strictSame(
    [...text.matchAll(/(?:fetch|EventSource)\(\s*["'`](\/[^"'`]*)/g)].map(([, path]) => path),
    [],
  );
  t.ok(/["'`]page\/events/.test(text) || /["'`](?:\.\/)?events/.test(text), 'where events come from is in the script');
});
