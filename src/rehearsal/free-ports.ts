// Ports of this machine that nobody uses just now, for services that are put together for a moment: demo, rehearsal,
// benchmarks, tests. They lie below those that the kernel hands to whoever connects or binds without asking for one:
// such a port, free when it was looked for, may be somebody's a moment later.

import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Below are ports that installed services may use. */
const lowest = 10_000;
/** Where kernels begin that do not say it. */
const usualFirstOfKernel = 32_768;
/** Ports to choose from at least: with fewer, the kernel chooses. */
const choiceLeast = 1000;
const triesMost = 100;

/** Holds a port until `release`. */
interface Held {
  readonly port: number;
  readonly release: () => Promise<void>;
}

/**
 * UDP ports, all different.
 * @throws Error (of the system) when this machine has no such address
 */
export const freeUdpPorts = (count: number, host = '127.0.0.1'): Promise<number[]> =>
  free(count, (port) => holdUdp(port, host));

/**
 * TCP ports, all different.
 * @throws Error (of the system) when this machine has no such address
 */
export const freeTcpPorts = (count: number, host = '127.0.0.1'): Promise<number[]> =>
  free(count, (port) => holdTcp(port, host));

/** One TCP port. */
export async function freeTcpPort(host = '127.0.0.1'): Promise<number> {
  const [port] = (await freeTcpPorts(1, host)) as [number];
  return port;
}

/** The port behind the last one to choose from; `text` is what the kernel says of its own ports. */
export function firstOfKernel(text: string | null): number {
  const first = Number(text?.trim().split(/\s+/)[0]);
  return Number.isInteger(first) && first > 0 ? first : usualFirstOfKernel;
}

async function free(count: number, hold: (port: number) => Promise<Held>): Promise<number[]> {
  const held: Held[] = [];
  try {
    while (held.length < count) held.push(await holdOne(hold));
    return held.map(({ port }) => port);
  } finally {
    await Promise.all(held.map((one) => one.release()));
  }
}

async function holdOne(hold: (port: number) => Promise<Held>): Promise<Held> {
  const end = firstOfKernel(kernelPorts());
  if (end - lowest >= choiceLeast)
    for (let tries = 0; tries < triesMost; tries++) {
      try {
        return await hold(randomInt(lowest, end));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      }
    }
  return hold(0);
}

function kernelPorts(): string | null {
  try {
    return readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1');
  } catch {
    return null;
  }
}

/** Bind a UDP socket; 0 = any port. */
export async function holdUdp(port: number, host: string): Promise<Held> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(port, host, resolve));
  } catch (error) {
    socket.close();
    throw error;
  }
  return { port: socket.address().port, release: () => new Promise((resolve) => void socket.close(resolve)) };
}

/** Listen on a TCP socket; 0 = any port. */
export async function holdTcp(port: number, host: string): Promise<Held> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  const address = server.address() as AddressInfo;
  return { port: address.port, release: () => new Promise((resolve) => void server.close(() => resolve())) };
}
