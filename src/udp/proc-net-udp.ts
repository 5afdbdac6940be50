// What the kernel tells about UDP sockets in /proc/net/udp and /proc/net/udp6: bytes queued, datagrams dropped. Read
// for own sockets only. The files list all sockets of the network namespace (with a host's network: of the host), so a
// socket is found by its local address and port, and by its inode where that is known. Format:
// Documentation/networking/proc_net_tcp.rst; the last column of the UDP files is the count of drops, 32 bits wide.

import { readFileSync } from 'node:fs';
import { parseIp } from '../runtime/socket-address.js';

/** One socket. */
export interface UdpSocketFigures {
  readonly inode: number;
  /** Memory charged for datagrams that wait to be received, in bytes; more than their own. */
  readonly queueBytes: number;
  /** Datagrams dropped since the socket was opened, mod 2³². */
  readonly drops: number;
}

/**
 * Find a socket in the text of one of the files; null when it is not there, or when several fit and no inode tells them
 * apart.
 * @param address local address that the socket is bound to, as text
 * @param inode from fstat; null = unknown
 */
export function findUdpSocket(
  text: string,
  address: string,
  udpPort: number,
  inode: number | null = null,
): UdpSocketFigures | null {
  const local = `${hexAddress(address)}:${udpPort.toString(16).toUpperCase().padStart(4, '0')}`;
  let found: UdpSocketFigures | null = null;
  for (const line of text.split('\n')) {
    const columns = line.trim().split(/\s+/);
    // sl, local, remote, state, tx:rx queue, timer, retransmits, uid, timeout, inode, references, pointer, drops
    if (columns[1] !== local || columns.length < 13) continue;
    const figures = {
      inode: Number(columns[9]),
      queueBytes: Number.parseInt(columns[4].split(':')[1] ?? '', 16),
      drops: Number(columns[12]),
    };
    if (!Object.values(figures).every(Number.isSafeInteger) || (inode !== null && figures.inode !== inode)) continue;
    if (found !== null) return null;
    found = figures;
  }
  return found;
}

/** Read a socket's figures now; null where the files cannot be read or do not have it. */
export function readUdpSocket(address: string, udpPort: number, inode: number | null = null): UdpSocketFigures | null {
  try {
    return findUdpSocket(
      readFileSync(address.includes(':') ? '/proc/net/udp6' : '/proc/net/udp', 'latin1'),
      address,
      udpPort,
      inode,
    );
  } catch {
    return null;
  }
}

/**
 * As the kernel prints it: groups of four bytes in network order, each as one number of this (little-endian) machine.
 */
function hexAddress(address: string): string {
  const { bytes } = parseIp(address);
  let text = '';
  for (let group = 0; group < bytes.length; group += 4) {
    for (let byte = 3; byte >= 0; byte--) text += bytes[group + byte].toString(16).toUpperCase().padStart(2, '0');
  }
  return text;
}
