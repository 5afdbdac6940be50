// Recordings of the flight recorder as capture files that tcpdump and Wireshark read, and back. What the recorder keeps
// of a packet is its UDP port, its header, its length and its class; IP and UDP headers are made up around that: no
// addresses are known but the service's own, and the class stands in the identification field of IPv4. Source:
// draft-ietf-opsawg-pcap, tcpdump.org/linktypes.html (101 = raw IP), RFC 791, 768.

import { isIPv4 } from 'node:net';
import { packetClassTable } from '../contract/packet-classes.js';
import type { PacketClass } from '../contract/packet-classes.js';
import { codesOf } from '../contract/row.js';
import { portCounter } from '../memory/counters.js';
import { flightTime } from '../memory/flight-words.js';

/** Class of a packet that is held: it has none yet. */
export const heldClass = 'held';

export type FlightClass = PacketClass | typeof heldClass;

/** A packet of a recording. */
export interface FlightPacket {
  readonly udpPort: number;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** Bytes of the whole datagram. */
  readonly length: number;
  readonly class: FlightClass;
  /** First bytes of the datagram: at most 48. */
  readonly header: Uint8Array;
}

/** Names of the packet classes; a name's index is its number in a capture file. */
export const classNames: readonly FlightClass[] = [heldClass, ...codesOf(packetClassTable)];

const namesByCounter = new Map(
  codesOf(packetClassTable).map((code): [number, PacketClass] => [portCounter[packetClassTable[code].counter], code]),
);

/** Name of the class that stands in the flight ring: an index into the port counters, 0 = held. */
export function className(counter: number): FlightClass {
  return namesByCounter.get(counter) ?? heldClass;
}

const fileHeaderBytes = 24;
const recordHeaderBytes = 16;
const ipBytes = 20;
const udpBytes = 8;
const rawIp = 101;
const udpProtocol = 17;
/** Bytes of a record that are kept. */
const snapBytes = ipBytes + udpBytes + flightTime;
const chunkBytes = 1 << 18;
/** Marks what this service wrote: type of service is 0 elsewhere, time to live 64 or more. */
const timeToLive = 1;

/** Bytes of a capture file of so many packets, at most. */
export function pcapBytes(packets: number): number {
  return fileHeaderBytes + packets * (recordHeaderBytes + snapBytes);
}

/**
 * The bytes of a capture file, in pieces.
 * @param hostOf address on which the service receives a port, written as destination where it is an IPv4 address
 */
export function* writePcap(
  hostOf: (udpPort: number) => string,
  packets: Iterable<FlightPacket>,
): Generator<Uint8Array, void, undefined> {
  const destinations = new Map<number, readonly number[]>();
  let chunk = new Uint8Array(chunkBytes);
  let view = new DataView(chunk.buffer);
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, snapBytes, true);
  view.setUint32(20, rawIp, true);
  let at = fileHeaderBytes;
  for (const { udpPort, timeMs, length, class: name, header } of packets) {
    if (at + recordHeaderBytes + snapBytes > chunkBytes) {
      yield chunk.subarray(0, at);
      chunk = new Uint8Array(chunkBytes);
      view = new DataView(chunk.buffer);
      at = 0;
    }
    let destination = destinations.get(udpPort);
    if (destination === undefined) destinations.set(udpPort, (destination = ipv4Bytes(hostOf(udpPort))));
    const microseconds = Math.round(timeMs * 1000);
    view.setUint32(at, Math.floor(microseconds / 1e6), true);
    view.setUint32(at + 4, microseconds % 1e6, true);
    view.setUint32(at + 8, ipBytes + udpBytes + header.length, true);
    view.setUint32(at + 12, ipBytes + udpBytes + length, true);
    const ip = at + recordHeaderBytes;
    view.setUint8(ip, 0x45);
    view.setUint16(ip + 2, ipBytes + udpBytes + length);
    view.setUint16(ip + 4, classNames.indexOf(name));
    view.setUint8(ip + 8, timeToLive);
    view.setUint8(ip + 9, udpProtocol);
    chunk.set(destination, ip + 16);
    view.setUint16(ip + 10, checksum(view, ip));
    view.setUint16(ip + ipBytes + 2, udpPort);
    view.setUint16(ip + ipBytes + 4, udpBytes + length);
    chunk.set(header, ip + ipBytes + udpBytes);
    at = ip + ipBytes + udpBytes + header.length;
  }
  yield chunk.subarray(0, at);
}

/** Of another address four zeros. */
function ipv4Bytes(host: string): number[] {
  return isIPv4(host) ? host.split('.').map(Number) : [0, 0, 0, 0];
}

/** Ones' complement of the header's sum, with its own field still 0. */
function checksum(view: DataView, at: number): number {
  let sum = 0;
  for (let byte = 0; byte < ipBytes; byte += 2) sum += view.getUint16(at + byte);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The packet of a record of such a file; null when it is no record that `writePcap` wrote. */
export function readFlightRecord({
  linkType,
  timeMs,
  bytes,
}: {
  linkType: number;
  timeMs: number;
  bytes: Uint8Array;
}): FlightPacket | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const payload = ipBytes + udpBytes;
  if (linkType !== rawIp || bytes.length < payload || bytes.length > snapBytes) return null;
  if (view.getUint8(0) !== 0x45 || view.getUint8(8) !== timeToLive || view.getUint8(9) !== udpProtocol) return null;
  const name = classNames[view.getUint16(4)];
  const length = view.getUint16(ipBytes + 4) - udpBytes;
  if (name === undefined || length < 0 || bytes.length !== payload + Math.min(length, flightTime)) return null;
  return { udpPort: view.getUint16(ipBytes + 2), timeMs, length, class: name, header: bytes.subarray(payload) };
}
