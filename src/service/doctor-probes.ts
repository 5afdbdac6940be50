// What the doctor asks of our own layers where no service runs: which socket buffer the kernel grants, and whether
// compiled placement and the fast ways to send work.
// Tested by test/threads/doctor.test.ts.

import { loadPlacementKernel } from '../assembly/compiled-placement.js';
import { messageOf } from '../base/errors.js';
import { allowed, wayInFacts } from '../config/ways.js';
import type { WayInName } from '../config/ways.js';
import type { BufferFacts } from '../doctor/facts.js';
import { loadLibzmq } from '../stream/output/libzmq/libzmq.js';
import { zmtpUnavailable } from '../stream/output/zmtp/probe.js';
import { recvmmsgUnavailable } from '../udp/recvmmsg-probe.js';
import { waysIn } from '../udp/ways-in.js';

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
  receive: 'auto' | WayInName,
): Promise<BufferFacts[]> {
  const name = allowed(wayInFacts, receive).find((way) => waysIn[way].unavailable() === null) ?? 'dgram';
  const answers = await Promise.all(
    hosts.map(async (host): Promise<BufferFacts[]> => {
      try {
        const grantedBytes = await waysIn[name].grantedBuffer(host, requestedBytes);
        return [{ udpPort: null, requestedBytes, grantedBytes }];
      } catch {
        return [];
      }
    }),
  );
  return answers.flat();
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
  const library = await loadLibzmq();
  return typeof library === 'string' ? library : null;
}
