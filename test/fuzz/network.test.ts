import t from 'tap';
import { Random } from '../../src/base/random.js';
import { Network } from './network.js';
import type { Datagram } from './network.js';
import { makeScenario } from './scenario.js';
import { PacketMaker } from '../pipeline/packets.js';
import { PortTruth } from './truth.js';

const maker = new PacketMaker(makeScenario(new Random(1)).config.detector);
const datagram = (at: number, packet = 0, frameNumber = 1): Omit<Datagram, 'order'> => ({
  at,
  kind: 'good',
  port: 0,
  frameNumber,
  packet,
  maker,
  variant: 0,
});

t.test('datagrams land in the order of their time, those of one time in the order of their departure', (t) => {
  const network = new Network();
  const times = Array.from({ length: 500 }, (_, index) => (index * 7919) % 50);
  times.forEach((at, packet) => network.launch(datagram(at, packet)));
  const landed: [number, number][] = [];
  for (let next = network.land(1000); next !== null; next = network.land(1000)) landed.push([next.at, next.packet]);
  t.strictSame(
    landed,
    times.map((at, packet) => [at, packet] as [number, number]).sort((a, b) => a[0] - b[0] || a[1] - b[1]),
  );
  t.equal(network.size, 0);
  t.equal(network.nextAt, Infinity);
  t.end();
});

t.test('nothing lands before its time', (t) => {
  const network = new Network();
  network.launch(datagram(5));
  t.equal(network.land(4.9), null);
  t.equal(network.land(5)?.at, 5);
  t.end();
});

t.test('the truth knows a packet only from the series in which it came', (t) => {
  const truth = new PortTruth(4);
  const take = (packet: number, frameNumber: number): void =>
    truth.take({ ...datagram(0, packet, frameNumber), order: 0 }, 100, false);
  take(0, 7);
  truth.open(1, 0);
  take(1, 7);
  truth.stop(false);
  take(2, 7);
  t.strictSame(
    [0, 1, 2, 3].map((packet) => truth.had(1, 7, packet)),
    [false, true, false, false],
  );
  t.equal(truth.had(2, 7, 1), false);
  t.end();
});

t.test('the truth of a series of which others take a part counts no packet of theirs', (t) => {
  const truth = new PortTruth(4);
  truth.open(1, 0, (frameNumber) => frameNumber % 2 === 1);
  for (const frameNumber of [6, 7, 8]) truth.take({ ...datagram(0, 0, frameNumber), order: 0 }, 100, false);
  t.strictSame(
    [6, 7, 8].map((frameNumber) => truth.had(1, frameNumber, 0)),
    [false, true, false],
  );
  t.equal(truth.datagrams, 3);
  t.end();
});

const ledger = {
  udp_port: 50001,
  expected: 4,
  accepted: 2,
  missing: 2,
  late: 0,
  ring: 0,
  socket: 1,
  cut_off: 1,
  unexplained: 0,
  socket_limited: false,
  kernel_drops: 1,
  duplicate: 1,
  reordered: 0,
  late_duplicate: 0,
  late_unknown: 0,
  malformed: 0,
  foreign: 0,
};

/** A port that took packets 0, 0 and 1 of frame 7 while one datagram was dropped. */
function truthOf(): PortTruth {
  const truth = new PortTruth(4);
  truth.open(1, 10);
  for (const packet of [0, 0, 1]) truth.take({ ...datagram(0, packet, 7), order: 0 }, 100, false);
  truth.finish(1, 11, Infinity, 0);
  return truth;
}

const frame = { first: 7, last: 7, count: 1, packets: 4, beyond: false, begun: 7, begunForSure: 7 };

t.test('a ledger that tells the truth is accepted, one that does not is told what came', (t) => {
  const problems = (changes: Partial<typeof ledger>): string[] =>
    truthOf().ledgerProblems(1, { ...ledger, ...changes }, 0, frame);
  t.strictSame(problems({}), []);
  t.match(problems({ accepted: 3, missing: 1, socket: 0 }), [
    /3 accepted and 0 late, but only 2 different packets came/,
  ]);
  t.match(problems({ duplicate: 2 }), [/but only 1 second copies came/]);
  t.match(problems({ kernel_drops: 0, socket: 0, cut_off: 2 }), [
    /dropped 1 datagrams in this series, the ledger says 0/,
  ]);
  t.match(problems({ socket: 0, cut_off: 2 }), [/socket is 0 of 1 dropped/]);
  t.match(problems({ expected: 8, missing: 6, socket: 1, cut_off: 2, unexplained: 3 }), [
    /8 packets expected, 1 frames have 4/,
  ]);
  t.match(problems({ ring: 1, cut_off: 0 }), [/ring is 1 of 0 refused/]);
  t.match(problems({ cut_off: 0, unexplained: 1 }), [/cut off is 0, 2 to 2 packets behind the last one of 7/]);
  t.end();
});

t.test('a packet of a stranger came as long as strangers are taken', (t) => {
  const truth = new PortTruth(4);
  truth.open(1, 0);
  truth.take({ ...datagram(0, 0, 7), kind: 'stranger', order: 0 }, 100, false);
  truth.take({ ...datagram(0, 1, 7), kind: 'stranger', order: 0 }, 100, true);
  t.strictSame([truth.had(1, 7, 0), truth.had(1, 7, 1)], [true, false]);
  t.end();
});
