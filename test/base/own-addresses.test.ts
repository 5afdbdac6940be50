import type { networkInterfaces } from 'node:os';
import t from 'tap';
import { isOwnAddress, ownAddresses } from '../../src/base/own-addresses.js';

const of =
  (...list: string[]) =>
  () =>
    ({ eth0: list.map((address) => ({ address })) }) as unknown as ReturnType<typeof networkInterfaces>;

t.test('addresses are named with their interface, a dozen at most, link-local ones not at all', (t) => {
  t.equal(ownAddresses(of('10.0.0.5', 'fe80::1', '::1')), '10.0.0.5 (eth0), ::1 (eth0)');
  t.match(
    ownAddresses(of(...Array.from({ length: 40 }, (_, index) => `10.0.0.${index}`))),
    /10\.0\.0\.11 \(eth0\) and 28 more$/,
  );
  t.match(ownAddresses(), /127\.0\.0\.1/);
  t.end();
});

t.test('an address of another machine is told from our own, from all, and from what the system does not tell', (t) => {
  const ask = of('10.0.0.5', 'fd00::1');
  for (const host of ['10.0.0.5', 'FD00::1', '0.0.0.0', '::', '127.0.0.9', 'fe80::5%eth0'])
    t.ok(isOwnAddress(host, ask), host);
  for (const host of ['10.0.0.6', 'fd00::2', '192.0.2.7']) t.notOk(isOwnAddress(host, ask), host);
  t.ok(
    isOwnAddress('192.0.2.7', () => {
      throw new Error('EMFILE');
    }),
  );
  t.end();
});
