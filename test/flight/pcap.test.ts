import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { className, classNames, heldClass, readFlightRecord, writePcap } from '../../src/flight/pcap.js';
import type { FlightPacket } from '../../src/flight/pcap.js';
import { packetClassTable } from '../../src/contract/packet-classes.js';
import { codesOf } from '../../src/contract/row.js';
import { portCounter } from '../../src/memory/counters.js';
import { captureOf } from '../../simulators/files/capture/capture.js';
import { DatagramReader } from '../../simulators/files/capture/datagrams.js';
import { without } from '../programs.js';

const header = Uint8Array.from({ length: 48 }, (_, index) => index + 1);
const packet = (values: Partial<FlightPacket> = {}): FlightPacket => ({
  udpPort: 50001,
  timeMs: 1_700_000_000_123.456,
  length: 4144,
  class: 'accepted',
  header,
  ...values,
});
const fileOf = (packets: readonly FlightPacket[], host = '10.1.2.3'): Buffer =>
  Buffer.concat([...writePcap(() => host, packets)]);

t.test('the bytes of a capture file are those of the specification', async (t) => {
  const expected = [
    'd4c3b2a1',
    '0200',
    '0400',
    '00000000',
    '00000000',
    '4c000000',
    '65000000',
    // 1700000000 s, 123456 µs, 76 bytes of 4172.
    '00f15365',
    '40e20100',
    '4c000000',
    '4c100000',
    // IPv4, 4172 bytes, identification 1 = accepted, no fragment, time to live 1, UDP, checksum, 0.0.0.0 to 10.1.2.3.
    '4500104c',
    '00010000',
    '01119d9d',
    '00000000',
    '0a010203',
    '0000c351',
    '10380000',
    Buffer.from(header).toString('hex'),
  ].join('');
  t.equal(fileOf([packet()]).toString('hex'), expected);
});

t.test('what is written can be read back: by the capture reader, and with its class', async (t) => {
  const packets = [
    ...classNames.map((name, index) =>
      packet({ class: name, udpPort: 50001 + index, timeMs: 1_700_000_000_000 + index / 1000 }),
    ),
    packet({ length: 40, header: header.subarray(0, 40) }),
    packet({ length: 0, header: header.subarray(0, 0) }),
    packet({ length: 48 }),
    packet({ length: 65507 }),
  ];
  const records = [...captureOf('x', fileOf(packets)).records()];
  t.strictSame(
    records
      .map((record) => readFlightRecord(record))
      .map((read) => read && { ...read, timeMs: Math.round(read.timeMs * 1000), header: [...read.header] }),
    packets.map((sent) => ({ ...sent, timeMs: Math.round(sent.timeMs * 1000), header: [...sent.header] })),
  );
  t.equal(new DatagramReader().read(records[0]), 'cut');
  const whole = new DatagramReader().read(records.at(-2)!);
  t.ok(
    typeof whole === 'object' && whole.port === 50001 && Buffer.from(header).equals(whole.payload),
    'a datagram that is all header is whole',
  );
});

t.test("a number of the flight ring is that of its class's counter; any other is a held packet", async (t) => {
  const numbers = codesOf(packetClassTable).map((code) => portCounter[packetClassTable[code].counter]);
  t.strictSame([heldClass, ...numbers.map(className)], classNames);
  for (const number of [0, portCounter.missing, 1000]) t.equal(className(number), heldClass);
});

t.test('a file of many packets comes in pieces, in order', async (t) => {
  const packets = Array.from({ length: 10_000 }, (_, index) => packet({ timeMs: 1_700_000_000_000 + index }));
  t.ok([...writePcap(() => '::1', packets)].length > 3);
  const records = [...captureOf('x', fileOf(packets, '::1')).records()];
  t.equal(records.length, 10_000);
  t.ok(records.every(({ timeMs }, index) => timeMs === 1_700_000_000_000 + index));
  t.strictSame([...records[0].bytes.subarray(16, 20)], [0, 0, 0, 0], 'an IPv6 address is not written');
});

t.test('records that others wrote are no flight records', async (t) => {
  const [record] = [...captureOf('x', fileOf([packet()])).records()];
  const good = record;
  const other = (change: (bytes: Uint8Array) => void): unknown => {
    const bytes = good.bytes.slice();
    change(bytes);
    return readFlightRecord({ ...good, bytes });
  };
  t.ok(other(() => undefined));
  t.equal(
    other((bytes) => {
      bytes[8] = 64;
    }),
    null,
    'time to live',
  );
  t.equal(
    other((bytes) => {
      bytes[5] = 200;
    }),
    null,
    'no such class',
  );
  t.equal(
    other((bytes) => {
      bytes[9] = 6;
    }),
    null,
    'TCP',
  );
  t.equal(
    other((bytes) => {
      bytes[0] = 0x60;
    }),
    null,
    'IPv6',
  );
  t.equal(
    other((bytes) => {
      bytes[25] = 7;
      bytes[24] = 0;
    }),
    null,
    'a length that is none',
  );
  t.equal(readFlightRecord({ ...good, linkType: 1 }), null, 'Ethernet');
  t.equal(readFlightRecord({ ...good, bytes: good.bytes.subarray(0, 75) }), null, 'cut');
  t.equal(readFlightRecord({ ...good, bytes: new Uint8Array(0) }), null);
});

t.test(
  'tcpdump reads ports and lengths, and finds nothing wrong with the headers',
  { skip: without('tcpdump') },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'vdcu-flight-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'x.pcap');
    writeFileSync(
      file,
      fileOf([packet(), packet({ class: 'late_first', udpPort: 50002, length: 40, header: header.subarray(0, 40) })]),
    );
    const { stdout, stderr, status } = spawnSync('tcpdump', ['-nvr', file], {
      encoding: 'utf8',
      env: { ...process.env, TZ: 'UTC' },
    });
    t.equal(status, 0, stderr);
    t.match(stdout, /^22:13:20\.123456 IP .*id 1,.*length 4172/m);
    t.match(stdout, /0\.0\.0\.0\.0 > 10\.1\.2\.3\.50001: UDP, length 4144/);
    t.match(stdout, /id 5,[^]*0\.0\.0\.0\.0 > 10\.1\.2\.3\.50002: UDP, length 40/);
    t.notMatch(stdout, /bad cksum/);
  },
);
