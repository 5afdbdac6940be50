// Why a UDP port could not be bound, for the operator: what, seen, needed, remedy.
// Tested by test/udp/dgram-source.test.ts.

import { OperatorError } from '../base/errors.js';
import { ownAddresses } from '../base/own-addresses.js';

/** @param code name of the error: EADDRINUSE, EADDRNOTAVAIL, EACCES, … */
export function bindError(host: string, udpPort: number, code: string, cause?: unknown): OperatorError {
  const where = `port ${udpPort} on ${host}`;
  return new OperatorError(
    `${where}: ${sentenceOf(code, udpPort)}`,
    undefined,
    cause === undefined ? undefined : { cause },
  );
}

function sentenceOf(code: string, udpPort: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return (
        `taken by another process (${code}). Stop it (ss -ulpn 'sport = :${udpPort}' names it), or change ` +
        'udp_ports'
      );
    case 'EADDRNOTAVAIL':
      return `this machine has no such address (${code}); it has ${ownAddresses()}. Change udp_host`;
    case 'EACCES':
      return `not permitted (${code}). Ports below 1024 need CAP_NET_BIND_SERVICE; change udp_ports`;
    case 'EAFNOSUPPORT':
      return `this machine has no IPv6 (${code}). Change udp_host, or let the kernel have it`;
    case 'EMFILE':
      return `too many open files (${code}). Raise the limit (ulimit -n)`;
    default:
      return `cannot be opened (${code})`;
  }
}
