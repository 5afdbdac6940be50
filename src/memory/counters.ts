// The counter table: every counter of the service, with the metric it feeds and the sentence that explains it. Counters live in
// shared memory as 64-bit floats, one writer each, and only increase. Metrics, ledger and documentation are made from this table.
//
// A counter is read by other threads while its writer goes on. An aligned 64-bit float is stored with one instruction on
// every platform that Node runs on; sums that must be exact are read after a handshake (see port-words.ts, series snapshots).

/** One counter. `metric` and `labels` name it in Prometheus; several rows may share a metric with different labels. */
export interface CounterRow {
  readonly id: string;
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly help: string;
}

const row = (id: string, metric: string, help: string, labels: Record<string, string> = {}): CounterRow => ({ id, metric, labels, help });
const late = 'vdcu_udp_packets_late_total';
const lateHelp = 'Packets whose port image was already closed';
const malformed = 'vdcu_udp_packets_malformed_total';
const malformedHelp = 'Packets that failed the check, by the first thing that was wrong';
const foreign = 'vdcu_udp_packets_foreign_total';
const foreignHelp = 'Packets that do not belong: wrong source, no series open, beyond or outside the series';
const refused = 'vdcu_zmq_peers_refused_total';
const refusedHelp = 'Connections to the data port that were refused or cut off';
const images = 'vdcu_port_images_total';
const imagesHelp = 'Closed port images by outcome';

/** Counters of one port, written by its receiver. The order is the order in memory. */
export const portCounterTable = [
  row('received', 'vdcu_udp_packets_received_total', 'Datagrams received'),
  row('bytes', 'vdcu_udp_bytes_received_total', 'Bytes of the datagrams received'),
  row('accepted', 'vdcu_udp_packets_accepted_total', 'Packets placed in a frame'),
  row('duplicate', 'vdcu_udp_packets_duplicate_total', 'Packets that came again while their port image was open'),
  row('headerPacket', 'vdcu_udp_packets_header_packet_total', 'Header packets of old Eiger firmware (40 bytes)'),
  row('reordered', 'vdcu_udp_packets_reordered_total', 'Accepted packets that came after a later one'),
  row('ringFull', 'vdcu_udp_packets_ring_full_total', 'Packets refused because the frame ring had no room'),
  row('lateFirst', late, lateHelp, { kind: 'first' }),
  row('lateDuplicate', late, lateHelp, { kind: 'duplicate' }),
  row('lateUnknown', late, lateHelp, { kind: 'unknown' }),
  row('malformedSize', malformed, malformedHelp, { reason: 'size' }),
  row('malformedVersion', malformed, malformedHelp, { reason: 'version' }),
  row('malformedDetectorType', malformed, malformedHelp, { reason: 'detector_type' }),
  row('malformedPacketNumber', malformed, malformedHelp, { reason: 'packet_number' }),
  row('malformedPosition', malformed, malformedHelp, { reason: 'position' }),
  row('malformedFrameNumber', malformed, malformedHelp, { reason: 'frame_number' }),
  row('foreignSource', foreign, foreignHelp, { reason: 'source' }),
  row('foreignUnarmed', foreign, foreignHelp, { reason: 'unarmed' }),
  row('foreignSeries', foreign, foreignHelp, { reason: 'series' }),
  row('expected', 'vdcu_udp_packets_expected_total', 'Packets that the closed port images should have had'),
  row('missing', 'vdcu_udp_packets_missing_total', 'Packets that were missing when their port image was closed'),
  row('imagesComplete', images, imagesHelp, { outcome: 'complete' }),
  row('imagesIncomplete', images, imagesHelp, { outcome: 'incomplete' }),
  row('imagesAbsent', images, imagesHelp, { outcome: 'absent' }),
  row('socketDropped', 'vdcu_udp_socket_dropped_packets_total', 'Packets that the kernel dropped because the socket buffer was full'),
] as const;

/** Counters of the streamer. */
export const streamCounterTable = [
  row('headers', 'vdcu_zmq_messages_sent_total', 'Messages handed to zmq', { type: 'header' }),
  row('images', 'vdcu_zmq_messages_sent_total', 'Messages handed to zmq', { type: 'image' }),
  row('seriesEnds', 'vdcu_zmq_messages_sent_total', 'Messages handed to zmq', { type: 'series_end' }),
  row('bytes', 'vdcu_zmq_bytes_sent_total', 'Bytes handed to zmq'),
  row('blockedSeconds', 'vdcu_zmq_send_blocked_seconds_total', 'Time during which a message was ready and zmq took none'),
  row('complete', 'vdcu_frames_total', 'Frames sent, by outcome', { outcome: 'complete', reason: 'none' }),
  row('markedPacketLoss', 'vdcu_frames_total', 'Frames sent, by outcome', { outcome: 'marked', reason: 'packet_loss' }),
  row('markedPortAbsent', 'vdcu_frames_total', 'Frames sent, by outcome', { outcome: 'marked', reason: 'port_absent' }),
  row('markedTimeout', 'vdcu_frames_total', 'Frames sent, by outcome', { outcome: 'marked', reason: 'timeout' }),
  row('markedRingFull', 'vdcu_frames_total', 'Frames sent, by outcome', { outcome: 'marked', reason: 'ring_full' }),
  row('markedStop', 'vdcu_frames_total', 'Frames sent, by outcome', { outcome: 'marked', reason: 'stop' }),
  row('markedSettings', 'vdcu_frames_total', 'Frames sent, by outcome', { outcome: 'marked', reason: 'settings' }),
  row('discardedPacketLoss', 'vdcu_frames_total', 'Frames sent, by outcome', { outcome: 'discarded', reason: 'packet_loss' }),
  row('discardedPortAbsent', 'vdcu_frames_total', 'Frames sent, by outcome', { outcome: 'discarded', reason: 'port_absent' }),
  row('discardedTimeout', 'vdcu_frames_total', 'Frames sent, by outcome', { outcome: 'discarded', reason: 'timeout' }),
  row('discardedRingFull', 'vdcu_frames_total', 'Frames sent, by outcome', { outcome: 'discarded', reason: 'ring_full' }),
  row('discardedStop', 'vdcu_frames_total', 'Frames sent, by outcome', { outcome: 'discarded', reason: 'stop' }),
  row('discardedSettings', 'vdcu_frames_total', 'Frames sent, by outcome', { outcome: 'discarded', reason: 'settings' }),
  row('unsent', 'vdcu_frames_unsent_total', 'Frames of aborted series that were dropped without a number'),
  row('series', 'vdcu_series_total', 'Series opened'),
  row('aborted', 'vdcu_series_aborted_total', 'Series that ended as aborted'),
  row('refusedTooMany', refused, refusedHelp, { reason: 'too_many' }),
  row('refusedGivesWay', refused, refusedHelp, { reason: 'gives_way' }),
  row('refusedSource', refused, refusedHelp, { reason: 'source' }),
  row('refusedMechanism', refused, refusedHelp, { reason: 'mechanism' }),
  row('refusedNoDescriptors', refused, refusedHelp, { reason: 'no_descriptors' }),
  row('refusedOldProtocol', refused, refusedHelp, { reason: 'old_protocol' }),
  row('refusedSocketType', refused, refusedHelp, { reason: 'socket_type' }),
  row('refusedNoHandshake', refused, refusedHelp, { reason: 'no_handshake' }),
  row('refusedMalformed', refused, refusedHelp, { reason: 'malformed' }),
  row('refusedUnfinished', refused, refusedHelp, { reason: 'too_many_unfinished' }),
] as const;

export type PortCounter = (typeof portCounterTable)[number]['id'];
export type StreamCounter = (typeof streamCounterTable)[number]['id'];

/** Classes of a datagram: received = their sum + packets held without a class. */
export const packetClasses: readonly PortCounter[] = [
  'accepted', 'duplicate', 'headerPacket', 'ringFull', 'lateFirst', 'lateDuplicate', 'lateUnknown', 'malformedSize', 'malformedVersion',
  'malformedDetectorType', 'malformedPacketNumber', 'malformedPosition', 'malformedFrameNumber', 'foreignSource', 'foreignUnarmed', 'foreignSeries',
];

/** Outcomes of a frame that was sent: images handed to zmq = their sum. */
export const frameOutcomes: readonly StreamCounter[] = streamCounterTable.filter(({ metric }) => metric === 'vdcu_frames_total').map(({ id }) => id);

/** Index of every port counter in its block. */
export const portCounter = Object.fromEntries(portCounterTable.map((entry, index) => [entry.id, index])) as Readonly<Record<PortCounter, number>>;

/** Index of every streamer counter in its block. */
export const streamCounter = Object.fromEntries(streamCounterTable.map((entry, index) => [entry.id, index])) as Readonly<Record<StreamCounter, number>>;
