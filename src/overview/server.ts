// The overview of several services as a page: its files, and what each service answered. It takes no orders, so it
// needs no token.

import { fastify } from 'fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { setBrowserHeaders } from '../http/answers.js';
import { overviewFiles, readPageFiles } from '../http/page/files.js';
import type { Services } from './services.js';

/** The server with its routes, not yet listening. */
export function makeOverview(services: Pick<Services, 'rows'>): FastifyInstance {
  const app = fastify({ requestTimeout: 10_000, keepAliveTimeout: 10_000, forceCloseConnections: true });
  const files = readPageFiles(overviewFiles);
  app.addHook('onRequest', setBrowserHeaders);
  app.get('/overview.json', () => ({ services: services.rows }));
  app.get('/', (_, reply) => send(reply, 'overview.html'));
  app.get('/page/:name', (request, reply) => send(reply, (request.params as { name: string }).name));
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ problems: [`${request.url}: there is no such route; the overview is at /`] }),
  );
  return app;

  function send(reply: FastifyReply, name: string): FastifyReply {
    const file = files.get(name);
    if (file !== undefined) return reply.type(file.type).send(file.content);
    const problem = files.size === 0 ? 'the page was not built: npm run build' : `page/${name}: there is no such file`;
    return reply.code(404).send({ problems: [problem] });
  }
}
