// Is what Prometheus would scrape from a running service what the simulator did? `running.ts` asks at the end of every
// test with a whole service, tests with a service in a process of its own ask themselves. Compared are packets by port
// and class, images, frames by outcome, messages, and the gauges of the last series with its ledger; accounting errors
// must be 0.

import type { ServiceStatus } from '../../src/view/service-view.js';
import type { SeriesSummary } from '../../src/contract/series.js';
import type { SimulateResult } from '../../simulators/sent.js';
import type { GroundTruth } from '../../simulators/detector/truth.js';
import { phaseProblems } from '../soak/accounting.js';
import type { SimulatedTruth } from '../soak/children.js';
import { metricKey, parseMetrics, portCountsOf } from './metrics-text.js';
import type { PortCounts, Samples } from './metrics-text.js';
import { generousMs } from './waiting.js';

/** What a run of the simulator says of itself, as `vdcu simulate --json` prints it. */
export interface SentTruth extends SimulatedTruth {
  readonly ports: Readonly<
    Record<
      string,
      SimulatedTruth['ports'][string] & {
        readonly off: boolean;
        readonly packets_planned: number;
        readonly lost: number;
      }
    >
  >;
  readonly faulty_frames: readonly { readonly never_intact: Readonly<Record<string, unknown>> }[];
  readonly faulty_frames_not_listed: number;
}

export function sentTruth(truth: GroundTruth, result?: SimulateResult): SentTruth {
  return { ...truth.toJson(), send_errors: result?.sendErrors ?? 0 } as unknown as SentTruth;
}

/** What a service says of itself over HTTP. */
export interface Told {
  readonly metrics: Samples;
  readonly status: ServiceStatus;
  /** Oldest first. */
  readonly summaries: readonly SeriesSummary[];
}

/** How HTTP is asked: the text of a page. */
export type Ask = (path: string) => Promise<string>;

/** Ask over the network of this process. */
export const askAt =
  (apiUrl: string): Ask =>
  async (path) =>
    (await fetch(`${apiUrl}${path}`, { signal: AbortSignal.timeout(generousMs) })).text();

/** Everything that is compared. @param seriesBefore number of the last series of earlier processes */
export async function tell(ask: Ask, seriesBefore = 0): Promise<Told> {
  const status = JSON.parse(await ask('/api/v1/series')) as ServiceStatus;
  const metrics = parseMetrics(await ask('/metrics'));
  const { series } = JSON.parse(await ask('/api/v1/series/history')) as { series: SeriesSummary[] };
  return { metrics, status, summaries: series.filter(({ series_id: id }) => id > seriesBefore).reverse() };
}

/** What was sent may be on its way through sockets and threads for so long. */
const settleMs = 5000;

/**
 * Sentences about what does not agree, once all is quiet; empty = all agrees.
 * @param sent runs since the service was started, all of them; null = not known here
 * @param seriesBefore number of the last series of earlier processes
 */
export async function scrapedProblems(
  ask: Ask,
  sent: () => readonly SentTruth[] | null,
  seriesBefore = 0,
): Promise<string[]> {
  for (const begin = performance.now(); ;) {
    const problems = problemsOf(await tell(ask, seriesBefore), sent());
    if (problems.length === 0 || performance.now() - begin > settleMs) return problems;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function problemsOf(told: Told, sent: readonly SentTruth[] | null): string[] {
  const { metrics, status, summaries } = told;
  const ports = [...metrics.keys()]
    .map((key) => /^vdcu_udp_packets_received_total\{port="(\d+)"\}$/.exec(key)?.[1])
    .filter((port) => port !== undefined)
    .map(Number);
  const after = new Map(ports.map((port) => [port, portCountsOf(metrics, port)]));
  const problems = [...metrics]
    .filter(([key, value]) => key.startsWith('vdcu_accounting_error_') && value !== 0)
    .map(([key, value]) => `${key} is ${value}`);
  for (const port of ports)
    if (metrics.get(metricKey('vdcu_accounting_error_packets', { port: String(port) })) === undefined)
      problems.push(`port ${port} has no vdcu_accounting_error_packets`);
  // While a series is open images are, too: their packets are neither here nor there.
  if (status.series !== null) return problems;
  problems.push(...frameProblems(told), ...gaugeProblems(told));
  if (sent === null)
    return [
      ...problems,
      ...phaseProblems({ truths: [], before: new Map(), after: new Map(), summaries, consumers: [], whole: false }),
    ];
  const before = new Map(
    ports.map((port) => [
      port,
      Object.fromEntries(Object.keys(after.get(port) as PortCounts).map((id) => [id, 0])) as PortCounts,
    ]),
  );
  problems.push(...phaseProblems({ truths: sent, before, after, summaries, consumers: [], whole: false }));
  if (coversAll(summaries, sent, after)) problems.push(...coveredProblems(told, sent, after));
  return problems;
}

/** Frames, messages and series by the metrics, and by what the series say of themselves. */
function frameProblems({ metrics, status, summaries }: Told): string[] {
  const total = (count: (summary: SeriesSummary) => number): number =>
    summaries.reduce((sum, summary) => sum + count(summary), 0);
  const frames = (outcome: string): number => sumOf(metrics, 'vdcu_frames_total', `outcome="${outcome}"`);
  const value = (name: string, labels: Record<string, string> = {}): number =>
    metrics.get(metricKey(name, labels)) ?? Number.NaN;
  const ended = total(({ header_sent: header }) => Number(header));
  return compare('', [
    ['complete frames', frames('complete'), total(({ complete }) => complete)],
    ['marked frames', frames('marked'), total(({ marked }) => marked)],
    ['discarded frames', frames('discarded'), total(({ discarded }) => discarded)],
    [
      'frames by outcome, and images',
      sumOf(metrics, 'vdcu_frames_total'),
      value('vdcu_zmq_messages_sent_total', { type: 'image' }),
    ],
    ['frames unsent', value('vdcu_frames_unsent_total'), total(({ unsent }) => unsent)],
    // One end may be owed. Of instances that share a series one hands over the header, another the end.
    ...(summaries.some(({ shared }) => shared !== undefined)
      ? []
      : [
          [
            'ends of series',
            value('vdcu_zmq_messages_sent_total', { type: 'series_end' }) + Number(status.end_pending),
            ended,
          ] as const,
        ]),
    ['aborted series', value('vdcu_series_aborted_total'), total(({ aborted }) => Number(aborted !== undefined))],
  ]);
}

/** The gauges of the last series, and its summary. */
function gaugeProblems({ metrics, summaries }: Told): string[] {
  const last = summaries.at(-1);
  if (last === undefined) return [];
  return last.ledger.flatMap((ledger) => {
    const port = String(ledger.udp_port);
    const gauge = (name: string, labels: Record<string, string>): number =>
      metrics.get(metricKey(name, { port, ...labels })) ?? Number.NaN;
    const causes = (['late', 'ring', 'socket', 'cut_off', 'unexplained'] as const).map(
      (cause) =>
        [
          `missing packets of the last series, ${cause}`,
          gauge('vdcu_series_missing_packets', { cause }),
          ledger[cause] ?? Number.NaN,
        ] as const,
    );
    const classes = (['expected', 'accepted', 'missing', 'duplicate', 'malformed', 'foreign'] as const).map(
      (name) =>
        [`${name} packets of the last series`, gauge('vdcu_series_packets', { class: name }), ledger[name]] as const,
    );
    return compare(`port ${port}: `, [...causes, ...classes]);
  });
}

/** Do the series consist of the frames that were sent, no more and no fewer? */
function coversAll(
  summaries: readonly SeriesSummary[],
  sent: readonly SentTruth[],
  after: ReadonlyMap<number, PortCounts>,
): boolean {
  const frames = summaries.reduce((sum, summary) => sum + summary.frames, 0);
  const outside = [...after.values()].reduce(
    (sum, { foreignSource, foreignUnarmed, foreignSeries, lateUnknown }) =>
      sum + foreignSource + foreignUnarmed + foreignSeries + lateUnknown,
    0,
  );
  return (
    frames > 0 &&
    outside === 0 &&
    frames === sent.reduce((sum, truth) => sum + truth.frames, 0) &&
    summaries.every(({ aborted, unsent, shared }) => aborted === undefined && unsent === 0 && shared === undefined)
  );
}

/**
 * Every frame that was sent is one of a series: what is missing, and which frames are whole, follows from what was not
 * sent.
 */
function coveredProblems(
  { metrics, summaries }: Told,
  sent: readonly SentTruth[],
  after: ReadonlyMap<number, PortCounts>,
): string[] {
  const problems: string[] = [];
  const frames = sent.reduce((sum, truth) => sum + truth.frames, 0);
  const listed = sent.every(({ faulty_frames_not_listed: more }) => more === 0);
  let onTheWay = 0;
  for (const [port, counts] of after) {
    const of = (field: 'packets_planned' | 'packets_sent' | 'lost' | 'truncated'): number =>
      sent.reduce((sum, { ports }) => sum + (ports[port]?.[field] ?? 0), 0);
    const never = of('lost') + of('truncated');
    const dropped = of('packets_sent') - counts.received;
    const may = dropped + counts.ringFull;
    onTheWay += may + counts.lateFirst;
    problems.push(
      ...compare(`port ${port}: `, [
        ['packets expected, and planned by the detector', counts.expected, of('packets_planned')],
        ['images, and frames', counts.imagesComplete + counts.imagesIncomplete + counts.imagesAbsent, frames],
      ]),
    );
    const least = never + counts.lateFirst;
    if (counts.missing < least - dropped || counts.missing > least + may)
      problems.push(
        `port ${port}: ${counts.missing} packets missing; ${never} never left whole, ${counts.lateFirst} were ` +
          `late, ${may} may have been dropped or refused`,
      );
    if (may + counts.lateFirst === 0 && listed) {
      const whole =
        frames -
        sent.reduce(
          (sum, truth) =>
            sum + truth.faulty_frames.filter(({ never_intact: lacking }) => String(port) in lacking).length,
          0,
        );
      problems.push(...compare(`port ${port}: `, [['complete images', counts.imagesComplete, whole]]));
    }
  }
  const suspected =
    sumOf(metrics, 'vdcu_frames_total', 'reason="settings"') + sumOf(metrics, 'vdcu_frames_total', 'reason="stop"');
  const faulty = sent.reduce(
    (sum, truth) =>
      sum + truth.faulty_frames.filter(({ never_intact: lacking }) => Object.keys(lacking).length > 0).length,
    0,
  );
  if (onTheWay === 0 && suspected === 0 && listed)
    problems.push(
      ...compare('', [
        [
          'complete frames, and frames that left whole',
          sumOf(metrics, 'vdcu_frames_total', 'outcome="complete"'),
          frames - faulty,
        ],
      ]),
    );
  else if (sumOf(metrics, 'vdcu_frames_total', 'outcome="complete"') > frames - faulty)
    problems.push(`${frames - faulty} of ${frames} frames left whole, and more are called complete`);
  if (summaries.some(({ frames: count, complete, marked, discarded }) => count !== complete + marked + discarded))
    problems.push('a series whose frames do not add up');
  return problems;
}

function sumOf(metrics: Samples, name: string, label = ''): number {
  return [...metrics].reduce(
    (sum, [key, value]) => (key.startsWith(`${name}{`) && key.includes(label) ? sum + value : sum),
    0,
  );
}

/** One sentence for each pair that differs; what is known on neither side is the same. */
function compare(where: string, pairs: readonly (readonly [what: string, scraped: number, truth: number])[]): string[] {
  return pairs
    .filter(([, scraped, truth]) => !Object.is(scraped, truth))
    .map(([what, scraped, truth]) => `${where}${what}: /metrics says ${scraped}, it should be ${truth}`);
}
