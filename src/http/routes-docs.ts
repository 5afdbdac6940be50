// The description of the HTTP interface to read and to try out, at /docs/. What shows it is another program with files
// of its own (@fastify/swagger-ui); it is loaded once somebody asks, 3 MB that most services never need.

import type { FastifyInstance, FastifyRequest } from 'fastify';

/** What of an answer is for the connection that it was made on, and no other. */
const ofConnection = ['connection', 'date', 'keep-alive', 'transfer-encoding'];
/** What of a request decides whether, and in which form, a file is sent. */
const forFiles = ['if-none-match', 'if-modified-since', 'range', 'accept-encoding'] as const;

/** Add /docs/ and what is below it. @param document the description, OpenAPI, once all routes are there */
export function addDocsRoutes(app: FastifyInstance, title: string, document: () => object): void {
  let loaded: Promise<FastifyInstance> | null = null;
  const docs = (): Promise<FastifyInstance> =>
    (loaded ??= makeDocs(title, document()).catch((error: unknown) => {
      loaded = null;
      throw error;
    }));
  app.get('/docs/*', { schema: { hide: true } }, async (request, reply) => {
    const answer = await (await docs()).inject({ url: request.url, headers: about(request) });
    const { statusCode: status, statusMessage, rawPayload } = answer;
    if (status === 404) return reply.callNotFound();
    if (status >= 400) return reply.code(status).send({ problems: [`${request.url}: ${statusMessage}`] });
    const headers = Object.entries(answer.headers).filter(([name]) => !ofConnection.includes(name));
    return reply.code(status).headers(Object.fromEntries(headers)).send(rawPayload);
  });
}

async function makeDocs(title: string, document: object): Promise<FastifyInstance> {
  const [{ fastify }, { default: swagger }, { default: ui }] = await Promise.all([
    import('fastify'),
    import('@fastify/swagger'),
    import('@fastify/swagger-ui'),
  ]);
  const docs = fastify();
  await docs.register(swagger, { mode: 'static', specification: { document: document as never } });
  await docs.register(ui, { routePrefix: '/docs', theme: { title }, uiConfig: { validatorUrl: null } });
  return docs;
}

const about = ({ headers }: FastifyRequest): Record<string, string> =>
  Object.fromEntries(forFiles.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
