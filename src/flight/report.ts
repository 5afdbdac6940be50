// What is in a recording of the flight recorder, by port and class: how many packets, the first and the last. Written
// as JSON beside each capture file; made from the packets that the file has.
// Tested by test/pipeline/flight.test.ts.

import { headerOffset } from '../detector/packet-header.js';
import { packetClassTable } from '../contract/packet-classes.js';
import { classNames, heldClass } from './pcap.js';
import type { FlightClass, FlightPacket } from './pcap.js';

/**
 * Packets of one class on one port. Frame numbers are the detector's; null = the header says none that can be trusted.
 */
export interface ClassReport {
  readonly class: FlightClass;
  readonly count: number;
  readonly first_at: string;
  readonly last_at: string;
  readonly first_frame_number: number | null;
  readonly last_frame_number: number | null;
}

/** What is recorded of one port. */
export interface PortReport {
  readonly udp_port: number;
  readonly packets: number;
  /** Packets that were missing in closed port images since the service was started. */
  readonly missing_packets: number;
  /** A loss that began on this port is the reason for the recording. */
  readonly loss_began: boolean;
  readonly classes: readonly ClassReport[];
}

/** The report beside a capture file. Times are ISO 8601, UTC. */
export interface FlightReport {
  readonly detector: string;
  readonly reason: 'request' | 'loss';
  readonly recorded_at: string;
  readonly first_at: string | null;
  readonly last_at: string | null;
  readonly packets: number;
  readonly ports: readonly PortReport[];
}

/** Does the header of this packet tell frame and packet? One that is held has passed the check. */
export function isTrusted({ class: name, header }: FlightPacket): boolean {
  return (name === heldClass || packetClassTable[name].headerHolds) && header.length >= headerOffset.detSpec1;
}

/** Frame number and packet number, as the header has them. */
export function numbersOf({ header }: FlightPacket): { frameNumber: number; packetNumber: number } {
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  return {
    frameNumber:
      view.getUint32(headerOffset.frameNumber + 4, true) * 2 ** 32 + view.getUint32(headerOffset.frameNumber, true),
    packetNumber: view.getUint32(headerOffset.packetNumber, true),
  };
}

/** Milliseconds since 1970 as ISO 8601 to the microsecond. */
export function isoTime(timeMs: number): string {
  const microseconds = Math.round(timeMs * 1000);
  const toTheMillisecond = new Date(Math.floor(microseconds / 1000)).toISOString().slice(0, -1);
  return `${toTheMillisecond}${String(microseconds % 1000).padStart(3, '0')}Z`;
}

/** Packets of one port by class, in the order of `classNames`. @param packets in the order of their arrival */
export function reportClasses(packets: Iterable<FlightPacket>): ClassReport[] {
  const found = new Map<FlightClass, { count: number; readonly first: FlightPacket; last: FlightPacket }>();
  for (const packet of packets) {
    const known = found.get(packet.class);
    if (known === undefined) {
      found.set(packet.class, { count: 1, first: packet, last: packet });
    } else {
      known.count++;
      known.last = packet;
    }
  }
  const frameNumber = (packet: FlightPacket): number | null =>
    isTrusted(packet) ? numbersOf(packet).frameNumber : null;
  return classNames.flatMap((name): ClassReport[] => {
    const known = found.get(name);
    if (known === undefined) return [];
    const { count, first, last } = known;
    return [
      {
        class: name,
        count,
        first_at: isoTime(first.timeMs),
        last_at: isoTime(last.timeMs),
        first_frame_number: frameNumber(first),
        last_frame_number: frameNumber(last),
      },
    ];
  });
}
