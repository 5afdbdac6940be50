// The demo's sums: what the simulator says it sent, what the service says became of it, what the consumer says it got.
// Pure; every sum that does not agree is a sentence.

import type { PortCounter } from '../memory/counters.js';
import { packetClasses } from '../memory/counters.js';
import type { SeriesSummary } from '../contract/series.js';

/** The JSON of `vdcu simulate`, as far as it is compared. Counts of packets. */
export interface SimulatorTruth {
  readonly ports: Readonly<
    Record<
      string,
      {
        readonly packets_planned: number;
        readonly packets_sent: number;
        readonly packets_intact: number;
        readonly lost: number;
        readonly truncated: number;
        readonly duplicated: number;
        readonly foreign_detector_type: number;
        readonly foreign_version: number;
      }
    >
  >;
  readonly send_errors: number;
}

/** The JSON of `vdcu watch`, as far as it is compared. */
export interface ConsumerReport {
  readonly ok: boolean;
  readonly images: number;
  readonly complete: number;
  readonly marked: number;
  readonly missing_packets: number;
  readonly pixels_checked: number;
  readonly missing_pixels: number;
  readonly wrong_pixels: number;
  readonly problems: readonly { readonly text: string }[];
}

interface Comparison {
  /** The ledger as text, one column per port. */
  readonly table: string;
  /** What does not agree; empty = all right. */
  readonly problems: readonly string[];
}

/** Compare all three; exact also where the kernel dropped packets, as long as it says how many. */
export function compareDemo(
  truth: SimulatorTruth,
  summary: SeriesSummary,
  counters: readonly { udpPort: number; counters: Readonly<Record<PortCounter, number>> }[],
  report: ConsumerReport,
): Comparison {
  const problems: string[] = [];
  const rows: (string | number)[][] = [['', ...counters.map(({ udpPort }) => `port ${udpPort}`)]];
  const row = (title: string, value: (port: (typeof counters)[number]) => number): void =>
    void rows.push([title, ...counters.map(value)]);
  const sent = (udpPort: number): SimulatorTruth['ports'][string] => truth.ports[udpPort];

  row('sent by the simulator', ({ udpPort }) => sent(udpPort).packets_sent);
  row('  dropped by the kernel', ({ counters: { socketDropped } }) => socketDropped);
  row('received', ({ counters: { received } }) => received);
  for (const [title, name] of classTitles) row(`  ${title}`, ({ counters: values }) => values[name]);

  for (const { udpPort, counters: values } of counters) {
    const port = sent(udpPort);
    const drops = Number.isNaN(values.socketDropped) ? 0 : values.socketDropped;
    const agree = (what: string, seen: number, expected: number): void => {
      // What the kernel dropped is of unknown kind: each class may be short by as many.
      if (seen > expected || seen < expected - drops)
        problems.push(`port ${udpPort}: ${what}: ${seen}, the simulator says ${expected}`);
    };
    if (Number.isNaN(values.socketDropped) && values.received < port.packets_sent)
      problems.push(
        `port ${udpPort}: ${values.received} received of ${port.packets_sent} sent, and the kernel does not say ` +
          'whether it dropped the rest',
      );
    else if (values.received + drops !== port.packets_sent)
      problems.push(
        `port ${udpPort}: ${values.received} received + ${drops} dropped by the kernel is not ${port.packets_sent} ` +
          'sent',
      );
    const classed = packetClasses.reduce((total, name) => total + values[name], 0);
    if (classed !== values.received)
      problems.push(`port ${udpPort}: ${values.received} received, but the classes add up to ${classed}`);
    agree(
      'packets sent whole, second copies included',
      intactClasses.reduce((total, name) => total + values[name], 0),
      port.packets_intact + port.duplicated,
    );
    agree('cut short', values.malformedSize, port.truncated);
    agree('foreign detector', values.malformedDetectorType, port.foreign_detector_type);
    agree('foreign version', values.malformedVersion, port.foreign_version);
  }
  for (const ledger of summary.ledger) {
    if (ledger.expected !== ledger.accepted + ledger.missing)
      problems.push(
        `port ${ledger.udp_port}: expected ${ledger.expected} is not accepted ${ledger.accepted} + missing ` +
          `${ledger.missing}`,
      );
    const planned = sent(ledger.udp_port).packets_planned;
    if (ledger.expected !== planned)
      problems.push(`port ${ledger.udp_port}: ${ledger.expected} expected, the detector had ${planned}`);
  }
  const missing = summary.ledger.reduce((total, ledger) => total + ledger.missing, 0);
  if (report.missing_packets !== missing)
    problems.push(`the consumer was told of ${report.missing_packets} missing packets, the ledger has ${missing}`);
  if (report.images !== summary.frames || report.complete !== summary.complete || report.marked !== summary.marked)
    problems.push(
      `the consumer got ${report.images} frames (${report.complete} complete), the service sent ${summary.frames} ` +
        `(${summary.complete} complete)`,
    );
  if (report.wrong_pixels > 0) problems.push(`${report.wrong_pixels} wrong pixels`);
  if (summary.aborted !== undefined) problems.push(`the series was cut short: ${summary.aborted}`);
  if (truth.send_errors > 0) problems.push(`the simulator could not send ${truth.send_errors} datagrams`);
  for (const { text } of report.problems) problems.push(`the consumer: ${text}`);
  return { table: formatRows(rows), problems };
}

/** Where a packet that left the detector whole can end, and its second copy. */
const intactClasses: readonly PortCounter[] = [
  'accepted',
  'duplicate',
  'lateFirst',
  'lateDuplicate',
  'lateUnknown',
  'ringFull',
  'foreignUnarmed',
  'foreignSeries',
];

const classTitles: readonly (readonly [string, PortCounter])[] = [
  ['accepted', 'accepted'],
  ['duplicate', 'duplicate'],
  ['late (first copy)', 'lateFirst'],
  ['late (second copy)', 'lateDuplicate'],
  ['late (slot reused)', 'lateUnknown'],
  ['ring full', 'ringFull'],
  ['malformed: size', 'malformedSize'],
  ['malformed: version', 'malformedVersion'],
  ['malformed: detector type', 'malformedDetectorType'],
  ['malformed: packet number', 'malformedPacketNumber'],
  ['malformed: position', 'malformedPosition'],
  ['malformed: frame number', 'malformedFrameNumber'],
  ['foreign: no series open', 'foreignUnarmed'],
  ['foreign: outside the series', 'foreignSeries'],
];

/** `?` = cannot be known here. */
const text = (cell: string | number): string => (Number.isNaN(cell) ? '?' : String(cell));

function formatRows(rows: readonly (readonly (string | number)[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => text(cells[column]).length)));
  return rows
    .map((cells) =>
      cells
        .map((cell, column) =>
          column === 0 ? text(cell).padEnd(widths[column]) : text(cell).padStart(widths[column] + 2),
        )
        .join(''),
    )
    .join('\n');
}
