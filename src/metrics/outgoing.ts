// Metrics of what leaves the service: the sockets of the stream and their consumers, the preview, the encoders, the
// receiver at receiver_url. One row per metric, as in tables.ts.
// Tested by test/metrics/metrics.test.ts.

import { portOf } from '../base/host-port.js';
import type { ReceiverFigures } from '../view/receiver-watched.js';
import type { DataSocket, PreviewStatus, ServiceView } from '../view/service-view.js';
import type { MetricRow, Sample } from './metric-row.js';

const ofSockets = (view: ServiceView, value: (socket: DataSocket) => number | null): Sample[] =>
  view.gauges().dataSockets.map((socket): Sample => [{ socket: String(portOf(socket.endpoint)) }, value(socket)]);

const ofPreview = (view: ServiceView, value: (preview: PreviewStatus) => number): Sample[] => {
  const { preview } = view.gauges();
  return preview === null ? [] : [[{}, value(preview)]];
};

const ofReceiver = (view: ServiceView, value: (figures: ReceiverFigures) => number | null): Sample[] => {
  const figures = view.receiver();
  return figures === null ? [] : [[{}, value(figures)]];
};

/** Gauges. */
export const outgoingGauges: readonly MetricRow[] = [
  {
    metric: 'vdcu_zmq_peers',
    help: 'Consumers connected to the stream',
    labels: [],
    read: (view) => [[{}, view.gauges().consumers]],
  },
  {
    metric: 'vdcu_zmq_underway_messages',
    help: 'Messages handed over that no machine of a consumer has acknowledged; absent where that is not known',
    labels: [],
    read: (view) => [[{}, view.gauges().underway?.messages ?? null]],
  },
  {
    metric: 'vdcu_zmq_underway_bytes',
    help: 'Bytes on the wire of these messages that were not acknowledged',
    labels: [],
    read: (view) => [[{}, view.gauges().underway?.bytes ?? null]],
  },
  {
    metric: 'vdcu_zmq_socket_peers',
    help: 'Consumers connected to a socket of data_port; images leave by the sockets in turns, so each needs one',
    labels: ['socket'],
    read: (view) => ofSockets(view, ({ consumers }) => consumers),
  },
  {
    metric: 'vdcu_zmq_socket_underway_bytes',
    help: 'Bytes handed over to a socket that no machine of its consumers has acknowledged; absent where not known',
    labels: ['socket'],
    read: (view) => ofSockets(view, ({ underway }) => underway?.bytes ?? null),
  },
  {
    metric: 'vdcu_preview_subscribers',
    help: 'Live viewers connected to the preview; absent without one',
    labels: [],
    read: (view) => ofPreview(view, ({ subscribers }) => subscribers),
  },
  {
    metric: 'vdcu_zmq_send_buffer_bytes',
    help: 'Send buffer of each connection as asked for and as the kernel granted it; absent where zmq queues',
    labels: ['kind'],
    read: (view) => {
      const { sendBuffer } = view.gauges();
      return [
        [{ kind: 'requested' }, sendBuffer?.requestedBytes ?? null],
        [{ kind: 'actual' }, sendBuffer?.grantedBytes ?? null],
      ];
    },
  },
  {
    metric: 'vdcu_receiver_answers',
    help: '1 when the receiver at receiver_url answers',
    labels: [],
    read: (view) => ofReceiver(view, ({ answers }) => (answers ? 1 : 0)),
  },
  {
    metric: 'vdcu_receiver_behind_frames',
    help: 'Images sent that the receiver at receiver_url has not received yet',
    labels: [],
    read: (view) => ofReceiver(view, ({ behind }) => behind),
  },
  {
    metric: 'vdcu_consumer_connections',
    help:
      'Connections that the one consumer makes to all sockets (consumer_connections of the configuration, for each); ' +
      'no more are let in, or with send: zeromq.js share the stream',
    labels: [],
    read: (view) => [[{}, view.config.consumerConnections * view.config.dataPorts.length]],
  },
];

/** Counters that others keep. */
export const outgoingCounters: readonly MetricRow[] = [
  {
    metric: 'vdcu_zmq_socket_messages_total',
    help: 'Messages that a socket of data_port has taken over',
    labels: ['socket'],
    read: (view) => ofSockets(view, ({ messages }) => messages),
  },
  {
    metric: 'vdcu_preview_frames_total',
    help: 'Frames of the preview by what became of them: shown, sent (over all subscribers), skipped',
    labels: ['result'],
    read: (view) =>
      (['shown', 'sent', 'skipped'] as const).flatMap((result) =>
        ofPreview(view, (preview) => preview[result]).map(([, value]): Sample => [{ result }, value]),
      ),
  },
  {
    metric: 'vdcu_zmq_socket_blocked_seconds_total',
    help: 'How long the stream has waited for the consumer of this socket; which of them is the slow one',
    labels: ['socket'],
    read: (view) => ofSockets(view, ({ blocked_seconds }) => blocked_seconds),
  },
  {
    metric: 'vdcu_encoder_frames_total',
    help: 'Frames that an encoder has made forms of; absent where frames leave as they are',
    labels: ['encoder'],
    read: (view) =>
      view.encoders().map(({ encoder, figures }): Sample => [{ encoder: String(encoder) }, figures.frames]),
  },
  {
    metric: 'vdcu_encoder_bytes_total',
    help: 'Bytes of these frames as they lie in the ring (raw) and as they leave (compressed: cut, too)',
    labels: ['encoder', 'kind'],
    read: (view) =>
      view.encoders().flatMap(({ encoder, figures }): Sample[] => [
        [{ encoder: String(encoder), kind: 'raw' }, figures.bytesIn],
        [{ encoder: String(encoder), kind: 'compressed' }, figures.bytesOut],
      ]),
  },
  {
    metric: 'vdcu_encoder_busy_seconds_total',
    help: 'Time that an encoder has spent on them; with a rate near 1 it is what limits the frame rate',
    labels: ['encoder'],
    read: (view) =>
      view.encoders().map(({ encoder, figures }): Sample => [{ encoder: String(encoder) }, figures.seconds]),
  },
  {
    metric: 'vdcu_receiver_missed_frames_total',
    help: 'Images sent that the receiver at receiver_url never received, of all series that it was done with',
    labels: [],
    read: (view) => ofReceiver(view, ({ missed }) => missed),
  },
];
