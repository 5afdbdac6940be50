import t from 'tap';
import { parseNetwork, parseSource, sourceText, withinNetworks } from '../../src/config/networks.js';

t.test('addresses and networks are read, other texts are not', (t) => {
  t.same(parseNetwork('192.0.2.7'), { address: '192.0.2.7', bits: 32, family: 'ipv4' });
  t.same(parseNetwork('10.1.0.0/16'), { address: '10.1.0.0', bits: 16, family: 'ipv4' });
  t.same(parseNetwork('2001:db8::/32'), { address: '2001:db8::', bits: 32, family: 'ipv6' });
  t.same(parseNetwork('0.0.0.0/0'), { address: '0.0.0.0', bits: 0, family: 'ipv4' });
  for (const text of [
    '',
    'host',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0',
    'fe80::1%eth0',
    '::1/129',
    '10.0.0.0/8 ',
  ])
    t.equal(parseNetwork(text), null, `"${text}"`);
  t.end();
});

t.test('an address is within a network of its family, at its very borders', (t) => {
  const within = withinNetworks(['10.1.0.0/16', '192.0.2.7', '2001:db8::/32']);
  for (const address of ['10.1.0.0', '10.1.255.255', '192.0.2.7', '2001:db8::1', '2001:db8:ffff::'])
    t.ok(within(address), address);
  for (const address of ['10.0.255.255', '10.2.0.0', '192.0.2.8', '2001:db9::', '::1'])
    t.notOk(within(address), address);
  const anybody = withinNetworks([]);
  t.ok(anybody('203.0.113.9') && anybody('::1'), 'no list allows all');
  t.end();
});

t.test('a source is a network, or an address with or without port, and is written as it was read', (t) => {
  const ipv4 = { bits: 32, family: 'ipv4', port: null };
  const ipv6 = { bits: 128, family: 'ipv6', port: null };
  for (const [text, source, written] of [
    ['10.0.0.1', { ...ipv4, address: '10.0.0.1' }, '10.0.0.1'],
    ['10.0.0.1:32410', { ...ipv4, address: '10.0.0.1', port: 32410 }, '10.0.0.1:32410'],
    ['10.0.0.0/29', { ...ipv4, address: '10.0.0.0', bits: 29 }, '10.0.0.0/29'],
    ['::1', { ...ipv6, address: '::1' }, '::1'],
    ['[::1]', { ...ipv6, address: '::1' }, '::1'],
    ['[fe80::2]:1', { ...ipv6, address: 'fe80::2', port: 1 }, '[fe80::2]:1'],
    ['fd00:1::/64', { ...ipv6, address: 'fd00:1::', bits: 64 }, 'fd00:1::/64'],
  ] as const) {
    const read = parseSource(text);
    t.same(read, source, text);
    t.equal(read === null ? null : sourceText(read), written);
  }
  for (const wrong of [
    '',
    '[10.0.0.1]',
    '10.0.0.1:',
    '10.0.0.1:0',
    '10.0.0.1:65536',
    '10.0.0.0/29:1',
    '[fd00:1::/64]:1',
    '[::1',
    '10.0.0.0/33',
    'host',
    'learned',
    '10.0.0.256',
  ])
    t.equal(parseSource(wrong), null, `"${wrong}"`);
  t.end();
});
