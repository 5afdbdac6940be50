// Networks as people write them: an address, or an address and the bits of its prefix. Comes in: lists of them. Goes
// out: whether an address is within.

import { BlockList, isIP } from 'node:net';

export interface Network {
  readonly address: string;
  /** Leading bits that count. */
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** A sender of packets: an address or a network, and a UDP port or any (null). */
export interface UdpSource extends Network {
  readonly port: number | null;
}

/** "10.1.0.0/16", "2001:db8::/32", or an address alone; null = none of these. */
export function parseNetwork(text: string): Network | null {
  const [address = '', prefix, more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more !== undefined || address.includes('%')) return null;
  const most = version === 4 ? 32 : 128;
  if (prefix !== undefined && !/^[0-9]{1,3}$/.test(prefix)) return null;
  const bits = prefix === undefined ? most : Number(prefix);
  return bits > most ? null : { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' };
}

/** A network, "address:port", or "[IPv6]" with or without port; null when the text is none of them. */
export function parseSource(text: string): UdpSource | null {
  const match = /^(?:\[([^\]/]+)\]|([^:[\]/]+))(?::([0-9]{1,5}))?$/.exec(text);
  if (match === null) {
    const network = parseNetwork(text);
    return network === null ? null : { ...network, port: null };
  }
  const [, bracketed, plain, digits] = match;
  const network = parseNetwork(bracketed ?? plain ?? '');
  if (network === null || network.family !== (bracketed === undefined ? 'ipv4' : 'ipv6')) return null;
  const port = digits === undefined ? null : Number(digits);
  return port !== null && (port < 1 || port > 65535) ? null : { ...network, port };
}

/** As it is written in the configuration. */
export function sourceText({ address, bits, family, port }: UdpSource): string {
  if (port !== null) return `${family === 'ipv6' ? `[${address}]` : address}:${port}`;
  return bits === (family === 'ipv6' ? 128 : 32) ? address : `${address}/${bits}`;
}

/** Is an address within one of these networks? An empty list allows all. */
export function withinNetworks(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of networks) {
    const network = parseNetwork(text);
    if (network !== null) list.addSubnet(network.address, network.bits, network.family);
  }
  return (address) => networks.length === 0 || list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
