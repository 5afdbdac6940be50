// Networks as people write them: an address, or an address and the bits of its prefix. Used for lists of who may
// connect.

import { BlockList, isIP } from 'node:net';

/** "10.1.0.0/16", "2001:db8::/32", or an address alone; null = none of these. */
export function parseNetwork(
  text: string,
): { readonly address: string; readonly bits: number; readonly family: 'ipv4' | 'ipv6' } | null {
  const [address = '', prefix, more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more !== undefined || address.includes('%')) return null;
  const most = version === 4 ? 32 : 128;
  if (prefix !== undefined && !/^[0-9]{1,3}$/.test(prefix)) return null;
  const bits = prefix === undefined ? most : Number(prefix);
  return bits > most ? null : { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' };
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
