// The connections of the HTTP interface: how many there may be, and which one is closed when there are more. A new
// connection always gets in, probes above all; one that has nothing to do is closed. A connection is idle until its
// request's head is complete, then its body is on its way, then its answer.
// The requests of one connection are answered one after the other, and those of others in between. One request is begun
// in each turn of the event loop, and none whose connection has ended.

import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { systemClock } from '../base/clock.js';
import type { Logger } from '../runtime/log.js';

/** More of them would not help. */
const mostConnections = 256;
const fewestConnections = 8;
/** Requests that may wait for the answers before them on their connection; browsers and scrapers send none ahead. */
const aheadMost = 16;
/** There is one log line in this time at most, ms. */
const tellMs = 60_000;

/**
 * How many connections there may be: at most half of the descriptors that the process has left, so that the other half
 * is there for consumers and files.
 * @param limit descriptors that the process may have; null = not known
 * @param open those that it has
 */
export function connectionLimit(limit: number | null, open: number | null): number {
  if (limit === null || open === null) return mostConnections;
  return Math.max(fewestConnections, Math.min(mostConnections, Math.floor((limit - open) / 2)));
}

/** Descriptors that this process may have and has. Source: proc_pid_limits(5). */
export function descriptorFigures(): { readonly limit: number | null; readonly open: number | null } {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return { limit: soft === undefined ? null : Number(soft), open: readdirSync('/proc/self/fd').length };
  } catch {
    return { limit: null, open: null };
  }
}

/** What goes first when there is no room. */
const stages = ['idle', 'body', 'answer'] as const;

interface Connection {
  stage: (typeof stages)[number];
}

/**
 * Bound the connections of a server: beyond `limit` the longest idle one is closed, else the oldest whose body, or
 * answer, is on its way.
 */
export function boundConnections(server: Server, limit: number, logger: Logger): void {
  answerInTurn(server);
  const connections = new Map<Socket, Connection>();
  let closed = 0;
  let toldAt = -Infinity;

  /** It goes to the end of the order. */
  const enter = (socket: Socket, stage: Connection['stage']): void => {
    if (socket.destroyed) return;
    connections.delete(socket);
    connections.set(socket, { stage });
  };
  const makeRoom = (): void => {
    for (const stage of stages) {
      for (const [socket, connection] of connections) {
        if (connection.stage !== stage) continue;
        connections.delete(socket);
        socket.destroy();
        closed++;
        return;
      }
    }
  };
  server.on('connection', (socket: Socket) => {
    if (connections.size >= limit) {
      makeRoom();
      const now = systemClock.now();
      if (now - toldAt >= tellMs) {
        toldAt = now;
        logger.warn(
          { event: 'http_connections', limit, closed },
          `HTTP: more than ${limit} connections; those that are idle longest are closed, ${closed} so far. Whose ` +
            "are they? ss -tn 'sport = :PORT'",
        );
      }
    }
    enter(socket, 'idle');
    socket.once('close', () => connections.delete(socket));
  });
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    enter(socket, request.complete ? 'answer' : 'body');
    request.once('end', () => {
      if (connections.get(socket)?.stage === 'body') enter(socket, 'answer');
    });
    response.once('close', () => {
      if (connections.has(socket)) enter(socket, 'idle');
    });
  });
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
type Asked = readonly [request: IncomingMessage, response: ServerResponse];

/**
 * Node handles requests as they come: some thousand of them, in a single piece of data or on many connections, would be
 * the only thing that the main thread does for seconds, and their answers would all be in memory. Here the next one of
 * a connection waits until the answer before it is out, and a connection with more than may wait is closed. Between two
 * requests the event loop learns which connections have ended: no client waits for their answers.
 */
function answerInTurn(server: Server): void {
  const handlers = server.listeners('request') as Handler[];
  server.removeAllListeners('request');
  /** Of connections that are being answered. */
  const waiting = new WeakMap<Socket, Asked[]>();
  /** The next of each connection. */
  const nexts: Asked[] = [];
  const turn = (): void => {
    const [request, response] = nexts.shift() as Asked;
    if (nexts.length > 0) setImmediate(turn);
    const { socket } = request;
    if (socket.destroyed) return;
    response.once('close', () => {
      const ahead = waiting.get(socket)?.shift();
      if (ahead === undefined) waiting.delete(socket);
      else line(ahead);
    });
    for (const handler of handlers) handler.call(server, request, response);
  };
  const line = (asked: Asked): void => {
    nexts.push(asked);
    if (nexts.length === 1) setImmediate(turn);
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    const ahead = waiting.get(socket);
    if (socket.destroyed) return;
    if (ahead === undefined) {
      waiting.set(socket, []);
      line([request, response]);
    } else if (ahead.length < aheadMost) ahead.push([request, response]);
    else socket.destroy();
  });
}
