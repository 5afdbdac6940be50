// The reference of all metrics as Markdown, made from the tables: docs/reference/metrics.md. A test compares the two.

import { portCounterTable, streamCounterTable } from '../memory/counters.js';
import { frameHistogramTable, portHistogramTable } from '../memory/histogram.js';
import { foreignCounterTable, gaugeTable } from './tables.js';

const introduction = `# Metrics

Generated from the tables in \`src/memory/counters.ts\`, \`src/memory/histogram.ts\`, \`src/metrics/tables.ts\` and
\`simulators/detector/metrics.ts\` by \`vdcu reference metrics > docs/reference/metrics.md\`.

\`GET /metrics\` in the text format of Prometheus; everything has the label \`detector\`. Counters run from the start of
the process and never decrease. What is not known has no sample. Counters of the simulator are served by
\`vdcu simulate --metrics-port\`. What to do about them: [operating.md](../operating.md).
`;

interface Row {
  readonly metric: string;
  readonly help: string;
  readonly labels: readonly string[];
}

interface Kind {
  readonly type: string;
  readonly rows: readonly Row[];
}

export interface WithLabels {
  readonly metric: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Rows that share a metric as one, with the values of their labels. */
function merged(rows: readonly WithLabels[], own: readonly string[]): Row[] {
  return [...new Set(rows.map(({ metric }) => metric))].map((metric) => {
    const sharing = rows.filter((row) => row.metric === metric);
    const { help, labels } = sharing[0];
    const valued = Object.keys(labels).map(
      (key) => `${key} = ${[...new Set(sharing.map((row) => row.labels[key]))].join(', ')}`,
    );
    return { metric, help, labels: [...own, ...valued] };
  });
}

const kinds: readonly Kind[] = [
  { type: 'counter', rows: merged(portCounterTable, ['port']) },
  { type: 'counter', rows: merged(streamCounterTable, []) },
  { type: 'counter', rows: foreignCounterTable },
  { type: 'histogram', rows: [...merged(portHistogramTable, ['port']), ...merged(frameHistogramTable, [])] },
  { type: 'gauge', rows: gaugeTable },
];

/** Names of all metrics; of histograms without their endings. */
export const metricNames: readonly string[] = kinds.flatMap(({ rows }) => rows.map(({ metric }) => metric));

/**
 * Text of docs/reference/metrics.md.
 * @param simulator counters of the simulator, which the service knows nothing of
 */
export function metricsReference(simulator: readonly WithLabels[]): string {
  const lines = [...kinds, { type: 'counter of the simulator', rows: merged(simulator, ['port']) }].flatMap(
    ({ type, rows }) =>
      rows.map(({ metric, help, labels }) => `| \`${metric}\` | ${type} | ${labels.join('; ')} | ${help} |`),
  );
  return [introduction, '| metric | type | labels | what it says |', '|---|---|---|---|', ...lines, ''].join('\n');
}
