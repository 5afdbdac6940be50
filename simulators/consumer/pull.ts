// The consumer's end of the stream: one PULL socket that connects and reads until told to stop. Goes out: whole
// messages. The only file here that knows zeromq.
// Tested by test/simulators/watch.test.ts.

import { setTimeout as sleep } from 'node:timers/promises';
import { Pull } from 'zeromq';
import { exitCode, messageOf, OperatorError } from '../../src/base/errors.js';
import type { ConnectionStep } from './arrivals.js';

export interface PullOptions {
  /** `tcp://host:port`. */
  readonly endpoint: string;
  readonly signal: AbortSignal;
  /** Messages that the socket keeps for us; default 1000, zeromq's own. */
  readonly receiveHighWaterMark?: number;
  /** Wait after each message: a slow consumer, for tests. */
  readonly delayMs?: number;
  /** Say that this only looks on: where the service speaks zmq's protocol itself it gives way to a consumer. */
  readonly onlooker?: boolean;
  /** The connection came up or went away; zeromq connects again by itself. */
  readonly onConnection?: (step: ConnectionStep) => void;
}

/** ZMQ_METADATA of zmq.h: a property of the READY command, "X-name:value". */
const metadataOption = 95;

class Onlooker extends Pull {
  say(): void {
    try {
      this.setStringOption(metadataOption, 'X-Vdcu-Role:onlooker');
    } catch {
      // A libzmq without this option: then this is a consumer like any other.
    }
  }
}

/**
 * Messages as they arrive, each a list of its parts, until `signal` aborts. Parts belong to the caller.
 * @throws OperatorError (usage) for an endpoint that zeromq cannot connect to
 */
export async function* pullMessages(options: PullOptions): AsyncGenerator<Uint8Array[], void, undefined> {
  const { endpoint, signal } = options;
  if (signal.aborted) return;
  const socket = new Onlooker({
    receiveHighWaterMark: options.receiveHighWaterMark ?? 1000,
    linger: 0,
    ipv6: true,
    reconnectInterval: 100,
  });
  if (options.onlooker === true) socket.say();
  if (options.onConnection !== undefined) {
    const { onConnection } = options;
    // "handshake" and not "connect": a peer that speaks no zmq is no peer.
    socket.events.on('connect', () => {
      onConnection('listens');
    });
    socket.events.on('handshake', () => {
      onConnection('speaks');
    });
    socket.events.on('disconnect', () => {
      onConnection('gone');
    });
  }
  const close = (): void => {
    socket.close();
  };
  signal.addEventListener('abort', close, { once: true });
  try {
    try {
      socket.connect(endpoint);
    } catch (error) {
      throw new OperatorError(`endpoint ${endpoint}: ${messageOf(error)}. Give it as tcp://host:port`, exitCode.usage, {
        cause: error,
      });
    }
    for await (const parts of socket) {
      yield parts;
      if (signal.aborted) return;
      if (options.delayMs !== undefined) await sleep(options.delayMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    signal.removeEventListener('abort', close);
    if (!socket.closed) socket.close();
  }
}
