// What is checked of a request before any route has it: a request that is unclear, or not allowed, is answered here; a
// body is read as JSON.
// Tested by test/http/http.test.ts.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { messageOf } from '../base/errors.js';
import { filenameBytesLimit, metadataBytesLimit } from '../contract/series.js';
import type { Access } from './access.js';
import { parseJson } from '../base/json-text.js';
import { unclearField } from './malformed.js';

/**
 * Bytes of a request's body: an arm request at its limits, in whatever way its JSON is written. Clients may write
 * characters beyond ASCII as "\u00b5", which is three times as long; a control character has no shorter way.
 */
export const bodyLimit = 3 * metadataBytesLimit + 6 * filenameBytesLimit + 16 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function parseBody(
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

export function refuseUnclear({ raw }: FastifyRequest, reply: FastifyReply, done: () => void): void {
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
export function keepPrefix(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
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

export function checkAccess(access: Access): (request: FastifyRequest, reply: FastifyReply, done: () => void) => void {
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
