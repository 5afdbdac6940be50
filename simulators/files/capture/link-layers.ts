// What a link layer puts before an IP packet: in goes a record's bytes, out the IP packet in it, or null for other
// traffic. Source: tcpdump.org/linktypes.html; IEEE 802.1Q, 802.1ad; RFC 3032 (MPLS), RFC 2516 (PPPoE).
// Tested by test/simulators/files/capture/datagrams.test.ts.

import { viewOf, WrongFile } from './record.js';

/** Data link types. */
const link = {
  null: 0,
  ethernet: 1,
  rawBsd: 12,
  rawOpenBsd: 14,
  raw: 101,
  loop: 108,
  linuxCooked: 113,
  ipv4: 228,
  ipv6: 229,
  linuxCooked2: 276,
} as const;
const linkTypes: readonly number[] = Object.values(link);

export const linkTypesKnown = 'Ethernet (1), Linux cooked (113, 276), raw IP (101) or loopback (0)';

export function isLinkType(linkType: number): boolean {
  return linkTypes.includes(linkType);
}

/** @throws WrongFile for a link layer that is not known */
export function checkLinkType(linkType: number): void {
  if (!isLinkType(linkType))
    throw new WrongFile(
      `its data link type is ${linkType}; needs ${linkTypesKnown}. Capture again on such an interface`,
    );
}

const etherType = { ipv4: 0x0800, ipv6: 0x86dd, mpls: 0x8847, mplsMulticast: 0x8848, pppoe: 0x8864 } as const;
/** 802.1Q, 802.1ad, and what switches used for two tags before there was 802.1ad. */
const vlanTypes: readonly number[] = [0x8100, 0x88a8, 0x9100, 0x9200, 0x9300];
const ppp = { ipv4: 0x21, ipv6: 0x57 } as const;

/** The IP packet behind the link layer, at least one byte; null for other traffic. */
export function ipBehindLink(linkType: number, bytes: Uint8Array): Uint8Array | null {
  switch (linkType) {
    case link.ethernet:
      return ipInEthernet(bytes);
    case link.linuxCooked:
      return bytes.length < 16 ? null : behindType(viewOf(bytes).getUint16(14), bytes, 16);
    case link.linuxCooked2:
      return bytes.length < 20 ? null : behindType(viewOf(bytes).getUint16(0), bytes, 20);
    case link.null:
    case link.loop:
      return rest(bytes, 4);
    default:
      return isLinkType(linkType) ? rest(bytes, 0) : null;
  }
}

/** The IP packet in an Ethernet frame, with any number of VLAN tags. */
export function ipInEthernet(bytes: Uint8Array): Uint8Array | null {
  return bytes.length < 14 ? null : behindType(viewOf(bytes).getUint16(12), bytes, 14);
}

/** What follows at `at`, being of that EtherType. */
function behindType(type: number, bytes: Uint8Array, at: number): Uint8Array | null {
  const view = viewOf(bytes);
  let next = type;
  let position = at;
  while (vlanTypes.includes(next)) {
    if (position + 4 > bytes.length) return null;
    next = view.getUint16(position + 2);
    position += 4;
  }
  switch (next) {
    case etherType.ipv4:
    case etherType.ipv6:
      return rest(bytes, position);
    case etherType.mpls:
    case etherType.mplsMulticast:
      return behindLabels(bytes, position);
    case etherType.pppoe: {
      const protocol = position + 8 <= bytes.length ? view.getUint16(position + 6) : 0;
      return protocol === ppp.ipv4 || protocol === ppp.ipv6 ? rest(bytes, position + 8) : null;
    }
    default:
      return null;
  }
}

/** Labels of four bytes up to the one that says it is the last; behind it IP, which tells itself by its version. */
function behindLabels(bytes: Uint8Array, at: number): Uint8Array | null {
  for (let position = at; position + 4 < bytes.length; position += 4) {
    if ((bytes[position + 2] & 1) === 1) return rest(bytes, position + 4);
  }
  return null;
}

function rest(bytes: Uint8Array, at: number): Uint8Array | null {
  return bytes.length > at ? bytes.subarray(at) : null;
}
