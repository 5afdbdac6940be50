// Prometheus metrics: the counter tables and a table of gauges, read at the moment of the scrape. Nothing is counted here; the
// truth lies in shared memory, and the view reads it.

import { Counter, Gauge, Registry } from 'prom-client';
import { portCounterTable, streamCounterTable } from '../memory/counters.js';
import type { CounterRow } from '../memory/counters.js';
import { accountingError } from './accounting.js';
import type { SeriesState, ServiceView } from './service-view.js';

/** What `vdcu_build_info` says. `backend`: how packets are received. */
export interface BuildInfo {
  readonly version: string;
  readonly backend: string;
}

/** The metrics as text. */
export interface Metrics {
  readonly contentType: string;
  render(): Promise<string>;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number | null];

interface GaugeRow {
  readonly metric: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly read: (view: ServiceView, build: BuildInfo) => readonly Sample[];
}

const states: readonly SeriesState[] = ['idle', 'open', 'closing'];

/** Gauges: unknown values (null, NaN) are left out. */
const gaugeTable: readonly GaugeRow[] = [
  {
    metric: 'vdcu_build_info', help: 'Version of the service and how it receives packets; always 1', labels: ['version', 'backend'],
    read: (_, { version, backend }) => [[{ version, backend }, 1]],
  },
  {
    metric: 'vdcu_ready', help: '1 when the service can do its work, as /readyz says', labels: [],
    read: (view) => [[{}, view.readiness().ready ? 1 : 0]],
  },
  {
    metric: 'vdcu_series_state', help: '1 for the present state', labels: ['state'],
    read: (view) => {
      const { state } = view.status();
      return states.map((name): Sample => [{ state: name }, name === state ? 1 : 0]);
    },
  },
  {
    metric: 'vdcu_series_missing_packets', help: 'Missing packets of the last series, by cause', labels: ['port', 'cause'],
    read: (view) => (view.status().last_series?.ledger ?? []).flatMap((ledger) => {
      const port = String(ledger.udp_port);
      return (['late', 'ring', 'socket', 'unexplained'] as const).map((cause): Sample => [{ port, cause }, ledger[cause]]);
    }),
  },
  {
    metric: 'vdcu_udp_socket_receive_buffer_bytes', help: 'Socket buffer as asked for and as the kernel granted it', labels: ['port', 'kind'],
    read: (view) => view.udpPorts().filter(({ off }) => !off).flatMap((port): Sample[] => [
      [{ port: String(port.udp_port), kind: 'requested' }, port.receive_buffer_requested_bytes],
      [{ port: String(port.udp_port), kind: 'actual' }, port.receive_buffer_granted_bytes],
    ]),
  },
  {
    metric: 'vdcu_ring_slots', help: 'Length of the frame ring', labels: [],
    read: (view) => [[{}, view.gauges().ringSlots]],
  },
  {
    metric: 'vdcu_ring_slots_used', help: 'Slots of the ring that hold a frame not yet sent', labels: [],
    read: (view) => [[{}, view.gauges().ringSlotsUsed]],
  },
  {
    metric: 'vdcu_ring_slots_used_max', help: 'Most slots in use since the series was opened', labels: [],
    read: (view) => [[{}, view.gauges().ringSlotsUsedMax]],
  },
  {
    metric: 'vdcu_zmq_peers', help: 'Consumers connected to the stream', labels: [],
    read: (view) => [[{}, view.gauges().consumers]],
  },
  {
    metric: 'vdcu_accounting_error_packets', help: 'Packets received without a class (positive) or classed without being received (negative); must be 0', labels: ['port'],
    read: (view) => {
      const earlier = view.portCounters();
      const later = view.portCounters();
      return earlier.map(({ udpPort, counters }, index): Sample => [{ port: String(udpPort) }, accountingError(counters, (later[index] as typeof later[number]).counters)]);
    },
  },
];

/** The metrics of one detector; every one carries the label `detector`. */
export function makeMetrics(view: ServiceView, build: BuildInfo): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ detector: view.config.name });
  addCounters(registry, portCounterTable, ['port'], () =>
    view.portCounters().map(({ udpPort, counters }) => ({ labels: { port: String(udpPort) }, counters })));
  addCounters(registry, streamCounterTable, [], () => [{ labels: {}, counters: view.streamCounters() }]);
  for (const { metric, help, labels, read } of gaugeTable) {
    new Gauge({
      name: metric, help, labelNames: labels, registers: [registry],
      collect() {
        this.reset();
        // Without labels reset() leaves a 0 behind, which would pass for a value that was read.
        if (labels.length === 0) this.remove({});
        for (const [values, value] of read(view, build)) {
          if (value !== null && Number.isFinite(value)) this.set({ ...values }, value);
        }
      },
    });
  }
  return { contentType: registry.contentType, render: () => registry.metrics() };
}

interface Reading {
  readonly labels: Labels;
  readonly counters: Readonly<Record<string, number>>;
}

/** One Counter for each metric of the table; rows that share a metric differ in their labels. */
function addCounters(registry: Registry, rows: readonly CounterRow[], ownLabels: readonly string[], read: () => readonly Reading[]): void {
  for (const metric of new Set(rows.map((row) => row.metric))) {
    const sharing = rows.filter((row) => row.metric === metric);
    const first = sharing[0] as CounterRow;
    new Counter({
      name: metric, help: first.help, labelNames: [...ownLabels, ...Object.keys(first.labels)], registers: [registry],
      collect() {
        this.reset();
        for (const { labels, counters } of read()) {
          for (const row of sharing) {
            const value = counters[row.id] as number;
            if (Number.isFinite(value)) this.inc({ ...labels, ...row.labels }, value);
          }
        }
      },
    });
  }
}
