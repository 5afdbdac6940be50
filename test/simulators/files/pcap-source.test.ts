import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { DetectorSettings } from '../../../src/detector/settings.js';
import { copyDatagram, SimulatedDetector } from '../../../simulators/detector/detector.js';
import { captureOf } from '../../../simulators/files/capture/capture.js';
import { openPcapSource, parsePortMap, parseTiming, PcapSource } from '../../../simulators/files/pcap-source.js';
import type { PcapSourceOptions } from '../../../simulators/files/pcap-source.js';
import { capture, ethernet, fragments, ipv4, joined, udp } from './capture-file.js';
import type { CapturedPacket } from './capture-file.js';
import { gridSettings, quadSettings } from '../detector/settings-examples.js';

const settings = quadSettings({ readNRows: 16 });
const packetsPerFrame = 8;

/** What a simulated detector sends, as a capture: one datagram each `stepMs`. */
function captured(
  frames: number,
  stepMs = 1,
  more: (bytes: Uint8Array, index: number) => CapturedPacket[] = () => [],
): CapturedPacket[] {
  const detector = new SimulatedDetector({ settings, frames, firstFrame: 7, rate: 100 });
  const packets: CapturedPacket[] = [];
  for (const { udpPort, bytes } of detector.datagrams()) {
    const at = packets.length * stepMs * 1000;
    packets.push(
      { seconds: 100 + Math.floor(at / 1e6), fraction: at % 1e6, bytes: ethernet(ipv4(udp(udpPort, bytes))) },
      ...more(bytes, packets.length),
    );
  }
  return packets;
}

function source(packets: readonly CapturedPacket[], options: Partial<PcapSourceOptions> = {}): PcapSource {
  return new PcapSource(captureOf('test.pcap', capture(packets)), {
    settings,
    timing: { kind: 'original', factor: 1 },
    ...options,
  });
}

t.test('timings are read, and what is none is refused', async (t) => {
  t.same(parseTiming('original'), { kind: 'original', factor: 1 });
  t.same(parseTiming('asap'), { kind: 'asap' });
  t.same(parseTiming('500'), { kind: 'rate', framesPerSecond: 500 });
  t.same(parseTiming('x2.5'), { kind: 'original', factor: 2.5 });
  t.same(parseTiming('×0.5'), { kind: 'original', factor: 0.5 });
  for (const wrong of ['', '0', 'x0', '-5', 'x', '2x', 'fast', '1e3', 'Infinity'])
    t.throws(() => parseTiming(wrong), /--timing .*needs original, asap/, wrong);
});

t.test('port maps are read, and what is none is refused', async (t) => {
  t.same(
    [...parsePortMap('1:50001, 2:50002', settings)],
    [
      [1, 50001],
      [2, 50002],
    ],
  );
  for (const wrong of ['', '1', '1:2:3', '0:50001', '65536:50001', '1:x', '1:50001,'])
    t.throws(() => parsePortMap(wrong, settings), /needs CAPTURED:CONFIGURED/, wrong);
  t.throws(() => parsePortMap('1:50003', settings), /50003 is not in udp_ports; use one of 50001, 50002/);
  t.throws(() => parsePortMap('1:50001,1:50002', settings), /names captured port 1 twice/);
});

t.test('a capture is sent whole, in order, at its own times', async (t) => {
  const detector = new SimulatedDetector({ settings, frames: 3, firstFrame: 7, rate: 100 });
  const sent = [...source(captured(3)).datagrams()];
  t.equal(sent.length, 3 * packetsPerFrame);
  let index = 0;
  for (const { udpPort, portIndex, bytes } of detector.datagrams()) {
    const datagram = sent[index];
    if (
      datagram === undefined ||
      datagram.udpPort !== udpPort ||
      datagram.portIndex !== portIndex ||
      Buffer.compare(datagram.bytes, bytes) !== 0
    )
      t.fail(`datagram ${index} differs`);
    if (Math.abs((datagram?.dueMs ?? -1) - index) > 1e-3) t.fail(`datagram ${index} is due at ${datagram?.dueMs}`);
    index++;
  }
  t.same([...new Set(sent.map(({ round }) => round))], [0, 1, 2]);
});

t.test('timing: times the captured speed, at a rate of frames, at once', async (t) => {
  const due = (timing: PcapSourceOptions['timing']): number[] =>
    [...source(captured(3), { timing }).datagrams()].map(({ dueMs }) => dueMs);
  t.ok(Math.abs((due({ kind: 'original', factor: 2 }).at(-1) as number) - 23 / 2) < 1e-3);
  const paced = due({ kind: 'rate', framesPerSecond: 50 });
  t.same(
    [0, 8, 16].map((index) => paced[index]),
    [0, 20, 40],
  );
  t.ok(paced.every((at, index) => index === 0 || at >= paced[index - 1]));
  t.ok(paced[7] > 15 && paced[7] < 20, 'spread over the frame');
  t.ok(due({ kind: 'asap' }).every((at) => at === 0));
});

t.test('a clock that was set back while capturing holds nothing up', async (t) => {
  const packets = captured(1);
  const [first, second] = packets as [CapturedPacket, CapturedPacket];
  const due = [...source([first, { ...second, seconds: 3 }, ...packets.slice(2)]).datagrams()].map(
    ({ dueMs }) => dueMs,
  );
  t.ok(due.every((at, index) => index === 0 || at >= due[index - 1]));
});

t.test('the truth counts what is whole, twice, missing, foreign and wrong', async (t) => {
  const made = (bytes: Uint8Array, change: (copy: Uint8Array) => Uint8Array | void): CapturedPacket[] => {
    const copy = bytes.slice();
    return [{ seconds: 100, bytes: ethernet(ipv4(udp(50001, change(copy) ?? copy))) }];
  };
  const packets = captured(2, 1, (bytes, index) => {
    switch (index) {
      case 0:
        return made(bytes, () => undefined);
      case 4:
        return made(bytes, (copy) => copy.subarray(0, 100));
      case 6:
        return made(bytes, (copy) => {
          copy[46] = 3;
        });
      case 8:
        return made(bytes, (copy) => {
          copy[47] = 1;
        });
      case 10:
        return made(bytes, (copy) => {
          copy[12] = 4;
        });
      case 12:
        return made(bytes, (copy) => {
          copy.fill(0, 0, 8);
        });
      default:
        return [];
    }
  });
  packets.pop();
  const replayed = source(packets);
  t.equal([...replayed.datagrams()].length, packets.length);
  const [left, right] = replayed.truth.ports;
  t.match(left, {
    sent: 14,
    intact: 8,
    duplicated: 1,
    wrongSize: 1,
    foreignDetectorType: 1,
    foreignVersion: 1,
    wrongNumber: 2,
    frames: 2,
    lost: 0,
    firstFrame: 7,
    lastFrame: 8,
  });
  t.match(right, { sent: 7, intact: 7, frames: 2, lost: 1, outOfOrder: 0 });
});

t.test('what is not sent is counted by its reason', async (t) => {
  const packets = captured(1);
  const more: CapturedPacket[] = [
    { seconds: 100, bytes: ethernet(ipv4(udp(50009, new Uint8Array(5)))) },
    { seconds: 100, bytes: ethernet(ipv4(udp(50001, new Uint8Array(5)), { flags: 0x2000 })) },
    { seconds: 100, bytes: ethernet(ipv4(udp(50001, new Uint8Array(5)))).subarray(0, -1) },
    { seconds: 100, bytes: ethernet(new Uint8Array(28), 0x0806) },
  ];
  const replayed = source([...packets, ...more], { settings: { ...settings, portsOff: [50002] } });
  t.equal([...replayed.datagrams()].length, 4);
  t.match(replayed.notSent, { other: 1, fragment: 1, cut: 1 });
  t.same(
    [...replayed.notSent.ports],
    [
      [50002, 4],
      [50009, 1],
    ],
    'a port that is off is not sent to',
  );
});

t.test(
  'datagrams that were taken together are sent apart; what is longer and not several of them goes as it is',
  async (t) => {
    const detector = new SimulatedDetector({ settings, frames: 2, firstFrame: 1, rate: 100 });
    const left = Array.from(detector.datagrams(), copyDatagram)
      .filter(({ udpPort }) => udpPort === 50001)
      .map(({ bytes }) => bytes);
    const together = (...parts: Uint8Array[]): CapturedPacket => ({
      seconds: 1,
      bytes: ethernet(ipv4(udp(50001, joined(...parts)))),
    });
    const replayed = source([
      together(...left.slice(0, 3)),
      together(left[3]),
      together(...left.slice(4, 6), left[6].subarray(0, 500)),
    ]);
    const sent = [...replayed.datagrams()].map(({ bytes }) => bytes);
    t.same(
      sent.map((bytes, index) => Buffer.compare(bytes, index === 6 ? left[6].subarray(0, 500) : left[index])),
      [0, 0, 0, 0, 0, 0, 0],
    );
    t.match(replayed, { coalesced: 2, oversized: 0, frames: 2 });
    t.match(replayed.truth.ports[0], { sent: 7, intact: 6, wrongSize: 1 });
    const strange = source([together(left[0], new Uint8Array(left[1]?.length)), together(left[0], new Uint8Array(1))]);
    t.same([...strange.datagrams()].length, 2);
    t.match(strange, { coalesced: 0, oversized: 2 }, 'what follows is no packet of this detector');
  },
);

t.test('fragments become datagrams at the time of the last; pieces of what is not whole are counted', async (t) => {
  const packets = captured(1).flatMap(({ seconds, fraction = 0, bytes }, index) =>
    fragments(bytes.subarray(34), { id: index }).map((piece, part) => ({
      seconds,
      fraction: fraction + part,
      bytes: ethernet(piece),
    })),
  );
  t.equal(packets.length, 3 * packetsPerFrame);
  const replayed = source(packets.filter((_, index) => index !== 4));
  const sent = [...replayed.datagrams()];
  t.equal(sent.length, packetsPerFrame - 1);
  t.equal(replayed.notSent.fragment, 2);
  t.ok(Math.abs((sent[1]?.dueMs ?? 0) - 2) < 1e-3);
  t.match(
    replayed.truth.ports.map(({ intact, lost }) => [intact, lost]),
    [
      [4, 0],
      [3, 1],
    ],
  );
});

t.test('ports are mapped, and a stop ends the replay', async (t) => {
  const elsewhere = quadSettings({ readNRows: 16, udpPorts: [51001, 51002] });
  const replayed = source(captured(2), {
    settings: elsewhere,
    ports: new Map([
      [50001, 51002],
      [50002, 51001],
    ]),
  });
  const [first, second] = [...replayed.datagrams()];
  t.match(first, { udpPort: 51002, portIndex: 1 });
  t.match(second, { udpPort: 51001, portIndex: 0 });
  const stopped = source(captured(2));
  let count = 0;
  for (const { dueMs } of stopped.datagrams()) {
    if (dueMs >= 0 && ++count === 3) stopped.stop();
  }
  t.equal(count, 3);
});

// Captures of PSI's virtual detectors lie beside the repository, or where the environment says.
const captures = process.env['VDCU_CAPTURES'] ?? join(import.meta.dirname, '../../../../../shared/captures');
const one = { quad: false, udpPorts: [50001] } satisfies Partial<DetectorSettings>;
const known: Readonly<Record<string, DetectorSettings>> = {
  'eiger_quad_50001-50002_dr16_10g4096B_5frames': quadSettings(),
  'eiger_2half_top50001-50002_bottom50003-50004_dr16_10g4096B_5frames': gridSettings(2, 1),
  'eiger_2half_top50001-50002_bottom50003-50004_dr12_10g4096B_5frames': gridSettings(2, 1, { dynamicRange: 12 }),
  jungfrau_1interface_50001_5frames: quadSettings({ ...one, detector: 'jungfrau' }),
  moench_1interface_50001_5frames: quadSettings({ ...one, detector: 'moench' }),
  mythen3_10g_dr32_3counters_50001_5frames: quadSettings({
    ...one,
    detector: 'mythen3',
    dynamicRange: 32,
    counters: 3,
  }),
  gotthard2_50001_5frames: quadSettings({ ...one, detector: 'gotthard2' }),
};

for (const [name, captureSettings] of Object.entries(known)) {
  const file = join(captures, `${name}.pcap.gz`);
  t.test(
    `capture ${name} is five whole frames`,
    { skip: existsSync(file) ? false : `no captures in ${captures}` },
    async (t) => {
      const replayed = openPcapSource(file, { settings: captureSettings, timing: { kind: 'original', factor: 1 } });
      for (const { bytes } of replayed.datagrams()) if (bytes.length === 0) t.fail('an empty datagram');
      t.equal(replayed.frames, 5);
      for (const port of replayed.truth.ports) {
        t.match(port, {
          frames: 5,
          intact: 5 * replayed.truth.format.packetsSent,
          lost: 0,
          duplicated: 0,
          wrongSize: 0,
          foreignDetectorType: 0,
          foreignVersion: 0,
          wrongNumber: 0,
        });
      }
    },
  );
}
