// The network interfaces of this machine, by the address that they serve.
// Tested by test/doctor/machine.test.ts.

import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

type Interfaces = ReturnType<typeof networkInterfaces>;

let known: Interfaces = {};

/**
 * All that are up and have a carrier; as they were when the system last told, which it does not when descriptors are
 * used up.
 */
export function machineInterfaces(ask: () => Interfaces = networkInterfaces): Interfaces {
  try {
    known = ask();
  } catch {
    // It stays as it was.
  }
  return known;
}

/** Name, MAC and MTU of the interface that serves an address; null where the address is a wildcard or unknown. */
export function interfaceOf(address: string): { name: string | null; mac: string | null; mtu: number | null } {
  for (const [name, addresses] of Object.entries(machineInterfaces())) {
    const found = addresses?.find((entry) => entry.address === address);
    if (found !== undefined) return { name, mac: found.mac, mtu: mtuOf(name) };
  }
  return { name: null, mac: null, mtu: null };
}

/**
 * Names of the interfaces on which packets to this address can arrive: its own, or all that have an address when it is
 * a wildcard.
 */
export function interfacesServing(address: string): string[] {
  const { name } = interfaceOf(address);
  if (name !== null) return [name];
  return address === '0.0.0.0' || address === '::' ? Object.keys(machineInterfaces()) : [];
}

function mtuOf(name: string): number | null {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/mtu`, 'utf8'));
  } catch {
    return null;
  }
}
