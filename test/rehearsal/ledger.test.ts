import t from 'tap';
import { compareDemo } from '../../src/rehearsal/ledger.js';
import type { ConsumerReport, SimulatorTruth } from '../../src/rehearsal/ledger.js';
import type { PortCounter } from '../../src/memory/counters.js';
import type { SeriesSummary } from '../../src/contract/series.js';
import { ledgerOf, portCountersOf, summaryOf } from '../view/hand-made-view.js';

type PortTruth = SimulatorTruth['ports'][string];

const truthOf = (changes: Partial<PortTruth> = {}, more: Partial<SimulatorTruth> = {}): SimulatorTruth => ({
  send_errors: 0,
  ...more,
  ports: {
    50001: {
      packets_planned: 640,
      packets_sent: 640,
      packets_intact: 640,
      lost: 0,
      truncated: 0,
      duplicated: 0,
      foreign_detector_type: 0,
      foreign_version: 0,
      ...changes,
    },
  },
});

const reportOf = (changes: Partial<ConsumerReport> = {}): ConsumerReport => ({
  ok: true,
  images: 10,
  complete: 10,
  marked: 0,
  missing_packets: 0,
  pixels_checked: 10,
  missing_pixels: 0,
  wrong_pixels: 0,
  problems: [],
  ...changes,
});

const summary = (changes: Partial<SeriesSummary> = {}): SeriesSummary =>
  summaryOf({ ledger: [ledgerOf(50001, { expected: 640, accepted: 640 })], ...changes });

/** The sentences about one port with these counters. */
function problems(
  counters: Partial<Record<PortCounter, number>>,
  truth = truthOf(),
  of = summary(),
  report = reportOf(),
): readonly string[] {
  return compareDemo(truth, of, [{ udpPort: 50001, counters: portCountersOf(counters) }], report).problems;
}

const whole = { received: 640, accepted: 640 };

t.test('three that agree have nothing to say', (t) => {
  t.strictSame(problems(whole), []);
  const faults = truthOf({
    packets_sent: 645,
    packets_intact: 636,
    lost: 2,
    truncated: 2,
    duplicated: 5,
    foreign_detector_type: 1,
    foreign_version: 1,
  });
  const counters = {
    received: 645,
    accepted: 635,
    duplicate: 4,
    lateDuplicate: 1,
    lateFirst: 1,
    malformedSize: 2,
    malformedDetectorType: 1,
    malformedVersion: 1,
  };
  const marked = summary({
    complete: 8,
    marked: 2,
    ledger: [ledgerOf(50001, { expected: 640, accepted: 635, missing: 5 })],
  });
  t.strictSame(problems(counters, faults, marked, reportOf({ complete: 8, marked: 2, missing_packets: 5 })), []);
  t.end();
});

t.test('packets refused for a full ring, or that came after the end, are accounted for', (t) => {
  const lossy = (missing: number): [SeriesSummary, ConsumerReport] => [
    summary({ ledger: [ledgerOf(50001, { expected: 640, accepted: 640 - missing, missing })] }),
    reportOf({ missing_packets: missing }),
  ];
  t.strictSame(problems({ received: 640, accepted: 576, ringFull: 64 }, truthOf(), ...lossy(64)), []);
  t.strictSame(problems({ received: 640, accepted: 639, foreignUnarmed: 1 }, truthOf(), ...lossy(1)), []);
  t.strictSame(problems({ received: 640, accepted: 639, foreignSeries: 1 }, truthOf(), ...lossy(1)), []);
  t.end();
});

t.test('what the kernel dropped is no disagreement, as long as it says how many', (t) => {
  const lossy = summary({ ledger: [ledgerOf(50001, { expected: 640, accepted: 630, missing: 10 })] });
  t.strictSame(
    problems({ received: 630, accepted: 630, socketDropped: 10 }, truthOf(), lossy, reportOf({ missing_packets: 10 })),
    [],
  );
  t.match(
    problems({ received: 630, accepted: 630, socketDropped: 9 }, truthOf(), lossy, reportOf({ missing_packets: 10 })),
    [/630 received \+ 9 dropped by the kernel is not 640 sent/],
  );
  t.match(
    problems(
      { received: 630, accepted: 630, socketDropped: Number.NaN },
      truthOf(),
      lossy,
      reportOf({ missing_packets: 10 }),
    ),
    [/^port 50001: 630 received of 640 sent, and the kernel does not say whether it dropped the rest/],
  );
  t.end();
});

t.test('each sum that does not agree is a sentence', (t) => {
  const cases: readonly (readonly [RegExp, readonly string[]])[] = [
    [/639 received \+ 0 dropped by the kernel is not 640 sent/, problems({ received: 639, accepted: 639 })],
    [/640 received, but the classes add up to 639/, problems({ received: 640, accepted: 639 })],
    [/sent whole/, problems({ received: 640, accepted: 639, malformedPosition: 1 })],
    [/cut short: 1, the simulator says 0/, problems({ received: 640, accepted: 639, malformedSize: 1 })],
    [/foreign detector: 1/, problems({ received: 640, accepted: 639, malformedDetectorType: 1 })],
    [/foreign version: 0, the simulator says 1/, problems(whole, truthOf({ foreign_version: 1 }))],
    [
      /expected 640 is not accepted 639 \+ missing 0/,
      problems(whole, truthOf(), summary({ ledger: [ledgerOf(50001, { expected: 640, accepted: 639 })] })),
    ],
    [
      /576 expected, the detector had 640/,
      problems(whole, truthOf(), summary({ ledger: [ledgerOf(50001, { expected: 576, accepted: 576 })] })),
    ],
    [
      /the consumer was told of 1 missing packets, the ledger has 0/,
      problems(whole, truthOf(), summary(), reportOf({ missing_packets: 1 })),
    ],
    [
      /the consumer got 9 frames \(9 complete\), the service sent 10 \(10 complete\)/,
      problems(whole, truthOf(), summary(), reportOf({ images: 9, complete: 9 })),
    ],
    [/^2 wrong pixels/, problems(whole, truthOf(), summary(), reportOf({ wrong_pixels: 2 }))],
    [/cut short: consumer_lost/, problems(whole, truthOf(), summary({ aborted: 'consumer_lost' }))],
    [/could not send 3 datagrams/, problems(whole, truthOf({}, { send_errors: 3 }))],
    [
      /^the consumer: frame 3 came twice/,
      problems(whole, truthOf(), summary(), reportOf({ problems: [{ text: 'frame 3 came twice' }] })),
    ],
  ];
  for (const [expected, seen] of cases)
    t.ok(
      seen.some((text) => expected.test(text)),
      `${expected}: ${seen.join(' | ')}`,
    );
  t.end();
});

t.test('the table has a column per port; what cannot be known is a question mark', (t) => {
  const { table } = compareDemo(
    truthOf(),
    summary(),
    [{ udpPort: 50001, counters: portCountersOf({ ...whole, socketDropped: Number.NaN }) }],
    reportOf(),
  );
  const lines = table.split('\n');
  t.match(lines[0], /port 50001$/);
  t.match(lines[1], /^sent by the simulator +640$/);
  t.match(lines[2], /dropped by the kernel +\?$/);
  t.match(lines[3], /^received +640$/);
  t.equal(new Set(lines.map((line) => line.length)).size, 1, 'right-aligned');
  t.end();
});
