// Datagrams for the tests, from a socket of its own: one by one, or many with one call for the kernel to cut
// (UDP_SEGMENT).

import { openLibrary } from '../../src/runtime/ffi.js';
import { mapped, parseIp, socketAddress } from '../../src/runtime/socket-address.js';
import { UdpSocket } from '../../src/udp/udp-socket.js';

const udpSegment = 103;

export class Sender {
  readonly socket: UdpSocket;
  readonly #send = openLibrary(null).func(
    'long sendto(int fd, void *bytes, size_t length, int flags, void *address, uint32_t addressLength)',
  );
  readonly #to: Uint8Array;
  #segment = 0;

  constructor(host: string, udpPort: number, from = host) {
    this.socket = new UdpSocket(from, 0);
    this.#to = socketAddress(parseIp(host), udpPort);
  }

  /** One datagram, or with `segment` as many of that size as it takes. */
  send(bytes: Uint8Array, segment = 0): void {
    const refused = segment === 0 && this.#segment === 0 ? null : this.socket.set(17, udpSegment, segment);
    if (refused !== null) throw new Error(`UDP_SEGMENT: ${refused}`);
    this.#segment = segment;
    const sent = this.#send(this.socket.descriptor, bytes, bytes.length, 0, this.#to, this.#to.length);
    if (sent !== bytes.length) throw new Error(`sendto sent ${sent} of ${bytes.length} bytes`);
  }

  /** One datagram to somebody else. */
  sendTo(host: string, udpPort: number, bytes: Uint8Array): void {
    const version6 = this.socket.version === 6;
    const to = socketAddress(version6 ? mapped(parseIp(host)) : parseIp(host), udpPort);
    this.#send(this.socket.descriptor, bytes, bytes.length, 0, to, to.length);
  }

  close(): void {
    this.socket.close();
  }
}

/** Bytes that tell which datagram they belong to and where in it. */
export function numbered(number: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (number * 31 + index * 7 + (index >> 8)) & 255);
}
