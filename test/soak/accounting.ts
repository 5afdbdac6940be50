// Do the sums of one phase of the soak, or of a test with a whole service, agree? What the simulators sent, what the
// service counted, what the summaries of its series say, what the consumers saw. Pure; every sum that does not agree is
// a sentence.

import { packetClasses } from '../../src/memory/counters.js';
import type { PortCounter } from '../../src/memory/counters.js';
import type { SeriesSummary } from '../../src/contract/series.js';
import type { ConsumerLine } from './checking-consumer.js';
import { otherClasses } from './children.js';
import type { SimulatedTruth } from './children.js';
import type { PortCounts } from '../threads/metrics-text.js';

export interface PhaseFacts {
  readonly truths: readonly SimulatedTruth[];
  /** Counters by UDP port before and after. */
  readonly before: ReadonlyMap<number, PortCounts>;
  readonly after: ReadonlyMap<number, PortCounts>;
  /** Series that ended in between. */
  readonly summaries: readonly SeriesSummary[];
  readonly consumers: readonly { readonly last: ConsumerLine; readonly killed: boolean }[];
  /** One consumer got all of it, from the first header to the last end. */
  readonly whole: boolean;
}

/** Classes that a packet which was sent whole, or its second copy, can end in. */
export const intactClasses: readonly PortCounter[] = [
  'accepted',
  'duplicate',
  'lateFirst',
  'lateDuplicate',
  'lateUnknown',
  'ringFull',
  'foreignSource',
  'foreignUnarmed',
  'foreignSeries',
];

/** @returns what does not agree; empty = all right */
export function phaseProblems(facts: PhaseFacts): string[] {
  return [...portProblems(facts), ...facts.summaries.flatMap(seriesProblems), ...consumerProblems(facts)];
}

function portProblems({ truths, before, after, summaries }: PhaseFacts): string[] {
  const problems: string[] = [];
  for (const truth of truths)
    if (truth.send_errors > 0) problems.push(`the simulator could not send ${truth.send_errors} datagrams`);
  for (const [udpPort, now] of after) {
    const then = before.get(udpPort) as PortCounts;
    const count = (name: PortCounter): number => now[name] - then[name];
    const sum = (names: readonly PortCounter[]): number => names.reduce((total, name) => total + count(name), 0);
    const sent = (field: Exclude<keyof SimulatedTruth['ports'][string], 'others'>): number =>
      truths.reduce((total, { ports }) => total + (ports[udpPort]?.[field] ?? 0), 0);
    const wrong = (what: string): void => void problems.push(`port ${udpPort}: ${what}`);
    const dropped = Number.isNaN(now.socketDropped) ? sent('packets_sent') - count('received') : count('socketDropped');
    if (count('received') + dropped !== sent('packets_sent') || dropped < 0)
      wrong(`${count('received')} received + ${dropped} dropped by the kernel is not ${sent('packets_sent')} sent`);
    if (sum(packetClasses) !== count('received'))
      wrong(`${count('received')} received, the classes add up to ${sum(packetClasses)}`);
    // Dropped packets are of unknown kind: each class may be short by as many.
    const about = (what: string, seen: number, expected: number): void => {
      if (seen > expected || seen < expected - dropped) wrong(`${what}: ${seen}, the simulator says ${expected}`);
    };
    about(
      'packets sent whole, second copies included',
      sum(intactClasses),
      sent('packets_intact') + sent('duplicated'),
    );
    about('cut short', count('malformedSize'), sent('truncated'));
    about('of another detector', count('malformedDetectorType'), sent('foreign_detector_type'));
    for (const name of otherClasses)
      about(
        `counted as ${name}`,
        count(name),
        truths.reduce((total, { ports }) => total + (ports[udpPort]?.others?.[name] ?? 0), 0),
      );
    about('of another version', count('malformedVersion'), sent('foreign_version'));
    if (count('expected') !== count('accepted') + count('missing'))
      wrong(`expected ${count('expected')} is not accepted ${count('accepted')} + missing ${count('missing')}`);
    for (const [name, field] of [
      ['expected', 'expected'],
      ['accepted', 'accepted'],
      ['missing', 'missing'],
      ['lateFirst', 'late'],
    ] as const) {
      const ledgers = summaries.reduce(
        (total, { ledger }) => total + (ledger.find(({ udp_port: port }) => port === udpPort)?.[field] ?? 0),
        0,
      );
      // Late packets are late for ever, also after the end of their series.
      if (name === 'lateFirst' ? ledgers > count(name) : ledgers !== count(name))
        wrong(`${field}: the ledgers of all series say ${ledgers}, the counters ${count(name)}`);
    }
  }
  return problems;
}

/** What does not add up in how a series went: frames by outcome, packets of each port, causes of what is missing. */
export function seriesProblems(summary: SeriesSummary): string[] {
  const { series_id: id, frames, complete, marked, discarded, ledger } = summary;
  const problems =
    frames === complete + marked + discarded
      ? []
      : [`series ${id}: ${frames} frames are not ${complete} complete + ${marked} marked + ${discarded} discarded`];
  for (const { udp_port: port, expected, accepted, missing, ...causes } of ledger) {
    if (expected !== accepted + missing)
      problems.push(
        `series ${id}, port ${port}: expected ${expected} is not accepted ${accepted} + missing ${missing}`,
      );
    const { late, ring, socket, cut_off: cutOff, unexplained } = causes;
    if (socket !== null && unexplained !== null && missing !== late + ring + socket + cutOff + unexplained)
      problems.push(`series ${id}, port ${port}: the causes of ${missing} missing packets do not add up`);
  }
  return problems;
}

function consumerProblems({ summaries, consumers, whole }: PhaseFacts): string[] {
  const problems = consumers.flatMap(({ last }, index) => [
    ...last.problems.map((problem) => `consumer ${index}: ${problem}`),
    ...(last.wrongPixels > 0 ? [`consumer ${index}: ${last.wrongPixels} wrong pixels`] : []),
    ...(last.framesVerified !== last.images
      ? [`consumer ${index}: ${last.images - last.framesVerified} images could not be compared`]
      : []),
    ...(last.stuck > 0 ? [`consumer ${index}: ${last.stuck} messages wait for a number that did not come`] : []),
  ]);
  const sent = summaries.filter(({ header_sent: header }) => header);
  const total = (field: 'frames' | 'complete' | 'marked' | 'discarded'): number =>
    sent.reduce((sum, summary) => sum + summary[field], 0);
  const seen = (
    field: 'images' | 'complete' | 'marked' | 'discarded' | 'headers' | 'seriesEnds' | 'missingPackets',
  ): number => consumers.reduce((sum, { last }) => sum + last[field], 0);
  if (whole) {
    for (const [name, got, expected] of [
      ['headers', seen('headers'), sent.length],
      ['series_end', seen('seriesEnds'), sent.length],
      ['images', seen('images'), total('frames')],
      ['complete', seen('complete'), total('complete')],
      ['marked', seen('marked'), total('marked')],
      ['discarded', seen('discarded'), total('discarded')],
      [
        'missing packets',
        seen('missingPackets'),
        sent.reduce((sum, { ledger }) => sum + ledger.reduce((packets, { missing }) => packets + missing, 0), 0),
      ],
    ] as const)
      if (got !== expected) problems.push(`the consumer saw ${got} ${name}, the service says ${expected}`);
    for (const { series_id: id, aborted } of sent)
      if (aborted !== undefined) problems.push(`series ${id} was cut short: ${aborted}`);
  } else if (seen('images') > total('frames'))
    problems.push(`the consumers saw ${seen('images')} images, the service sent ${total('frames')}`);
  return problems;
}
