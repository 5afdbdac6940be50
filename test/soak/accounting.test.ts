import t from 'tap';
import { portCounterTable } from '../../src/memory/counters.js';
import type { PortCounter } from '../../src/memory/counters.js';
import { phaseProblems } from './accounting.js';
import type { PhaseFacts } from './accounting.js';
import { parseMetrics, portCountsOf } from '../threads/metrics-text.js';
import type { PortCounts } from '../threads/metrics-text.js';

const counts = (values: Partial<Record<PortCounter, number>> = {}): PortCounts =>
  Object.fromEntries(portCounterTable.map(({ id }) => [id, values[id] ?? 0])) as PortCounts;

/** One port, two frames of four packets: one lost, one twice, one cut short. */
function facts(): PhaseFacts {
  return {
    truths: [
      {
        frames: 2,
        send_errors: 0,
        ports: {
          50001: {
            packets_sent: 8,
            packets_intact: 6,
            truncated: 1,
            duplicated: 1,
            foreign_detector_type: 0,
            foreign_version: 0,
          },
        },
      },
    ],
    before: new Map([[50001, counts({ received: 100, accepted: 100, expected: 100 })]]),
    after: new Map([
      [50001, counts({ received: 108, accepted: 106, expected: 108, missing: 2, duplicate: 1, malformedSize: 1 })],
    ]),
    summaries: [
      {
        series_id: 1,
        filename: '',
        auto: true,
        frames: 2,
        complete: 1,
        marked: 1,
        discarded: 0,
        unsent: 0,
        incomplete: [[1, 1]],
        truncated: false,
        first_frame_number: 1,
        warnings: [],
        header_sent: true,
        end_pending: false,
        ledger: [
          {
            udp_port: 50001,
            expected: 8,
            accepted: 6,
            missing: 2,
            late: 0,
            ring: 0,
            socket: 0,
            cut_off: 0,
            unexplained: 2,
            socket_limited: false,
            kernel_drops: 0,
            duplicate: 1,
            reordered: 0,
            late_duplicate: 0,
            late_unknown: 0,
            malformed: 1,
            foreign: 0,
          },
        ],
      },
    ],
    consumers: [
      {
        killed: false,
        last: {
          final: true,
          connections: 1,
          messages: 4,
          headers: 1,
          images: 2,
          seriesEnds: 1,
          complete: 1,
          marked: 1,
          discarded: 0,
          missingPackets: 2,
          pixelsChecked: 200,
          wrongPixels: 0,
          framesVerified: 2,
          stuck: 0,
          problems: [],
        },
      },
    ],
    whole: true,
  };
}

t.test('sums that agree', async (t) => {
  t.strictSame(phaseProblems(facts()), []);
});

/** Change one thing deep inside. */
function altered(
  change: (
    all: PhaseFacts & { summaries: [PhaseFacts['summaries'][number]]; consumers: [PhaseFacts['consumers'][number]] },
  ) => void,
): string[] {
  const all = facts();
  change(all as never);
  return phaseProblems(all);
}

t.test('each sum that does not agree is found', async (t) => {
  const port = (values: Partial<Record<PortCounter, number>>) =>
    altered((all) => Object.assign(all.after.get(50001) as object, values));
  t.match(port({ received: 107 }), [/107|7 received \+ 0 dropped by the kernel is not 8 sent/, /classes add up to 8/]);
  t.match(port({ duplicate: 0 }), [
    /the classes add up to 7/,
    /sent whole, second copies included: 6, the simulator says 7/,
  ]);
  t.match(port({ malformedSize: 0, malformedVersion: 1 }), [
    /cut short: 0, the simulator says 1/,
    /another version: 1, the simulator says 0/,
  ]);
  t.match(port({ duplicate: 0, headerPacket: 1 }), [
    /sent whole, second copies included: 6/,
    /counted as headerPacket: 1, the simulator says 0/,
  ]);
  t.match(port({ missing: 1 }), [
    /expected 8 is not accepted 6 \+ missing 1/,
    /missing: the ledgers of all series say 2, the counters 1/,
  ]);
  t.strictSame(port({ received: 107, duplicate: 0, socketDropped: 1 }), [], 'what the kernel dropped is accounted for');
  const summary = (values: object) => altered((all) => Object.assign(all.summaries[0], values));
  t.match(summary({ marked: 2 }), [
    /2 frames are not 1 complete \+ 2 marked/,
    /the consumer saw 1 marked, the service says 2/,
  ]);
  t.match(summary({ aborted: 'frame_jump' }), [/was cut short: frame_jump/]);
  t.match(
    altered((all) => Object.assign(all.summaries[0].ledger[0] as object, { unexplained: 1 })),
    [/causes of 2 missing packets do not add up/],
  );
  const consumer = (values: object) => altered((all) => Object.assign(all.consumers[0].last, values));
  t.match(consumer({ wrongPixels: 3 }), [/consumer 0: 3 wrong pixels/]);
  t.match(consumer({ images: 1 }), [/could not be compared/, /the consumer saw 1 images, the service says 2/]);
  t.match(consumer({ stuck: 4 }), [/4 messages wait for a number that did not come/]);
  t.match(consumer({ problems: ['frame: 5 after 3'] }), ['consumer 0: frame: 5 after 3']);
});

t.test('counters are read from the text of /metrics', async (t) => {
  const metrics = parseMetrics(
    '# HELP x\nvdcu_udp_packets_late_total{detector="d",port="50001",kind="first"} ' +
      '7\nvdcu_udp_packets_received_total{port="50001",detector="d"} 12\n',
  );
  t.match(portCountsOf(metrics, 50001), { lateFirst: 7, received: 12 });
  t.ok(Number.isNaN(portCountsOf(metrics, 50001).socketDropped), 'without a sample it is unknown');
});
