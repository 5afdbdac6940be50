// Sentences about what goes wrong now: what, where, remedy, and none where nothing is wrong.

import t from 'tap';
import { abortReasons, abortText } from '../../../src/contract/abort-reasons.js';
import { codesOf } from '../../../src/contract/row.js';
import { troubles } from '../../../src/http/page/troubles.js';
import type { TroubleFacts } from '../../../src/http/page/troubles.js';
import type { PortLoss, Sample, Series } from '../../../src/page/messages.js';

const loss = (udpPort: number, values: Partial<PortLoss> = {}): PortLoss => ({ udp_port: udpPort, expected: 1000, accepted: 1000, missing: 0, late: 0, ring: 0, socket: 0, unexplained: 0, duplicate: 0, reordered: 0, late_duplicate: 0, late_unknown: 0, malformed: 0, foreign: 0, ...values });
const series = (values: Partial<Series> = {}): Series => ({ open: true, series_id: 7, filename: '', auto: false, frames: 0, header_pending: false, images_sent: 10, complete: 10, marked: 0, discarded: 0, unsent: 0, warnings: [], ports: [loss(50001), loss(50002)], ...values });
const second = (missing: (number | null)[], packets = 1000): Sample => ({ frames_per_second: 10, packets_per_second: packets, in_gbit_per_second: 0.1, out_gbit_per_second: 0.1, missing });
const socket = (udpPort: number, queue: number | null = 0): TroubleFacts['sockets'][number] => ({ udp_port: udpPort, queue_bytes: queue, buffer_bytes: 1000, kernel_drops: 0 });
const good: TroubleFacts = { state: 'open', armed: true, series: series(), ring: { slots: 100, used: 3, used_max: 9 }, sockets: [socket(50001), socket(50002)], samples: Array.from({ length: 20 }, () => second([0, 0])) };
const found = (changes: Partial<TroubleFacts>): string[] => troubles({ ...good, ...changes });

t.test('nothing is said where nothing is wrong', (t) => {
  t.strictSame(found({}), []);
  t.strictSame(found({ samples: [] }), []);
  t.strictSame(found({ series: null, state: 'idle', samples: [second([null, null], 0)] }), []);
  t.strictSame(found({ samples: [second([0.5, 0.5]), ...Array.from({ length: 10 }, () => second([0, 0]))] }), [], 'a loss of more than ten seconds ago');
  t.end();
});

t.test('losses name port, share, most frequent cause and remedy', (t) => {
  const samples = [second([0, 0]), second([0, 0.02])];
  t.match(found({ samples, series: series({ ports: [loss(50001), loss(50002, { missing: 30, unexplained: 20, socket: 10 })] }) }), [/^port 50002 loses packets: 1 % in the last 2 s\. Most of this series' missing packets did not reach the socket\. .*#packets-are-missing\.$/]);
  t.match(found({ samples, series: series({ ports: [loss(50001, { late: 99 }), loss(50002, { missing: 30, unexplained: 10, socket: 20 })] }) }), [/dropped by the kernel.*receive_buffer_bytes.*#receive-buffer/], 'causes of other ports do not count');
  t.match(found({ samples, series: series({ ports: [loss(50001), loss(50002, { missing: 30, unexplained: null, socket: null })] }) }), [/does not tell why/]);
  t.match(found({ samples: [second([0.1, 0.02])], series: series({ ports: [loss(50001, { ring: 9 }), loss(50002, { ring: 9 })] }) }), [/^ports 50001, 50002 lose packets: up to 10 %.*consumer is too slow.*#ring-full/]);
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
  t.match(found({ ring: { slots: 100, used: 81, used_max: 90 } }), [/^the frame ring is nearly full \(81 of 100\).*consumer/]);
  t.strictSame(found({ ring: { slots: 100, used: 80, used_max: 90 } }), []);
  t.match(found({ sockets: [socket(50001, 501), socket(50002, null)] }), [/^the socket of port 50001 is more than half full.*#receive-buffer/]);
  t.strictSame(found({ sockets: [socket(50001, 500), socket(50002, null)] }), []);
  t.end();
});

t.test('a series that was cut short says why until the next is opened', (t) => {
  const ended = { state: 'idle' as const, samples: [second([null, null], 0)] };
  t.match(found({ ...ended, series: series({ open: false, aborted: 'consumer_lost', unsent: 4 }) }), [/^series 7 was cut short, and 4 of its frames were never sent: its consumer went away\. .*repeat the series.*#consumer-lost\.$/]);
  for (const aborted of codesOf(abortReasons)) t.strictSame(found({ ...ended, series: series({ open: false, aborted }) }), [`series 7 was cut short: ${abortText(aborted)}`], aborted);
  t.strictSame(found({ ...ended, series: series({ open: false }) }), []);
  t.end();
});

t.test('packets that come while no series is open are noticed, where series are armed', (t) => {
  const idle = { state: 'idle' as const, series: null, samples: [second([null, null], 3832.4)] };
  t.match(found(idle), [/^3832 packets\/s arrive and no series is open.*Arm a series/]);
  t.strictSame(found({ ...idle, armed: false }), []);
  t.end();
});

t.test('many ports are named shortly', (t) => {
  const sockets = Array.from({ length: 36 }, (_, port) => socket(50001 + port, 900));
  t.match(found({ sockets }), [/^the socket of ports 50001, 50002, 50003 and 33 more is/]);
  t.end();
});
