import t from 'tap';
import { existsSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { findUdpSocket, readUdpSocket } from '../../src/udp/proc-net-udp.js';

const head =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer ' +
  'drops             ';
const udp = `${head}
  321: 0100007F:C351 00000000:0000 07 00000000:00033400 00:00000000 00000000  1000        0 61234 2 0000000000000000 17
  322: 00000000:C352 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 61235 2 00000000a1b2c3d4 4294967295
  323: 0A01A8C0:C351 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 61236 2 0000000000000000 0
  324: 00000000:C355 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 61237 2 0000000000000000 1
  325: 00000000:C355 00000000:0000 07 00000000:00000300 00:00000000 00000000     0        0 61238 2 0000000000000000 2
  326: 0100007F:C356 00000000:0000 07
`;
const udp6 = `${head}
  921: 00000000000000000000000001000000:C351 00000000000000000000000000000000:0000 07 00000000:00001200 00:00000000 00000000     0        0 7001 2 0000000000000000 5
  922: 00000000000000000000000000000000:C351 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 7002 2 0000000000000000 6
  923: B80D0120000000000000000001EFCDAB:C351 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 7003 2 0000000000000000 7
`;

t.test('a socket is found by its local address and port', async (t) => {
  t.strictSame(findUdpSocket(udp, '127.0.0.1', 50001), { inode: 61234, queueBytes: 0x33400, drops: 17 });
  t.strictSame(findUdpSocket(udp, '0.0.0.0', 50002), { inode: 61235, queueBytes: 0, drops: 4294967295 });
  t.match(findUdpSocket(udp, '192.168.1.10', 50001), { inode: 61236, drops: 0 });
  t.match(findUdpSocket(udp6, '::1', 50001), { queueBytes: 0x1200, drops: 5 });
  t.match(findUdpSocket(udp6, '::', 50001), { drops: 6 });
  t.match(findUdpSocket(udp6, '2001:db8::abcd:ef01', 50001), { drops: 7 });
});

t.test('another address, port or inode is not it, nor is a line that was cut', async (t) => {
  t.equal(findUdpSocket(udp, '127.0.0.2', 50001), null);
  t.equal(findUdpSocket(udp, '127.0.0.1', 50003), null);
  t.equal(findUdpSocket(udp, '127.0.0.1', 50001, 61235), null);
  t.equal(findUdpSocket(udp, '127.0.0.1', 50006), null);
  t.equal(findUdpSocket('', '127.0.0.1', 50001), null);
});

t.test('of two sockets on one address and port only the inode tells', async (t) => {
  t.equal(findUdpSocket(udp, '0.0.0.0', 50005), null);
  t.strictSame(findUdpSocket(udp, '0.0.0.0', 50005, 61238), { inode: 61238, queueBytes: 0x300, drops: 2 });
});

t.test(
  'an open socket is in the files, a closed one is not',
  existsSync('/proc/net/udp') ? {} : { skip: 'no /proc/net/udp here' },
  async (t) => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => {
      socket.bind(0, '127.0.0.1', resolve);
    });
    const { port } = socket.address();
    t.match(readUdpSocket('127.0.0.1', port), { queueBytes: 0, drops: 0 });
    await new Promise<void>((resolve) => {
      socket.close(resolve);
    });
    t.equal(readUdpSocket('127.0.0.1', port), null);
  },
);
