import t from 'tap';
import { Random } from '../../src/base/random.js';
import { makeLayout } from '../../src/detector/layout.js';
import { makePieceTable } from '../../src/detector/piece-table.js';
import { PortImages } from '../../src/detector/port-image.js';
import { parseConfig } from '../../src/config/load.js';

const settingsOf = (keys: string) => parseConfig(`d: {${keys}}`, 'f', 'd').detector;
const quad = 'detector: eiger, quad: true, udp_ports: [1, 2]';
const halves = 'detector: eiger, modules: [2, 1], udp_ports: [1, 2, 3, 4]';

t.test('a port image is what placement was given: the way back of its piece table', async (t) => {
  for (const keys of [
    quad,
    halves,
    `${halves}, dynamic_range: 8`,
    `${halves}, dynamic_range: 32, gap_pixels: false`,
    'detector: jungfrau, interfaces: 2, udp_ports: [1, 2]',
    'detector: moench, udp_ports: [1]',
    'detector: mythen3, counters: 3, dynamic_range: 32, udp_ports: [1]',
    'detector: gotthard2, modules: [1, 2], udp_ports: [1, 2]',
  ]) {
    const settings = settingsOf(keys);
    const layout = makeLayout(settings);
    const random = new Random(1);
    const pixels = Uint8Array.from({ length: layout.frameBytes }, () => random.integer(256));
    const images = new PortImages(settings);
    const positions = Object.fromEntries(layout.ports.map((port) => [port.udpPort, port.expectedPosition]));
    const places = { dynamicRange: settings.dynamicRange, readNRows: null, positions };
    for (const { udpPort, expectedPosition, flip } of layout.ports) {
      const image = images.of(udpPort, places, pixels);
      const { starts, pieces } = makePieceTable(layout, expectedPosition, flip);
      t.equal(image.length, layout.packetsPerPortImage * layout.payloadBytes);
      let wrong = 0;
      for (let packet = 0; packet < starts.length - 1; packet++)
        for (let piece = starts[packet]; piece < starts[packet + 1]; piece++) {
          const [from, to, length] = pieces.subarray(piece * 3) as unknown as [number, number, number];
          for (let byte = 0; byte < length; byte++)
            if (image[packet * layout.payloadBytes + from + byte] !== pixels[to + byte]) wrong++;
        }
      t.equal(wrong, 0, `${keys}: port ${udpPort}`);
    }
  }
});

t.test('pixels are packed as the wire packs them, missing ones with all bits set', async (t) => {
  const packed = (keys: string, values: readonly number[]): number[] => {
    const settings = settingsOf(`${quad}, gap_pixels: false, flip_rows: false, ${keys}`);
    const layout = makeLayout(settings);
    const frame = new Uint8Array(layout.frameBytes);
    const view = new DataView(frame.buffer);
    for (const [at, value] of values.entries())
      if (layout.pixelBytes === 2) view.setUint16(2 * at, value, true);
      else view.setUint8(at, value);
    const { dynamicRange } = settings;
    const image = new PortImages(settings).of(2, { dynamicRange, readNRows: null, positions: { 2: 0 } }, frame);
    t.equal(image.length, (512 * 256 * dynamicRange) / 8);
    return Array.from(image.subarray(0, 6));
  };
  t.strictSame(packed('dynamic_range: 12', [0xabc, 0xdef, 65_535, 65_535]), [0xbc, 0xfa, 0xde, 255, 255, 255]);
  t.strictSame(packed('dynamic_range: 4', [0xa, 0xb, 255, 255, 1]), [0xab, 0xff, 0x10, 0, 0, 0]);
  t.strictSame(packed('dynamic_range: 4, nibble_order: low_first', [0xa, 0xb, 3]), [0xba, 0x03, 0, 0, 0, 0]);
});
