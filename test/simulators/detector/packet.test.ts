import t from 'tap';
import { OperatorError } from '../../../src/base/errors.js';
import { headerPosition, PortImageDatagrams, wireFormat } from '../../../simulators/detector/packet.js';
import { pixelValue } from '../../../simulators/detector/pattern.js';
import { gridSettings, quadSettings } from './settings-examples.js';

t.test('the header is the 48 bytes of PSI', async (t) => {
  const image = new PortImageDatagrams(quadSettings(), 0);
  image.write(0x0001_0000_0002, 0x3_0000_0004);
  const datagram = image.datagrams[5];
  t.equal(datagram.length, 4144);
  t.equal(
    Buffer.from(datagram.subarray(0, 48)).toString('hex'),
    [
      '0200000001000000', // frame number
      '00000000',
      '05000000', // sub-frames, packet number
      '0000000000000000', // detSpec1
      '0400000003000000', // timestamp
      '0000',
      '0100',
      '0000',
      '0000', // module, row 1, column 0, detSpec2
      '4ae10000',
      '0000',
      '01',
      '02', // detSpec3, detSpec4, type, version
    ].join(''),
  );
});

t.test('the payload is the image row by row, little endian', async (t) => {
  for (const [dynamicRange, tenGiga] of [
    [8, true],
    [16, true],
    [32, true],
    [8, false],
    [16, false],
    [32, false],
  ] as const) {
    const settings = quadSettings({ dynamicRange, tenGiga });
    const image = new PortImageDatagrams(settings, 1);
    image.write(9, 0);
    const payload = Buffer.concat(image.datagrams.map((datagram) => datagram.subarray(48)));
    t.equal(payload.length, (256 * 512 * dynamicRange) / 8);
    for (const [row, column] of [
      [0, 0],
      [0, 511],
      [1, 0],
      [100, 255],
      [255, 511],
    ] as const) {
      t.equal(
        payload.readUIntLE(((row * 512 + column) * dynamicRange) / 8, dynamicRange / 8),
        pixelValue(9, 1, row, column, dynamicRange),
      );
    }
  }
});

t.test('sizes are those of PSI for each bit depth and link', async (t) => {
  const packets = (dynamicRange: number, tenGiga: boolean): number =>
    wireFormat(quadSettings({ dynamicRange, tenGiga })).packetsPerImage;
  t.same(
    [8, 16, 32].map((bits) => packets(bits, true)),
    [32, 64, 128],
  );
  t.same(
    [8, 16, 32].map((bits) => packets(bits, false)),
    [128, 256, 512],
  );
  t.throws(() => wireFormat(quadSettings({ dynamicRange: 24 })), OperatorError);
  t.throws(() => wireFormat(quadSettings({ detector: 'pilatus' })), OperatorError);
});

t.test('a partial readout sends the packets that cover its rows', async (t) => {
  t.equal(wireFormat(quadSettings({ readNRows: 16 })).packetsSent, 4);
  t.equal(wireFormat(quadSettings({ readNRows: 17 })).packetsSent, 5);
  t.equal(wireFormat(quadSettings({ readNRows: 256 })).packetsSent, 64);
  t.equal(new PortImageDatagrams(quadSettings({ readNRows: 16 }), 0).datagrams.length, 4);
});

t.test(
  'rows around the centre: the middle of one port, the last of the first port and the first of the second',
  async (t) => {
    const numbers = (settings: ReturnType<typeof quadSettings>, port: number): number[] =>
      new PortImageDatagrams(settings, port).datagrams.map((datagram) => Buffer.from(datagram).readUInt32LE(12));
    const jungfrau = (interfaces: number): ReturnType<typeof quadSettings> =>
      quadSettings({
        detector: 'jungfrau',
        quad: false,
        interfaces,
        udpPorts: interfaces === 1 ? [1] : [1, 2],
        readNRows: 32,
      });
    t.strictSame(numbers(jungfrau(1), 0), [60, 61, 62, 63, 64, 65, 66, 67]);
    t.strictSame(numbers(jungfrau(2), 0), [60, 61, 62, 63]);
    t.strictSame(numbers(jungfrau(2), 1), [0, 1, 2, 3]);
  },
);

t.test('rows and columns count as in PSI: quad stacked, units downwards first', async (t) => {
  const all = (settings: ReturnType<typeof quadSettings>): number[][] =>
    settings.udpPorts.map((_, index) => {
      const { row, column } = headerPosition(settings, index);
      return [row, column];
    });
  t.same(all(quadSettings()), [
    [1, 0],
    [0, 0],
  ]);
  t.same(all(gridSettings(2, 1)), [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]);
  t.same(all(gridSettings(2, 2)), [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
    [0, 2],
    [0, 3],
    [1, 2],
    [1, 3],
  ]);
  t.same(
    all(gridSettings(1, 1, { portPositions: new Map([[50001, [0, 1]]]) })),
    [
      [0, 0],
      [0, 1],
    ],
    'overrides do not reach the hardware',
  );
});

t.test('at 32 bit the sub-frames are told, at other depths they are 0', async (t) => {
  const subFrames = (dynamicRange: number): number => {
    const image = new PortImageDatagrams(quadSettings({ dynamicRange }), 0);
    image.write(1234, 0);
    return Buffer.from(image.datagrams[0]).readUInt32LE(8);
  };
  t.equal(subFrames(32), 235);
  t.equal(subFrames(16), 0);
});
