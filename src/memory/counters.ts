// The counter table: every counter of the service, with the metric it feeds and the sentence that explains it. Counters
// live in shared memory as 64-bit floats, one writer each, and only increase. Metrics, ledger and documentation are
// made from this table. Other threads read a counter while its writer goes on: an aligned 64-bit float is stored with
// one instruction on every platform that Node runs on; sums that must be exact are read after a handshake (see
// port-words.ts, series snapshots).
// Tested by test/contract/closed-lists.test.ts.

import { frameReasons } from '../contract/frame-reasons.js';
import type { FrameReason } from '../contract/frame-reasons.js';
import { packetClassTable } from '../contract/packet-classes.js';
import type { PacketClassCounter } from '../contract/packet-classes.js';
import { peerRefusals } from '../contract/refused-peers.js';
import { codesOf } from '../contract/row.js';

/** One counter. `metric` and `labels` name it in Prometheus; several rows may share a metric with different labels. */
export interface CounterRow<Id extends string = string> {
  readonly id: Id;
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly help: string;
}

const row = <const Id extends string>(
  id: Id,
  metric: string,
  help: string,
  labels: Readonly<Record<string, string>> = {},
): CounterRow<Id> => ({ id, metric, labels, help });
const images = 'vdcu_port_images_total';
const imagesHelp = 'Closed port images by outcome';
const frames = 'vdcu_frames_total';
const framesHelp = 'Frames sent, by outcome';
const classRows = Object.values(packetClassTable).map(({ counter, metric, help, labels }) =>
  row(counter, metric, help, labels),
);
const reasonRows = (['marked', 'discarded'] as const).flatMap((outcome) =>
  codesOf(frameReasons).map((reason) => row(frameReasons[reason][outcome], frames, framesHelp, { outcome, reason })),
);
const refusedRows = codesOf(peerRefusals).map((reason) =>
  row(
    peerRefusals[reason].counter,
    'vdcu_zmq_peers_refused_total',
    'Connections to the data port that were refused or cut off',
    { reason },
  ),
);

/** Counters of one port, written by its receiver. The order is the order in memory. */
export const portCounterTable = [
  row('received', 'vdcu_udp_packets_received_total', 'Datagrams received'),
  row('bytes', 'vdcu_udp_bytes_received_total', 'Bytes of the datagrams received'),
  ...classRows,
  row('reordered', 'vdcu_udp_packets_reordered_total', 'Accepted packets that came after a later one'),
  row(
    'secondSource',
    'vdcu_udp_packets_second_source_total',
    'Packets from another sender than the one that the series began with on this port, whatever became of them',
  ),
  row('expected', 'vdcu_udp_packets_expected_total', 'Packets that the closed port images should have had'),
  row('missing', 'vdcu_udp_packets_missing_total', 'Packets that were missing when their port image was closed'),
  row(
    'cutOff',
    'vdcu_udp_packets_cut_off_total',
    'Of the missing packets, those that were still to come when the series ended in the middle of their frame',
  ),
  row('imagesComplete', images, imagesHelp, { outcome: 'complete' }),
  row('imagesIncomplete', images, imagesHelp, { outcome: 'incomplete' }),
  row('imagesAbsent', images, imagesHelp, { outcome: 'absent' }),
  row(
    'socketDropped',
    'vdcu_udp_socket_dropped_packets_total',
    'Packets that the kernel dropped because the socket buffer was full',
  ),
] as const;

/** Counters of the streamer. */
export const streamCounterTable = [
  row('headers', 'vdcu_zmq_messages_sent_total', 'Messages handed to zmq', { type: 'header' }),
  row('images', 'vdcu_zmq_messages_sent_total', 'Messages handed to zmq', { type: 'image' }),
  row('seriesEnds', 'vdcu_zmq_messages_sent_total', 'Messages handed to zmq', { type: 'series_end' }),
  row('bytes', 'vdcu_zmq_bytes_sent_total', 'Bytes handed to zmq'),
  row(
    'blockedSeconds',
    'vdcu_zmq_send_blocked_seconds_total',
    'Time during which a message was ready and zmq took none',
  ),
  row('complete', frames, framesHelp, { outcome: 'complete', reason: 'none' }),
  ...reasonRows,
  row('unsent', 'vdcu_frames_unsent_total', 'Frames of aborted series that were dropped without a number'),
  row('series', 'vdcu_series_total', 'Series opened'),
  row('aborted', 'vdcu_series_aborted_total', 'Series that ended as aborted'),
  ...refusedRows,
] as const;

export type PortCounter = (typeof portCounterTable)[number]['id'];
export type StreamCounter = (typeof streamCounterTable)[number]['id'];

/** Classes of a datagram: received = their sum + packets held without a class. */
export const packetClasses: readonly PacketClassCounter[] = classRows.map(({ id }) => id);

/** Outcomes of a frame that was sent: images handed to zmq = their sum. */
export const frameOutcomes: readonly StreamCounter[] = streamCounterTable
  .filter(({ metric }) => metric === frames)
  .map(({ id }) => id);

/** Index of every port counter in its block. */
export const portCounter = Object.fromEntries(portCounterTable.map((entry, index) => [entry.id, index])) as Readonly<
  Record<PortCounter, number>
>;

/** Index of every streamer counter in its block. */
export const streamCounter = Object.fromEntries(
  streamCounterTable.map((entry, index) => [entry.id, index]),
) as Readonly<Record<StreamCounter, number>>;

/** The counter of frames that are not complete. */
export function incompleteCounter(reason: FrameReason, discard: boolean): StreamCounter {
  return frameReasons[reason][discard ? 'discarded' : 'marked'];
}

/** The counters of one port: since the start of the process, as the series was opened, as it ended. */
export interface PortCounters {
  readonly now: Float64Array;
  readonly seriesBase: Float64Array;
  readonly seriesEnd: Float64Array;
}

/** Bytes of one port's counters in shared memory. */
export const portCountersBytes = portCounterTable.length * 8 * 3;

/** @param offset of the port's counters in the buffer */
export function portCountersAt(buffer: ArrayBufferLike, offset: number): PortCounters {
  const size = portCounterTable.length;
  return {
    now: new Float64Array(buffer, offset, size),
    seriesBase: new Float64Array(buffer, offset + size * 8, size),
    seriesEnd: new Float64Array(buffer, offset + size * 16, size),
  };
}
