// Another socket on the address and port of one of ours, as a program of the same user can open it with SO_REUSEADDR:
// the kernel gives it the datagrams, and lists both with one address and port.

import { readdirSync, readlinkSync } from 'node:fs';
import type { Test } from 'tap';
import { libc } from '../../src/runtime/ffi.js';
import { addressFamily, parseIp, socketAddress } from '../../src/runtime/socket-address.js';
import { readUdpSocket } from '../../src/udp/proc-net-udp.js';
import { numbered, Sender } from './sender.js';

/** SOCK_DGRAM | SOCK_CLOEXEC; asm-generic/socket.h. */
const datagramSocket = 2 | 0o2000000;
const option = { level: 1, reuseAddress: 2, receiveBuffer: 8 } as const;

/**
 * Open it beside the socket with this inode, which is this process's, and make the kernel drop datagrams before it;
 * closed at the end of the test. @returns how many were dropped
 */
export function strangerWithDrops(t: Test, host: string, udpPort: number, inode: number): number {
  const c = libc();
  const set = (descriptor: number, name: number, value: number): void => {
    if (c.setsockopt(descriptor, option.level, name, Int32Array.of(value), 4) !== 0)
      throw new Error(`setsockopt ${name} failed`);
  };
  set(descriptorOf(inode), option.reuseAddress, 1);
  const address = parseIp(host);
  const stranger = c.socket(address.version === 4 ? addressFamily.inet : addressFamily.inet6, datagramSocket, 0);
  t.teardown(() => c.close(stranger));
  set(stranger, option.reuseAddress, 1);
  set(stranger, option.receiveBuffer, 4096);
  const bytes = socketAddress(address, udpPort);
  if (c.bind(stranger, bytes, bytes.length) !== 0) throw new Error('the stranger could not be bound');
  const sender = new Sender(host, udpPort);
  for (let index = 0; index < 50; index++) sender.send(numbered(index, 1000));
  sender.close();
  return readUdpSocket(host, udpPort, inodeOf(stranger))?.drops ?? 0;
}

function inodeOf(descriptor: number): number {
  return Number(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1]);
}

function descriptorOf(inode: number): number {
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${name}`) === `socket:[${inode}]`) return Number(name);
    } catch {
      // Closed meanwhile, as the one that listed the folder.
    }
  }
  throw new Error(`this process has no socket ${inode}`);
}
