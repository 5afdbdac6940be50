// What every answer has, whatever route makes it: headers for browsers, a limit to how long it may wait for its client,
// a line in the log, and the shape of errors.
// Tested by test/http/http.test.ts.

import { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { systemClock } from '../base/clock.js';
import { Seldom } from '../base/seldom.js';
import { metadataBytesLimit } from '../contract/series.js';
import { Refused } from '../control/refused.js';
import { refusalStatus } from './refusal-status.js';
import { bodyLimit } from './requests.js';

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

export const usualLimits: HttpLimits = {
  headMs: 5000,
  requestMs: 10_000,
  stuckMs: 15_000,
  answerMs: 120_000,
  idleMs: 72_000,
  lookMs: 1000,
};

/** By so much of its text a refusal is known again. */
const toldCharacters = 200;
/** Bytes of answers that clients have not taken yet, each of them a copy of a frame; one alone may be larger. */
const waitingBytesLimit = 256 * 1024 * 1024;

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

export function setBrowserHeaders(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
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

/** A client that does not take its answer costs memory for a limited time only, and there is a limit to how many do. */
export function boundAnswer({
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
            problems: [`${waiting} bytes of answers wait for their clients. Ask again when these have taken them`],
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

/**
 * Commands are events of the service's life; the rest is asked every second. What was refused is told once a minute of
 * each client, so that one that tries without end does not fill the log.
 */
export function logRequests(): (request: FastifyRequest, reply: FastifyReply, done: () => void) => void {
  const told = new Seldom();
  return (request, reply, done) => {
    const { method, url, ip } = request;
    const { statusCode: status } = reply;
    const asks = method === 'GET' || method === 'HEAD';
    const repeated = !asks && status >= 400 && !told.isDue(`${status} ${method}`, ip, systemClock.now());
    request.log[asks || repeated ? 'debug' : 'info'](
      { method, url, status, ms: Math.round(reply.elapsedTime) },
      'request',
    );
    done();
  };
}

export function answerErrors(): (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => void {
  const told = new Seldom();
  return (error, request, reply) => {
    if (!(error instanceof Refused)) return answerOther(error, request, reply);
    const { why, problems } = error;
    const which = `${request.ip} ${problems.join().slice(0, toldCharacters)}`;
    const level = told.isDue(why, which, systemClock.now()) ? 'warn' : 'debug';
    request.log[level]({ why, problems }, 'order refused');
    void reply.code(refusalStatus[why]).send({ why, problems });
  };
}

function answerOther(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const status = error.statusCode ?? 500;
  if (status < 500) {
    const message =
      status === 413
        ? `body: larger than ${bodyLimit} bytes; metadata may have ${metadataBytesLimit} bytes of JSON`
        : status === 415
          ? `content-type ${request.headers['content-type'] ?? '(none)'}: send application/json`
          : error.message;
    void reply.code(status).send({ problems: [message] });
    return;
  }
  request.log.error({ err: error, method: request.method, url: request.url }, 'request failed');
  void reply.code(status).send({ problems: [`${request.method} ${request.url}: ${error.message}; the log has more`] });
}
