// What became of a datagram: every one that was received has one class, counted once. Code (in recordings and their
// stories), counter, metric. Pure.
// Tested by test/contract/closed-lists.test.ts.

import type { Row } from './row.js';

export interface PacketClassRow extends Row {
  /** Key of the counter (memory/counters.ts). */
  readonly counter: string;
  readonly metric: `vdcu_udp_packets_${string}_total`;
  readonly labels: Readonly<Record<string, string>>;
  /** Of the metric: the same for all classes that share one. */
  readonly help: string;
  /** Its packets belong to a frame of the series, placed in it or not. */
  readonly inFrame: boolean;
  /** Its headers passed the check: frame number and packet number mean something. */
  readonly headerHolds: boolean;
}

const placedOrNot = { inFrame: true, headerHolds: true } as const;
const malformed = {
  inFrame: false,
  headerHolds: false,
  metric: 'vdcu_udp_packets_malformed_total',
  help: 'Packets that failed the check, by the first thing that was wrong',
  docs: 'docs/operating.md#wrong-settings',
} as const;
const late = {
  ...placedOrNot,
  metric: 'vdcu_udp_packets_late_total',
  help: 'Packets whose port image was already closed',
  docs: 'docs/operating.md#packets-are-missing',
} as const;
const foreign = {
  inFrame: false,
  headerHolds: true,
  metric: 'vdcu_udp_packets_foreign_total',
  help: 'Packets that do not belong: wrong source, second source, no series open, beyond or outside the series',
  docs: 'docs/operating.md#nothing-arrives',
} as const;
const checkSettings = 'Set the detector and the configuration alike';

/** `says` is said of one packet: "packet 7 …". */
export const packetClassTable = {
  accepted: {
    ...placedOrNot,
    counter: 'accepted',
    metric: 'vdcu_udp_packets_accepted_total',
    labels: {},
    help: 'Packets placed in a frame',
    says: 'accepted',
    remedy: '',
    docs: 'docs/operating.md#counters',
  },
  duplicate: {
    ...placedOrNot,
    counter: 'duplicate',
    metric: 'vdcu_udp_packets_duplicate_total',
    labels: {},
    help: 'Packets that came again while their port image was open',
    says: 'came again',
    remedy: '',
    docs: 'docs/operating.md#counters',
  },
  header_packet: {
    inFrame: false,
    headerHolds: false,
    counter: 'headerPacket',
    metric: 'vdcu_udp_packets_header_packet_total',
    labels: {},
    help: 'Header packets of old Eiger firmware (40 bytes)',
    says: 'header packets of old firmware',
    remedy: '',
    docs: 'docs/operating.md#counters',
  },
  ring_full: {
    ...placedOrNot,
    counter: 'ringFull',
    metric: 'vdcu_udp_packets_ring_full_total',
    labels: {},
    help: 'Packets refused because the frame ring had no room',
    says: 'refused, the ring was full',
    remedy: 'Speed the consumer up, or slow the detector down',
    docs: 'docs/operating.md#ring-full',
  },
  late_first: {
    ...late,
    counter: 'lateFirst',
    labels: { kind: 'first' },
    says: 'came after its image was closed',
    remedy: 'Raise frame_timeout_ms or overtake_frames',
  },
  late_duplicate: {
    ...late,
    counter: 'lateDuplicate',
    labels: { kind: 'duplicate' },
    says: 'came again after its image was closed',
    remedy: '',
  },
  late_unknown: {
    ...late,
    counter: 'lateUnknown',
    labels: { kind: 'unknown' },
    says: 'came when its frame had left the ring',
    remedy: 'Raise frame_timeout_ms or ring_frames',
  },
  malformed_size: {
    ...malformed,
    counter: 'malformedSize',
    labels: { reason: 'size' },
    says: 'of a wrong size',
    remedy: checkSettings,
  },
  malformed_version: {
    ...malformed,
    counter: 'malformedVersion',
    labels: { reason: 'version' },
    says: 'of a wrong header version',
    remedy: checkSettings,
  },
  malformed_detector_type: {
    ...malformed,
    counter: 'malformedDetectorType',
    labels: { reason: 'detector_type' },
    says: 'of another detector type',
    remedy: checkSettings,
  },
  malformed_packet_number: {
    ...malformed,
    counter: 'malformedPacketNumber',
    labels: { reason: 'packet_number' },
    says: 'with a packet number that the image does not have',
    remedy: checkSettings,
  },
  malformed_position: {
    ...malformed,
    counter: 'malformedPosition',
    labels: { reason: 'position' },
    says: "with a row and column that are not this port's",
    remedy: checkSettings,
  },
  malformed_frame_number: {
    ...malformed,
    counter: 'malformedFrameNumber',
    labels: { reason: 'frame_number' },
    says: 'with a frame number that cannot be',
    remedy: 'Set nextframenumber to a smaller one',
  },
  foreign_source: {
    ...foreign,
    headerHolds: false,
    counter: 'foreignSource',
    labels: { reason: 'source' },
    says: 'from another source than udp_source',
    remedy: 'Correct or remove udp_source',
  },
  foreign_second_source: {
    ...foreign,
    counter: 'foreignSecondSource',
    labels: { reason: 'second_source' },
    says: 'from another sender than the one that the series began with',
    remedy: 'Stop the second sender, or set udp_source',
    docs: 'docs/operating.md#second-source',
  },
  foreign_unarmed: {
    ...foreign,
    counter: 'foreignUnarmed',
    labels: { reason: 'unarmed' },
    says: 'while no series was open',
    remedy: 'Arm first, then start the detector',
  },
  foreign_series: {
    ...foreign,
    counter: 'foreignSeries',
    labels: { reason: 'series' },
    says: 'of frames outside the series',
    remedy: 'Stop the detector, set nextframenumber, and arm again',
    docs: 'docs/operating.md#frame-numbers-outside-the-series',
  },
} as const satisfies Readonly<Record<string, PacketClassRow>>;

export type PacketClass = keyof typeof packetClassTable;
export type PacketClassCounter = (typeof packetClassTable)[PacketClass]['counter'];
export type MalformedCounter = Extract<PacketClassCounter, `malformed${string}`>;
export type ForeignCounter = Extract<PacketClassCounter, `foreign${string}`>;

const all = (metric: string): PacketClassCounter[] =>
  Object.values(packetClassTable)
    .filter((row) => row.metric === metric)
    .map(({ counter }) => counter);

/** Counters of the classes that the ledger adds up as `malformed`, and as `foreign`. */
export const malformedCounters = all(malformed.metric) as readonly MalformedCounter[];
export const foreignCounters = all(foreign.metric) as readonly ForeignCounter[];
