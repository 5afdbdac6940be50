import { readFileSync } from 'node:fs';
import t from 'tap';
import {
  firstOfKernel,
  freeTcpPort,
  freeTcpPorts,
  freeUdpPorts,
  holdTcp,
  holdUdp,
} from '../../src/rehearsal/free-ports.js';

t.test('ports are different, free, and none that the kernel would hand to somebody else', async (t) => {
  const [first, last] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1')
    .trim()
    .split(/\s+/)
    .map(Number);
  for (const [ports, hold] of [
    [await freeUdpPorts(50), holdUdp],
    [await freeTcpPorts(50), holdTcp],
  ] as const) {
    t.equal(new Set(ports).size, 50);
    if (first > 11_000)
      t.strictSame(
        ports.filter((port) => port >= first && port <= last),
        [],
      );
    for (const port of ports) await (await hold(port, '127.0.0.1')).release();
  }
  t.ok((await freeTcpPort()) > 0);
  t.equal((await freeUdpPorts(2, '::1')).length, 2);
});

t.test('an address that is not of this machine is an error, not a search without end', async (t) => {
  await t.rejects(freeUdpPorts(1, '192.0.2.1'), { code: 'EADDRNOTAVAIL' });
  await t.rejects(freeTcpPorts(1, '192.0.2.1'), { code: 'EADDRNOTAVAIL' });
});

t.test('what the kernel says of its ports is read, and nothing is made of what it does not say', async (t) => {
  t.equal(firstOfKernel('32768\t60999\n'), 32_768);
  t.equal(firstOfKernel('1024 65535'), 1024);
  for (const nothing of [null, '', 'x y']) t.equal(firstOfKernel(nothing), 32_768);
});
