// Can the service speak zmq's protocol on sockets of its own here? A seccomp profile, gVisor or an old kernel may
// refuse calls that the C library has. They are tried once on an unbound socket, before anything depends on them. Goes
// out: the reason against, in words.

import { errno, errnoName, ffiUnavailable, lastErrno, libc } from '../../../runtime/ffi.js';
import type { Libc } from '../../../runtime/ffi.js';
import { addressFamily } from '../../../runtime/socket-address.js';
import {
  acceptedFlags,
  dontWait,
  infoBytes,
  level,
  option,
  sendFlags,
  streamSocket,
  unsentRequest,
} from './linux-tcp.js';

/** Errors of a kernel, or of a filter before it, that does not let a call through at all. */
const refusals: readonly number[] = [errno.ENOSYS, errno.EPERM, errno.EACCES];

let known: { readonly reason: string | null } | null = null;

/** Why `LinuxSockets` cannot work in this process, in one sentence; null = it can. Asks the kernel once per thread. */
export function zmtpUnavailable(): string | null {
  known ??= { reason: ffiUnavailable() ?? refusedCall(libc(), lastErrno) };
  return known.reason;
}

/**
 * The calls that are refused, with their errors; null = none is. A socket that is not connected answers most of them
 * with an error of its own: that is no refusal.
 * @param failure number of the last failure, asked at once
 */
export function refusedCall(
  c: Pick<Libc, 'socket' | 'accept4' | 'recv' | 'sendmsg' | 'ioctl' | 'getsockopt' | 'poll' | 'close'>,
  failure: () => number,
): string | null {
  const descriptor = c.socket(addressFamily.inet, streamSocket, 0);
  // Without sockets nothing can be sent at all, and binding one will say so.
  if (descriptor < 0) return null;
  const reasons: string[] = [];
  const attempt = (call: string, result: number): void => {
    if (result >= 0) return;
    const reason = failure();
    if (refusals.includes(reason)) reasons.push(`${call} (${errnoName(reason)})`);
  };
  const bytes = new Uint8Array(infoBytes);
  attempt('accept4', c.accept4(descriptor, bytes, Int32Array.of(28), acceptedFlags));
  attempt('recv', c.recv(descriptor, bytes, 1, dontWait));
  attempt('sendmsg', c.sendmsg(descriptor, new BigUint64Array(7), sendFlags));
  attempt('ioctl SIOCOUTQ', c.ioctl(descriptor, unsentRequest, new Int32Array(1)));
  attempt('getsockopt TCP_INFO', c.getsockopt(descriptor, level.tcp, option.info, bytes, Int32Array.of(infoBytes)));
  attempt('poll', c.poll(Int32Array.of(descriptor, 1), 1, 0));
  c.close(descriptor);
  return reasons.length === 0
    ? null
    : `the kernel, or what confines this process (seccomp, gVisor), refuses ${reasons.join(', ')}`;
}
