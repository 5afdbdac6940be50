// The text format of Prometheus as samples, and the service's counters found among them. For tests that scrape a
// running service.

import { portCounterTable } from '../../src/memory/counters.js';
import type { PortCounter } from '../../src/memory/counters.js';

/** Counters of one port since the start of the process. */
export type PortCounts = Readonly<Record<PortCounter, number>>;

/** Values by `metricKey`. */
export type Samples = ReadonlyMap<string, number>;

/** `name{label="value",…}` without the detector's label, labels sorted. */
export function metricKey(name: string, labels: Readonly<Record<string, string>>): string {
  return `${name}{${Object.entries(labels)
    .map(([key, value]) => `${key}="${value}"`)
    .sort()
    .join(',')}}`;
}

/** The text format of Prometheus → samples. */
export function parseMetrics(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    const found = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (found === null) continue;
    const labels = Object.fromEntries(
      [...(found[2] ?? '').matchAll(/(\w+)="([^"]*)"/g)]
        .map(([, key, value]) => [key, value])
        .filter(([key]) => key !== 'detector'),
    ) as Record<string, string>;
    samples.set(metricKey(found[1], labels), Number(found[3]));
  }
  return samples;
}

/** Counters of one port; what has no sample is NaN: unknown. */
export function portCountsOf(metrics: Samples, udpPort: number): PortCounts {
  return Object.fromEntries(
    portCounterTable.map(({ id, metric, labels }) => [
      id,
      metrics.get(metricKey(metric, { ...labels, port: String(udpPort) })) ?? Number.NaN,
    ]),
  ) as PortCounts;
}
