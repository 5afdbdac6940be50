// What the kernel counts beside the service: the network interfaces on which the detector's packets arrive, and UDP
// errors of the whole host (or network namespace). Context for the ledger, never part of its sums. Read at the moment
// of a scrape; what drivers count (driver-counters.ts) is some seconds old.

import { readdirSync, readFileSync } from 'node:fs';
import { DriverCounters } from './driver-counters.js';
import { interfacesServing } from '../doctor/network-interface.js';

/** One counter of an interface, named as the kernel names it. */
export interface NicCounter {
  readonly device: string;
  readonly counter: string;
  readonly value: number;
}

/** One of the host's UDP error counters. */
export interface HostUdpErrors {
  readonly kind: string;
  readonly value: number;
}

/** Errors among the UDP counters of /proc/net/snmp, IPv6 ones of /proc/net/snmp6. */
const errorKinds: Readonly<Record<string, string>> = {
  InErrors: 'in',
  RcvbufErrors: 'receive_buffer',
  InCsumErrors: 'checksum',
  NoPorts: 'no_port',
  MemErrors: 'memory',
};
/** Errors of IP that cost UDP packets: fragments that did not all come. */
const fragmentsLost = 'ReasmFails';

/** Of this process: each card is asked once, whatever reads the figures. */
const drivers = new DriverCounters();

/**
 * Receive counters of the interfaces that serve these addresses, each once: the kernel's statistics and, where
 * `ethtool` is installed, what the driver counts as lost (not what the kernel already has under that name); empty where
 * neither tells anything.
 */
export function nicCounters(
  addresses: readonly string[],
  folder = '/sys/class/net',
  driver: Pick<DriverCounters, 'of'> = drivers,
): NicCounter[] {
  return [...new Set(addresses.flatMap(interfacesServing))].flatMap((device) => {
    const statistics = `${folder}/${device}/statistics`;
    const found = new Map<string, number>();
    for (const counter of namesIn(statistics).filter((name) => name.startsWith('rx_'))) {
      const value = Number(textOf(`${statistics}/${counter}`) ?? Number.NaN);
      if (Number.isFinite(value)) found.set(counter, value);
    }
    for (const [counter, value] of driver.of(device)) if (!found.has(counter)) found.set(counter, value);
    return [...found].map(([counter, value]) => ({ device, counter, value }));
  });
}

/** UDP errors of the host, IPv4 and IPv6 together; empty where the kernel tells nothing. */
export function hostUdpErrors(folder = '/proc/net'): HostUdpErrors[] {
  const [text4, text6] = [textOf(`${folder}/snmp`) ?? '', textOf(`${folder}/snmp6`) ?? ''];
  const [four, six] = [ofSnmp(text4, 'Udp'), ofSnmp6(text6, 'Udp6')];
  const [ip4, ip6] = [ofSnmp(text4, 'Ip'), ofSnmp6(text6, 'Ip6')];
  return [...Object.entries(errorKinds), [fragmentsLost, 'reassembly'] as const].flatMap(([name, kind]) => {
    const values = (name === fragmentsLost ? [ip4.get(name), ip6.get(name)] : [four.get(name), six.get(name)]).filter(
      (value) => value !== undefined,
    );
    return values.length === 0 ? [] : [{ kind, value: values.reduce((sum, value) => sum + value, 0) }];
  });
}

/** A line of names and a line of values, both beginning with the protocol: `Udp:`. */
function ofSnmp(text: string, protocol: 'Udp' | 'Ip'): Map<string, number> {
  const [names = [], values = []] = text
    .split('\n')
    .filter((line) => line.startsWith(`${protocol}:`))
    .map((line) => line.trim().split(/\s+/).slice(1));
  return new Map(names.map((name, index) => [name, Number(values[index])]));
}

/** A line per counter: `Udp6InErrors 0`. */
function ofSnmp6(text: string, protocol: 'Udp6' | 'Ip6'): Map<string, number> {
  return new Map(
    [...text.matchAll(new RegExp(`^${protocol}(\\w+)\\s+(\\d+)$`, 'gm'))].map(([, name, value]) => [
      name,
      Number(value),
    ]),
  );
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
