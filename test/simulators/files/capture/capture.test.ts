import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { OperatorError } from '../../../../src/base/errors.js';
import { Random } from '../../../../src/base/random.js';
import { captureOf, openCapture } from '../../../../simulators/files/capture/capture.js';
import type { Capture } from '../../../../simulators/files/capture/capture.js';
import { DatagramReader } from '../../../../simulators/files/capture/datagrams.js';
import type { CapturedRecord } from '../../../../simulators/files/capture/record.js';
import {
  before,
  block,
  capture,
  ethernet,
  fragments,
  fragments6,
  gre,
  ipv4,
  ipv6,
  joined,
  ng,
  udp,
  vxlan,
  words,
} from '../capture-file.js';
import { without } from '../../../programs.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-capture-'));
t.teardown(() => {
  rmSync(folder, { recursive: true });
});
let files = 0;
function fileOf(content: Uint8Array): string {
  const file = join(folder, `${++files}.pcap`);
  writeFileSync(file, content);
  return file;
}

const payload = Uint8Array.from({ length: 40 }, (_, index) => index * 3);
const packet = ethernet(ipv4(udp(50001, payload)));
const five = Array.from({ length: 5 }, (_, index) => ({
  seconds: 10 + index,
  bytes: ethernet(
    ipv4(
      udp(
        50001,
        payload.map((byte) => byte + index),
      ),
    ),
  ),
}));
const recordBytes = 16 + packet.length;

interface Read {
  readonly records: CapturedRecord[];
  readonly damage: string | null;
}
function whole(from: Capture): Read {
  const records = [...from.records()];
  return { records, damage: from.damage };
}
const inMemory = (content: Uint8Array): Read => whole(captureOf('test.pcap', content));
const inFile = (content: Uint8Array): Read => whole(openCapture(fileOf(content)));

t.test('pcap of both byte orders, of microseconds, nanoseconds and modified, is read, packed or not', async (t) => {
  for (const little of [true, false]) {
    for (const kind of [{}, { nanoseconds: true }, { modified: true }]) {
      for (const gzip of [true, false]) {
        const fraction = kind.nanoseconds === true ? 250_500_000 : 250_500;
        const { records, damage } = inFile(
          capture(
            [
              { seconds: 10, fraction, bytes: packet },
              { seconds: 11, bytes: packet },
            ],
            { little, ...kind, gzip },
          ),
        );
        t.equal(damage, null);
        t.same(
          records,
          [
            { timeMs: 10250.5, linkType: 1, bytes: packet },
            { timeMs: 11000, linkType: 1, bytes: packet },
          ],
          `${JSON.stringify(kind)} ${little} ${gzip}`,
        );
      }
    }
  }
});

t.test(
  'pcapng of both byte orders: enhanced, old and simple packets, each with the clock and link layer of its interface',
  async (t) => {
    for (const little of [true, false]) {
      const file = joined(
        ng.section(little),
        ng.interface({}, little),
        ng.interface({ linkType: 101, resolution: 9, offsetSeconds: 100 }, little),
        ng.interface({ resolution: 0x80 | 10 }, little),
        block(0x0bad, new Uint8Array(9), little),
        ng.packet(10_250_500, packet, 0, little),
        ng.packet(11e9, packet.subarray(14), 1, little),
        ng.packet(12 * 1024 + 512, packet, 2, little),
        block(5, new Uint8Array(40), little),
        ng.oldPacket(13e6, packet, 0, little),
        ng.simplePacket(packet, packet.length, little),
      );
      const { records, damage } = inMemory(file);
      t.equal(damage, null);
      t.same(
        records.map(({ timeMs, linkType }) => [timeMs, linkType]),
        [
          [10250.5, 1],
          [111_000, 101],
          [12_500, 1],
          [13_000, 1],
          [13_000, 1],
        ],
        String(little),
      );
      t.ok(
        records.every(({ bytes }, index) => Buffer.compare(bytes, index === 1 ? packet.subarray(14) : packet) === 0),
      );
      t.same(inFile(gzipSync(file)).records.length, 5, "gzip'ed");
    }
  },
);

t.test('sections of pcapng each have their own byte order and interfaces', async (t) => {
  const section = (little: boolean, linkType: number, bytes: Uint8Array): Uint8Array =>
    joined(ng.section(little), ng.interface({ linkType }, little), ng.packet(1e6, bytes, 0, little));
  const { records, damage } = inMemory(
    joined(section(true, 1, packet), section(false, 101, packet.subarray(14)), section(true, 1, packet)),
  );
  t.equal(damage, null);
  t.same(
    records.map(({ linkType }) => linkType),
    [1, 101, 1],
  );
});

t.test('a simple packet is as long as its interface captured', async (t) => {
  const { records } = inMemory(
    joined(ng.section(), ng.interface({ snapBytes: 20 }), ng.simplePacket(packet.subarray(0, 20), packet.length)),
  );
  t.same(
    records.map(({ bytes }) => bytes.length),
    [20],
  );
});

t.test('captures written one behind the other are all read, of other byte order and resolution too', async (t) => {
  const second = capture(five, { little: false, nanoseconds: true });
  t.match(inMemory(joined(capture(five), second)), { damage: null, records: { length: 10 } });
  t.match(
    inFile(joined(gzipSync(capture(five)), gzipSync(capture(five)))),
    { damage: null, records: { length: 10 } },
    "gzip'ed each",
  );
  const split = capture(five);
  t.match(
    inFile(joined(gzipSync(split.subarray(0, 100)), gzipSync(split.subarray(100)))),
    { damage: null, records: { length: 5 } },
    'one in two gzip members',
  );
  const wrong = capture(five, { linkType: 105 });
  t.match(inMemory(joined(capture(five), wrong)), {
    damage: /byte \d+: its data link type is 105/,
    records: { length: 5 },
  });
});

t.test('a file longer than what is read at once is read whole', async (t) => {
  const large = (index: number): Uint8Array => Uint8Array.from({ length: 60000 }, (_, at) => index + at);
  const { records } = inFile(
    capture(
      Array.from({ length: 40 }, (_, index) => ({ seconds: index, bytes: ethernet(ipv4(udp(50001, large(index)))) })),
    ),
  );
  t.equal(records.length, 40);
  t.ok(records.every(({ bytes }, index) => Buffer.compare(bytes.subarray(42), large(index)) === 0));
});

t.test('cut anywhere, a file gives the records that are whole, and says at which byte it ends', async (t) => {
  const pcap = capture(five);
  for (let length = 25; length < pcap.length; length++) {
    const { records, damage } = inMemory(pcap.subarray(0, length));
    const expected = Math.floor((length - 24) / recordBytes);
    if (records.length !== expected) t.fail(`${length} bytes: ${records.length} records`);
    const atBorder = (length - 24) % recordBytes === 0;
    if (
      atBorder
        ? damage !== null
        : damage !== `test.pcap: ends within a record, at byte ${length}. The file is cut off: copy or capture it again`
    )
      t.fail(`${length} bytes: ${damage}`);
  }
  const head = joined(ng.section(), ng.interface());
  const enhanced = ng.packet(1e6, packet);
  const pcapng = joined(head, enhanced, enhanced, enhanced);
  for (let length = head.length; length < pcapng.length; length++) {
    const { records, damage } = inMemory(pcapng.subarray(0, length));
    const left = (length - head.length) % enhanced.length;
    if (records.length !== Math.floor((length - head.length) / enhanced.length) || (left === 0) !== (damage === null))
      t.fail(`${length} bytes: ${records.length} records, ${damage}`);
  }
  t.pass();
});

t.test("gzip'ed files that are cut off or damaged are read as far as they can be unpacked", async (t) => {
  const random = new Random(7);
  const noisy = capture(
    Array.from({ length: 20 }, (_, index) => ({
      seconds: index,
      bytes: ethernet(
        ipv4(
          udp(
            50001,
            Uint8Array.from({ length: 2608 }, () => random.integer(256)),
          ),
        ),
      ),
    })),
  );
  const packed = Uint8Array.from(gzipSync(noisy));
  const cut = inFile(packed.subarray(0, Math.floor(packed.length * 0.88)));
  t.equal(cut.records.length, 17, '88 % of twenty, less the one that was cut');
  t.match(cut.damage, /cannot be unpacked beyond byte \d+ \(unexpected end of file\)/);
  const trailer = inFile(packed.subarray(0, -3));
  t.equal(trailer.records.length, 20);
  t.match(trailer.damage, /cannot be unpacked/);
  const sum = packed.slice();
  sum.fill(0, sum.length - 8);
  t.match(inFile(sum), { records: { length: 20 }, damage: /incorrect data check/ });
  const middle = packed.slice();
  middle.fill(0xff, Math.floor(packed.length / 2), Math.floor(packed.length / 2) + 400);
  const damaged = inFile(middle);
  t.ok(damaged.damage !== null);
  const second = inFile(joined(gzipSync(capture(five)), packed.subarray(0, 3000)));
  t.match(second, { records: { length: 6 }, damage: /unexpected end/ }, 'the second of two cut off');
  t.match(
    inFile(joined(packed, new Uint8Array(512))),
    { records: { length: 20 }, damage: null },
    'zeros behind, as tapes have them',
  );
});

t.test('what is no capture is refused with what it is, and what to do', async (t) => {
  const good = capture(five.slice(0, 1));
  const wrong = (change: (view: DataView) => void): Uint8Array => {
    const bytes = good.slice();
    change(new DataView(bytes.buffer));
    return bytes;
  };
  const cases: [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(0), /has 0 bytes, too few.*Give a \.pcap/],
    ['a header cut off', good.slice(0, 23), /has 23 bytes, too few/],
    ['text', new TextEncoder().encode('no capture file at all, only text'), /is no capture file/],
    [
      'a link layer that is not known',
      wrong((view) => {
        view.setUint32(20, 105, true);
      }),
      /data link type is 105; needs Ethernet/,
    ],
    [
      'the same in pcapng',
      joined(ng.section(), ng.interface({ linkType: 105 }), ng.packet(1, packet)),
      /data link type is 105/,
    ],
    [
      'pcapng without a byte order',
      joined(words([4, 4, 4], [0x0a0d0d0a, 28, 0]), new Uint8Array(16)),
      /its byte order cannot be read/,
    ],
    ['bzip2', joined(Buffer.from('BZh91AY')), /packed with bzip2. Unpack it: bunzip2/],
    ['xz', Uint8Array.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0]), /packed with xz. Unpack it: unxz/],
    ['zstd', Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0]), /packed with zstd/],
    ['snoop', new TextEncoder().encode('snoop\0\0\0'), /editcap -F pcap/],
  ];
  for (const [name, bytes, message] of cases)
    t.throws(() => inMemory(bytes), { name: 'OperatorError', exitCode: 2, message }, name);
  t.match(inMemory(good), { records: { length: 1 }, damage: null });
  t.match(inMemory(good.slice(0, 24)), { records: [], damage: null }, 'a file without records is whole');
  t.throws(() => openCapture(join(folder, 'none.pcap')), /none\.pcap: cannot be read/);
  t.throws(() => openCapture(folder), /is no file|cannot be read/);
  const pipe = join(folder, 'pipe.pcap');
  if (!without('mkfifo')) execFileSync('mkfifo', [pipe]);
  for (const none of [pipe, '/dev/zero'].filter((name) => existsSync(name)))
    t.throws(() => openCapture(none), { message: /is no file/, exitCode: 2 }, none);
  t.throws(
    () => inFile(gzipSync(capture(five)).subarray(0, 12)),
    /has \d bytes, too few for a capture file; it cannot be unpacked/,
  );
});

t.test('damage within ends the records with what is wrong, where', async (t) => {
  const pcap = capture(five);
  new DataView(pcap.buffer).setUint32(24 + 2 * recordBytes + 8, 262145, true);
  t.match(inMemory(pcap), {
    records: { length: 2 },
    damage: new RegExp(`record at byte ${24 + 2 * recordBytes} claims 262145 bytes`),
  });
  const head = joined(ng.section(), ng.interface());
  const good = ng.packet(1e6, packet);
  const changed = (at: number, value: number): Uint8Array => {
    const bytes = good.slice();
    new DataView(bytes.buffer).setUint32(at, value, true);
    return bytes;
  };
  for (const [name, bad, says] of [
    ['a length that is none', changed(4, 13), /claims 13 bytes, which no block has/],
    ['a huge block', changed(4, 0x7ffffffc), /claims 2147483644 bytes, more than a packet can have/],
    ['an interface that is not described', changed(8, 3), /packet at byte \d+ cannot be read/],
    ['more bytes than the block has', changed(20, 5000), /packet at byte \d+ cannot be read/],
    ['an interface cut short', block(1, new Uint8Array(4)), /interface at byte \d+ cannot be read/],
  ] as const) {
    t.match(inMemory(joined(head, good, bad, good)), { records: { length: 1 }, damage: says }, name);
  }
  t.match(
    inMemory(joined(head, good, block(0x55, new Uint8Array(3_000_000)), good)),
    { records: { length: 2 }, damage: null },
    'a large block of something else is passed over',
  );
});

t.test('no damage makes the reader do anything but read or refuse', { timeout: 120_000 }, async (t) => {
  const large = new Uint8Array(4000).fill(7);
  const bytes = (...packets: Uint8Array[]): { seconds: number; bytes: Uint8Array }[] =>
    packets.map((one, index) => ({ seconds: index, bytes: one }));
  const originals = [
    capture(
      bytes(
        ethernet(ipv4(udp(50001, payload)), 0x0800, { vlans: [0x8100] }),
        ethernet(ipv6(udp(50001, payload)), 0x86dd),
      ),
    ),
    capture(bytes(before(113, ipv4(udp(50001, payload)))), { linkType: 113, little: false }),
    capture(bytes(ipv6(udp(50001, payload), 44, words([1, 1, 2, 4], [0, 0, 0, 1]))), { linkType: 101, modified: true }),
    capture(
      bytes(
        ...fragments(udp(50001, large)).map((piece) => ethernet(piece)),
        ...fragments6(udp(50001, large)).map((piece) => ethernet(piece, 0x86dd)),
      ),
    ),
    capture(bytes(ethernet(gre(0x88be, joined(new Uint8Array(8), packet), 0x1000, [1])), ethernet(vxlan(packet)))),
    joined(
      ng.section(),
      ng.interface({ resolution: 9 }),
      ng.packet(1, packet),
      ng.oldPacket(2, packet),
      ng.simplePacket(packet),
      ng.section(false),
      ng.interface({}, false),
      ng.packet(3, packet, 0, false),
    ),
  ];
  const edit = fc.tuple(fc.nat(20_000), fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)));
  let read = 0;
  fc.assert(
    fc.property(
      fc.nat(originals.length - 1),
      fc.array(edit, { maxLength: 6 }),
      fc.nat(20_000),
      fc.boolean(),
      (which, edits, cut, isCut) => {
        const original = originals[which];
        const content = original.slice(0, isCut ? cut % original.length : original.length);
        for (const [at, value] of edits) if (content.length > 0) content[at % content.length] = value;
        const reader = new DatagramReader();
        let taken = 0;
        try {
          const from = captureOf('fuzz.pcap', content);
          for (const record of from.records()) {
            const datagram = reader.read(record);
            if (typeof datagram === 'string') continue;
            taken += datagram.payload.length;
            read++;
            if (!Number.isInteger(datagram.port) || datagram.port > 65535) throw new Error('no port');
          }
        } catch (error) {
          if (!(error instanceof OperatorError)) throw error;
        }
        return taken <= content.length;
      },
    ),
    { numRuns: 6000 },
  );
  t.ok(read > 3000);
});

t.test("gzip'ed files damaged anywhere are read or refused", { timeout: 120_000 }, async (t) => {
  const packed = Uint8Array.from(gzipSync(capture(five)));
  for (let at = 0; at < packed.length; at++) {
    const damaged = packed.slice();
    damaged[at] = damaged[at] ^ 0x55;
    try {
      const { records } = inFile(damaged);
      if (records.reduce((sum, { bytes }) => sum + bytes.length, 0) > 1e6)
        t.fail(`byte ${at}: ${records.length} records`);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
    }
  }
  t.pass();
});
