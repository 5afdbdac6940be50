import t from 'tap';
import type { Facts, LinkFacts } from '../../src/doctor/facts.js';
import { card, checked, goodFacts, receivingAddress, unchecked } from './good-facts.js';

const filtered = (rpFilter: number | null, changes: Partial<LinkFacts> = {}): Partial<Facts> => ({
  addresses: [receivingAddress({ link: { ...card, rpFilter, ...changes } })],
});
const kernel = (changes: Partial<Facts['kernel']>): Partial<Facts> => ({
  kernel: { ...goodFacts().kernel, ...changes },
});

t.test('rp_filter: only strict, and not on loopback, is a warning that names both switches', async (t) => {
  for (const rpFilter of [0, 2]) t.equal(checked('rp_filter', filtered(rpFilter))?.status, 'ok');
  t.match(checked('rp_filter', filtered(1)), {
    status: 'warning',
    seen: 'eth1: 1 (strict)',
    remedy: /conf\.all\.rp_filter=2 net\.ipv4\.conf\.eth1\.rp_filter=2/,
  });
  t.equal(checked('rp_filter', filtered(1, { loopback: true }))?.status, 'ok');
  t.match(unchecked('rp_filter', filtered(null)), /eth1\.rp_filter cannot be read/);
});

t.test(
  'rp_filter: two interfaces in one network fail when the filter of one is strict, in two networks it is a warning',
  async (t) => {
    const two = (first: Partial<LinkFacts>, second: Partial<LinkFacts>): Partial<Facts> => ({
      addresses: [
        receivingAddress({ link: { ...card, ...first } }),
        receivingAddress({ address: '10.0.0.2', link: { ...card, name: 'eth2', ...second } }),
      ],
    });
    t.match(checked('rp_filter', two({}, {})), { status: 'ok', seen: 'eth1: 2 (loose), eth2: 2 (loose)' });
    t.match(checked('rp_filter', two({}, { rpFilter: 1 })), {
      status: 'failed',
      loses_data: false,
      seen: /eth2: 1 \(strict\); eth1, eth2 are in one network, 10\.0\.0\.0\/255\.255\.255\.0/,
      remedy: /^sysctl -w net\.ipv4\.conf\.all\.rp_filter=2 net\.ipv4\.conf\.eth2\.rp_filter=2;/,
    });
    t.match(checked('rp_filter', two({ rpFilter: 1 }, { rpFilter: 1, network: '10.0.1.0/255.255.255.0' })), {
      status: 'warning',
      remedy: /eth1\.rp_filter=2 .*eth2\.rp_filter=2/,
    });
    t.match(
      checked('rp_filter', two({ rpFilter: 1 }, { rpFilter: 1, name: 'eth1' })),
      { status: 'warning', seen: 'eth1: 1 (strict)' },
      'two addresses of one interface',
    );
    t.match(
      checked('rp_filter', two({ rpFilter: 1, network: null }, { network: null })),
      { status: 'warning' },
      'networks that are not known are not the same',
    );
  },
);

t.test('udp_mem: the doubled buffers of all ports must fit; the remedy is in pages of this machine', async (t) => {
  const wanted = 2 * 2 * 104857600;
  t.equal(checked('udp_mem', kernel({ udpMemoryBytes: { most: wanted, page: 4096 } }))?.status, 'ok');
  t.match(checked('udp_mem', kernel({ udpMemoryBytes: { most: wanted - 1, page: 4096 } })), {
    status: 'warning',
    remedy: "sysctl -w net.ipv4.udp_mem='64000 96000 128000' (pages of 4096 bytes)",
  });
  t.match(checked('udp_mem', kernel({ udpMemoryBytes: { most: 1, page: 65536 } })), {
    remedy: "sysctl -w net.ipv4.udp_mem='4000 6000 8000' (pages of 65536 bytes)",
  });
  const clamped = { receiveBuffers: [{ udpPort: 50001, requestedBytes: 104857600, grantedBytes: 212992 }] };
  t.match(
    checked('udp_mem', { ...clamped, ...kernel({ udpMemoryBytes: { most: 4 * 212992, page: 4096 } }) }),
    { status: 'ok' },
    'what was granted counts',
  );
});

t.test('reassembly: any datagram that lacked a fragment is told, with since when', async (t) => {
  t.match(checked('reassembly'), { status: 'ok', seen: /^0 .*since the service started/ });
  t.match(checked('reassembly', { ...kernel({ reassemblyFails: 1 }), service: null }), {
    status: 'warning',
    seen: /^1 .*since the host started/,
    remedy: /MTU 9000/,
  });
});

t.test('free_page_reporting: a machine that gives memory back is told what that costs', async (t) => {
  t.equal(checked('free_page_reporting')?.status, 'ok');
  t.match(checked('free_page_reporting', kernel({ reportsFreePages: true })), {
    status: 'warning',
    needed: /25 ms/,
    remedy: /free-page-reporting=off/,
  });
  t.match(unchecked('free_page_reporting', kernel({ reportsFreePages: null })), /does not tell/);
});
