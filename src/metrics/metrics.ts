// Prometheus metrics, read at the moment of the scrape. Nothing is counted here: the truth lies in shared memory, the
// view reads it, and what there is stands in tables (memory/counters.ts, memory/histogram.ts, metrics/tables.ts).

import { Counter, Gauge, Registry } from 'prom-client';
import type { Histogram } from 'prom-client';
import { portCounterTable, streamCounterTable } from '../memory/counters.js';
import type { CounterRow } from '../memory/counters.js';
import { frameHistogramTable, portHistogramTable } from '../memory/histogram.js';
import type { HistogramReading, HistogramRow } from '../memory/histogram.js';
import { foreignCounterTable, gaugeTable } from './tables.js';
import type { BuildInfo, Labels, Sample } from './metric-row.js';
import type { ServiceView } from '../view/service-view.js';

/** The metrics as text. */
export interface Metrics {
  readonly contentType: string;
  render(): Promise<string>;
}

/** The metrics of one detector; every one carries the label `detector`. */
export function makeMetrics(view: ServiceView, build: BuildInfo): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ detector: view.config.name });
  addCounters(registry, portCounterTable, ['port'], () =>
    view.portCounters().map(({ udpPort, counters }) => ({ labels: { port: String(udpPort) }, values: counters })),
  );
  addCounters(registry, streamCounterTable, [], () => [{ labels: {}, values: view.streamCounters() }]);
  for (const { metric, help, labels, read } of foreignCounterTable)
    addCounter(registry, metric, help, labels, () => read(view, build));
  addHistograms(registry, portHistogramTable, () =>
    view.portFigures().map(({ udpPort, histograms }) => ({ labels: { port: String(udpPort) }, values: histograms })),
  );
  addHistograms(registry, frameHistogramTable, () => [{ labels: {}, values: view.frameHistograms() }]);
  for (const { metric, help, labels, read } of gaugeTable) {
    new Gauge({
      name: metric,
      help,
      labelNames: labels,
      registers: [registry],
      collect() {
        this.reset();
        // Without labels reset() leaves a 0 behind, which would pass for a value that was read.
        if (labels.length === 0) this.remove({});
        for (const [values, value] of known(read(view, build))) this.set({ ...values }, value);
      },
    });
  }
  return { contentType: registry.contentType, render: () => registry.metrics() };
}

/** Values of a table's rows by id, for one set of labels. */
interface Reading<Value> {
  readonly labels: Labels;
  readonly values: Readonly<Record<string, Value>>;
}

/** One Counter for each metric of the table; rows that share a metric differ in their labels. */
function addCounters(
  registry: Registry,
  rows: readonly CounterRow[],
  ownLabels: readonly string[],
  read: () => readonly Reading<number>[],
): void {
  for (const [metric, sharing] of byMetric(rows)) {
    const { help, labels } = sharing[0];
    addCounter(registry, metric, help, [...ownLabels, ...Object.keys(labels)], () =>
      read().flatMap(({ labels: own, values }) =>
        sharing.map((row): Sample => [{ ...own, ...row.labels }, values[row.id]]),
      ),
    );
  }
}

function addCounter(
  registry: Registry,
  metric: string,
  help: string,
  labelNames: readonly string[],
  read: () => readonly Sample[],
): void {
  new Counter({
    name: metric,
    help,
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      for (const [labels, value] of known(read())) this.inc({ ...labels }, value);
    },
  });
}

/**
 * One histogram for each metric of the table. prom-client's own ones count by themselves; a registry asks a metric for
 * nothing but its samples, so these bring samples that were counted elsewhere.
 */
function addHistograms(
  registry: Registry,
  rows: readonly HistogramRow[],
  read: () => readonly Reading<HistogramReading>[],
): void {
  for (const [name, sharing] of byMetric(rows)) {
    const { help } = sharing[0];
    const get = (): Promise<object> =>
      Promise.resolve({
        name,
        help,
        type: 'histogram',
        aggregator: 'sum',
        values: read().flatMap(({ labels, values }) =>
          sharing.flatMap((row) => histogramSamples(row, { ...labels, ...row.labels }, values[row.id])),
        ),
      });
    registry.registerMetric({ name, help, get } as unknown as Histogram);
  }
}

function histogramSamples(
  { metric, bounds }: HistogramRow,
  labels: Labels,
  { counts, sum }: HistogramReading,
): object[] {
  let total = 0;
  const buckets = counts.map((count, index) => {
    total += count;
    return { metricName: `${metric}_bucket`, labels: { ...labels, le: bounds[index] ?? '+Inf' }, value: total };
  });
  return [
    ...buckets,
    { metricName: `${metric}_sum`, labels, value: sum },
    { metricName: `${metric}_count`, labels, value: total },
  ];
}

function byMetric<Row extends { readonly metric: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const grouped = new Map<string, Row[]>();
  for (const row of rows) grouped.set(row.metric, [...(grouped.get(row.metric) ?? []), row]);
  return grouped;
}

function known(samples: readonly Sample[]): (readonly [Labels, number])[] {
  return samples.flatMap(([labels, value]) =>
    value !== null && Number.isFinite(value) ? [[labels, value] as const] : [],
  );
}
