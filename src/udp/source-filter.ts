// Is a datagram from the configured source? Checked in user space: a socket filter's rejects would count as kernel drops.

/** The configured source; null = any. */
export type UdpSource = { readonly address: string; readonly port: number | null } | null;

/** Addresses in one form: IPv4 inside IPv6 as IPv4, no zone, lower case. */
function plain(address: string): string {
  const lower = address.toLowerCase().replace(/%.*$/, '');
  return lower.startsWith('::ffff:') && lower.includes('.') ? lower.slice(7) : lower;
}

/** A check of address and port of a sender, as node:dgram names them. */
export function makeSourceFilter(source: UdpSource): (address: string, port: number) => boolean {
  if (source === null) return () => true;
  const wanted = plain(source.address);
  return (address, port) => (source.port === null || source.port === port) && plain(address) === wanted;
}
