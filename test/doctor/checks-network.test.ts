import t from 'tap';
import type { AddressFacts } from '../../src/doctor/facts.js';
import type { BufferFacts } from '../../src/doctor/facts.js';
import { card, checked, receivingAddress, setupOf, unchecked, goodFacts } from './good-facts.js';

const granted = (grantedBytes: number | null, requestedBytes = 104857600): { receiveBuffers: BufferFacts[] } => ({
  receiveBuffers: [
    { udpPort: 50001, requestedBytes, grantedBytes: requestedBytes },
    { udpPort: 50002, requestedBytes, grantedBytes },
  ],
});

t.test('receive buffer: what the smallest bridges at the rate decides', async (t) => {
  t.match(checked('receive_buffer'), {
    status: 'ok',
    seen: 'port 50001: 104857600 of 104857600 bytes granted = 388 ms at 1000 Hz',
    remedy: null,
  });
  // 992 packets of 64000 in a second, as measured for 4 MiB.
  t.match(checked('receive_buffer', granted(4194304)), {
    status: 'warning',
    loses_data: false,
    seen: /^port 50002: 4194304 of 104857600 bytes granted = 15\.5 ms at 1000 Hz$/,
    remedy: 'sysctl -w net.core.rmem_max=104857600',
  });
  t.match(checked('receive_buffer', granted(212992)), {
    status: 'warning',
    loses_data: false,
    seen: / = 0\.788 ms at/,
  });
});

t.test('receive buffer: only one that is shorter than a turn of the receiver speaks against arming', async (t) => {
  const fast = { setup: setupOf(', frame_rate_hz: 4000, frame_timeout_ms: 100') };
  t.match(checked('receive_buffer', { ...fast, ...granted(212992) }), {
    status: 'failed',
    loses_data: true,
    seen: / = 0\.197 ms at 4000 Hz$/,
    remedy: 'sysctl -w net.core.rmem_max=104857600',
  });
  t.match(checked('receive_buffer', { ...fast, ...granted(4194304) }), { status: 'warning', loses_data: false });
});

t.test('receive buffer: without a rate a clamped one warns and never speaks against arming', async (t) => {
  const setup = setupOf('');
  t.match(checked('receive_buffer', { setup, ...granted(1000) }), {
    status: 'warning',
    loses_data: false,
    seen: /unknown without frame_rate_hz/,
  });
  t.match(checked('receive_buffer', { setup, ...granted(104857600) }), { status: 'ok' });
  t.equal(
    unchecked('receive_buffer', { receiveBuffers: [{ udpPort: 50001, requestedBytes: 1, grantedBytes: null }] }),
    'the kernel does not say what it granted',
  );
  t.match(
    checked('receive_buffer', {
      setup: null,
      receiveBuffers: [{ udpPort: null, requestedBytes: 104857600, grantedBytes: 4194304 }],
    }),
    { status: 'warning', seen: /^4194304 of 104857600 bytes granted;/ },
  );
});

t.test('receive buffer: one that was asked for too small is mended in the configuration', async (t) => {
  const setup = setupOf(', frame_rate_hz: 1000, receive_buffer_bytes: 1048576');
  t.match(checked('receive_buffer', { setup, ...granted(1048576, 1048576) }), {
    status: 'warning',
    remedy: /^receive_buffer_bytes: 135\d{5} in the configuration$/,
  });
  t.match(checked('receive_buffer', { setup, ...granted(212992, 1048576) }), {
    status: 'warning',
    remedy: /^sysctl -w net\.core\.rmem_max=(135\d{5}), and receive_buffer_bytes: \1 in the configuration$/,
  });
});

t.test('rmem_max: as large as what is asked for, unless sockets got it all the same', async (t) => {
  const kernel = { ...goodFacts().kernel, rmemMax: 4194304, netdevMaxBacklog: 250000, capabilities: 0n };
  t.match(checked('rmem_max'), { status: 'ok', seen: '104857600 bytes' });
  t.match(checked('rmem_max', { kernel }), { status: 'ok', seen: /CAP_NET_ADMIN/ });
  t.match(checked('rmem_max', { kernel, ...granted(4194304) }), {
    status: 'warning',
    remedy: /^sysctl -w net\.core\.rmem_max=104857600 && echo net\.core\.rmem_max=104857600 > /,
  });
  t.match(unchecked('rmem_max', { kernel: { ...kernel, rmemMax: null } }), /cannot be read/);
});

t.test('netdev_max_backlog: ten milliseconds at the rate of all ports', async (t) => {
  const kernel = (netdevMaxBacklog: number | null) => ({
    kernel: { ...goodFacts().kernel, rmemMax: 104857600, netdevMaxBacklog, capabilities: 0n },
  });
  t.match(checked('netdev_max_backlog', kernel(1280)), {
    status: 'ok',
    seen: '1280 packets = 10 ms at 128000 packets/s',
  });
  t.match(checked('netdev_max_backlog', kernel(1279)), {
    status: 'warning',
    remedy: 'sysctl -w net.core.netdev_max_backlog=10000',
  });
  t.match(unchecked('netdev_max_backlog', kernel(null)), /cannot be read/);
  t.equal(unchecked('netdev_max_backlog', { setup: setupOf('') }), 'needs frame_rate_hz');
});

t.test("address: each must be of this machine, and the detector's interface up", async (t) => {
  t.match(checked('address'), {
    status: 'ok',
    seen: 'udp_host 10.0.0.1 on eth1, data_host 127.0.0.1 on lo, api_host 0.0.0.0 on all interfaces',
  });
  t.match(checked('address', { addresses: [receivingAddress({ bindError: 'EADDRNOTAVAIL', link: null })] }), {
    status: 'failed',
    loses_data: false,
    seen: 'udp_host 10.0.0.1: this machine has no such address',
    remedy: /^correct udp_host; ip -br addr/,
  });
  const both = [
    receivingAddress({ bindError: 'EADDRNOTAVAIL', link: null }),
    { ...receivingAddress({ bindError: 'EACCES', link: null }), key: 'data_host' as const },
  ];
  t.match(
    checked('address', { addresses: both }),
    {
      seen: /no such address; data_host 10\.0\.0\.1: cannot be bound \(EACCES\)$/,
      remedy: /^correct udp_host, data_host;/,
    },
    'all that are wrong are named',
  );
  t.match(checked('address', { addresses: [receivingAddress({ link: null })] }), {
    status: 'failed',
    loses_data: true,
    seen: /^udp_host 10\.0\.0\.1: no interface that is up/,
    remedy: /^ip -br addr \| grep -wF 10\.0\.0\.1 .* ip link set dev IF up/,
  });
  t.match(checked('address', { addresses: [receivingAddress({ address: '0.0.0.0', wildcard: true, link: null })] }), {
    status: 'ok',
  });
  t.match(checked('address', { addresses: [receivingAddress(), receivingAddress({ key: 'data_host', link: null })] }), {
    status: 'warning',
    loses_data: false,
    seen: /^data_host /,
  });
  t.equal(unchecked('address', { setup: null, addresses: [] }), 'needs CONFIG NAME');
});

t.test('MTU: a packet with its headers must fit, unless packets have come all the same', async (t) => {
  const mtu = (value: number | null, address = '10.0.0.1') => ({
    addresses: [receivingAddress({ address, link: { ...card, mtu: value } })],
  });
  t.match(checked('mtu', mtu(4172)), { status: 'ok', seen: 'eth1: 4172 bytes' });
  t.match(checked('mtu', mtu(4171)), { status: 'failed', loses_data: true, remedy: 'ip link set dev eth1 mtu 9000' });
  t.match(checked('mtu', mtu(4191, 'fd00::1')), { status: 'failed', loses_data: true }, 'an IPv6 header is longer');
  t.match(checked('mtu', mtu(4192, 'fd00::1')), { status: 'ok' });
  t.match(checked('mtu', { ...mtu(1500), service: { consumers: 1, acceptedPackets: 1, unserved: [] } }), {
    status: 'warning',
    loses_data: false,
    seen: /packets come in fragments/,
  });
  t.match(unchecked('mtu', mtu(null)), /not known/);
  t.match(
    unchecked('mtu', { addresses: [receivingAddress({ address: '0.0.0.0', wildcard: true, link: null })] }),
    /udp_host 0\.0\.0\.0 does not tell the interface/,
  );
});

t.test('two interfaces of udp_host: address, MTU, ring and pause are those of each', async (t) => {
  const two = (second: Partial<AddressFacts>) => ({
    addresses: [
      receivingAddress(),
      receivingAddress({ address: '10.0.1.1', link: { ...card, name: 'eth2', mtu: 9000 }, ...second }),
    ],
  });
  t.match(checked('address', two({})), { status: 'ok', seen: 'udp_host 10.0.0.1 on eth1, udp_host 10.0.1.1 on eth2' });
  t.match(checked('address', two({ link: null })), {
    status: 'failed',
    loses_data: true,
    seen: /^udp_host 10\.0\.1\.1: no interface/,
  });
  const absent = { link: null, bindError: 'EADDRNOTAVAIL' };
  t.match(
    checked('address', { addresses: [receivingAddress(absent), receivingAddress(absent)] }),
    { remedy: /^correct udp_host;/ },
    'a key is named once',
  );
  t.match(
    checked('address', {
      addresses: [receivingAddress({ link: null }), receivingAddress({ address: '10.0.1.1', link: null })],
    }),
    { seen: /10\.0\.0\.1.*10\.0\.1\.1/, remedy: /-e 10\.0\.0\.1 -e 10\.0\.1\.1 names/ },
  );
  t.match(checked('mtu', two({})), { status: 'ok', seen: 'eth1: 9000 bytes, eth2: 9000 bytes' });
  t.match(checked('mtu', two({ link: { ...card, name: 'eth2', mtu: 1500 } })), {
    status: 'failed',
    loses_data: true,
    remedy: 'ip link set dev eth2 mtu 9000',
  });
  const good = { name: 'eth1', receiveRing: { now: 8192, most: 8192 }, sendsPause: true };
  const cards = [good, { name: 'eth2', receiveRing: { now: 512, most: 4096 }, sendsPause: false }];
  t.match(checked('nic_ring', { cards }), {
    status: 'warning',
    seen: /eth1: 8192 .*eth2: 512 receive descriptors of 4096/,
    remedy: 'ethtool -G eth2 rx 4096',
  });
  t.match(checked('nic_pause', { cards }), {
    status: 'warning',
    seen: 'eth1: sends pause frames, eth2: sends no pause frames',
    remedy: 'ethtool -A eth2 tx on',
  });
});

t.test('ports: free where no service runs, not looked at where it does', async (t) => {
  const ports = (error: string | null) => ({
    service: null,
    ports: [
      { key: 'udp_ports' as const, host: '10.0.0.1', port: 50001, error },
      { key: 'api_port' as const, host: '127.0.0.1', port: 5000, error: null },
    ],
  });
  t.match(checked('ports', ports(null)), { status: 'ok', seen: 'free: 50001, 5000' });
  t.match(checked('ports', ports('EADDRINUSE')), {
    status: 'failed',
    loses_data: false,
    seen: 'udp_ports 50001 on 10.0.0.1: taken',
    remedy: /^ss -ulpn 'sport = :50001' names the program that has it/,
  });
  t.match(checked('ports', ports('EACCES')), { status: 'failed', remedy: /^ports from 1024/ });
  t.match(
    checked('ports', ports('EADDRNOTAVAIL')),
    { status: 'ok', seen: 'free: 5000' },
    'an address that is not here is another check',
  );
  t.match(
    unchecked('ports', {
      service: null,
      ports: [{ key: 'udp_ports', host: '10.0.0.1', port: 50001, error: 'EADDRNOTAVAIL' }],
    }),
    /cannot be bound/,
  );
  t.equal(unchecked('ports'), 'the service itself holds its ports');
});

t.test('network card: the largest ring, and pause frames', async (t) => {
  const facts = { name: 'eth1', receiveRing: { now: 1024, most: 8192 }, sendsPause: false };
  t.match(checked('nic_ring'), { status: 'ok' });
  t.match(checked('nic_ring', { cards: [facts] }), {
    status: 'warning',
    seen: 'eth1: 1024 receive descriptors of 8192',
    remedy: 'ethtool -G eth1 rx 8192',
  });
  t.match(checked('nic_pause'), { status: 'ok' });
  t.match(checked('nic_pause', { cards: [facts] }), { status: 'warning', remedy: 'ethtool -A eth1 tx on' });
  t.equal(unchecked('nic_ring', { cards: 'ethtool is not installed' }), 'ethtool is not installed');
  t.match(unchecked('nic_pause', { cards: [{ ...facts, sendsPause: null }] }), /does not tell/);
});

t.test('consumer: as many as are expected', async (t) => {
  const service = (consumers: number) => ({ service: { consumers, acceptedPackets: 0, unserved: [] } });
  t.match(checked('consumer', service(1)), { status: 'ok' });
  t.match(checked('consumer', service(0)), { status: 'warning', remedy: /^start the consumer/ });
  t.match(checked('consumer', service(2)), { status: 'warning', remedy: /^ss -tnp 'sport = :9999' names them/ });
  t.match(unchecked('consumer', { service: null }), /only a running service/);
});
