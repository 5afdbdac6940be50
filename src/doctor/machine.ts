// Gathers the facts that the machine tells by files and by Node: addresses, limits of the kernel, processors, memory,
// clock. All at once and without waiting, within a millisecond or so: little enough to be done for every arm request.
// The facts go to report.ts.

import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { availableParallelism } from 'node:os';
import type { NetworkInterfaceInfo } from 'node:os';
import { systemClock } from '../base/clock.js';
import { residentBytes } from '../base/resident-bytes.js';
import type { ServiceConfig } from '../config/service-config.js';
import { receivingHosts } from '../config/udp-hosts.js';
import { clockSynchronised } from '../runtime/clock-state.js';
import { ffiUnavailable } from '../runtime/ffi.js';
import { priorityRefusals, realtimeFacts } from '../runtime/realtime.js';
import type { Refusals } from '../runtime/realtime.js';
import { machineInterfaces } from './network-interface.js';
import { groupLimits } from './control-group.js';
import type { ReadFile } from './control-group.js';
import { reassemblyFails, reportsFreePages, reversePathFilter, udpMemoryBytes } from './kernel-settings.js';
import type { AddressFacts, AddressKey, Facts, LinkFacts } from './facts.js';

/** The machine as a test can replace it. */
export interface Machine {
  readonly read: ReadFile;
  /** Those that are up and have a carrier; Node leaves the others out. */
  interfaces(): Readonly<
    Record<
      string,
      | readonly (Pick<NetworkInterfaceInfo, 'address' | 'internal'> & Partial<Pick<NetworkInterfaceInfo, 'netmask'>>)[]
      | undefined
    >
  >;
  cores(): number;
  wall(): number;
  clockSynchronised(): boolean | null;
  /** Asked only where C functions can be called. */
  priorityRefusals(): Refusals;
  /** Bytes of this process in memory; 0 = not known. */
  residentBytes(): number;
}

/** This one. */
export const thisMachine: Machine = {
  read: (path) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return null;
    }
  },
  interfaces: () => machineInterfaces(),
  cores: () => availableParallelism(),
  wall: () => systemClock.wall(),
  clockSynchronised,
  priorityRefusals,
  residentBytes: () => residentBytes() ?? 0,
};

/** What `gatherMachine` knows; `ownBytes` is 0, which only a running service may change. */
export type MachineFacts = Pick<Facts, 'addresses' | 'kernel' | 'cores' | 'memory' | 'clock'>;

/** @param config whose addresses are looked at; null = none */
export function gatherMachine(machine: Machine, config: ServiceConfig | null): MachineFacts {
  const { read } = machine;
  const status = read('/proc/self/status') ?? '';
  const limits = groupLimits(read);
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  const allowed = /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(status)?.[1];
  const available = /^MemAvailable:\s*(\d+) kB$/m.exec(read('/proc/meminfo') ?? '')?.[1];
  const addresses = config === null ? [] : addressesOf(machine, config);
  return {
    addresses,
    kernel: {
      rmemMax: numberIn(read('/proc/sys/net/core/rmem_max')),
      netdevMaxBacklog: numberIn(read('/proc/sys/net/core/netdev_max_backlog')),
      udpMemoryBytes: udpMemoryBytes(read),
      reassemblyFails: reassemblyFails(read),
      reportsFreePages: reportsFreePages(read),
      capabilities: capabilities === undefined ? null : BigInt(`0x${capabilities}`),
      realtime: realtimeFacts(read, machine.cores(), ffiUnavailable(), () => machine.priorityRefusals()),
    },
    cores: {
      available: machine.cores(),
      allowed: allowed === undefined ? null : numbersOf(allowed),
      limit: limits.cores,
    },
    memory: {
      availableBytes: available === undefined ? null : Number(available) * 1024,
      ownBytes: 0,
      limitBytes: limits.memoryBytes,
    },
    clock: { wallMs: machine.wall(), synchronised: machine.clockSynchronised() },
  };
}

function addressesOf(machine: Machine, config: ServiceConfig): AddressFacts[] {
  const interfaces = machine.interfaces();
  const all: [AddressKey, string][] = [
    ...receivingHosts(config).map((host): [AddressKey, string] => ['udp_host', host]),
    ['data_host', config.dataHost],
    ['api_host', config.apiHost],
  ];
  return all.map(([key, address]) => {
    const plain = normal(address);
    const wildcard = plain === '0.0.0.0' || plain === '::';
    return { key, address, wildcard, bindError: null, link: wildcard ? null : linkOf(machine, interfaces, plain) };
  });
}

function linkOf(machine: Machine, interfaces: ReturnType<Machine['interfaces']>, address: string): LinkFacts | null {
  for (const [name, entries] of Object.entries(interfaces)) {
    // All of 127.0.0.0/8 is the loopback interface's, whatever it lists.
    const found = entries?.find(
      (entry) =>
        normal(entry.address) === address ||
        (entry.internal && entry.address.startsWith('127.') && address.startsWith('127.')),
    );
    if (found === undefined) continue;
    return {
      name,
      mtu: numberIn(machine.read(`/sys/class/net/${name}/mtu`)),
      loopback: found.internal,
      rpFilter: reversePathFilter(machine.read, name),
      network: networkOf(address, found.netmask),
    };
  }
  return null;
}

/** Network address and mask of an IPv4 address. */
function networkOf(address: string, mask: string | undefined): string | null {
  if (mask === undefined || !isIPv4(address) || !isIPv4(mask)) return null;
  const bits = mask.split('.').map(Number);
  return `${address
    .split('.')
    .map((byte, index) => Number(byte) & bits[index])
    .join('.')}/${mask}`;
}

/** One spelling of an address, without its zone; IPv4 within IPv6 as IPv4. */
function normal(address: string): string {
  const [plain = ''] = address.split('%', 1);
  if (!plain.includes(':')) return plain;
  const text = new URL(`http://[${plain}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(text) ?? [];
  return high === undefined || low === undefined
    ? text
    : [high, low]
        .map((group) => Number.parseInt(group, 16))
        .flatMap((group) => [group >> 8, group & 255])
        .join('.');
}

function numberIn(text: string | null): number | null {
  return text === null || !/^\d+\s*$/.test(text) ? null : Number(text);
}

/** "0-2,5" → 0, 1, 2, 5. */
function numbersOf(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
