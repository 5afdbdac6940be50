// What is measured besides the counters of the data path (memory/counters.ts) and its histograms (memory/histogram.ts):
// one row per metric, with the sentence that explains it and how it is read from the view. Metrics and their
// documentation are made from all of these tables. Rows of what leaves stand in outgoing.ts, of series in
// series-gauges.ts.
// Tested by test/metrics/metrics.test.ts.

import { receivingHosts } from '../config/udp-hosts.js';
import { accountingError, frameAccountingError } from './accounting.js';
import { internalErrors } from '../runtime/internal-errors.js';
import { standardOutput } from '../runtime/log-output.js';
import { hostUdpErrors, nicCounters } from './host-counters.js';
import { processFigures } from './process-figures.js';
import type { ProcessFigure } from './process-figures.js';
import type { ServiceView } from '../view/service-view.js';
import type { Sample, MetricRow } from './metric-row.js';
import { outgoingCounters, outgoingGauges } from './outgoing.js';
import { seriesGauges } from './series-gauges.js';

const ofPorts = (
  view: ServiceView,
  value: (figures: ReturnType<ServiceView['portFigures']>[number]) => number | null,
): Sample[] => view.portFigures().map((figures): Sample => [{ port: String(figures.udpPort) }, value(figures)]);

const ofProcess =
  (figure: ProcessFigure): (() => readonly Sample[]) =>
  () => [[{}, processFigures()[figure]]];

const inSeconds = (milliseconds: number | null): number | null => (milliseconds === null ? null : milliseconds / 1000);

/** Gauges. */
export const gaugeTable: readonly MetricRow[] = [
  {
    metric: 'vdcu_build_info',
    help: 'Version of the service and how it receives packets; always 1',
    labels: ['version', 'backend'],
    read: (_, { version, backend }) => [[{ version, backend }, 1]],
  },
  {
    metric: 'vdcu_ready',
    help: '1 when the service can do its work, as /readyz says',
    labels: [],
    read: (view) => [[{}, view.readiness().ready ? 1 : 0]],
  },
  {
    metric: 'vdcu_client_settings_problems',
    help: "What stands against the settings of PSI's client: until then no data plane is the one that it asked for",
    labels: [],
    read: (view) => [[{}, view.clientProblems.length]],
  },
  {
    metric: 'vdcu_preflight_check',
    help: '0 when a check of the doctor failed; absent when it could not be made',
    labels: ['check'],
    read: (view) => view.preflightResults().map(({ check, ok }): Sample => [{ check }, ok ? 1 : 0]),
  },
  ...seriesGauges,
  {
    metric: 'vdcu_udp_socket_receive_buffer_bytes',
    help: 'Socket buffer as asked for and as the kernel granted it; it charges up to twice that',
    labels: ['port', 'kind'],
    read: (view) =>
      view
        .udpPorts()
        .filter(({ off }) => !off)
        .flatMap((port): Sample[] => [
          [{ port: String(port.udp_port), kind: 'requested' }, port.receive_buffer_requested_bytes],
          [{ port: String(port.udp_port), kind: 'actual' }, port.receive_buffer_granted_bytes],
        ]),
  },
  {
    metric: 'vdcu_udp_socket_queue_bytes',
    help: 'Bytes that the kernel charges for datagrams that wait in the socket',
    labels: ['port'],
    read: (view) => ofPorts(view, ({ queueBytes }) => queueBytes),
  },
  {
    metric: 'vdcu_udp_socket_queue_bytes_max',
    help: 'Most of them since the series was opened, looked at a hundred times a second while packets come',
    labels: ['port'],
    read: (view) => ofPorts(view, ({ queueBytesMax }) => queueBytesMax),
  },
  {
    metric: 'vdcu_port_lag_frames',
    help: 'Frames by which a port is behind the one furthest ahead',
    labels: ['port'],
    read: (view) => ofPorts(view, ({ lagFrames }) => lagFrames),
  },
  {
    metric: 'vdcu_port_last_packet_timestamp_seconds',
    help: 'When the last packet came, in seconds since 1970',
    labels: ['port'],
    read: (view) => ofPorts(view, ({ lastPacketAt }) => inSeconds(lastPacketAt)),
  },
  {
    metric: 'vdcu_ring_slots',
    help: 'Length of the frame ring',
    labels: [],
    read: (view) => [[{}, view.gauges().ringSlots]],
  },
  {
    metric: 'vdcu_ring_slots_used',
    help: 'Slots of the ring that hold a frame not yet sent',
    labels: [],
    read: (view) => [[{}, view.gauges().ringSlotsUsed]],
  },
  {
    metric: 'vdcu_ring_slots_used_max',
    help: 'Most slots in use since the series was opened',
    labels: [],
    read: (view) => [[{}, view.gauges().ringSlotsUsedMax]],
  },
  ...outgoingGauges,
  {
    metric: 'vdcu_agent_heartbeat_age_seconds',
    help: 'How long a thread of the data path was not seen to turn; looked at twice a second',
    labels: ['agent'],
    read: (view) => view.agents().map(({ agent, heartbeatAgeMs }): Sample => [{ agent }, heartbeatAgeMs / 1000]),
  },
  {
    metric: 'vdcu_agent_stall_seconds_max',
    help: 'Longest time between two turns of a thread since the series was begun, waiting included',
    labels: ['agent'],
    read: (view) => view.agents().map(({ agent, stallMsMax }): Sample => [{ agent }, inSeconds(stallMsMax)]),
  },
  {
    metric: 'vdcu_accounting_error_packets',
    help: 'Packets received without a class (positive) or classed without being received (negative); must be 0',
    labels: ['port'],
    read: (view) => {
      const earlier = view.portCounters();
      const later = view.portCounters();
      return earlier.map(({ udpPort, counters }, index): Sample => [
        { port: String(udpPort) },
        accountingError(counters, later[index].counters),
      ]);
    },
  },
  {
    metric: 'vdcu_accounting_error_frames',
    help:
      'Images handed to zmq without an outcome (positive) or counted without being handed over (negative); must ' +
      'be 0',
    labels: [],
    read: (view) => [[{}, frameAccountingError(view.streamCounters(), view.streamCounters())]],
  },
  // Names that every exporter for Node has.
  {
    metric: 'process_resident_memory_bytes',
    help: 'Memory of the process that is in use, the frame ring included',
    labels: [],
    read: ofProcess('residentBytes'),
  },
  { metric: 'process_open_fds', help: 'Open descriptors of the process', labels: [], read: ofProcess('descriptors') },
  {
    metric: 'nodejs_heap_size_used_bytes',
    help: 'JavaScript objects of the main thread',
    labels: [],
    read: ofProcess('heapBytes'),
  },
  {
    metric: 'nodejs_external_memory_bytes',
    help: 'Memory outside the heap that objects of the main thread hold',
    labels: [],
    read: ofProcess('externalBytes'),
  },
];

/** Counters that others keep. */
export const foreignCounterTable: readonly MetricRow[] = [
  {
    metric: 'vdcu_nic_statistics_total',
    help:
      'Receive counters of the interfaces that serve udp_host, as the kernel names them, and losses that its driver ' +
      'counts (ethtool -S, some seconds old); all that passes there, not only the detector',
    labels: ['device', 'counter'],
    read: (view) =>
      nicCounters(receivingHosts(view.config)).map(({ device, counter, value }): Sample => [
        { device, counter },
        value,
      ]),
  },
  {
    metric: 'vdcu_host_udp_errors_total',
    help:
      'UDP errors of the whole host or network namespace; receive_buffer holds the drops of all sockets, reassembly ' +
      'the datagrams of which a fragment never came',
    labels: ['kind'],
    read: () => hostUdpErrors().map(({ kind, value }): Sample => [{ kind }, value]),
  },
  ...outgoingCounters,
  {
    metric: 'vdcu_log_lines_dropped_total',
    help: 'Log lines that standard output did not take: full disk, closed pipe, a reader that does not read',
    labels: [],
    read: () => [[{}, standardOutput().dropped]],
  },
  {
    metric: 'vdcu_notifications_total',
    help: 'Notifications by what became of them: delivered, or dropped for good; failed_tries counts each try',
    labels: ['result'],
    read: (view) => {
      const figures = view.notifications();
      if (figures === null) return [];
      const { delivered, dropped, failedTries } = figures;
      return Object.entries({ delivered, dropped, failed_tries: failedTries }).map(([result, value]): Sample => [
        { result },
        value,
      ]);
    },
  },
  {
    metric: 'vdcu_internal_errors_total',
    help: 'Errors on the main thread that nobody expected and the service survived; must be 0',
    labels: [],
    read: () => [[{}, internalErrors.count]],
  },
  {
    metric: 'process_cpu_seconds_total',
    help: 'CPU time of the process, all threads, user and system',
    labels: [],
    read: ofProcess('cpuSeconds'),
  },
];
