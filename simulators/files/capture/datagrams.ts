// UDP datagrams of a capture: in go its records, out the datagram that each holds or completes. IP fragments are put
// together, and what a mirror has wrapped up (GRE, ERSPAN, VXLAN, Geneve, IP in IP) is unwrapped. Knows no detector.
// Source: RFC 791, 8200, 768.

import { Fragments } from './fragments.js';
import { ipBehindLink, ipInEthernet } from './link-layers.js';
import { viewOf } from './record.js';
import type { CapturedRecord } from './record.js';
import { insideGre, insideUdp } from './tunnels.js';
import type { Inside } from './tunnels.js';

/** A UDP datagram as it was captured. */
export interface UdpDatagram {
  readonly sourcePort: number;
  readonly port: number;
  readonly payload: Uint8Array;
}

/** Why a record gives no datagram: other traffic, not captured to its end, or a piece that waits for others. */
export type NoDatagram = 'other' | 'cut' | 'fragment';

const protocol = {
  hopByHop: 0,
  ipInIp: 4,
  udp: 17,
  ipv6: 41,
  routing: 43,
  fragment: 44,
  gre: 47,
  destinations: 60,
} as const;
/** Wrapped up in each other at most; more is damage. */
const depthLimit = 4;
/** Extension headers of one packet at most. */
const extensionLimit = 8;

export class DatagramReader {
  readonly #fragments = new Fragments();

  /** Pieces so far whose datagram is not whole. */
  get unfinishedFragments(): number {
    return this.#fragments.unfinished;
  }

  /** The datagram that this record holds or completes, or why there is none. Takes any bytes. */
  read({ linkType, bytes }: Pick<CapturedRecord, 'linkType' | 'bytes'>): UdpDatagram | NoDatagram {
    return this.#ip(ipBehindLink(linkType, bytes), 0);
  }

  #ip(packet: Uint8Array | null, depth: number): UdpDatagram | NoDatagram {
    if (packet === null || depth > depthLimit) return 'other';
    const version = (packet[0] ?? 0) >> 4;
    return version === 4 ? this.#ipv4(packet, depth) : version === 6 ? this.#ipv6(packet, depth) : 'other';
  }

  #ipv4(packet: Uint8Array, depth: number): UdpDatagram | NoDatagram {
    if (packet.length < 20) return 'other';
    const view = viewOf(packet);
    const headerBytes = (packet[0] & 15) * 4;
    const total = view.getUint16(2);
    // A length of 0 is that of a packet which the network card was to cut up.
    const end = total === 0 ? packet.length : total;
    const next = packet[9];
    if (headerBytes < 20 || end < headerBytes || !carries(next)) return 'other';
    const place = view.getUint16(6);
    const content = packet.subarray(headerBytes, end);
    // More fragments follow, or this is a later one.
    if ((place & 0x3fff) === 0) return this.#content(next, content, end - headerBytes, depth);
    if (packet.length < end) return 'cut';
    const key = `4 ${depth} ${view.getUint16(4)} ${next} ${addressText(packet, 12, 8)}`;
    return this.#fragment(key, next, (place & 0x1fff) * 8, content, (place & 0x2000) === 0, depth);
  }

  /** Extension headers are passed over, as far as a datagram on its way to a receiver can have them. */
  #ipv6(packet: Uint8Array, depth: number): UdpDatagram | NoDatagram {
    if (packet.length < 40) return 'other';
    const view = viewOf(packet);
    const length = view.getUint16(4);
    const end = length === 0 ? packet.length : 40 + length;
    const addresses = addressText(packet, 8, 32);
    return this.#extensions(packet[6], packet.subarray(40, end), end - 40, addresses, depth);
  }

  #extensions(
    first: number,
    bytes: Uint8Array,
    length: number,
    addresses: string,
    depth: number,
  ): UdpDatagram | NoDatagram {
    let next = first;
    let at = 0;
    for (let count = 0; count < extensionLimit; count++) {
      if (carries(next)) return this.#content(next, bytes.subarray(at), length - at, depth);
      if (at + 8 > bytes.length) return 'other';
      const following = bytes[at];
      if (next === protocol.fragment) {
        const view = viewOf(bytes);
        const place = view.getUint16(at + 2);
        if ((place & 0xfff9) !== 0) {
          if (bytes.length < length) return 'cut';
          const key = `6 ${depth} ${view.getUint32(at + 4)} ${addresses}`;
          return this.#fragment(
            key,
            following,
            place & 0xfff8,
            bytes.subarray(at + 8),
            (place & 1) === 0,
            depth,
            addresses,
          );
        }
        at += 8;
      } else if (next === protocol.hopByHop || next === protocol.routing || next === protocol.destinations) {
        at += 8 + bytes[at + 1] * 8;
      } else return 'other';
      next = following;
    }
    return 'other';
  }

  /** @param addresses of IPv6, whose content may begin with extension headers; null: IPv4 */
  #fragment(
    key: string,
    next: number,
    offset: number,
    bytes: Uint8Array,
    last: boolean,
    depth: number,
    addresses: string | null = null,
  ): UdpDatagram | NoDatagram {
    const whole = this.#fragments.put({ key, offset, bytes, last });
    if (whole === null) return 'fragment';
    return addresses === null
      ? this.#content(next, whole, whole.length, depth)
      : this.#extensions(next, whole, whole.length, addresses, depth);
  }

  /** @param length of the content as IP says; what was captured may be less, and `bytes` is */
  #content(next: number, bytes: Uint8Array, length: number, depth: number): UdpDatagram | NoDatagram {
    switch (next) {
      case protocol.udp:
        return this.#udp(bytes, length, depth);
      case protocol.gre:
        return this.#inside(insideGre(bytes), depth);
      default:
        return this.#ip(bytes, depth + 1);
    }
  }

  #inside(inside: Inside | null, depth: number): UdpDatagram | NoDatagram {
    if (inside === null) return 'other';
    return this.#ip(inside.kind === 'ethernet' ? ipInEthernet(inside.bytes) : inside.bytes, depth + 1);
  }

  /** The length counts, not the packet's end: Ethernet pads short packets. */
  #udp(bytes: Uint8Array, ipLength: number, depth: number): UdpDatagram | NoDatagram {
    if (bytes.length < 8) return ipLength < 8 ? 'other' : 'cut';
    const view = viewOf(bytes);
    const length = wholeLength(view.getUint16(4), ipLength);
    if (length < 8) return 'other';
    const port = view.getUint16(2);
    const inside = insideUdp(port, bytes.subarray(8, length));
    const inner = inside === null ? 'other' : this.#inside(inside, depth);
    if (inner !== 'other') return inner;
    if (bytes.length < length) return 'cut';
    return { sourcePort: view.getUint16(0), port, payload: bytes.subarray(8, length) };
  }
}

/** Of datagrams that the kernel or the card took together the header may tell the length of the first, or none. */
function wholeLength(udpLength: number, ipLength: number): number {
  if (udpLength === 0) return ipLength;
  const first = udpLength - 8;
  const behind = ipLength - udpLength;
  return first > 0 && behind > 0 && behind % first === 0 ? ipLength : udpLength;
}

function carries(next: number): boolean {
  return next === protocol.udp || next === protocol.gre || next === protocol.ipInIp || next === protocol.ipv6;
}

function addressText(packet: Uint8Array, at: number, length: number): string {
  return Buffer.from(packet.buffer, packet.byteOffset + at, length).toString('latin1');
}
