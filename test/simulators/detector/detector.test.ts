import t from 'tap';
import { OperatorError } from '../../../src/base/errors.js';
import { copyDatagram, SimulatedDetector } from '../../../simulators/detector/detector.js';
import type { Datagram, DetectorRun } from '../../../simulators/detector/detector.js';
import { noFaults, parseFault } from '../../../simulators/detector/faults.js';
import type { FaultKind, FaultSelector } from '../../../simulators/detector/faults.js';
import { quadSettings } from './settings-examples.js';

interface Sent {
  port: number;
  frame: number;
  packet: number;
  bytes: Buffer;
  dueMs: number;
}

function detector(
  frames: number,
  selectors: Partial<Record<FaultKind, FaultSelector>> = {},
  changes: Partial<DetectorRun> = {},
): SimulatedDetector {
  return new SimulatedDetector({
    settings: quadSettings(),
    frames,
    firstFrame: 1,
    rate: 100,
    faults: { ...noFaults, selectors },
    ...changes,
  });
}

function send(simulated: SimulatedDetector): Sent[] {
  return Array.from(simulated.datagrams(), (datagram: Datagram) => {
    const bytes = Buffer.from(copyDatagram(datagram).bytes);
    const whole = bytes.length === 4144;
    return {
      port: datagram.udpPort,
      bytes,
      dueMs: datagram.dueMs,
      frame: whole ? Number(bytes.readBigUInt64LE(0)) : -1,
      packet: whole ? bytes.readUInt32LE(12) : -1,
    };
  });
}

function names(list: readonly Sent[], port: number): string {
  return list
    .filter((one) => one.port === port)
    .map((one) => `${one.frame}.${one.packet}`)
    .join(' ');
}

t.test('ports are interleaved packet by packet, at due times that never go back', async (t) => {
  const list = send(detector(2, {}, { firstFrame: 2 ** 32 }));
  t.equal(list.length, 2 * 2 * 64);
  t.same(
    list.slice(0, 4).map((one) => [one.port, one.frame, one.packet]),
    [
      [50001, 2 ** 32, 0],
      [50002, 2 ** 32, 0],
      [50001, 2 ** 32, 1],
      [50002, 2 ** 32, 1],
    ],
  );
  t.equal(list[128]?.dueMs, 10);
  t.equal(list[128]?.bytes.readBigUInt64LE(24), 100_000n, 'timestamps tick by 100 ns');
  t.ok(list.every((one, at) => at === 0 || one.dueMs >= list[at - 1].dueMs));
});

t.test('however low the rate, an image is sent within 100 ms; at 10 Hz and more over its whole period', async (t) => {
  const dueOf = (rate: number): number[] => send(detector(2, {}, { rate })).map(({ dueMs }) => dueMs);
  const slow = dueOf(0.5);
  t.strictSame([slow[0], slow[128]], [0, 2000], 'images begin at their time');
  t.equal(slow[127], (63 / 64) * 100);
  t.equal(slow[255], 2000 + (63 / 64) * 100);
  t.equal(dueOf(10)[127], (63 / 64) * 100);
  t.equal(dueOf(100)[127], (63 / 64) * 10);
});

t.test('bytes stay as they are until the second round after theirs begins', async (t) => {
  const held: Datagram[] = [];
  for (const datagram of detector(3).datagrams()) {
    if (datagram.round === 1 && held[0]?.round === 0) {
      t.equal(Buffer.from(held[0].bytes).readUInt32LE(0), 1);
    }
    if (datagram.round === 2) break;
    held.push(datagram);
  }
  t.equal(Buffer.from(held[0].bytes).readUInt32LE(0), 3, 'then the memory is used again');
});

t.test('ports that are off send nothing', async (t) => {
  const simulated = detector(1, {}, { settings: quadSettings({ portsOff: [50001] }) });
  t.same([...new Set(send(simulated).map((one) => one.port))], [50002]);
  t.equal(simulated.truth.ports[0]?.planned, 0);
});

t.test('each fault does what it says to exactly its packets', async (t) => {
  const one = (kind: FaultKind, list: string): Sent[] =>
    send(
      detector(
        2,
        { [kind]: parseFault(kind, list) },
        { faults: { ...noFaults, delayFrames: 1, selectors: { [kind]: parseFault(kind, list) } } },
      ),
    );
  t.match(names(one('loss', '50001:1:1-2'), 50001), /^1\.0 1\.3 1\.4 /);
  t.match(names(one('loss', '50001:1:1-2'), 50002), /^1\.0 1\.1 1\.2 1\.3 /, 'the other port is whole');
  t.match(names(one('reorder', '50001:1:1'), 50001), /^1\.0 1\.2 1\.3 1\.4 1\.1 1\.5 /);
  t.match(names(one('reorder', '50001:1:63'), 50001), /1\.62 2\.0 2\.1 2\.2 1\.63 2\.3 /, 'across frames');
  t.match(names(one('duplicate', '50001:1:1'), 50001), /^1\.0 1\.1 1\.2 1\.3 1\.4 1\.1 1\.5 /);
  t.match(names(one('delay', '50001:1:1'), 50001), /^1\.0 1\.2 .*2\.0 2\.1 1\.1 2\.2 /);
  t.match(names(one('delay', '50001:2:1'), 50001), /2\.63 2\.1$/, 'what is still waiting comes at the end');
  const cut = one('truncate', '50001:1:1').filter((sent) => sent.frame < 0);
  t.equal(cut.length, 1);
  t.ok(cut[0].bytes.length > 0 && cut[0].bytes.length !== 40);
  const strangers = one('foreign', '50001:1:*').filter(({ bytes }) => bytes[46] !== 1 || bytes[47] !== 2);
  t.equal(strangers.length, 64);
  t.ok(strangers.some(({ bytes }) => bytes[46] === 3) && strangers.some(({ bytes }) => bytes[47] === 3));
});

t.test('a postponed packet keeps the pixels of its own frame', async (t) => {
  const plain = send(detector(12)).find((one) => one.frame === 1 && one.packet === 5 && one.port === 50001) as Sent;
  const late = send(detector(12, { delay: parseFault('delay', '50001:1:5') })).find(
    (one) => one.frame === 1 && one.packet === 5 && one.port === 50001,
  ) as Sent;
  t.ok(late.bytes.equals(plain.bytes));
  t.ok(late.dueMs >= plain.dueMs + 80);
});

t.test('the truth adds up and agrees with the datagrams, whatever the faults', async (t) => {
  for (const seed of [1, 2, 3]) {
    const selectors = { loss: 0.01, truncate: 0.01, delay: 0.01, reorder: 0.02, duplicate: 0.02, foreign: 0.01 };
    const simulated = detector(30, {}, { faults: { ...noFaults, seed, selectors } });
    const list = send(simulated);
    for (const port of simulated.truth.ports) {
      const mine = list.filter((one) => one.port === port.udpPort);
      const whole = mine.filter(({ bytes }) => bytes.length === 4144 && bytes[46] === 1 && bytes[47] === 2);
      const distinct = new Set(whole.map((one) => `${one.frame}.${one.packet}`));
      t.equal(port.frames, 30);
      t.equal(port.planned, 30 * 64);
      t.equal(port.planned, port.intact + port.lost + port.truncated, `seed ${seed}: planned`);
      t.equal(
        port.sent,
        port.intact + port.truncated + port.duplicated + port.foreignDetectorType + port.foreignVersion,
        'sent',
      );
      t.equal(mine.length, port.sent);
      t.equal(distinct.size, port.intact);
      t.equal(whole.length - distinct.size, port.duplicated);
      t.equal(mine.filter(({ bytes }) => bytes.length !== 4144).length, port.truncated);
      t.ok(port.outOfOrder <= port.reordered + port.delayed && port.outOfOrder > 0);
      const never = [...simulated.truth.frames.values()].flatMap((frame) =>
        (frame.neverIntact.get(port.udpPort) ?? []).map((packet) => `${frame.frameNumber}.${packet}`),
      );
      t.equal(never.length, port.lost + port.truncated);
      t.ok(never.every((name) => !distinct.has(name)));
    }
  }
});

t.test('the truth leaves the process in snake case, with ranges', async (t) => {
  const simulated = detector(3, { loss: parseFault('loss', '50001:2:3-5,50001:2:9') }, { firstFrame: 1 });
  send(simulated);
  t.match(simulated.truth.toJson(), {
    frames: 3,
    first_frame_number: 1,
    ports: { 50001: { packets_planned: 192, packets_sent: 188, packets_intact: 188, lost: 4 }, 50002: { lost: 0 } },
    faulty_frames: [
      {
        frame_number: 2,
        never_intact: {
          50001: [
            [3, 5],
            [9, 9],
          ],
        },
      },
    ],
    faulty_frames_not_listed: 0,
  });
});

t.test('stop ends an endless run after the whole frame', async (t) => {
  const simulated = detector(0);
  let count = 0;
  for (const _ of simulated.datagrams()) if (++count === 10) simulated.stop();
  t.equal(count, 128);
  t.equal(simulated.truth.ports[0]?.intact, 64);
});

t.test('frames, numbers and rates that cannot be are refused', async (t) => {
  t.doesNotThrow(() => detector(1, {}, { firstFrame: 2 ** 53 - 3 }));
  t.throws(() => detector(2, {}, { firstFrame: 2 ** 53 - 3 }), OperatorError);
  t.doesNotThrow(() => detector(1, {}, { firstFrame: 0 }));
  t.throws(() => detector(1, {}, { firstFrame: -1 }), OperatorError);
  t.throws(() => detector(-1), OperatorError);
  t.throws(() => detector(1, {}, { rate: 0 }), OperatorError);
});
