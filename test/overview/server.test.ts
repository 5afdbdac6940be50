import t from 'tap';
import { makeOverview } from '../../src/overview/server.js';

t.test('the page and all that it names are served, and what was heard of the services as JSON', async (t) => {
  const app = makeOverview({ rows: [] });
  t.teardown(() => app.close());
  const page = await app.inject('/');
  t.equal(page.statusCode, 200);
  t.match(page.headers['content-security-policy'], /script-src 'self'/);
  const names = [...page.payload.matchAll(/(?:src|href)="(page\/[^"]+)"/g)].map(([, name]) => `/${name}`);
  t.equal(names.length, 3);
  for (const name of names) t.equal((await app.inject(name)).statusCode, 200, name);
  t.strictSame((await app.inject('/overview.json')).json(), { services: [] });
});

t.test('nothing can be ordered, and no other file is served', async (t) => {
  const app = makeOverview({ rows: [] });
  t.teardown(() => app.close());
  t.equal((await app.inject('/page/index.html')).statusCode, 404);
  t.equal((await app.inject('/page/..%2fpackage.json')).statusCode, 404);
  for (const method of ['POST', 'DELETE', 'PUT'] as const)
    t.equal((await app.inject({ method, url: '/overview.json' })).statusCode, 404, method);
});
