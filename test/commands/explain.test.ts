import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { writePcap } from '../../src/flight/pcap.js';
import type { FlightClass, FlightPacket } from '../../src/flight/pcap.js';
import { without } from '../programs.js';
import { capture, ethernet, ipv4, udp } from '../simulators/files/capture-file.js';
import { vdcu } from './repository.js';

const folder = mkdtempSync(join(tmpdir(), 'vdcu-explain-'));
t.teardown(() => rmSync(folder, { recursive: true }));

function fileWith(name: string, content: Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function packet(
  frame: number,
  number: number,
  timeMs: number,
  className: FlightClass = 'accepted',
  udpPort = 50001,
): FlightPacket {
  const header = new Uint8Array(48);
  const view = new DataView(header.buffer);
  view.setUint32(0, frame, true);
  view.setUint32(12, number, true);
  return { udpPort, timeMs: 1_700_000_000_000 + timeMs, length: 4144, class: className, header };
}

const flight = (packets: readonly FlightPacket[]): Buffer => Buffer.concat([...writePcap(() => '127.0.0.1', packets)]);

t.test('each frame is told in words', async (t) => {
  const packets = [1, 2, 3, 4, 5, 6].flatMap((frame) =>
    [0, 1, 2, 3].map((number) => packet(frame, number, frame * 10 + number)),
  );
  packets.splice(9, 2);
  packets.splice(14, 0, packet(4, 2, 43, 'duplicate'));
  packets.push(
    packet(3, 1, 70, 'late_first'),
    packet(9, 0, 71, 'malformed_version'),
    packet(99, 0, 72, 'foreign_series'),
    packet(99, 1, 73, 'foreign_series'),
  );
  const file = fileWith('told.pcap', flight(packets));
  const { code, stdout, stderr } = await vdcu('explain', file);
  t.equal(code, 0, stderr);
  t.strictSame(stdout.split('\n'), [
    `${file}: 27 packets from 2023-11-14T22:13:20.010000Z to 2023-11-14T22:13:20.073000Z`,
    'in short: 5 of 6 frames complete',
    '  1 packet never came, of frame 3: lost by the kernel (the ledger says socket) or on the way (unexplained)',
    '  1 packet came after its image was closed (late_first), of frame 3: Raise frame_timeout_ms or overtake_frames',
    '  1 packet came again (duplicate), of frame 4: no loss',
    'port 50001: port images of packets 0 to 3; accepted 22, duplicate 1, late_first 1, malformed_version 1, ' +
      'foreign_series 2',
    'frames 1 to 2: complete, in order',
    'frame 3:',
    '  port 50001: 2 of 4 packets; never came: 2; packet 1 came after its image was closed (late_first) after 40 ' +
      'ms, behind packet 3 of frame 6. First at 22:13:20.030000',
    'frame 4:',
    '  port 50001: all 4 packets; packet 2 came again (duplicate) after 3 ms, behind packet 3 of frame 4. First at ' +
      '22:13:20.040000',
    'frames 5 to 6: complete, in order',
    'port 50001: 1 packet of a wrong header version (malformed_version), at 22:13:20.071000',
    'port 50001: 2 packets of frames outside the series (foreign_series), from 22:13:20.072000 to 22:13:20.073000, ' +
      'frame 99',
    '',
  ]);
  const json = JSON.parse((await vdcu('explain', file, '--json')).stdout) as object;
  t.match(json, {
    file,
    packets: 27,
    runs: [[{}, { first_frame_number: 3, what: 'told', ports: [{ never_came: [2] }] }, {}, {}]],
  });
});

t.test('neighbours that came too late are told in one breath, and frames without any packet are counted', async (t) => {
  const packets = [1, 2, 5].flatMap((frame) =>
    [0, 1, 2, 3].map((number) => packet(frame, number, frame * 10 + number)),
  );
  packets.splice(5, 3);
  packets.push(
    ...[1, 2, 3].map((number) => packet(2, number, 90 + number, 'late_first')),
    ...[0, 1, 2, 3].map((number) => packet(6, number, 100)),
  );
  const { stdout } = await vdcu('explain', fileWith('late.pcap', flight(packets)));
  t.match(
    stdout,
    /^in short: 3 of 6 frames complete\n {2}2 frames of which no packet was accepted\n {2}3 packets came after their images were closed \(late_first\), of frame 2: Raise frame_timeout_ms/m,
  );
  t.match(
    stdout,
    /packets 1-3 came after their images were closed \(late_first\) after 71 to 73 ms, behind packet 3 of frame 5/,
  );
  t.match(
    (
      await vdcu(
        'explain',
        fileWith('good.pcap', flight([1, 2].flatMap((frame) => [0, 1].map((number) => packet(frame, number, frame))))),
      )
    ).stdout,
    /^in short: 2 of 2 frames complete, all in order$/m,
  );
});

t.test('a class of packets that is lost ends with the remedy of its row, another with "no loss"', async (t) => {
  const packets = [1, 2, 3].flatMap((frame) => [0, 1].map((number) => packet(frame, number, frame * 10 + number)));
  packets.push(packet(2, 0, 50, 'late_unknown'), packet(2, 1, 51, 'late_duplicate'));
  const { stdout } = await vdcu('explain', fileWith('unknown.pcap', flight(packets)));
  t.match(stdout, /\(late_unknown\), of frame 2: Raise frame_timeout_ms or ring_frames$/m);
  t.match(stdout, /\(late_duplicate\), of frame 2: no loss$/m);
});

t.test('what is missing where the recording begins and ends may lie outside of it', async (t) => {
  const packets = [packet(1, 3, 0), ...[0, 1, 2, 3].map((number) => packet(2, number, 10)), packet(3, 0, 20)];
  const { stdout } = await vdcu('explain', fileWith('edges.pcap', flight(packets)));
  t.match(stdout, /^frame 1:\n.*never came: 0-2 \(the recording begins here: they may lie outside\)/m);
  t.match(stdout, /^frame 2: complete, in order$/m);
  t.match(stdout, /^frame 3:\n.*never came: 1-3 \(the recording ends here: they may lie outside\)/m);
});

t.test('a recording without packets is one, too', async (t) => {
  t.match(await vdcu('explain', fileWith('empty.pcap', flight([]))), { code: 0, stdout: /no packet was recorded/ });
});

t.test(
  'a file that the flight recorder did not write is refused in a line: what it is, and what is needed',
  async (t) => {
    const whole = flight([packet(1, 0, 0), packet(1, 1, 1)]);
    const cases: [name: string, content: Uint8Array, says: RegExp][] = [
      ['text.pcap', Buffer.from('hello, world, this is no capture'), /is no capture file/],
      ['none.pcap', new Uint8Array(0), /too few for a capture file/],
      ['cut.pcap', whole.subarray(0, 30), /ends within a record, at byte 30/],
      [
        'other.pcap',
        capture([{ seconds: 1, bytes: ethernet(ipv4(udp(50001, new Uint8Array(48)))) }]),
        /record 0 was not written by the flight recorder.*flight_recorder_dir/,
      ],
    ];
    for (const [name, content, says] of cases) {
      const { code, stdout, stderr } = await vdcu('explain', fileWith(name, content));
      t.strictSame([code, stdout], [2, ''], name);
      t.match(stderr, says, name);
      t.equal(stderr.trim().split('\n').length, 1, name);
    }
    t.match(await vdcu('explain', join(folder, 'nowhere.pcap')), { code: 2, stderr: /cannot be read/ });
  },
);

t.test('a recording that is cut off is told as far as it goes, and the cut is said', async (t) => {
  const whole = flight([packet(1, 0, 0), packet(1, 1, 1)]);
  const { code, stdout, stderr } = await vdcu('explain', fileWith('half.pcap', whole.subarray(0, whole.length - 5)));
  t.equal(code, 1);
  t.match(stdout, /^frame 1:/m);
  t.match(stderr, /half\.pcap: ends within a record, at byte \d+.*What came before was told/);
});

t.test(
  'tcpdump reads a recording: times, ports, lengths, and classes as identification',
  { skip: without('tcpdump') },
  async (t) => {
    const file = fileWith(
      'dump.pcap',
      flight([packet(1, 0, 0), packet(1, 1, 1, 'duplicate'), packet(1, 1, 2, 'late_first', 50002)]),
    );
    const dump = async (...filter: string[]): Promise<string[]> =>
      (await promisify(execFile)('tcpdump', ['-tt', '-nvr', file, ...filter])).stdout.trim().split('\n');
    const lines = await dump();
    t.equal(lines.length, 6, 'two lines a packet');
    t.match(lines[0], /^1700000000\.000000 IP \(.* id 1, .*proto UDP \(17\), length 4172\)/);
    t.match(lines[1], /> 127\.0\.0\.1\.50001: .*UDP, length 4144$/);
    t.match(
      (await dump('ip[4:2] != 1')).filter((line) => line.includes(' id ')).map((line) => / id (\d+),/.exec(line)?.[1]),
      ['2', '5'],
    );
  },
);

t.test(
  'a packet number that no detector has, as in a damaged recording, makes no list of as many packets',
  async (t) => {
    const packets = [1, 2, 3].flatMap((frame) =>
      [0, 1, 2, 3].map((number) => packet(frame, number, frame * 10 + number)),
    );
    packets.push(packet(4, 4_000_000_000, 50));
    const { code, stdout, stderr } = await vdcu('explain', fileWith('damaged.pcap', flight(packets)));
    t.equal(code, 0, stderr);
    t.match(stdout, /port images of packets 0 to 3;/);
    t.ok(stdout.length < 5000);
  },
);
