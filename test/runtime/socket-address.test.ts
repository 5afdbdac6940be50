import t from 'tap';
import { mapped, parseIp, portOf, socketAddress, unmapped } from '../../src/runtime/socket-address.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

t.test('addresses as bytes', async (t) => {
  t.equal(hex(parseIp('192.168.1.10').bytes), 'c0a8010a');
  t.equal(hex(parseIp('::').bytes), '0'.repeat(32));
  t.equal(hex(parseIp('::1').bytes), `${'0'.repeat(31)}1`);
  t.equal(hex(parseIp('1:2:3:4:5:6:7:8').bytes), '00010002000300040005000600070008');
  t.equal(hex(parseIp('fe80::').bytes), `fe80${'0'.repeat(28)}`);
  t.equal(hex(parseIp('2001:DB8::ABCD:1.2.3.4').bytes), '20010db800000000' + '0000abcd01020304');
  t.equal(parseIp('fe80::1%3').scope, 3);
  t.throws(() => parseIp('fe80::1%nothing0'), { message: /no interface nothing0/ });
  for (const wrong of ['', 'eth0', '1.2.3', '1.2.3.256', ':::', '1.2.3.4:5'])
    t.throws(() => parseIp(wrong), { name: 'OperatorError' }, wrong);
});

t.test('IPv4 addresses inside IPv6 ones', async (t) => {
  t.match(unmapped(parseIp('::ffff:1.2.3.4')), { version: 4, bytes: Uint8Array.of(1, 2, 3, 4) });
  t.equal(unmapped(parseIp('::fffe:1.2.3.4')).version, 6);
  t.strictSame(mapped(parseIp('1.2.3.4')), parseIp('::ffff:1.2.3.4'));
  t.strictSame(mapped(parseIp('::1')), parseIp('::1'));
});

t.test('socket addresses as the kernel has them', async (t) => {
  t.equal(hex(socketAddress(parseIp('127.0.0.1'), 50001)), '0200c3517f0000010000000000000000');
  t.equal(hex(socketAddress(parseIp('fe80::1%3'), 50001)), `0a00c35100000000fe80${'0'.repeat(27)}103000000`);
  t.equal(portOf(socketAddress(parseIp('::1'), 50001)), 50001);
});
