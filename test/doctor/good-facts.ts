// Facts of a machine on which nothing is wrong, for a quad at 1000 Hz; a test changes what it is about.

import { parseConfig } from '../../src/config/load.js';
import { makePlan } from '../../src/config/plan.js';
import type { AddressFacts, Facts } from '../../src/doctor/facts.js';
import { examine } from '../../src/doctor/report.js';
import type { CheckResult } from '../../src/doctor/report.js';

/** Configuration and plan of a quad with more keys; 4 cores. */
export function setupOf(more = ', frame_rate_hz: 1000'): NonNullable<Facts['setup']> {
  const config = parseConfig(
    `quad: {detector: eiger, quad: true, udp_ports: [50001, 50002], udp_host: 10.0.0.1${more}}`,
    'facts.yaml',
    'quad',
  );
  return { config, plan: makePlan(config, 4) };
}

export const card = {
  name: 'eth1',
  mtu: 9000,
  loopback: false,
  rpFilter: 2,
  network: '10.0.0.0/255.255.255.0',
} as const;
const loopback = { name: 'lo', mtu: 65536, loopback: true, rpFilter: 0, network: '127.0.0.0/255.0.0.0' } as const;

export const receivingAddress = (changes: Partial<AddressFacts> = {}): AddressFacts => ({
  key: 'udp_host',
  address: '10.0.0.1',
  wildcard: false,
  bindError: null,
  link: card,
  ...changes,
});

/** All checks can be made, except those of ports, since the service runs. */
export const goodFacts = (changes: Partial<Facts> = {}): Facts => ({
  setup: setupOf(),
  service: { consumers: 1, acceptedPackets: 0, unserved: [] },
  client: {
    lacking: [],
    problems: [],
    arrived: [50001, 50002].map((udpPort) => ({ udpPort, module: 0, packets: 1280 })),
    warnings: [],
  },
  receiveBuffers: [50001, 50002].map((udpPort) => ({ udpPort, requestedBytes: 104857600, grantedBytes: 104857600 })),
  addresses: [
    receivingAddress(),
    { key: 'data_host', address: '127.0.0.1', wildcard: false, bindError: null, link: loopback },
    { key: 'api_host', address: '0.0.0.0', wildcard: true, bindError: null, link: null },
  ],
  ports: null,
  kernel: {
    rmemMax: 104857600,
    netdevMaxBacklog: 250000,
    udpMemoryBytes: { most: 2 ** 31, page: 4096 },
    reassemblyFails: 0,
    reportsFreePages: false,
    capabilities: 0n,
    realtime: { runtimeUs: 950_000, cores: 4, noCalls: null, refusals: { realtime: null, first: null } },
  },
  cores: { available: 4, allowed: [0, 1, 2, 3], limit: null },
  memory: { availableBytes: 2 ** 33, ownBytes: 0, limitBytes: null },
  cards: [{ name: 'eth1', receiveRing: { now: 8192, most: 8192 }, sendsPause: true }],
  ways: { recvmmsg: null, compiled: null, zmtp: null, libzmq: null },
  clock: { wallMs: Date.UTC(2026, 5, 1), synchronised: true },
  ...changes,
});

/** One check over good facts with these changes; undefined = it was not made. */
export function checked(check: string, changes: Partial<Facts> = {}): CheckResult | undefined {
  return examine(goodFacts(changes)).checks.find((result) => result.check === check);
}

/** Why a check was not made. */
export function unchecked(check: string, changes: Partial<Facts> = {}): string | undefined {
  return examine(goodFacts(changes)).not_checked.find((result) => result.check === check)?.reason;
}
