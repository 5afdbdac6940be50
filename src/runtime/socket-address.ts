// Socket addresses as the kernel writes them (struct sockaddr_in, sockaddr_in6) and as people write them.

import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { OperatorError } from '../base/errors.js';
import { hostPort } from '../base/host-port.js';

/** Linux, bits/socket.h. */
export const addressFamily = { inet: 2, inet6: 10 } as const;

/** An address without port: 4 or 16 bytes. */
export interface IpAddress {
  readonly version: 4 | 6;
  readonly bytes: Uint8Array;
  /** Interface index of a link-local address written "fe80::1%eth0"; 0 = none. */
  readonly scope: number;
}

const mappedPrefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** @throws OperatorError when the text is no IPv4 or IPv6 address, or names an interface that is not here */
export function parseIp(text: string): IpAddress {
  const version = isIP(text);
  if (version === 4) return { version, bytes: Uint8Array.from(text.split('.'), Number), scope: 0 };
  if (version !== 6) throw new OperatorError(`"${text}" is no IPv4 or IPv6 address`);
  const [plain = '', zone] = text.split('%', 2);
  // The URL parser writes every IPv6 address in hexadecimal groups, embedded IPv4 ones too.
  const [head = '', tail] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::', 2);
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const front = groups(head);
  const back = groups(tail ?? '');
  const all = [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
  return {
    version: 6,
    bytes: Uint8Array.from(all.flatMap((group) => [group >> 8, group & 255])),
    scope: zone === undefined ? 0 : scopeOf(text, zone),
  };
}

/** ::ffff:a.b.c.d as a.b.c.d; everything else as it is. */
export function unmapped(address: IpAddress): IpAddress {
  if (address.version === 4 || mappedPrefix.some((byte, index) => address.bytes[index] !== byte)) return address;
  return { version: 4, bytes: address.bytes.slice(12), scope: 0 };
}

/** a.b.c.d as ::ffff:a.b.c.d; everything else as it is. */
export function mapped(address: IpAddress): IpAddress {
  return address.version === 6
    ? address
    : { version: 6, bytes: Uint8Array.from([...mappedPrefix, ...address.bytes]), scope: 0 };
}

/**
 * struct sockaddr_in (16 bytes) or sockaddr_in6 (28): family in the machine's order, port and address in the network's.
 */
export function socketAddress(address: IpAddress, port: number): Uint8Array {
  const bytes = new Uint8Array(address.version === 4 ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, address.version === 4 ? addressFamily.inet : addressFamily.inet6, true);
  view.setUint16(2, port);
  bytes.set(address.bytes, address.version === 4 ? 4 : 8);
  if (address.version === 6) view.setUint32(24, address.scope, true);
  return bytes;
}

/** The address of a socket address as people write it; IPv4 that came to an IPv6 socket as IPv4. */
export function textOf(address: Uint8Array): string {
  const view = new DataView(address.buffer, address.byteOffset);
  if (view.getUint16(0, true) === addressFamily.inet) return address.subarray(4, 8).join('.');
  const { version, bytes } = unmapped({ version: 6, bytes: address.slice(8, 24), scope: 0 });
  if (version === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, group) => (bytes[group * 2] * 256 + bytes[group * 2 + 1]).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** A sender as the configuration writes it: "10.1.2.20:32410", "[fd00::20]:32410". */
export function senderText(address: Uint8Array): string {
  return hostPort(textOf(address), portOf(address));
}

/** The port of a socket address. */
export function portOf(address: Uint8Array): number {
  return (address[2] << 8) | address[3];
}

function scopeOf(text: string, zone: string): number {
  if (/^[0-9]+$/.test(zone)) return Number(zone);
  const found = networkInterfaces()[zone]?.find((entry) => entry.family === 'IPv6');
  if (found?.family !== 'IPv6')
    throw new OperatorError(
      `${text}: this machine has no interface ${zone} with IPv6. Interfaces: ` +
        `${Object.keys(networkInterfaces()).join(', ')}`,
    );
  return found.scopeid;
}
