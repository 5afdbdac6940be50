// The addresses of `udp_host` and the interfaces behind them, picked from all that the doctor looks at. Comes in:
// address facts; goes out: those of the detector's packets, each interface once.
// Tested by test/doctor/preflight.test.ts.

import type { AddressFacts, LinkFacts } from './facts.js';

/** Addresses on which the detector's packets are received. */
export function receivingAddresses(addresses: readonly AddressFacts[]): AddressFacts[] {
  return addresses.filter(({ key }) => key === 'udp_host');
}

/** Their interfaces, as far as they are known; one that has several of the addresses comes once. */
export function receivingLinks(addresses: readonly AddressFacts[]): LinkFacts[] {
  const links = receivingAddresses(addresses).flatMap(({ link }) => (link === null ? [] : [link]));
  return [...new Map(links.map((link) => [link.name, link])).values()];
}
