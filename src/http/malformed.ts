// Requests that never become one: no HTTP, too long, too slow, contradicting themselves. Node's parser refuses them
// before a route has them. Here they are answered in the form of all other errors, {"problems": [sentence]}, and the
// connection is closed. What Node lets through and a proxy could understand differently is refused as well.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

interface Refusal {
  readonly status: 400 | 405 | 408 | 413 | 417 | 431;
  readonly problem: string;
}

const names: Readonly<Record<Refusal['status'], string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
};

const byCode: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, problem: 'the request took too long to arrive. Send it at once' },
  HPE_HEADER_OVERFLOW: { status: 431, problem: 'the head of the request is too long: at most 16 KiB, URL included' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, problem: 'the extensions of a chunk are too long: at most 16 KiB' },
  HPE_INVALID_METHOD: { status: 400, problem: 'this is no HTTP/1.1 request: its method is none' },
  HPE_INVALID_CONTENT_LENGTH: {
    status: 400,
    problem: 'content-length is no number, or stands beside transfer-encoding',
  },
  HPE_UNEXPECTED_CONTENT_LENGTH: {
    status: 400,
    problem: 'the length of the body is told twice: one content-length, or transfer-encoding: chunked',
  },
  HPE_INVALID_CHUNK_SIZE: { status: 400, problem: 'the size of a chunk is no hexadecimal number' },
  HPE_INVALID_TRANSFER_ENCODING: {
    status: 400,
    problem: 'transfer-encoding is not understood, or stands beside content-length: chunked alone, or none',
  },
  HPE_INVALID_HEADER_TOKEN: { status: 400, problem: 'a header field has a character that none may have' },
};

/** Answer what Node's parser refuses, and what asks for something that is not HTTP. */
export function answerMalformed(server: Server): void {
  server.on('connect', (_: IncomingMessage, socket: Duplex) => {
    end(socket, { status: 405, problem: 'CONNECT: this service is no proxy' });
  });
  server.on('checkExpectation', (_: IncomingMessage, response: ServerResponse) => {
    const { text, fields } = written({ status: 417, problem: 'expect: only 100-continue is understood' });
    response.writeHead(417, fields).end(text);
  });
}

/** For fastify's `clientErrorHandler`: Node closes nothing by itself once there is a handler. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  end(socket, byCode[error.code ?? ''] ?? { status: 400, problem: `the request cannot be read: ${error.message}` });
}

/**
 * Fields that may stand once, and stand twice or, Host, not at all (RFC 9112, 3.2): a program that reads the first
 * and one that reads the last would see different requests. Node hands over the first Host alone.
 * @param raw names and values in turn
 * @returns null = nothing wrong
 */
export function unclearField(raw: readonly string[], httpVersion = '1.1'): string | null {
  const seen = new Set<string>();
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index].toLowerCase();
    if (!once.has(name)) continue;
    if (seen.has(name)) return `${name}: is given twice. Needed: once`;
    seen.add(name);
  }
  if (!seen.has('host') && httpVersion === '1.1') return 'host: is missing. HTTP/1.1 needs it';
  return null;
}

const once: ReadonlySet<string> = new Set(['host', 'authorization', 'origin', 'content-type', 'content-length']);

function written({ status, problem }: Refusal): { text: string; fields: Record<string, string> } {
  const text = JSON.stringify({ problems: [problem] });
  return {
    text,
    fields: {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(text)),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      connection: 'close',
      ...(status === 405 ? { allow: 'GET, HEAD, POST, DELETE' } : {}),
    },
  };
}

function end(socket: Duplex, refusal: Refusal): void {
  const { text, fields } = written(refusal);
  const head = Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  socket.end(`HTTP/1.1 ${refusal.status} ${names[refusal.status]}\r\n${head}\r\n${text}`, () => socket.destroy());
}
