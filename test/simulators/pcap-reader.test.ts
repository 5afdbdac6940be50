import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { OperatorError } from '../../src/base/errors.js';
import { readPcap, readPcapBytes, udpOf } from '../../simulators/pcap-reader.js';
import type { NoDatagram, UdpDatagram } from '../../simulators/pcap-reader.js';
import { before, capture, ethernet, ipv4, ipv6, udp } from './capture-file.js';

const payload = Uint8Array.from({ length: 40 }, (_, index) => index * 3);

function read(file: Uint8Array): (UdpDatagram | NoDatagram)[] {
  return [...readPcapBytes('test.pcap', file)].map(udpOf);
}

function one(bytes: Uint8Array, linkType = 1): UdpDatagram | NoDatagram | undefined {
  return read(capture([{ seconds: 1, bytes }], { linkType }))[0];
}

const isDatagram = { sourcePort: 1234, port: 50001, payload };

t.test('files of both byte orders and both resolutions are read, packed or not', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-pcap-'));
  t.teardown(() => { rmSync(folder, { recursive: true }); });
  for (const little of [true, false]) {
    for (const nanoseconds of [true, false]) {
      for (const gzip of [true, false]) {
        const file = join(folder, 'one.pcap');
        const fraction = nanoseconds ? 250_500_000 : 250_500;
        writeFileSync(file, capture([{ seconds: 10, fraction, bytes: ethernet(ipv4(udp(50001, payload))) }, { seconds: 11, bytes: ethernet(ipv4(udp(50002, payload))) }], { little, nanoseconds, gzip }));
        const records = [...readPcap(file)];
        t.same(records.map(({ timeMs }) => timeMs), [10250.5, 11000]);
        t.same(records.map(udpOf), [isDatagram, { ...isDatagram, port: 50002 }]);
      }
    }
  }
});

t.test('a file longer than what is read at once is read whole', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-pcap-'));
  t.teardown(() => { rmSync(folder, { recursive: true }); });
  const file = join(folder, 'long.pcap');
  const large = (index: number): Uint8Array => Uint8Array.from({ length: 60000 }, (_, at) => index + at);
  writeFileSync(file, capture(Array.from({ length: 40 }, (_, index) => ({ seconds: index, bytes: ethernet(ipv4(udp(50001, large(index)))) }))));
  const datagrams = [...readPcap(file)].map(udpOf) as UdpDatagram[];
  t.equal(datagrams.length, 40);
  t.ok(datagrams.every((datagram, index) => Buffer.compare(datagram.payload, large(index)) === 0));
});

t.test('what is no capture, or a damaged one, is refused with what is wrong', async (t) => {
  const good = capture([{ seconds: 1, bytes: ethernet(ipv4(udp(50001, payload))) }]);
  const wrong = (change: (bytes: Uint8Array, view: DataView) => void): Uint8Array => {
    const bytes = good.slice();
    change(bytes, new DataView(bytes.buffer));
    return bytes;
  };
  const cases: [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(0), /has 0 bytes, too few/],
    ['a header cut off', good.slice(0, 23), /has 23 bytes, too few/],
    ['text', new TextEncoder().encode('no capture file at all, only text'), /is no capture file/],
    ['pcapng', wrong((_, view) => { view.setUint32(0, 0x0a0d0d0a); }), /pcapng file; needs pcap. Convert it: editcap/],
    ['a link layer that is not known', wrong((_, view) => { view.setUint32(20, 105, true); }), /data link type is 105/],
    ['a record cut off', good.slice(0, -1), /ends within a record, at byte \d+/],
    ['a record header cut off', good.slice(0, 30), /ends within a record, at byte 30/],
    ['an impossible length', wrong((_, view) => { view.setUint32(32, 262145, true); }), /claims 262145 bytes/],
  ];
  for (const [name, bytes, message] of cases) t.throws(() => read(bytes), message, name);
  t.equal(read(good).length, 1);
  t.equal(read(good.slice(0, 24)).length, 0, 'a file without records is whole');
});

t.test('a file that cannot be read or unpacked is refused', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-pcap-'));
  t.teardown(() => { rmSync(folder, { recursive: true }); });
  t.throws(() => [...readPcap(join(folder, 'none.pcap'))], /none\.pcap: cannot be read/);
  t.throws(() => [...readPcap(folder)], /is no file|cannot be read/);
  const cut = join(folder, 'cut.pcap.gz');
  writeFileSync(cut, capture([{ seconds: 1, bytes: ethernet(ipv4(udp(50001, payload))) }], { gzip: true }).subarray(0, -9));
  t.throws(() => [...readPcap(cut)], /cannot be unpacked/);
});

t.test('datagrams are found behind every link layer', async (t) => {
  for (const linkType of [0, 1, 101, 108, 113, 276]) {
    t.same(one(before(linkType, ipv4(udp(50001, payload))), linkType), isDatagram, `IPv4 behind ${linkType}`);
    t.same(one(before(linkType, ipv6(udp(50001, payload)), 0x86dd), linkType), isDatagram, `IPv6 behind ${linkType}`);
  }
  for (const linkType of [1, 113, 276]) t.equal(one(before(linkType, ipv4(udp(50001, payload)), 0x0806), linkType), 'other', `other traffic behind ${linkType}`);
  for (const vlans of [1, 2]) t.same(one(ethernet(ipv4(udp(50001, payload)), 0x0800, { vlans })), isDatagram, `${vlans} VLAN tags`);
  t.equal(one(ethernet(ipv4(udp(50001, payload)), 0x0806, { vlans: 1 })), 'other');
});

t.test('padding, options and extension headers are passed over; other protocols are not datagrams', async (t) => {
  t.same(one(ethernet(ipv4(udp(50001, payload)), 0x0800, { pad: 6 })), isDatagram);
  t.same(one(ethernet(ipv4(udp(50001, payload), { options: 8 }))), isDatagram);
  t.equal(one(ethernet(ipv4(udp(50001, payload), { protocol: 6 }))), 'other');
  const hop = (next: number): Uint8Array => Uint8Array.from([next, 0, 1, 4, 0, 0, 0, 0]);
  t.same(one(ethernet(ipv6(udp(50001, payload), 0, hop(17)), 0x86dd)), isDatagram);
  t.equal(one(ethernet(ipv6(udp(50001, payload), 0, hop(6)), 0x86dd)), 'other');
  t.equal(one(ethernet(Uint8Array.from([0x50, 1, 2, 3]))), 'other', 'IP version 5');
  t.same(one(ethernet(ipv4(udp(50001, new Uint8Array(0))))), { ...isDatagram, payload: new Uint8Array(0) });
});

t.test('fragments and datagrams that were cut off are told apart from whole ones', async (t) => {
  t.equal(one(ethernet(ipv4(udp(50001, payload), { flags: 0x2000 }))), 'fragment', 'first of several');
  t.equal(one(ethernet(ipv4(payload, { flags: 0x00b9 }))), 'fragment', 'a later one');
  t.same(one(ethernet(ipv4(udp(50001, payload), { flags: 0x4000 }))), isDatagram, 'may not be fragmented');
  const part = (offsetAndFlag: number): Uint8Array => Uint8Array.from([17, 0, offsetAndFlag >> 8, offsetAndFlag & 255, 0, 0, 0, 1]);
  t.equal(one(ethernet(ipv6(udp(50001, payload), 44, part(1)), 0x86dd)), 'fragment');
  t.equal(one(ethernet(ipv6(udp(50001, payload), 44, part(8)), 0x86dd)), 'fragment');
  t.same(one(ethernet(ipv6(udp(50001, payload), 44, part(0)), 0x86dd)), isDatagram, 'a fragment that is the whole');
  const whole = ethernet(ipv4(udp(50001, payload)));
  t.equal(one(whole.subarray(0, -1)), 'cut');
  t.same(one(whole), isDatagram);
});

t.test('no damage makes the reader do anything but read or refuse', async (t) => {
  const files = [
    capture([{ seconds: 1, bytes: ethernet(ipv4(udp(50001, payload)), 0x0800, { vlans: 1 }) }, { seconds: 2, bytes: ethernet(ipv6(udp(50001, payload)), 0x86dd) }]),
    capture([{ seconds: 1, bytes: before(113, ipv4(udp(50001, payload))) }], { linkType: 113, little: false }),
    capture([{ seconds: 1, bytes: ipv6(udp(50001, payload), 44, Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 1])) }], { linkType: 101 }),
  ];
  const edit = fc.tuple(fc.nat(300), fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)));
  fc.assert(fc.property(fc.nat(2), fc.array(edit, { maxLength: 6 }), fc.nat(300), (which, edits, cut) => {
    const bytes = (files[which] as Uint8Array).slice();
    for (const [at, value] of edits) bytes[at % bytes.length] = value;
    const file = bytes.subarray(0, Math.max(0, bytes.length - (cut > 200 ? 0 : cut)));
    let taken = 0;
    try {
      for (const record of readPcapBytes('fuzz.pcap', file)) {
        const datagram = udpOf(record);
        if (typeof datagram === 'string') continue;
        taken += datagram.payload.length;
        if (datagram.port > 65535 || datagram.payload.length > record.bytes.length) throw new Error('no datagram');
      }
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
    }
    return taken <= file.length;
  }), { numRuns: 2000 });
  t.pass();
});
