import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { hostUdpErrors, nicCounters } from '../../src/metrics/host-counters.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

t.test('UDP errors are those of IPv4 and IPv6 together, by the names of their columns', async (t) => {
  writeFileSync(
    join(folder, 'snmp'),
    'Ip: Forwarding ReasmReqds ReasmFails\nIp: 1 9 5\nTcp: A B\nTcp: 1 2\nUdp: InDatagrams NoPorts InErrors ' +
      'OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors\nUdp: 900 3 30 8 20 0 7 0 1\n',
  );
  writeFileSync(
    join(folder, 'snmp6'),
    'Ip6InReceives 5\nIp6ReasmFails 3\nUdp6InErrors \t4\nUdp6RcvbufErrors                \t2\n',
  );
  t.strictSame(hostUdpErrors(folder), [
    { kind: 'in', value: 34 },
    { kind: 'receive_buffer', value: 22 },
    { kind: 'checksum', value: 7 },
    { kind: 'no_port', value: 3 },
    { kind: 'memory', value: 1 },
    { kind: 'reassembly', value: 8 },
  ]);
});

t.test('a kernel that tells nothing gives no counters', async (t) => {
  t.strictSame(hostUdpErrors(join(folder, 'absent')), []);
  t.strictSame(nicCounters(['127.0.0.1'], join(folder, 'absent')), []);
});

t.test('receive counters of the interface that serves the address, and of no other', async (t) => {
  for (const device of ['lo', 'other']) {
    const statistics = join(folder, 'net', device, 'statistics');
    mkdirSync(statistics, { recursive: true });
    writeFileSync(join(statistics, 'rx_dropped'), '5\n');
    writeFileSync(join(statistics, 'rx_odd'), 'what\n');
    writeFileSync(join(statistics, 'tx_bytes'), '9\n');
  }
  const silent = { of: () => new Map<string, number>() };
  t.strictSame(nicCounters(['127.0.0.1'], join(folder, 'net'), silent), [
    { device: 'lo', counter: 'rx_dropped', value: 5 },
  ]);
  t.strictSame(nicCounters(['192.0.2.1'], join(folder, 'net')), [], 'an address of another machine');
  t.match(nicCounters(['0.0.0.0'], join(folder, 'net')), [{ device: 'lo' }], 'a wildcard: all interfaces');
});

t.test(
  "what the driver counts stands beside the kernel's statistics, which come first where both have a name",
  async (t) => {
    const statistics = join(folder, 'both', 'lo', 'statistics');
    mkdirSync(statistics, { recursive: true });
    writeFileSync(join(statistics, 'rx_dropped'), '5\n');
    const driver = {
      of: () =>
        new Map([
          ['rx_dropped', 99],
          ['rx_out_of_buffer', 7],
        ]),
    };
    t.strictSame(nicCounters(['127.0.0.1'], join(folder, 'both'), driver), [
      { device: 'lo', counter: 'rx_dropped', value: 5 },
      { device: 'lo', counter: 'rx_out_of_buffer', value: 7 },
    ]);
  },
);
