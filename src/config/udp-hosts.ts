// `udp_host`, one address or a list of them, to the address of each port, and back. Comes in: what the file says, how
// many ports and interfaces there are; goes out: one address for each port of `udp_ports`, those that are in use, and
// the shortest way to write them.
// Tested by test/config/load.test.ts.

import type { ServiceConfig } from './service-config.js';

type Addresses = string | readonly string[];

/**
 * How many ports there are, and how many UDP interfaces each module uses, whose ports follow each other in `udp_ports`.
 */
export interface PortsAndInterfaces {
  readonly ports: number;
  readonly interfaces: number;
}

/** Lengths that a list may have: one address for each port, or one for each interface of a module. */
export function hostListLengths({ ports, interfaces }: PortsAndInterfaces): number[] {
  return interfaces > 1 && interfaces < ports ? [ports, interfaces] : [ports];
}

/** The address of each port, in the order of `udp_ports`; a list has one of `hostListLengths`. */
export function hostsOfPorts(given: Addresses, { ports }: PortsAndInterfaces): string[] {
  const list = typeof given === 'string' ? [given] : given;
  return Array.from({ length: ports }, (_, index) => list[index % list.length]);
}

/** The address of a port; of one that is not configured the first. */
export function hostOfPort(
  { udpHosts, detector }: Pick<ServiceConfig, 'udpHosts' | 'detector'>,
  udpPort: number,
): string {
  return udpHosts[Math.max(0, detector.udpPorts.indexOf(udpPort))];
}

/** The addresses on which packets are received, each once: those of ports that are on. */
export function receivingHosts({
  udpHosts,
  detector: { udpPorts, portsOff },
}: Pick<ServiceConfig, 'udpHosts' | 'detector'>): string[] {
  return [...new Set(udpHosts.filter((_, index) => !portsOff.includes(udpPorts[index])))];
}

/** As the file would say it: one address where all ports have the same, else one for each port. */
export function writtenHosts(udpHosts: readonly string[]): Addresses {
  const [first = ''] = udpHosts;
  return udpHosts.every((host) => host === first) ? first : udpHosts;
}

/** Address on which PSI's client finds the module receivers (`receiver_ports`). */
export function hostOfReceivers(config: Pick<ServiceConfig, 'receiverHost' | 'udpHosts' | 'stated'>): string {
  // Of a detector that the client names, no address is known yet but the one that the file states.
  const [udpHost = [config.stated?.options.udp_host ?? []].flat()[0]] = config.udpHosts;
  return config.receiverHost ?? udpHost;
}
