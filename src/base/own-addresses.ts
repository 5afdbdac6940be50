// The addresses of this machine, for messages about one that is not among them.

import { networkInterfaces } from 'node:os';

type Interfaces = ReturnType<typeof networkInterfaces>;

/** Addresses named in a message; a machine with containers has hundreds. */
const named = 12;

/** `10.0.0.5 (eth0), ::1 (lo) and 3 more`; link-local ones are left out. */
export function ownAddresses(ask: () => Interfaces = networkInterfaces): string {
  const all = addresses(ask);
  if (all.length === 0) return 'none that the system tells';
  const more = all.length > named ? ` and ${all.length - named} more` : '';
  return `${all
    .slice(0, named)
    .map(({ address, device }) => `${address} (${device})`)
    .join(', ')}${more}`;
}

/** Is this an address of this machine, or one that stands for all? What the system does not tell is taken for one. */
export function isOwnAddress(host: string, ask: () => Interfaces = networkInterfaces): boolean {
  const all = addresses(ask);
  return (
    all.length === 0 ||
    host === '0.0.0.0' ||
    host === '::' ||
    /^127\./.test(host) ||
    host.includes('%') ||
    host.startsWith('fe80:') ||
    all.some(({ address }) => address === host.toLowerCase())
  );
}

function addresses(ask: () => Interfaces): { address: string; device: string }[] {
  try {
    return Object.entries(ask())
      .flatMap(([device, found]) => (found ?? []).map(({ address }) => ({ address, device })))
      .filter(({ address }) => !address.startsWith('fe80:'));
  } catch {
    return [];
  }
}
