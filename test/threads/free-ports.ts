// Ports of this machine that nobody uses just now.

import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** UDP ports, all different. */
export async function freeUdpPorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const sockets = Array.from({ length: count }, () => createSocket(host.includes(':') ? 'udp6' : 'udp4'));
  await Promise.all(
    sockets.map(
      (socket) => new Promise<void>((resolve, reject) => socket.once('error', reject).bind(0, host, resolve)),
    ),
  );
  const ports = sockets.map((socket) => socket.address().port);
  await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => void socket.close(resolve))));
  return ports;
}

/** A TCP port. */
export async function freeTcpPort(host = '127.0.0.1'): Promise<number> {
  const { port, release } = await takenTcpPort(host);
  await release();
  return port;
}

/** A TCP port that somebody listens on until `release`. */
export async function takenTcpPort(host = '127.0.0.1'): Promise<{ port: number; release: () => Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return { port, release: () => new Promise((resolve) => void server.close(() => resolve())) };
}

/** A UDP port that somebody is bound to until `release`. */
export async function takenUdpPort(host = '127.0.0.1'): Promise<{ port: number; release: () => Promise<void> }> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(0, host, resolve));
  return { port: socket.address().port, release: () => new Promise((resolve) => void socket.close(resolve)) };
}
