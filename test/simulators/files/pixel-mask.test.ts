// Compared with the geometry of the checking side, which is worked out on its own (simulators/detector/layout.ts).

import t from 'tap';
import { parseConfig } from '../../../src/config/load.js';
import { seriesMetadata } from '../../../src/config/series-metadata.js';
import { plainRequest } from '../../../src/contract/series.js';
import { makeLayout } from '../../../src/detector/layout.js';
import { frameLayout } from '../../../simulators/detector/layout.js';
import { wireFormat } from '../../../simulators/detector/packet.js';
import { pixelMask } from '../../../simulators/files/pixel-mask.js';

/** Every pixel: 1 where no port has a place, 2 where its port is off or its packet is not read out. */
function expectedMask(settings: Parameters<typeof frameLayout>[0]): Uint32Array {
  const layout = frameLayout(settings);
  const { columns, rows, wireBits, payloadBytes, packetsSent } = wireFormat(settings);
  const mask = new Uint32Array(layout.rows * layout.columns).fill(1);
  for (const { off, firstPacket, y, pieces } of layout.ports)
    for (let row = 0; row < rows; row++)
      for (const { column, x, length } of pieces)
        for (let at = 0; at < length; at++) {
          const packet = Math.floor(((row * columns + column + at) * wireBits) / (payloadBytes * 8));
          const read = !off && packet >= firstPacket && packet < firstPacket + packetsSent;
          mask[y[row] * layout.columns + x + at] = read ? 0 : 2;
        }
  return mask;
}

const cases: Readonly<Record<string, string>> = {
  quad: 'detector: eiger\n  quad: true\n  udp_ports: [1, 2]',
  'quad, 256 rows of which 64 are read': 'detector: eiger\n  quad: true\n  udp_ports: [1, 2]\n  read_n_rows: 64',
  'quad turned by configuration, 64 rows':
    'detector: eiger\n  quad: true\n  udp_ports: [1, 2]\n  read_n_rows: 64\n  flip_rows: {1: false}',
  'one module, a port off': 'detector: eiger\n  modules: [2, 1]\n  udp_ports: [1, 2, 3, 4]\n  ports_off: [3]',
  'one module, ports placed, one off':
    'detector: eiger\n  modules: [2, 1]\n  udp_ports: [1, 2, 3, 4]\n  ports_off: [3]\n' +
    '  port_positions: {1: [1, 1], 2: [1, 0], 3: [0, 1], 4: [0, 0]}',
  'without gaps': 'detector: eiger\n  quad: true\n  gap_pixels: false\n  udp_ports: [1, 2]',
  jungfrau: 'detector: jungfrau\n  udp_ports: [1]',
  'jungfrau, 2 interfaces, 256 rows': 'detector: jungfrau\n  interfaces: 2\n  udp_ports: [1, 2]\n  read_n_rows: 256',
  moench: 'detector: moench\n  udp_ports: [1]',
  mythen3: 'detector: mythen3\n  dynamic_range: 32\n  counters: 3\n  udp_ports: [1]',
  gotthard2: 'detector: gotthard2\n  udp_ports: [1]',
};

for (const [name, keys] of Object.entries(cases))
  t.test(`${name}: gaps are bit 0, what is never read bit 1, all else 0`, async (t) => {
    const config = parseConfig(`det:\n  ${keys}\n`, 'test.yaml', 'det');
    const { text } = seriesMetadata(config, makeLayout(config.detector), plainRequest);
    const mask = pixelMask((JSON.parse(text) as Record<string, unknown>)['virtual_dcu']);
    const wanted = expectedMask(config.detector);
    t.strictSame(mask?.shape, makeLayout(config.detector).shape);
    t.equal(mask?.bits.length, wanted.length);
    t.equal(
      mask?.bits.findIndex((bits, pixel) => bits !== wanted[pixel]),
      -1,
    );
  });

t.test('what says too little of a detector, or nothing that can be, has no mask', async (t) => {
  const quad = {
    detector: 'eiger',
    interfaces: 1,
    counters: 1,
    flat: false,
    dynamic_range: 16,
    quad: true,
    gap_pixels: true,
    ten_giga: true,
    modules: [1, 1],
    read_n_rows: 0,
    udp_ports: [1, 2],
  };
  t.ok(pixelMask(quad));
  for (const wrong of [
    undefined,
    null,
    'eiger',
    { ...quad, detector: 'pilatus' },
    { ...quad, dynamic_range: 17 },
    { ...quad, modules: [1] },
    { ...quad, modules: [2, 1] },
    { ...quad, modules: [-1, -1] },
    { ...quad, modules: [100_000, 100_000] },
    { ...quad, modules: [1, 1000], udp_ports: Array.from({ length: 2000 }, (_, at) => at) },
    { ...quad, udp_ports: ['1'] },
    { ...quad, read_n_rows: 3.5 },
    { ...quad, quad: 'yes' },
    { ...quad, read_n_rows: 1 },
  ])
    t.equal(pixelMask(wrong), null, JSON.stringify(wrong));
});

t.test('the mask of images that are cut and turned is cut and turned', async (t) => {
  const keys =
    'detector: eiger\n  quad: true\n  udp_ports: [1, 2]\n  turn: 90\n  mirror: true\n  roi: [250, 0, 8, 300]';
  const config = parseConfig(`det:\n  ${keys}\n`, 'test.yaml', 'det');
  const { text } = seriesMetadata(config, makeLayout(config.detector), plainRequest);
  const mask = pixelMask((JSON.parse(text) as Record<string, unknown>)['virtual_dcu']);
  t.strictSame(mask?.shape, [300, 8]);
  // Anticlockwise: what was on the right is on top, what was above is on the left; then left and right exchanged.
  const whole = expectedMask(config.detector);
  const wanted = Array.from({ length: 300 * 8 }, (_, pixel) => {
    const [y, x] = [Math.floor(pixel / 8), pixel % 8];
    return whole[(250 + 7 - x) * 514 + 299 - y];
  });
  t.strictSame([...(mask?.bits ?? [])], wanted);
  t.equal(wanted.filter((bits) => bits === 1).length, 2 * 300 + 2 * 6, 'two rows and two columns of gaps');
});
