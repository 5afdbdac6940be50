// Tries addresses and ports as the service will: a socket is bound and closed again. Only those that no service has
// bound already; meanwhile no other program can have the port.

import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { ServiceConfig } from '../config/service-config.js';
import { hostOfPort, hostOfReceivers } from '../config/udp-hosts.js';
import type { AddressFacts, PortFacts } from './facts.js';

/** The addresses with what became of a UDP socket bound to each. */
export function tryAddresses(addresses: readonly AddressFacts[]): Promise<AddressFacts[]> {
  return Promise.all(addresses.map(async (entry) => ({ ...entry, bindError: await tryUdp(entry.address, 0) })));
}

/** UDP ports of the configuration that are on, but those that `running` has bound. */
export function tryUdpPorts(config: ServiceConfig, running: ServiceConfig | null = null): Promise<PortFacts[]> {
  const bound = new Set(running === null ? [] : udpPortsOf(running).map(({ host, port }) => `${host} ${port}`));
  return Promise.all(
    udpPortsOf(config)
      .filter(({ host, port }) => !bound.has(`${host} ${port}`))
      .map(async ({ host, port }) => ({ key: 'udp_ports', host, port, error: await tryUdp(host, port) })),
  );
}

function udpPortsOf(config: ServiceConfig): { readonly host: string; readonly port: number }[] {
  const { udpPorts, portsOff } = config.detector;
  return udpPorts.filter((port) => !portsOff.includes(port)).map((port) => ({ host: hostOfPort(config, port), port }));
}

/** All ports of the configuration that are on and named; 0 takes any and cannot be taken. */
export async function tryPorts(config: ServiceConfig): Promise<PortFacts[]> {
  const { dataHost, dataPorts, preview, apiHost, apiPort, receiverPorts } = config;
  const tcp = [
    ...dataPorts.map((port) => ['data_port', dataHost, port] as const),
    ['preview', dataHost, preview?.port ?? 0] as const,
    ['api_port', apiHost, apiPort] as const,
    ...receiverPorts.map((port) => ['receiver_ports', hostOfReceivers(config), port] as const),
  ]
    .filter(([, , port]) => port !== 0)
    .map(async ([key, host, port]): Promise<PortFacts> => ({ key, host, port, error: await tryTcp(host, port) }));
  return [...(await tryUdpPorts(config)), ...(await Promise.all(tcp))];
}

/** @returns code of the error, null = it can be had */
function tryUdp(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', (error) => {
      socket.close();
      resolve(codeOf(error));
    });
    socket.bind({ address: host, port, exclusive: true }, () => socket.close(() => resolve(null)));
  });
}

function tryTcp(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(codeOf(error)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

const codeOf = (error: NodeJS.ErrnoException): string => error.code ?? error.message;
