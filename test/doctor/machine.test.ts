import t from 'tap';
import { ffiUnavailable } from '../../src/runtime/ffi.js';
import { gatherMachine, thisMachine } from '../../src/doctor/machine.js';
import type { Machine } from '../../src/doctor/machine.js';
import { setupOf } from './good-facts.js';

const files: Readonly<Record<string, string>> = {
  '/proc/sys/net/core/rmem_max': '212992\n',
  '/proc/sys/net/core/netdev_max_backlog': '1000\n',
  '/proc/self/status': 'Name:\tnode\nVmSize:\t  128000 kB\nCapEff:\t0000000000001000\nCpus_allowed_list:\t0-2,5\n',
  '/proc/self/statm': '2000 1 1\n',
  '/proc/sys/net/ipv4/conf/all/rp_filter': '0\n',
  '/proc/sys/net/ipv4/conf/eth1/rp_filter': '1\n',
  '/proc/sys/net/ipv4/udp_mem': '100\t200\t300\n',
  '/proc/net/snmp': 'Ip: Forwarding ReasmFails\nIp: 1 7\nUdp: InDatagrams\nUdp: 1\n',
  '/proc/net/snmp6': 'Ip6ReasmFails                   \t2\n',
  '/sys/module/page_reporting/parameters/page_reporting_order': '9\n',
  '/proc/meminfo': 'MemTotal:  8000 kB\nMemAvailable:    4000 kB\n',
  '/sys/class/net/eth1/mtu': '9000\n',
  '/sys/class/net/lo/mtu': '65536\n',
};
const machine: Machine = {
  read: (path) => files[path] ?? null,
  interfaces: () => ({
    lo: [{ address: '127.0.0.1', internal: true }],
    eth1: [
      { address: '10.0.0.1', internal: false, netmask: '255.255.255.128' },
      { address: 'fd00::1', internal: false },
    ],
  }),
  cores: () => 4,
  wall: () => 1000,
  clockSynchronised: () => false,
  priorityRefusals: () => ({ realtime: 'EPERM', first: null }),
  residentBytes: () => 0,
};
const configOf = (more: string) => setupOf(more).config;

t.test('figures of the kernel, processors, memory and clock are read', async (t) => {
  t.strictSame(gatherMachine(machine, null), {
    addresses: [],
    kernel: {
      rmemMax: 212992,
      netdevMaxBacklog: 1000,
      capabilities: 1n << 12n,
      realtime: {
        runtimeUs: null,
        cores: 4,
        noCalls: ffiUnavailable(),
        refusals: { realtime: ffiUnavailable() === null ? 'EPERM' : null, first: null },
      },
      udpMemoryBytes: { most: 300 * 65536, page: 65536 },
      reassemblyFails: 9,
      reportsFreePages: true,
    },
    cores: { available: 4, allowed: [0, 1, 2, 5], limit: null },
    memory: { availableBytes: 4096000, ownBytes: 0, limitBytes: null },
    clock: { wallMs: 1000, synchronised: false },
  });
});

t.test('what cannot be read is null, and nothing throws', async (t) => {
  t.match(gatherMachine({ ...machine, read: () => null }, configOf('')), {
    kernel: {
      rmemMax: null,
      netdevMaxBacklog: null,
      capabilities: null,
      udpMemoryBytes: null,
      reassemblyFails: null,
      reportsFreePages: null,
    },
    cores: { allowed: null },
    memory: { availableBytes: null },
    addresses: [{ link: { name: 'eth1', mtu: null, rpFilter: null } }, {}, {}],
  });
  t.match(gatherMachine({ ...machine, read: () => 'nonsense' }, null), {
    kernel: { rmemMax: null, capabilities: null },
    memory: { availableBytes: null },
  });
});

t.test('each address of the configuration with the interface that has it', async (t) => {
  const { addresses } = gatherMachine(machine, configOf(', data_host: 0.0.0.0, api_host: 10.9.9.9'));
  t.strictSame(addresses, [
    {
      key: 'udp_host',
      address: '10.0.0.1',
      wildcard: false,
      bindError: null,
      link: { name: 'eth1', mtu: 9000, loopback: false, rpFilter: 1, network: '10.0.0.0/255.255.255.128' },
    },
    { key: 'data_host', address: '0.0.0.0', wildcard: true, bindError: null, link: null },
    { key: 'api_host', address: '10.9.9.9', wildcard: false, bindError: null, link: null },
  ]);
});

t.test('of several addresses of udp_host each is looked at once, those of ports that are off not', async (t) => {
  const { config } = setupOf('');
  const ports = { ...config.detector, udpPorts: [50001, 50002, 50003, 50004], portsOff: [50004] };
  const { addresses } = gatherMachine(machine, {
    ...config,
    udpHosts: ['10.0.0.1', 'fd00::1', '10.0.0.1', '10.9.9.9'],
    detector: ports,
  });
  t.match(addresses, [
    { key: 'udp_host', address: '10.0.0.1', link: { name: 'eth1' } },
    { key: 'udp_host', address: 'fd00::1', link: { network: null } },
    { key: 'data_host' },
    { key: 'api_host' },
  ]);
});

t.test("an address may be written in other ways, and all of 127.0.0.0/8 is the loopback interface's", async (t) => {
  const { addresses } = gatherMachine(machine, configOf(', data_host: "fd00:0:0:0::1", api_host: 127.0.0.9'));
  t.match(addresses, [{}, { link: { name: 'eth1' } }, { link: { name: 'lo', mtu: 65536, loopback: true } }]);
  const mapped = gatherMachine(
    machine,
    configOf(', data_host: "::ffff:10.0.0.1", api_host: "::ffff:0.0.0.0"'),
  ).addresses;
  t.match(mapped, [{}, { wildcard: false, link: { name: 'eth1' } }, { wildcard: true }], 'IPv4 written as IPv6');
  t.match(gatherMachine(machine, configOf(', data_host: "fd00::2"')).addresses, [{}, { link: null }]);
});

t.test('this machine answers', async (t) => {
  const { cores, clock } = gatherMachine(thisMachine, null);
  t.ok(cores.available >= 1);
  t.ok(clock.wallMs > 0);
  t.ok([true, false, null].includes(clock.synchronised));
  t.ok(thisMachine.residentBytes() > 0);
});

t.test(
  "the reverse-path filter is the larger of the interface's and that of all, of the interface of udp_host",
  async (t) => {
    t.equal(gatherMachine(machine, configOf('')).addresses[0]?.link?.rpFilter, 1);
    const all = {
      ...machine,
      read: (path: string) => (path.endsWith('/all/rp_filter') ? '2\n' : (files[path] ?? null)),
    };
    t.equal(gatherMachine(all, configOf('')).addresses[0]?.link?.rpFilter, 2);
  },
);

t.test('free pages are reported once a driver has set their order, not by a kernel that only could', async (t) => {
  const of = (order: string | null, reported: string | null): boolean | null =>
    gatherMachine(
      {
        ...machine,
        read: (path) =>
          path.endsWith('page_reporting_order')
            ? order
            : path.endsWith('reported_kib')
              ? reported
              : (files[path] ?? null),
      },
      null,
    ).kernel.reportsFreePages;
  t.strictSame(
    [
      of('4294967295\n', null),
      of('-1\n', null),
      of('9\n', null),
      of('4294967295\n', '4\n'),
      of(null, '0\n'),
      of(null, null),
    ],
    [false, false, true, true, null, null],
  );
});
