// The TCP ports on which PSI's client finds the receivers of the modules. Comes in: connections, each with one call.
// Goes out: replies. Every connection is bounded in time and bytes, and all in number; none waits for another.

import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { systemClock } from '../../base/clock.js';
import { Seldom } from '../../base/seldom.js';
import { withinNetworks } from '../../config/networks.js';
import { OperatorError, exitCode, messageOf } from '../../base/errors.js';
import type { Logger } from '../../runtime/log.js';
import { answerCall, failure, readCall } from './calls.js';
import type { FunctionName } from './functions.js';
import type { Receiver, ReceiverGroup } from './receivers.js';
import { bytesLimit } from './shapes.js';

/** How long a connection may take, ms, and how many there may be for each module. */
export interface DoorLimits {
  /** To send a whole call. */
  readonly callMs: number;
  /** To take the reply and close. */
  readonly replyMs: number;
  readonly connections: number;
}

const usualLimits: DoorLimits = { callMs: 10_000, replyMs: 10_000, connections: 64 };

export interface DoorOptions {
  readonly host: string;
  /** One for each module; 0 = any that is free. */
  readonly ports: readonly number[];
  /** Networks from which calls are answered; none = from everywhere. */
  readonly allowed: readonly string[];
  readonly logger: Logger;
  readonly limits?: DoorLimits;
}

/** Listeners that are open. */
export interface ReceiverDoor {
  /** One for each module. */
  readonly ports: readonly number[];
  close(): Promise<void>;
}

/**
 * Listen for PSI's client.
 * @throws OperatorError when an address cannot be listened on
 */
export async function openReceiverDoor(group: ReceiverGroup, options: DoorOptions): Promise<ReceiverDoor> {
  const sockets = new Set<Socket>();
  const servers: Server[] = [];
  const told = new Seldom();
  const close = async (): Promise<void> => {
    const closed = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const socket of sockets) socket.destroy();
    await Promise.all(closed);
  };
  try {
    for (const receiver of group.receivers) {
      const server = listener(receiver, options, sockets, told);
      servers.push(server);
      await listen(server, options.host, options.ports[receiver.index]);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { ports: servers.map((server) => (server.address() as AddressInfo).port), close };
}

function listener(receiver: Receiver, options: DoorOptions, sockets: Set<Socket>, told: Seldom): Server {
  const { logger, limits = usualLimits } = options;
  const allowed = withinNetworks(options.allowed);
  // Half open: a client may close its side before it reads.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    socket.on('error', () => socket.destroy());
    if (!allowed(address)) {
      if (told.isDue('receiver_refused', address, systemClock.now()))
        logger.warn(
          { event: 'receiver_refused', module: receiver.index, address },
          `a call from ${address} for the receiver of module ${receiver.index} was refused: the ` +
            'address is not in receiver_source',
        );
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    takeCall(socket, receiver, address, { logger, limits });
  });
  server.maxConnections = limits.connections;
  // Descriptors that are used up, most likely: the next connection finds out.
  server.on('error', (error) => {
    if (told.isDue('receiver_listener', '', systemClock.now()))
      logger.warn({ event: 'receiver_listener' }, messageOf(error));
  });
  return server;
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void =>
      reject(
        new OperatorError(
          error.code === 'EADDRINUSE'
            ? `receiver port ${port} on ${host} is taken: another receiver (slsReceiver?) runs ` +
                'here. Stop it, or give receiver_ports other numbers'
            : `receiver port ${port} on ${host} cannot be listened on: ${error.message}. Set ` +
                'receiver_host to an address of this machine, receiver_ports to ports that this ' +
                'user may open',
          exitCode.environment,
          { cause: error },
        ),
      );
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

/** Read one call, reply, close. */
function takeCall(
  socket: Socket,
  receiver: Receiver,
  address: string,
  { logger, limits }: { logger: Logger; limits: DoorLimits },
): void {
  let bytes = Buffer.alloc(0);
  let taken = false;
  let quiet: NodeJS.Timeout | undefined;
  const late = setTimeout(() => socket.destroy(), limits.callMs);
  socket.on('close', () => {
    clearTimeout(late);
    clearTimeout(quiet);
  });
  const reply = (answer: Buffer): void => {
    if (socket.destroyed) return;
    socket.end(answer);
    setTimeout(() => socket.destroy(), limits.replyMs).unref();
  };
  const run = async (name: FunctionName, argument: Buffer): Promise<void> => {
    try {
      reply(await answerCall({ receiver, address }, name, argument));
    } catch (error) {
      logger.error({ event: 'receiver_call_failed', call: name, module: receiver.index }, messageOf(error));
      reply(failure(`${name}: the service made a mistake: ${messageOf(error)}. Its log says more`));
    }
  };
  const look = (silent: boolean): void => {
    clearTimeout(quiet);
    const read = readCall(bytes, receiver.release, silent);
    if (read.kind === 'partial') {
      if (read.quietMs !== undefined && !silent) quiet = setTimeout(() => look(true), read.quietMs);
      return;
    }
    taken = true;
    clearTimeout(late);
    if (read.kind === 'whole') void run(read.name, read.argument);
    else reply(failure(read.sentence));
  };
  socket.on('data', (more: Buffer) => {
    // What follows a call is ignored; a client that never stops is cut off when it has its reply.
    if (taken) return;
    bytes = Buffer.concat([bytes, more.subarray(0, bytesLimit + 8 - bytes.length)]);
    look(false);
  });
  socket.on('end', () => {
    // No call will become whole any more.
    if (!taken) socket.destroy();
  });
}
