// Datagrams to the network with node:dgram. Comes in: batches; from here they are the kernel's. The interface stands
// here, too: any other way of sending (many datagrams per system call) implements it.
// Tested by test/simulators/detector/batch-sender.test.ts.

import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { exitCode, messageOf, OperatorError } from '../../src/base/errors.js';
import type { Datagram } from './detector.js';

/** Sends batches of datagrams to the ports that they name. */
export interface DatagramSender {
  /** Resolves when the kernel has all of them: their memory may be reused then. Failures are counted, not thrown. */
  sendBatch(batch: readonly Datagram[]): Promise<void>;
  /** Datagrams that the kernel took. */
  readonly sent: number;
  /** Datagrams that it refused, and the last reason. */
  readonly errors: number;
  readonly lastError: string | null;
  /** Datagrams that a batch may have at most; default 64. */
  readonly batchLimit?: number;
  close(): Promise<void>;
}

/**
 * Open one unconnected socket for all ports, as a detector has one source.
 * @param host address or name of the receiver; a wildcard address means this machine
 * @param sourcePort port to send from; null = any
 * @throws OperatorError (environment) when the name is unknown or the source port is taken
 */
export async function openUdpSender(host: string, sourcePort: number | null = null): Promise<DatagramSender> {
  const { address, family } = await resolveHost(host);
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    // The address is resolved already; node would look it up again for every datagram.
    lookup: (_name, _options, done) => {
      done(null, address, family);
    },
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(sourcePort ?? 0, resolve);
    });
  } catch (error) {
    socket.close();
    throw new OperatorError(
      `source port ${sourcePort ?? 0}: cannot send from it (${messageOf(error)}). Choose another, or none`,
      undefined,
      { cause: error },
    );
  }
  return new DgramSender(socket, address);
}

/** @throws OperatorError (environment) when the name is unknown */
export async function resolveHost(host: string): Promise<{ address: string; family: number }> {
  const wildcard: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const name = wildcard[host] ?? host;
  if (isIP(name) !== 0) return { address: name, family: isIP(name) };
  // The system knows an address of nothing, which is none.
  if (name === '') throw new OperatorError('udp host: is empty. Give an IP address or a known name', exitCode.usage);
  try {
    return await lookup(name);
  } catch (error) {
    throw new OperatorError(
      `udp host ${name}: no such address (${messageOf(error)}). Give an IP address or a known name`,
      undefined,
      { cause: error },
    );
  }
}

class DgramSender implements DatagramSender {
  readonly #socket: Socket;
  readonly #address: string;
  #sent = 0;
  #errors = 0;
  #lastError: string | null = null;

  constructor(socket: Socket, address: string) {
    this.#socket = socket;
    this.#address = address;
    socket.removeAllListeners('error');
    socket.on('error', (error) => {
      this.#failed(error);
    });
  }

  get sent(): number {
    return this.#sent;
  }

  get errors(): number {
    return this.#errors;
  }

  get lastError(): string | null {
    return this.#lastError;
  }

  sendBatch(batch: readonly Datagram[]): Promise<void> {
    return new Promise((resolve) => {
      let open = batch.length;
      if (open === 0) resolve();
      const done = (error: Error | null): void => {
        if (error === null) this.#sent++;
        else this.#failed(error);
        if (--open === 0) resolve();
      };
      for (const { bytes, udpPort } of batch) this.#socket.send(bytes, 0, bytes.length, udpPort, this.#address, done);
    });
  }

  #failed(error: Error): void {
    this.#errors++;
    this.#lastError = error.message;
  }

  close(): Promise<void> {
    return new Promise((resolve) =>
      this.#socket.close(() => {
        resolve();
      }),
    );
  }
}
