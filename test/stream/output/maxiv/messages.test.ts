import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { ImageMessages, headerMessage, seriesEndMessage } from '../../../../src/stream/output/maxiv/messages.js';
import type { ImageFacts, ImageShape } from '../../../../src/stream/output/output.js';
import { asIndex, asNumber } from '../../../frame-numbers.js';

const text = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);
const shape: ImageShape = {
  shape: [514, 514],
  type: 'uint16',
  headerKeys: ['timestamp', 'bunch_id'],
  exposureTime: null,
};
const images = new ImageMessages(shape);
const complete: ImageFacts = {
  frameIndex: asIndex(0),
  frameNumber: asNumber(1),
  missingPackets: 0,
  missing: [],
  reason: null,
  discard: false,
  headerValues: [12],
};

t.test('header: the bytes', async (t) => {
  t.equal(
    text(headerMessage(1700000000000000, '/data/µ "x".h5')),
    '{"htype":"header","msg_number":1700000000000000,"filename":"/data/µ \\"x\\".h5"}',
  );
  t.equal(text(headerMessage(0, '')), '{"htype":"header","msg_number":0,"filename":""}');
});

t.test('image: the bytes of a complete, a marked and a discarded one', async (t) => {
  t.equal(
    text(images.make(7, complete)),
    '{"htype":"image","msg_number":7,"frame":0,"shape":[514,514],"type":"uint16","compression":"none","frame_number":1,"complete":true,"missing_packets":0,"timestamp":12}',
  );
  const marked: ImageFacts = {
    ...complete,
    frameIndex: asIndex(3),
    frameNumber: asNumber(2 ** 53 - 1),
    missingPackets: 5,
    reason: 'packet_loss',
    missing: [
      {
        udpPort: 50001,
        ranges: [
          [0, 2],
          [9, 9],
        ],
      },
      { udpPort: 50002, ranges: [[63, 63]] },
    ],
    headerValues: [],
  };
  const begin =
    '{"htype":"image","msg_number":8,"frame":3,"shape":[514,514],"type":"uint16","compression":"none","frame_number":9007199254740991,"complete":false,"missing_packets":5,"reason":"packet_loss","missing":{"50001":[[0,2],[9,9]],"50002":[[63,63]]}';
  t.equal(text(images.make(8, marked)), `${begin}}`);
  t.equal(text(images.make(8, { ...marked, discard: true })), `${begin},"discard":true}`);
});

t.test('image: the exposure time, where it is known, as it was written', async (t) => {
  const exposed = new ImageMessages({ ...shape, exposureTime: '1.0' });
  t.match(
    text(exposed.make(7, { ...complete, headerValues: [] })),
    '"compression":"none","exposure_time":1.0,"frame_number":1',
  );
});

t.test('image: numbers of every length, beyond 2⁵³ too', async (t) => {
  const borders = [
    0,
    1,
    9,
    10,
    99,
    100,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32,
    999_999_999,
    1_000_000_000,
    1_000_000_001,
    10_000_000_000,
    1_700_000_000_000_000,
    Number.MAX_SAFE_INTEGER,
  ];
  const powers = Array.from({ length: 16 }, (_, digits) => [10 ** digits - 1, 10 ** digits, 10 ** digits + 1])
    .flat()
    .filter((value) => value >= 0);
  for (const value of [...borders, ...powers]) {
    t.match(
      text(images.make(value, { ...complete, frameNumber: asNumber(value), headerValues: [value, 2n ** 64n - 1n] })),
      `"msg_number":${value},`,
    );
    const said = text(
      images.make(7, {
        ...complete,
        frameIndex: asIndex(value),
        frameNumber: asNumber(value),
        headerValues: [value, 2n ** 64n - 1n],
      }),
    );
    t.ok(said.includes(`"frame":${value},`) && said.includes(`"frame_number":${value},`), String(value));
    t.ok(said.endsWith(`"timestamp":${value},"bunch_id":18446744073709551615}`), `${value} in the header`);
  }
  for (const value of [-1, 0.5, Number.NaN, 2 ** 53]) t.throws(() => images.make(value, complete), /no safe integer/);
});

t.test('image: one of any length after one of any other is whole', async (t) => {
  const first = images.make(1, complete);
  for (const gaps of [0, 500, 1, 5000, 0]) {
    const missing = [
      { udpPort: 50001, ranges: Array.from({ length: gaps }, (_, index): [number, number] => [index * 2, index * 2]) },
    ];
    const bytes = images.make(2, { ...complete, missingPackets: gaps, reason: 'packet_loss', missing });
    t.strictSame((JSON.parse(text(bytes)) as { missing: unknown }).missing, { 50001: missing[0]?.ranges });
  }
  t.equal(text(images.make(1, complete)).length, first.length);
});

t.test('series_end: the bytes', async (t) => {
  const summary = {
    series_id: 4,
    filename: '/data/x.h5',
    auto: false,
    frames: 3,
    complete: 2,
    marked: 1,
    discarded: 0,
    unsent: 0,
    incomplete: [[1, 1]] as [number, number][],
    truncated: false,
    first_frame_number: 10,
    warnings: [],
    header_sent: true,
    end_pending: false,
    ledger: [
      {
        udp_port: 50001,
        expected: 12,
        accepted: 11,
        missing: 1,
        late: 0,
        ring: 0,
        socket: null,
        cut_off: 0,
        unexplained: null,
        socket_limited: false,
        kernel_drops: null,
        duplicate: 0,
        reordered: 0,
        late_duplicate: 0,
        late_unknown: 0,
        malformed: 0,
        foreign: 0,
      },
    ],
  };
  const sums = '"frames":3,"complete":2,"marked":1,"discarded":0,"unsent":0,';
  const rest =
    '"incomplete":[[1,1]],"truncated":false,"warnings":[],"ledger":{"50001":{"expected":12,"accepted":11,"missing":1,"late":0,"ring":0,"socket":null,"cut_off":0,"unexplained":null,"socket_limited":false,"kernel_drops":null,"duplicate":0,"reordered":0,"late_duplicate":0,"late_unknown":0,"malformed":0,"foreign":0}}}';
  t.equal(text(seriesEndMessage(9, summary)), `{"htype":"series_end","msg_number":9,${sums}${rest}`);
  t.equal(
    text(seriesEndMessage(9, { ...summary, aborted: 'frame_jump' })),
    `{"htype":"series_end","msg_number":9,${sums}"aborted":"frame_jump",${rest}`,
  );
});

t.test('images leave less than 4 bytes each in the old part of the heap, over a hundred thousand', async (t) => {
  const script = fileURLToPath(new URL('left-behind.js', import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--expose-gc', script], { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  const { bytes, perMessage } = JSON.parse(stdout) as { bytes: number; perMessage: number };
  t.ok(bytes > 200 * 100_000, `${bytes} bytes were made`);
  t.ok(Number.isFinite(perMessage) && perMessage < 4, `${perMessage} bytes per message`);
});
