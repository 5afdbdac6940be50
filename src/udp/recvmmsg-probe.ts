// Can datagrams be received by batched system calls here? A seccomp profile, gVisor or an old kernel may refuse calls
// that the C library has. They are tried once on a socket of their own, before anything depends on them. Goes out: the
// reason against, in words.

import { errnoName, ffiUnavailable, lastErrno, libc } from '../runtime/ffi.js';
import type { Libc } from '../runtime/ffi.js';
import { addressFamily } from '../runtime/socket-address.js';
import { datagramSocket, socketLevel, socketOption } from './udp-socket.js';

/** MSG_DONTWAIT, linux/socket.h. */
const dontWait = 0x40;

let known: { readonly reason: string | null } | null = null;

/**
 * Why `RecvmmsgSource` cannot work in this process, in one sentence; null = it can. Asks the kernel once per thread.
 */
export function recvmmsgUnavailable(): string | null {
  known ??= { reason: ffiUnavailable() ?? refusedCall(libc(), () => errnoName(lastErrno())) };
  return known.reason;
}

/**
 * The first call that is refused, with its error; null = none is. Calls without which packets are still received, only
 * not counted as well (drops, queue) or not as cheaply (timer slack, large pages), are not tried: the
 * service goes on without.
 * @param failure name of the last failure, asked at once
 */
export function refusedCall(
  c: Pick<Libc, 'socket' | 'setsockopt' | 'recvmmsg' | 'poll' | 'close'>,
  failure: () => string,
): string | null {
  const descriptor = c.socket(addressFamily.inet, datagramSocket, 0);
  // Without sockets nothing is received, and binding one will say so.
  if (descriptor < 0) return null;
  const reasons: string[] = [];
  const attempt = (call: string, result: number): void => {
    if (result < 0) reasons.push(`${call} (${failure()})`);
  };
  attempt('recvmmsg', c.recvmmsg(descriptor, 0n, 0, dontWait, 0n));
  // A receive call that waits must end: 10 ms as a timeval.
  attempt(
    'setsockopt SO_RCVTIMEO',
    c.setsockopt(descriptor, socketLevel.socket, socketOption.receiveTimeout, BigInt64Array.of(0n, 10_000n), 16),
  );
  attempt('poll', c.poll(Int32Array.of(descriptor, 1), 1, 0));
  c.close(descriptor);
  return reasons.length === 0
    ? null
    : `the kernel, or what confines this process (seccomp, gVisor), refuses ${reasons.join(', ')}`;
}
