// The HTTP interface: one fastify server on the main thread, its limits, its error answers and its documentation at
// /docs. The routes stand in routes-*.ts; all they know of the service is the view. Every error is JSON: {"problems":
// [sentences]}.

import type { AddressInfo } from 'node:net';
import fastifySwagger from '@fastify/swagger';
import { fastify, LogController } from 'fastify';
import type { FastifyBaseLogger, FastifyError, FastifyInstance, FastifyReply, FastifyServerOptions } from 'fastify';
import { OperatorError } from '../base/errors.js';
import { ownAddresses } from '../base/own-addresses.js';
import { Access } from './access.js';
import type { AccessRules } from './access.js';
import type { FlightRecorder } from '../flight/recorder.js';
import { boundConnections, connectionLimit, descriptorFigures } from './connections.js';
import { answerClientError, answerMalformed } from './malformed.js';
import { internalErrors } from '../runtime/internal-errors.js';
import type { Logger } from '../runtime/log.js';
import type { BuildInfo } from '../metrics/metric-row.js';
import { addPageRoutes } from './page/routes.js';
import { addDocsRoutes } from './routes-docs.js';
import { addHelpRoutes, withHelp } from './routes-help.js';
import { addFlightRecorderRoutes } from './routes-flight-recorder.js';
import { addFrameRoutes } from './routes-frames.js';
import { addPsiClientRoutes } from './routes-psi-client.js';
import type { ReceiverGroup } from '../control/sls/receivers.js';
import { addReceiverRoutes } from './routes-receiver.js';
import { addSeriesRoutes } from './routes-series.js';
import { addServiceRoutes } from './routes-service.js';
import type { ServiceView } from '../view/service-view.js';
import { bodyLimit, parseBody, refuseUnclear, keepPrefix, checkAccess } from './requests.js';
import { usualLimits, setBrowserHeaders, boundAnswer, logRequests, answerErrors } from './answers.js';
import type { HttpLimits } from './answers.js';

/** Where to listen and what to say about it. */
export interface HttpOptions {
  /** IP address. */
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly logger: Logger;
  readonly build: BuildInfo;
  /** That of the data plane, null while there is none. Left out = it has no route. */
  readonly flightRecorder?: () => FlightRecorder | null;
  /** What PSI's client drives, where it is on. */
  readonly receivers?: ReceiverGroup;
  /** Left out = no request needs a token. */
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

/** Bytes of a request's head. */
const headLimit = 16 * 1024;

const closeLimitMs = 2000;

/**
 * Requests are checked by the routes, which say more than a schema can; answers are written as they are. Compilers that
 * are set once the server stands do not keep fastify from loading its own (ajv and others, 4 MB while they are read).
 */
const compilersFactory = {
  buildValidator: () => () => () => true,
  buildSerializer: () => () => (data: unknown) => JSON.stringify(withHelp(data)),
} as unknown as NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>;

/**
 * Listen for requests.
 * @throws OperatorError when the address cannot be listened on
 */
export async function startHttp(view: ServiceView, options: HttpOptions): Promise<HttpServer> {
  const app = await makeApp(view, options);
  const { limit, open } = descriptorFigures();
  boundConnections(app.server, connectionLimit(limit, open), options.logger);
  answerMalformed(app.server);
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await app.close();
    throw listenError(error as NodeJS.ErrnoException, options);
  }
  // Descriptors that are used up, most likely; a port that is taken was refused above. Without a listener it would be
  // an uncaught error.
  app.server.on('error', (error: Error) => internalErrors.note(error, options.logger));
  let closed: Promise<void> | null = null;
  return { url: urlOf(app.server.address() as AddressInfo), close: () => (closed ??= close(app)) };
}

/** The server with all its routes, not yet listening; tests ask it directly. */
export async function makeApp(
  view: ServiceView,
  options: Omit<HttpOptions, 'host' | 'port'> & Partial<HttpOptions>,
): Promise<FastifyInstance> {
  const { logger, build, flightRecorder, receivers, limits = usualLimits } = options;
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
    schemaController: { compilersFactory },
    clientErrorHandler: answerClientError,
    // A URL that cannot be read reaches no route, hook or error handler.
    frameworkErrors: (error: FastifyError, _: unknown, reply: unknown) => {
      void (reply as FastifyReply).code(error.statusCode ?? 400).send({ problems: [error.message] });
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, parseBody);
  app.addHook('onRequest', setBrowserHeaders);
  app.addHook('onRequest', refuseUnclear);
  app.addHook('onRequest', keepPrefix);
  app.addHook('onRequest', checkAccess(new Access(rules)));
  app.addHook('onSend', boundAnswer(limits));
  app.addHook('onResponse', logRequests());
  app.setErrorHandler(answerErrors());
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
  // Registered as a plugin, so that the documentation knows of the routes.
  await app.register((routes: FastifyInstance, _: unknown, done: () => void) => {
    addSeriesRoutes(routes, view);
    addReceiverRoutes(routes, view);
    addServiceRoutes(routes, view, build);
    if (flightRecorder !== undefined) addFlightRecorderRoutes(routes, flightRecorder);
    if (receivers !== undefined) addPsiClientRoutes(routes, receivers);
    addFrameRoutes(routes, view, addPageRoutes(routes, view, build));
    addHelpRoutes(routes);
    addDocsRoutes(routes, `Virtual DCU: ${view.config.name}`, () => app.swagger());
    // The description of the interface where programs look for it; its servers are relative to this address.
    routes.get('/openapi.json', { schema: { hide: true } }, () => ({ ...app.swagger(), servers: [{ url: './' }] }));
    done();
  });
  await app.ready();
  return app;
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
