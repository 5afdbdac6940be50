// What the doctor asks of our own layers where no service runs: which socket buffer the kernel grants, and whether
// compiled placement and the fast ways to send work.
// Tested by test/threads/doctor.test.ts.

import { createSocket } from 'node:dgram';
import { loadPlacementKernel } from '../assembly/compiled-placement.js';
import { messageOf } from '../base/errors.js';
import type { BufferFacts } from '../doctor/facts.js';
import { ffiUnavailable } from '../runtime/ffi.js';
import { loadLibzmq } from '../stream/output/libzmq/libzmq.js';
import { zmtpUnavailable } from '../stream/output/zmtp/probe.js';
import { recvmmsgUnavailable } from '../udp/recvmmsg-probe.js';
import { UdpSocket } from '../udp/udp-socket.js';

/** Pages of a WebAssembly memory: what the kernel needs to be instantiated, and what it was built for. */
const pages = { initial: 1, maximum: 65_536 } as const;

/**
 * Why the fast ways cannot be had here, each null where it can. Loads them: not for the main thread of a running
 * service.
 */
export async function waysMissing(): Promise<{
  recvmmsg: string | null;
  compiled: string | null;
  zmtp: string | null;
  libzmq: string | null;
}> {
  return {
    recvmmsg: recvmmsgUnavailable(),
    compiled: compiledMissing(),
    zmtp: zmtpUnavailable(),
    libzmq: await libzmqMissing(),
  };
}

/**
 * What a socket gets on each address that asks as the service will; nothing of those to which no socket can be bound.
 */
export async function tryReceiveBuffers(
  hosts: readonly string[],
  requestedBytes: number,
  receive: 'auto' | 'recvmmsg' | 'dgram',
): Promise<BufferFacts[]> {
  const direct = receive !== 'dgram' && recvmmsgUnavailable() === null;
  const answers = await Promise.all(
    hosts.map(async (host): Promise<BufferFacts[]> => {
      try {
        return [
          {
            udpPort: null,
            requestedBytes,
            grantedBytes: direct ? askDirectly(host, requestedBytes) : await askNode(host, requestedBytes),
          },
        ];
      } catch {
        return [];
      }
    }),
  );
  return answers.flat();
}

function askDirectly(host: string, bytes: number): number | null {
  const socket = new UdpSocket(host, 0);
  try {
    return socket.askReceiveBuffer(bytes);
  } finally {
    socket.close();
  }
}

/** Node reports the doubled figure of Linux. */
async function askNode(host: string, bytes: number): Promise<number> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(0, host, resolve));
    try {
      socket.setRecvBufferSize(bytes);
    } catch {
      // What was granted is read back.
    }
    return Math.floor(socket.getRecvBufferSize() / 2);
  } finally {
    socket.close();
  }
}

function compiledMissing(): string | null {
  try {
    loadPlacementKernel(new WebAssembly.Memory({ ...pages, shared: true }));
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

async function libzmqMissing(): Promise<string | null> {
  const missing = ffiUnavailable();
  if (missing !== null) return missing;
  const library = await loadLibzmq();
  return typeof library === 'string' ? library : null;
}
