// How a series went, for people: one sentence, and the ledger as a table.

import { abortText } from '../contract/abort-reasons.js';
import { lossCauses } from '../contract/loss-causes.js';
import { codesOf } from '../contract/row.js';
import type { PortLedger, SeriesSummary } from '../contract/series.js';
import type { Logger } from '../runtime/log.js';

/** Ranges of incomplete frames shown; the summary has them all. */
const rangesShown = 8;

interface Column {
  readonly title: string;
  readonly value: (ledger: PortLedger) => number | null;
}

const columns: readonly Column[] = [
  { title: 'expected', value: (ledger) => ledger.expected },
  { title: 'accepted', value: (ledger) => ledger.accepted },
  { title: 'missing', value: (ledger) => ledger.missing },
  ...codesOf(lossCauses).map((cause): Column => ({ title: cause, value: (ledger) => ledger[cause] })),
  { title: 'duplicate', value: (ledger) => ledger.duplicate },
  { title: 'reordered', value: (ledger) => ledger.reordered },
  { title: 'malformed', value: (ledger) => ledger.malformed },
  { title: 'foreign', value: (ledger) => ledger.foreign },
];

/** One sentence: which series, how many frames of which kind, why it was cut short. */
export function seriesHeadline(summary: SeriesSummary): string {
  const kinds = `${summary.complete} complete, ${summary.marked} marked, ${summary.discarded} discarded`;
  const file = summary.filename === '' ? 'no file' : summary.filename;
  return [
    `series ${summary.series_id} (${summary.auto ? 'auto, ' : ''}${file}): ${summary.frames} frames: ${kinds}`,
    ...(summary.unsent > 0 ? [`${summary.unsent} unsent`] : []),
    ...(summary.aborted === undefined ? [] : [`aborted: ${summary.aborted}`]),
    ...(summary.lost_endpoint === undefined ? [] : [`the consumer of ${summary.lost_endpoint} is gone`]),
    ...(summary.delivered_frames === undefined
      ? []
      : [`the first ${summary.delivered_frames} frames were acknowledged by the consumer's machine`]),
    ...(summary.header_sent ? [] : ['header never sent']),
    ...(summary.end_pending ? ['series_end still to be sent'] : []),
  ].join('; ');
}

/**
 * Headline, packets by port (one line each and their sum), incomplete frames, warnings, as lines of text. `?` = cannot
 * be known here; `*` = cut to the packets that are missing, the kernel dropped more.
 */
export function seriesTable(summary: SeriesSummary): string {
  const lines = summary.ledger.map((ledger) => [
    String(ledger.udp_port),
    ...columns.map(({ title, value }) => cell(value(ledger), title === 'socket' && ledger.socket_limited)),
  ]);
  if (lines.length > 1) lines.push(['all', ...columns.map(({ value }) => cell(sum(summary.ledger.map(value)), false))]);
  const limited = summary.ledger.filter((ledger) => ledger.socket_limited);
  return [
    seriesHeadline(summary),
    ...(summary.aborted === undefined ? [] : [`${summary.aborted}: ${abortText(summary.aborted)}`]),
    ...(lines.length === 0 ? [] : table([['port', ...columns.map(({ title }) => title)], ...lines])),
    ...limited.map(
      (ledger) =>
        `* port ${ledger.udp_port}: the kernel dropped ${ledger.kernel_drops ?? '?'} packets, more than are missing`,
    ),
    ...(summary.incomplete.length === 0 ? [] : [`incomplete frames (index in the series): ${ranges(summary)}`]),
    ...summary.warnings.map((warning) => `warning: ${warning}`),
  ].join('\n');
}

/** One log line at the end of a series: `warn` when anything was lost, cut short or looks wrong, else `info`. */
export function logSeriesEnd(logger: Logger, summary: SeriesSummary): void {
  const clean =
    summary.aborted === undefined &&
    summary.complete === summary.frames &&
    summary.unsent === 0 &&
    summary.warnings.length === 0;
  const { ledger, incomplete, ...rest } = summary;
  logger[clean ? 'info' : 'warn'](
    { series: { ...rest, incomplete: incomplete.slice(0, rangesShown), ledger } },
    seriesTable(summary),
  );
}

function sum(values: readonly (number | null)[]): number | null {
  return values.reduce((total, value) => (total === null || value === null ? null : total + value), 0);
}

function cell(value: number | null, limited: boolean): string {
  return `${value === null ? '?' : value}${limited ? '*' : ''}`;
}

function ranges({ incomplete, truncated }: SeriesSummary): string {
  const shown = incomplete
    .slice(0, rangesShown)
    .map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
  const more = incomplete.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more}${truncated ? ' or more' : ''} further ranges` : ''}`;
}

/** Right-aligned columns, two spaces between them. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((text, column) => text.padStart(widths[column])).join('  '));
}
