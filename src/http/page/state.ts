// What the page shows besides pixels, as the JSON of its events: facts of the service (once), and its state (a few
// times a second). Pure. The shapes are those of src/page/messages.ts.
// Tested by test/page/pixels.test.ts.

import { formOf, formSteps } from '../../config/encoding.js';
import type { ServiceConfig } from '../../config/service-config.js';
import { walkOf } from '../../detector/frame-form.js';
import type { Geometry, PortGeometry } from '../../detector/geometry.js';
import type { About, Sample, Series, State } from '../../page/messages.js';
import type { SeriesSummary } from '../../contract/series.js';
import type { CurrentSeries, ServiceView, UdpPortStatus } from '../../view/service-view.js';

/**
 * What does not change while the data plane runs.
 * @param geometry null = the detector is not known yet
 * @param plane another number for each data plane, and in each process
 */
export function aboutJson(config: ServiceConfig, geometry: Geometry | null, version: string, plane: number): About {
  return {
    plane,
    name: config.name,
    version,
    detector: config.detector.detector,
    series: config.series,
    receivers: config.receiverPorts.length > 0,
    shape: geometry?.shape ?? [0, 0],
    port_image: [geometry?.portImage.rows ?? 0, geometry?.portImage.columns ?? 0],
    ports: (geometry?.ports ?? []).map((port: PortGeometry) => ({
      udp_port: port.udpPort,
      off: port.off,
      fixed: port.fixed,
      frame_rows: port.frameRows,
      frame_columns: port.frameColumns,
      rows_run: port.rowsRun,
    })),
    gap_rows: geometry?.gapRows ?? [],
    gap_columns: geometry?.gapColumns ?? [],
    sent_as: geometry === null ? null : sentAs(config, geometry),
  };
}

function sentAs(config: ServiceConfig, { shape }: Geometry): About['sent_as'] {
  const { compression } = config;
  const steps = formSteps(config);
  return steps.length === 0 && compression === 'none'
    ? null
    : { shape: walkOf(formOf(config), shape).shape, steps, compression };
}

/** What is so just now. `frame` = the frame kept for viewers: which it is, and for how long it has been that. */
export function stateJson(
  view: ServiceView,
  samples: readonly Sample[],
  sockets: readonly UdpPortStatus[],
  frame: { count: number; ageMs: number | null },
): State {
  const sample = samples.at(-1);
  const status = view.status();
  const gauges = view.gauges();
  const series =
    status.series === null
      ? status.last_series === null
        ? null
        : endedSeries(status.last_series)
      : openSeries(status.series);
  const ring = { slots: gauges.ringSlots, used: gauges.ringSlotsUsed, used_max: gauges.ringSlotsUsedMax };
  const filled = sockets
    .filter(({ off }) => !off)
    .map((socket) => ({
      udp_port: socket.udp_port,
      queue_bytes: socket.socket_queue_bytes,
      buffer_bytes: socket.receive_buffer_granted_bytes,
      kernel_drops: socket.kernel_drops,
    }));
  return {
    state: status.state,
    message: status.message,
    problems: status.problems,
    consumers: status.consumers,
    consumers_expected: view.config.consumerConnections * view.config.dataPorts.length,
    series,
    rates:
      sample === undefined
        ? null
        : {
            frames_per_second: sample.frames_per_second,
            packets_per_second: sample.packets_per_second,
            in_gbit_per_second: sample.in_gbit_per_second,
            out_gbit_per_second: sample.out_gbit_per_second,
          },
    ring,
    sockets: filled,
    frame: { count: frame.count, age_ms: frame.ageMs },
  };
}

function openSeries(series: CurrentSeries): Series {
  const { series_id, filename, auto, frames, header_pending, images_sent, complete, marked, discarded, ports } = series;
  return {
    open: true,
    series_id,
    filename,
    auto,
    frames,
    header_pending,
    images_sent,
    complete,
    marked,
    discarded,
    unsent: 0,
    warnings: [],
    ports: ports.map(({ udp_port, packets }) => ({ udp_port, ...packets })),
  };
}

function endedSeries(series: SeriesSummary): Series {
  const { series_id, filename, auto, frames, complete, marked, discarded, unsent, aborted, warnings, ledger } = series;
  const { received_by_consumer: received, receiver_error: failed } = series;
  return {
    open: false,
    series_id,
    filename,
    auto,
    frames,
    header_pending: false,
    images_sent: frames,
    complete,
    marked,
    discarded,
    unsent,
    ...(aborted === undefined ? {} : { aborted }),
    ...(received === undefined ? {} : { received_by_consumer: received }),
    ...(failed === undefined ? {} : { receiver_error: failed }),
    warnings,
    ports: ledger,
  };
}
