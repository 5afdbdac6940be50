// Checks of what the kernel does with the detector's packets before any socket has them, and of a virtual machine's
// memory. Pure: facts in, verdict out. Sources: kernel documentation, networking/ip-sysctl.rst; docs/decisions/0017
// (free pages).

import type { Facts } from './facts.js';
import { receivingLinks } from './receiving.js';
import { failed, notChecked, ok, warning } from './verdict.js';
import type { Check, NotChecked, Verdict } from './verdict.js';

export const kernelChecks: readonly Check[] = [
  { check: 'rp_filter', examine: reversePath },
  { check: 'udp_mem', examine: udpMemory },
  { check: 'reassembly', examine: reassembly },
  { check: 'free_page_reporting', examine: freePages },
];

/**
 * Detectors have addresses of their own nets: a strict filter drops their packets without a word in any socket's
 * counters. Where two interfaces are in one network the kernel answers through one of them, and a strict filter drops
 * all that comes in by the other.
 */
function reversePath({ addresses }: Facts): Verdict | NotChecked {
  const links = receivingLinks(addresses);
  if (links.length === 0) return notChecked('the interface of udp_host is not known');
  const unread = links.filter(({ rpFilter }) => rpFilter === null);
  if (unread.length === links.length)
    return notChecked(`${unread.map(({ name }) => `net.ipv4.conf.${name}.rp_filter`).join(', ')} cannot be read`);
  const seen = links
    .map(
      ({ name, rpFilter }) =>
        `${name}: ` +
        `${rpFilter === null ? 'not known' : `${rpFilter} (${['off', 'strict', 'loose'][rpFilter] ?? 'unknown'})`}`,
    )
    .join(', ');
  const needed = "0 or 2, unless the detector's address is one that this interface would answer through";
  const strict = links.filter(({ rpFilter, loopback }) => rpFilter === 1 && !loopback);
  if (strict.length === 0) return ok(seen, needed);
  const settings = ['all', ...strict.map(({ name }) => name)]
    .map((name) => `net.ipv4.conf.${name}.rp_filter=2`)
    .join(' ');
  const remedy = `sysctl -w ${settings}; nstat -az TcpExtIPReversePathFilter counts what it drops`;
  const shared = strict.find(
    ({ name, network }) => network !== null && links.some((other) => other.name !== name && other.network === network),
  )?.network;
  if (shared === undefined) return warning(seen, needed, remedy);
  const together = links
    .filter(({ network }) => network === shared)
    .map(({ name }) => name)
    .join(', ');
  return failed(
    `${seen}; ${together} are in one network, ${shared}`,
    '0 or 2: the kernel answers a network through one interface, and a strict filter drops what comes in by the others',
    remedy,
  );
}

/** All UDP sockets of the host share this memory, the doubled buffers of each port included. */
function udpMemory({ setup, kernel: { udpMemoryBytes }, receiveBuffers }: Facts): Verdict | NotChecked {
  if (setup === null) return notChecked('needs CONFIG NAME');
  if (udpMemoryBytes === null) return notChecked('net.ipv4.udp_mem cannot be read');
  const { perPort } = setup.plan.receiveBufferBytes;
  const ports = setup.plan.ports.filter(({ off }) => !off).length;
  const granted = Math.min(perPort, ...receiveBuffers.map(({ grantedBytes }) => grantedBytes ?? Infinity));
  const wanted = 2 * granted * ports;
  const seen = `${udpMemoryBytes.most} bytes for all UDP sockets of the host`;
  const needed = `${wanted} bytes: what the kernel charges when the socket buffers of ${ports} ports are full`;
  if (udpMemoryBytes.most >= wanted) return ok(seen, needed);
  const pages = Math.ceil((1.25 * wanted) / udpMemoryBytes.page);
  return warning(
    seen,
    needed,
    `sysctl -w net.ipv4.udp_mem='${Math.floor(pages / 2)} ${Math.floor((3 * pages) / 4)} ${pages}' (pages of ` +
      `${udpMemoryBytes.page} bytes)`,
  );
}

/** Detectors do not fragment; where packets come in fragments a lost one takes the whole packet along. */
function reassembly({ kernel: { reassemblyFails }, service }: Facts): Verdict | NotChecked {
  if (reassemblyFails === null) return notChecked('the kernel does not count reassembly');
  const since = service === null ? 'since the host started' : 'since the service started';
  const seen = `${reassemblyFails} datagrams whose fragments did not all come, ${since}`;
  const needed = '0: packets in one piece';
  return reassemblyFails === 0
    ? ok(seen, needed)
    : warning(
        seen,
        needed,
        'jumbo frames (MTU 9000) on every hop, so that nothing is fragmented; else sysctl -w ' +
          'net.ipv4.ipfrag_high_thresh=67108864',
      );
}

function freePages({ kernel: { reportsFreePages } }: Facts): Verdict | NotChecked {
  if (reportsFreePages === null) return notChecked('the kernel does not tell whether free memory goes back to a host');
  const needed =
    'memory that stays: while a host takes free pages back, the virtual machine stands still for up to 25 ms';
  if (!reportsFreePages) return ok('free memory is kept', needed);
  return warning(
    'this virtual machine gives free memory back to its host (free page reporting)',
    needed,
    "free-page-reporting=off at the host's balloon device (QEMU, Firecracker), or a machine of its own",
  );
}
