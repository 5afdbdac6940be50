// The HTTP interface: one fastify server on the main thread, its limits, its error answers and its documentation at
// /docs. The routes stand in routes-*.ts; all they know of the service is the view. Every error is JSON: {"problems":
// [sentences]}.

import { Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import fastifySwagger from '@fastify/swagger';
import fastifySwaggerUi from '@fastify/swagger-ui';
import { fastify, LogController } from 'fastify';
import type { FastifyBaseLogger, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { messageOf, OperatorError } from '../base/errors.js';
import { ownAddresses } from '../base/own-addresses.js';
import { Access } from './access.js';
import type { AccessRules } from './access.js';
import { parseJson } from '../base/json-text.js';
import type { FlightRecorder } from '../flight/recorder.js';
import { boundConnections, connectionLimit, descriptorFigures } from './connections.js';
import { answerClientError, answerMalformed, unclearField } from './malformed.js';
import { internalErrors } from '../runtime/internal-errors.js';
import type { Logger } from '../runtime/log.js';
import type { BuildInfo } from '../metrics/tables.js';
import { addPageRoutes } from './page/routes.js';
import { addHelpRoutes, withHelp } from './routes-help.js';
import { addFlightRecorderRoutes } from './routes-flight-recorder.js';
import { addReceiverRoutes } from './routes-receiver.js';
import { addSeriesRoutes } from './routes-series.js';
import { addServiceRoutes } from './routes-service.js';
import { Refused } from '../control/refused.js';
import { refusalStatus } from './refusal-status.js';
import type { ServiceView } from '../view/service-view.js';

/** Where to listen and what to say about it. */
export interface HttpOptions {
  /** IP address. */
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly logger: Logger;
  readonly build: BuildInfo;
  /** Left out = it has no route. */
  readonly flightRecorder?: FlightRecorder;
  /** Left out = nobody needs a token. */
  readonly token?: string | null;
  /** Names that browsers and proxies may use; left out = any, unless `host` is loopback. */
  readonly names?: readonly string[] | null;
  readonly limits?: HttpLimits;
}

/** A running server. */
export interface HttpServer {
  /** `http://address:port`, usable from this machine: the loopback address when it listens on all. */
  readonly url: string;
  /**
   * Stop listening; answers in progress may take up to `closeLimitMs`, then connections are cut. May be called twice.
   */
  close(): Promise<void>;
}

/** Bytes of a request's body: metadata at its limit, and room for the rest. */
const bodyLimit = 256 * 1024;

/** How long a client may take, ms. Looked at every `lookMs`. */
export interface HttpLimits {
  /** From the connection, or the end of the request before, to the end of the head. */
  readonly headMs: number;
  /** The same to the end of the body. */
  readonly requestMs: number;
  /** Without taking any of an answer that waits for it. */
  readonly stuckMs: number;
  /** To take an answer completely. */
  readonly answerMs: number;
  /** Between requests. */
  readonly idleMs: number;
  readonly lookMs: number;
}

const usualLimits: HttpLimits = {
  headMs: 5000,
  requestMs: 10_000,
  stuckMs: 15_000,
  answerMs: 120_000,
  idleMs: 72_000,
  lookMs: 1000,
};

/** Bytes of a request's head. */
const headLimit = 16 * 1024;

/** Bytes of answers that clients have not taken yet, each of them a copy of a frame; one alone may be larger. */
const waitingBytesLimit = 256 * 1024 * 1024;

const closeLimitMs = 2000;

/** Nothing here is a page, except the page and the documentation, which load their own files only. */
const contentPolicy = {
  api: "default-src 'none'; frame-ancestors 'none'",
  page:
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'",
  docs:
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src " +
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
} as const;

/**
 * Listen for requests.
 * @throws OperatorError when the address cannot be listened on
 */
export async function startHttp(view: ServiceView, options: HttpOptions): Promise<HttpServer> {
  const app = await makeApp(view, options);
  const { limit, open } = descriptorFigures();
  boundConnections(app.server, connectionLimit(limit, open), options.logger);
  answerMalformed(app.server);
  // Descriptors that are used up, most likely. Without a listener it would be an uncaught error.
  app.server.on('error', (error: Error) => internalErrors.note(error, options.logger));
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await app.close();
    throw listenError(error as NodeJS.ErrnoException, options);
  }
  let closed: Promise<void> | null = null;
  return { url: urlOf(app.server.address() as AddressInfo), close: () => (closed ??= close(app)) };
}

/** The server with all its routes, not yet listening; tests ask it directly. */
export async function makeApp(
  view: ServiceView,
  options: Omit<HttpOptions, 'host' | 'port'> & Partial<HttpOptions>,
): Promise<FastifyInstance> {
  const { logger, build, flightRecorder, limits = usualLimits } = options;
  const rules: AccessRules = {
    token: options.token ?? null,
    host: options.host ?? '127.0.0.1',
    names: options.names ?? null,
  };
  const loggerInstance: FastifyBaseLogger = logger;
  const app: FastifyInstance = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.idleMs,
    http: {
      headersTimeout: limits.headMs,
      connectionsCheckingInterval: limits.lookMs,
      maxHeaderSize: headLimit,
      requireHostHeader: false,
    },
    forceCloseConnections: 'idle',
    clientErrorHandler: answerClientError,
    // A URL that cannot be read reaches no route, hook or error handler.
    frameworkErrors: (error: FastifyError, _: unknown, reply: unknown) => {
      void (reply as FastifyReply).code(error.statusCode ?? 400).send({ problems: [error.message] });
    },
  });
  // Requests are checked by the routes, which say more than a schema can; answers are written as they are.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify(withHelp(data)));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseBody);
  app.addHook('onRequest', setBrowserHeaders);
  app.addHook('onRequest', refuseUnclear);
  app.addHook('onRequest', keepPrefix);
  app.addHook('onRequest', checkAccess(new Access(rules)));
  app.addHook('onSend', boundAnswer(limits));
  app.addHook('onResponse', logRequest);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({
      problems: [`${request.method} ${request.url}: there is no such route; /docs lists them, /help has the documents`],
    }),
  );

  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.0.3',
      info: {
        title: 'Virtual DCU',
        version: build.version,
        description: `Detector ${view.config.name}: packets in, frames out. Errors are always {"problems": [...]}.`,
      },
      components: {
        securitySchemes: {
          token: {
            type: 'http',
            scheme: 'bearer',
            description: 'For requests that change something, where the service has a token.',
          },
        },
      },
      ...(rules.token === null ? {} : { security: [{ token: [] }] }),
    },
    // Relative to /docs/json, so that requests tried out stay under a proxy's prefix. (Among the settings above it
    // would have to be absolute.)
    transformObject: (document) =>
      'openapiObject' in document ? { ...document.openapiObject, servers: [{ url: '../' }] } : document.swaggerObject,
  });
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    theme: { title: `Virtual DCU: ${view.config.name}` },
    uiConfig: { validatorUrl: null },
  });
  // Registered as a plugin, so that the documentation knows of the routes.
  await app.register((routes: FastifyInstance, _: unknown, done: () => void) => {
    addSeriesRoutes(routes, view);
    addReceiverRoutes(routes, view);
    addServiceRoutes(routes, view, build);
    if (flightRecorder !== undefined) addFlightRecorderRoutes(routes, flightRecorder);
    addPageRoutes(routes, view, build);
    addHelpRoutes(routes);
    // The description of the interface where programs look for it; its servers are relative to this address.
    routes.get('/openapi.json', { schema: { hide: true } }, () => ({ ...app.swagger(), servers: [{ url: './' }] }));
    done();
  });
  await app.ready();
  return app;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseBody(
  _: FastifyRequest,
  body: string | Buffer,
  done: (error: Error | null, node?: unknown) => void,
): void {
  if (body.length === 0) {
    done(null, null);
    return;
  }
  try {
    // What is no UTF-8 would become replacement characters, in a file name or in metadata.
    done(null, parseJson(typeof body === 'string' ? body : utf8.decode(body)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      done(Object.assign(new Error('body: is no UTF-8. Send JSON in UTF-8'), { statusCode: 400 }));
      return;
    }
    done(Object.assign(new Error(`body: is no JSON: ${messageOf(error)}`), { statusCode: 400 }));
  }
}

function setBrowserHeaders(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const docs = /^\/docs(?:[/?]|$)/.test(request.url);
  const page = /^\/(?:$|[?]|page\/|help\/)/.test(request.url);
  reply.headers({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cross-origin-resource-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    'referrer-policy': 'no-referrer',
    'content-security-policy': docs ? contentPolicy.docs : page ? contentPolicy.page : contentPolicy.api,
    ...(docs ? {} : { 'cache-control': 'no-store' }),
  });
  done();
}

function refuseUnclear({ raw }: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const problem = unclearField(raw.rawHeaders, raw.httpVersion);
  if (problem === null) {
    done();
    return;
  }
  void reply
    .code(400)
    .header('connection', 'close')
    .send({ problems: [problem] });
}

/**
 * The documentation makes links that leave the prefix under which a proxy may show us, unless its address ends in a
 * slash. Redirections are relative, for only the browser knows the prefix.
 */
function keepPrefix(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const [path, query] = request.url.split('?', 2) as [string, string?];
  const target =
    path === '/docs' || path === '/help'
      ? `${path.slice(1)}/`
      : path === '/docs/' && query !== undefined
        ? './'
        : path === '/docs/static/index.html'
          ? '../'
          : null;
  if (target === null || (request.method !== 'GET' && request.method !== 'HEAD')) {
    done();
    return;
  }
  void reply.code(302).header('location', target).send();
}

function checkAccess(access: Access): (request: FastifyRequest, reply: FastifyReply, done: () => void) => void {
  return (request, reply, done) => {
    const refusal = access.refuse(request);
    if (refusal === null) {
      done();
      return;
    }
    // The body is not waited for.
    reply.code(refusal.status).headers({
      connection: 'close',
      ...(refusal.status === 401 ? { 'www-authenticate': 'Bearer realm="vdcu"' } : {}),
    });
    void reply.send({ problems: [refusal.problem] });
  };
}

/** A client that does not take its answer costs memory for a limited time only, and there is a limit to how many do. */
function boundAnswer({
  stuckMs,
  answerMs,
}: HttpLimits): (
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  done: (error: Error | null, payload?: unknown) => void,
) => void {
  let waiting = 0;
  return (_, reply, payload, done) => {
    const { socket } = reply.raw;
    if (payload instanceof Uint8Array) {
      const { length } = payload;
      if (waiting > 0 && waiting + length > waitingBytesLimit) {
        reply.code(503).type('application/json').removeHeader('content-disposition');
        done(
          null,
          JSON.stringify({
            problems: [`${waiting} bytes of answers wait for those who asked. Ask again when they have taken them`],
          }),
        );
        return;
      }
      waiting += length;
      reply.raw.once('close', () => (waiting -= length));
    }
    // Node cuts a connection off on which nothing moves for so long; after the answer it sets its own limit for idle
    // ones. (A test that asks without a connection has no socket.)
    if (socket instanceof Socket) socket.setTimeout(stuckMs);
    const cut = setTimeout(() => socket?.destroy(), answerMs).unref();
    reply.raw.once('close', () => {
      clearTimeout(cut);
    });
    done(null, payload);
  };
}

/** Commands are events of the service's life; the rest is asked every second. */
function logRequest(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const level = request.method === 'GET' || request.method === 'HEAD' ? 'debug' : 'info';
  request.log[level](
    { method: request.method, url: request.url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
    'request',
  );
  done();
}

function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  if (error instanceof Refused) {
    const { why, problems } = error;
    request.log.warn({ why, problems }, 'order refused');
    void reply.code(refusalStatus[why]).send({ why, problems });
    return;
  }
  const status = error.statusCode ?? 500;
  if (status < 500) {
    const message =
      status === 415
        ? `content-type ${request.headers['content-type'] ?? '(none)'}: send application/json`
        : error.message;
    void reply.code(status).send({ problems: [message] });
    return;
  }
  request.log.error({ err: error, method: request.method, url: request.url }, 'request failed');
  void reply.code(status).send({ problems: [`${request.method} ${request.url}: ${error.message}; the log has more`] });
}

function listenError(error: NodeJS.ErrnoException, { host, port }: HttpOptions): OperatorError {
  const what = `HTTP interface on ${host} port ${port}`;
  const remedy: Readonly<Record<string, string>> = {
    EADDRINUSE: 'the port is taken by another process. It must be free: end that process, or set another api_port',
    EADDRNOTAVAIL:
      'this machine has no such address. It must be one of its own: set api_host to it, or to 0.0.0.0 for all. It ' +
      `has ${ownAddresses()}`,
    EACCES: 'not permitted. Ports below 1024 need privileges: set an api_port from 1024',
  };
  const unknown = `${error.message}. It must be possible to listen there: check api_host and api_port`;
  return new OperatorError(`${what}: ${remedy[error.code ?? ''] ?? unknown}`, undefined, { cause: error });
}

function urlOf({ address, family, port }: AddressInfo): string {
  if (family === 'IPv6') return `http://[${address === '::' ? '::1' : address}]:${port}`;
  return `http://${address === '0.0.0.0' ? '127.0.0.1' : address}:${port}`;
}

async function close(app: FastifyInstance): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), closeLimitMs);
  await app.close();
  clearTimeout(cut);
}
