// Sentences about what goes wrong now: what, where, remedy, and none where nothing is wrong.

import type { Finding } from '../../src/contract/findings.js';
import t from 'tap';
import { abortReasons, abortText } from '../../src/contract/abort-reasons.js';
import { codesOf } from '../../src/contract/row.js';
import type { Sample } from '../../src/contract/sample.js';
import { doubtedPorts } from '../../src/contract/series-warnings.js';
import { diagnose } from '../../src/view/diagnosis.js';
import type { TroubleFacts } from '../../src/view/diagnosis.js';
import { FindingLog } from '../../src/view/finding-log.js';
import { makeLogger } from '../../src/runtime/log.js';
import { summaryOf } from './hand-made-view.js';

type Packets = NonNullable<TroubleFacts['open']>[number];

const loss = (udpPort: number, values: Partial<Packets> = {}): Packets => ({
  udp_port: udpPort,
  expected: 1000,
  accepted: 1000,
  missing: 0,
  late: 0,
  ring: 0,
  socket: 0,
  cut_off: 0,
  unexplained: 0,
  duplicate: 0,
  reordered: 0,
  late_duplicate: 0,
  late_unknown: 0,
  malformed: 0,
  foreign: 0,
  ...values,
});
const second = (missing: (number | null)[], packets = 1000, outside = 0, unarmed = 0): Sample => ({
  frames_per_second: 10,
  packets_per_second: packets,
  unarmed_per_second: unarmed,
  outside_per_second: outside,
  placed_per_second: packets - outside - unarmed,
  in_gbit_per_second: 0.1,
  out_gbit_per_second: 0.1,
  missing,
});
const socket = (udp_port: number, queue: number | null = 0, granted = 1000): TroubleFacts['sockets'][number] => ({
  udp_port,
  socket_queue_bytes: queue,
  receive_buffer_requested_bytes: 1000,
  receive_buffer_granted_bytes: granted,
});
const good: TroubleFacts = {
  state: 'open',
  armed: true,
  open: [loss(50001), loss(50002)],
  last: null,
  consumers: { most: 1, expected: 1 },
  doubted: new Set(),
  ring: { slots: 100, used: 3 },
  sockets: [socket(50001), socket(50002)],
  samples: Array.from({ length: 20 }, () => second([0, 0])),
};
const found = (changes: Partial<TroubleFacts>): string[] =>
  diagnose({ ...good, ...changes }).map(({ message }) => message);

t.test('nothing is said where nothing is wrong', (t) => {
  t.strictSame(found({}), []);
  t.strictSame(found({ samples: [] }), []);
  t.strictSame(found({ open: null, state: 'idle', samples: [second([null, null], 0)] }), []);
  t.strictSame(
    found({ samples: [second([0.5, 0.5]), ...Array.from({ length: 10 }, () => second([0, 0]))] }),
    [],
    'a loss of more than ten seconds ago',
  );
  t.end();
});

t.test('more consumers than configured are a problem in any state, logged once; as many or fewer are none', (t) => {
  const of = (most: number, expected: number, state: TroubleFacts['state'] = 'open') =>
    diagnose({ ...good, state, consumers: { most, expected } });
  for (const state of ['idle', 'open', 'closing'] as const)
    t.match(of(2, 1, state), [
      {
        code: 'crowded',
        message: /^2 consumers are connected, 1 expected: .*consumer_connections; docs\/operating\.md#two-consumers\.$/,
      },
    ]);
  t.strictSame([...of(1, 1), ...of(0, 1), ...of(2, 2)], []);
  const lines: string[] = [];
  const log = new FindingLog(makeLogger('info', 'det', { write: (line) => void lines.push(line) }));
  for (let seconds = 0; seconds < 5; seconds++) log.look(of(2, 1, 'idle'), seconds * 1000);
  t.equal(lines.length, 1);
  t.match(JSON.parse(lines[0]), { level: 'warn', event: 'problem', code: 'crowded', msg: /^2 consumers/ });
  t.end();
});

t.test('losses name port, share, most frequent cause and remedy', (t) => {
  const samples = [second([0, 0]), second([0, 0.02])];
  t.match(found({ samples, open: [loss(50001), loss(50002, { missing: 30, unexplained: 20, socket: 10 })] }), [
    /^port 50002 loses packets: 1 % in the last 2 s\. Most of this series' missing packets did not reach the socket\. .*#packets-are-missing\.$/,
  ]);
  t.match(
    found({ samples, open: [loss(50001, { late: 99 }), loss(50002, { missing: 30, unexplained: 10, socket: 20 })] }),
    [/dropped by the kernel.*receive_buffer_bytes.*#receive-buffer/],
    'causes of other ports do not count',
  );
  t.match(found({ samples, open: [loss(50001), loss(50002, { missing: 30, unexplained: null, socket: null })] }), [
    /does not tell why/,
  ]);
  t.match(found({ samples: [second([0.1, 0.02])], open: [loss(50001, { ring: 9 }), loss(50002, { ring: 9 })] }), [
    /^ports 50001, 50002 lose packets: up to 10 %.*consumer is too slow.*#ring-full/,
  ]);
  t.end();
});

t.test('a port that sends nothing while others do is silent; when none does nobody is', (t) => {
  const samples = Array.from({ length: 5 }, () => second([0, 1]));
  t.match(found({ samples }), [/^port 50002 sends nothing while others do.*udp_dstmac.*#silent-port/]);
  t.notMatch(found({ samples: Array.from({ length: 5 }, () => second([1, 1])) }), [/sends nothing/]);
  t.notMatch(found({ samples: [second([0, 1]), second([0, 0.5]), second([0, 1])] }), [/sends nothing/]);
  t.end();
});

t.test('a full ring and a full socket are told before they lose anything', (t) => {
  t.match(found({ ring: { slots: 100, used: 81 } }), [/^the frame ring is nearly full \(81 of 100\).*consumer/]);
  t.strictSame(found({ ring: { slots: 100, used: 80 } }), []);
  t.match(found({ sockets: [socket(50001, 501), socket(50002, null)] }), [
    /^the socket of port 50001 is more than half full.*#receive-buffer/,
  ]);
  t.strictSame(found({ sockets: [socket(50001, 500), socket(50002, null)] }), []);
  t.end();
});

t.test('a series that was cut short says why until the next is opened', (t) => {
  const ended = { state: 'idle' as const, open: null, samples: [second([null, null], 0)] };
  t.match(found({ ...ended, last: summaryOf({ series_id: 7, aborted: 'consumer_lost', unsent: 4 }) }), [
    new RegExp(
      '^series 7 was cut short, and 4 frames were never sent: its consumer went away, or .*' +
        'repeat the series.*#consumer-lost\\.$',
    ),
  ]);
  for (const aborted of codesOf(abortReasons))
    t.strictSame(
      found({ ...ended, last: summaryOf({ series_id: 7, aborted }) }),
      [`series 7 was cut short: ${abortText(aborted)}`],
      aborted,
    );
  t.strictSame(found({ ...ended, last: summaryOf() }), []);
  t.end();
});

t.test('packets that come while no series is open are noticed, where series are armed', (t) => {
  const idle = { state: 'idle' as const, open: null, samples: [second([null, null], 4000, 0, 3832.4)] };
  t.match(found(idle), [/^3832 packets\/s arrive and no series is open.*Arm a series/]);
  t.strictSame(found({ ...idle, armed: false }), []);
  t.strictSame(found({ ...idle, samples: [second([0, 0], 4000)] }), [], 'those of the series that has just ended');
  t.end();
});

t.test('many ports are named shortly', (t) => {
  const sockets = Array.from({ length: 36 }, (_, port) => socket(50001 + port, 900));
  t.match(found({ sockets }), [/^the socket of ports 50001, 50002, 50003 and 33 more is/]);
  t.end();
});

t.test(
  "the remedy fits what is known: the kernel's limit only where it was met, the network only where the settings " +
    'are not in doubt',
  (t) => {
    const samples = [second([0, 0.02])];
    const dropped = [loss(50001), loss(50002, { missing: 30, socket: 30 })];
    const [asGranted] = found({ samples, open: dropped });
    t.match(asGranted, /Raise receive_buffer_bytes/);
    t.notMatch(asGranted, 'rmem_max');
    t.match(found({ samples, open: dropped, sockets: [socket(50001), socket(50002, 0, 500)] }), [
      /Raise net\.core\.rmem_max/,
    ]);
    t.notMatch(
      found({ samples, open: dropped, sockets: [socket(50001, 0, 500), socket(50002)] })[0],
      'rmem_max',
      'another port was clamped',
    );
    const never = [loss(50001), loss(50002, { missing: 30, unexplained: 30 })];
    t.match(found({ samples, open: never }), [/card \(ethtool/]);
    const [doubt] = found({ samples, open: never, doubted: doubtedPorts(['lost_before/50001', 'same_missing/50002']) });
    t.match(doubt, /Set what the warning of its port names; docs\/operating\.md#wrong-settings\.$/);
    t.notMatch(doubt, /card|cable|switch/);
    t.strictSame([...doubtedPorts(['ports_disagree', 'packet_number/50007', 'vanished/50001'])], [50007]);
    t.end();
  },
);

t.test('packets that a series takes none of, because their numbers are not its own, get a remedy', (t) => {
  const refused = Array.from({ length: 3 }, () => second([null, null], 900, 900));
  t.match(found({ samples: refused }), [
    /^900 packets\/s arrive and none lies in a frame.*nextframenumber, and arm again; docs\/operating\.md#frame-numbers-outside-the-series\.$/,
  ]);
  t.strictSame(found({ samples: refused.slice(1) }), [], 'not before three seconds');
  t.strictSame(found({ samples: [...refused.slice(1), second([0, 0], 900, 890)] }), [], 'some are placed');
  t.end();
});

t.test('the log tells a thing when it begins, not every second, nor every time that it comes again', (t) => {
  const lines: string[] = [];
  const log = new FindingLog(
    makeLogger('info', 'quad', {
      write: (line: string) => {
        lines.push(line);
      },
    }),
  );
  const loses = (share: number): Finding[] => [{ code: 'loss', message: `port 50001 loses ${share} %` }];
  for (let now = 0; now < 599_000; now += 1000) log.look(now % 11_000 === 0 ? loses(now) : [], now);
  t.equal(lines.length, 1);
  log.look([...loses(1), { code: 'ring', message: 'the ring is full' }], 599_000);
  t.equal(lines.length, 2, 'another thing is told');
  log.look([], 600_000);
  log.look(loses(2), 601_000);
  t.match(
    lines.map((line) => JSON.parse(line) as object),
    [{ event: 'problem', code: 'loss' }, { code: 'ring' }, { code: 'loss', level: 'warn' }],
  );
  t.end();
});

/** When findings were told, by a look each second. */
function toldAt(seconds: number, found: (second: number) => Finding[]): [second: number, message: string][] {
  const log = new FindingLog(makeLogger('info', 'quad', { write: () => undefined }));
  return Array.from({ length: seconds }, (_, second) =>
    log.look(found(second), second * 1000).map(({ message }): [number, string] => [second, message]),
  ).flat();
}

t.test('a problem that comes back within ten minutes and stays is told when they are over, once', (t) => {
  const silent: Finding[] = [{ code: 'silent_port', message: 'port 50001 sends nothing' }];
  t.strictSame(
    toldAt(2000, (second) => (second === 0 || second >= 61 ? silent : [])).map(([second]) => second),
    [0, 600],
  );
  t.strictSame(
    toldAt(2000, (second) => (second === 0 || (second >= 61 && second < 599) ? silent : [])).map(([second]) => second),
    [0],
    'not when it is gone by then',
  );
  t.end();
});

t.test('the same problem of another series is another problem', (t) => {
  const failed = (series: number): Finding => ({ code: 'receiver_error', message: `series ${series}`, series });
  t.strictSame(
    toldAt(700, (second) => [failed(second < 60 ? 5 : second < 120 ? 6 : 5)]),
    [
      [0, 'series 5'],
      [60, 'series 6'],
      [600, 'series 5'],
    ],
  );
  const cut = (series: number) =>
    diagnose({ ...good, open: null, last: { series_id: series, aborted: 'consumer_lost', unsent: 0 } });
  t.match(
    toldAt(20, (second) => cut(second < 10 ? 5 : 6)),
    [
      [0, /^series 5 was cut short/],
      [10, /^series 6 was cut short/],
    ],
  );
  t.end();
});
