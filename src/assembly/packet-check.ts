// hot path. Is this datagram a packet of this detector? Everything that can be wrong with a packet by itself is found
// here, in the order of the packet classes, before a byte is copied.

import { headerOffset, largestFrameNumber, oldHeaderPacketBytes } from '../detector/packet-header.js';
import type { Layout, PortLayout } from '../detector/layout.js';
import { portCounter } from '../memory/counters.js';

const largestHigh = Math.floor(largestFrameNumber / 2 ** 32);
const largestLow = largestFrameNumber % 2 ** 32;

/** What the check found; `ok` is 0, everything else names a class. */
export const verdict = {
  ok: 0,
  headerPacket: 1,
  size: 2,
  version: 3,
  detectorType: 4,
  packetNumber: 5,
  position: 6,
  frameNumber: 7,
} as const;
export type Verdict = (typeof verdict)[keyof typeof verdict];

/** Where packets of each verdict are counted. */
export const verdictCounter: readonly number[] = [
  -1,
  portCounter.headerPacket,
  portCounter.malformedSize,
  portCounter.malformedVersion,
  portCounter.malformedDetectorType,
  portCounter.malformedPacketNumber,
  portCounter.malformedPosition,
  portCounter.malformedFrameNumber,
];

/** The port's place is not known yet: the header must name one of the detector's. */
export const unknownPosition = -1;
/** The port is placed by configuration: row and column are not looked at. */
export const anyPosition = -2;

/** What the check compares with, unpacked from a layout. */
export interface CheckTable {
  readonly packetBytes: number;
  readonly version: number;
  readonly detectorType: number;
  /**
   * First packet number that is read out, by header row within a unit (one for all rows: the port's place is
   * configured), and how many.
   */
  readonly firstPackets: Int32Array;
  readonly expectedPackets: number;
  readonly gridRows: number;
  readonly gridColumns: number;
}

/** The table of a port of a layout. */
export function makeCheckTable(layout: Layout, port: PortLayout): CheckTable {
  const firstPacket = (position: number): number => layout.positions[position].firstPacket;
  return {
    packetBytes: layout.packetBytes,
    version: layout.profile.headerVersion,
    detectorType: layout.profile.detectorType,
    firstPackets: port.fixed
      ? Int32Array.of(firstPacket(port.expectedPosition))
      : Int32Array.from({ length: layout.profile.unitPorts.rows }, (_, row) => firstPacket(row * layout.grid.columns)),
    expectedPackets: layout.expectedPackets,
    gridRows: layout.grid.rows,
    gridColumns: layout.grid.columns,
  };
}

/**
 * Check one datagram.
 * @param view all memory
 * @param at position of the datagram in `view`; its first min(length, packetBytes) bytes are there
 * @param length true length of the datagram in bytes
 * @param position where the port is, as an index into the layout's positions, or `unknownPosition`, or `anyPosition`
 */
export function checkPacket(table: CheckTable, view: DataView, at: number, length: number, position: number): Verdict {
  if (length === oldHeaderPacketBytes) return verdict.headerPacket;
  if (length !== table.packetBytes) return verdict.size;
  if (view.getUint8(at + headerOffset.version) !== table.version) return verdict.version;
  if (view.getUint8(at + headerOffset.detType) !== table.detectorType) return verdict.detectorType;
  const packet = view.getUint32(at + headerOffset.packetNumber, true);
  const first = firstPacketOf(table, view, at);
  if (packet < first || packet >= first + table.expectedPackets) return verdict.packetNumber;
  if (position !== anyPosition) {
    const row = view.getUint16(at + headerOffset.row, true);
    const column = view.getUint16(at + headerOffset.column, true);
    if (row >= table.gridRows || column >= table.gridColumns) return verdict.position;
    if (position !== unknownPosition && row * table.gridColumns + column !== position) return verdict.position;
  }
  const high = view.getUint32(at + headerOffset.frameNumber + 4, true);
  const low = view.getUint32(at + headerOffset.frameNumber, true);
  if (high > largestHigh || (high === largestHigh && low > largestLow)) return verdict.frameNumber;
  return verdict.ok;
}

/**
 * First packet number that is read out of the port image that this packet's header names, unless the port's place is
 * configured.
 */
export function firstPacketOf(table: CheckTable, view: DataView, at: number): number {
  const { firstPackets } = table;
  return firstPackets.length === 1
    ? firstPackets[0]
    : firstPackets[view.getUint16(at + headerOffset.row, true) % firstPackets.length];
}
