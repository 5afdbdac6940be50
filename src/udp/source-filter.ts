// Is the sender of a datagram the detector? Decided here and not by a filter on the socket, whose rejects the kernel
// would count as drops. One form compares the texts that node:dgram gives, the other the words that the kernel wrote.
// IPv4 senders on IPv6 sockets appear as ::ffff:a.b.c.d and are the same.

import { OperatorError } from '../base/errors.js';
import { mapped, parseIp, socketAddress, unmapped } from '../runtime/socket-address.js';
import type { IpAddress } from '../runtime/socket-address.js';

/** The configured source; `port` null = any port of this address. */
export interface UdpSource {
  readonly address: string;
  readonly port: number | null;
}

/** For senders as text. `source` null accepts everybody. */
export function makeSourceFilter(source: UdpSource | null): (address: string, port: number) => boolean {
  if (source === null) return () => true;
  const wanted = unmapped(parseIp(source.address)).bytes;
  // A detector has one address: its text is compared as long as it is the one that was parsed last.
  let known = '';
  let same = false;
  return (address, port) => {
    if (address !== known) {
      const { bytes } = unmapped(parseIp(withoutZone(address)));
      same = bytes.length === wanted.length && bytes.every((byte, index) => byte === wanted[index]);
      known = address;
    }
    return same && (source.port === null || source.port === port);
  };
}

/** For senders as socket addresses in shared memory. Nothing is allocated by a comparison. */
export class SocketAddressFilter {
  readonly #head: number;
  readonly #headMask: number;
  readonly #address: Int32Array;
  readonly #addressAt: number;

  /**
   * @param socketVersion 4 or 6: what the socket was opened for
   * @throws OperatorError when no datagram on such a socket could come from the source
   */
  constructor(source: UdpSource, socketVersion: 4 | 6) {
    const address = fit(source, socketVersion);
    const words = new Int32Array(socketAddress(address, source.port ?? 0).buffer);
    // Family and port share a word; in memory the family comes first.
    this.#head = words[0];
    this.#headMask = source.port === null ? 0xffff : -1;
    this.#addressAt = socketVersion === 4 ? 1 : 2;
    this.#address = words.slice(this.#addressAt, this.#addressAt + (socketVersion === 4 ? 1 : 4));
  }

  /** @param at index of the socket address in `words` */
  accepts(words: Int32Array, at: number): boolean {
    if ((words[at] & this.#headMask) !== this.#head) return false;
    const address = this.#address;
    for (let word = 0; word < address.length; word++) {
      if (words[at + this.#addressAt + word] !== address[word]) return false;
    }
    return true;
  }
}

function fit(source: UdpSource, socketVersion: 4 | 6): IpAddress {
  const address = unmapped(parseIp(source.address));
  if (socketVersion === 6) return mapped(address);
  if (address.version === 4) return address;
  throw new OperatorError(
    `udp_source ${source.address} is an IPv6 address, but udp_host is an IPv4 one: no packet could be the ` +
      "detector's. Change one of them",
  );
}

function withoutZone(address: string): string {
  const zone = address.indexOf('%');
  return zone < 0 ? address : address.slice(0, zone);
}
