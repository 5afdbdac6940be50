import t from 'tap';
import { Random } from '../../src/base/random.js';
import { SimulatedDetector } from '../../simulators/detector/detector.js';
import { noFaults } from '../../simulators/detector/faults.js';
import { FrameCutter, imageShapes } from '../../simulators/detector/frame-cutter.js';
import { wireFormat } from '../../simulators/detector/packet.js';
import type { PixelArray } from '../../simulators/detector/pattern.js';
import { Pipeline } from './pipeline.js';

const limits = 'series: armed\nring_frames: 16\nframe_timeout_ms: 50';
const ports = (count: number): string =>
  `udp_ports: [${Array.from({ length: count }, (_, index) => 50001 + index).join(', ')}]`;

const cases: Readonly<Record<string, string>> = {
  'Eiger quad, 16 bit': `detector: eiger\nquad: true\n${ports(2)}`,
  'Eiger module, 8 bit, 1 GbE': `detector: eiger\nmodules: [2, 1]\ndynamic_range: 8\nten_giga: false\n${ports(4)}`,
  'Eiger half-modules side by side, 12 bit': `detector: eiger\nmodules: [1, 2]\ndynamic_range: 12\n${ports(4)}`,
  'Eiger quad, 4 bit': `detector: eiger\nquad: true\ndynamic_range: 4\n${ports(2)}`,
  'Eiger quad, 32 bit': `detector: eiger\nquad: true\ndynamic_range: 32\n${ports(2)}`,
  'Jungfrau, two interfaces': `detector: jungfrau\ninterfaces: 2\nmodules: [2, 1]\n${ports(4)}`,
  Moench: `detector: moench\n${ports(1)}`,
  'Mythen3, three counters': `detector: mythen3\ndynamic_range: 32\ncounters: 3\nmodules: [1, 2]\n${ports(2)}`,
};

function images(random: Random, count: number, pixels: number, bits: number, size: number): PixelArray[] {
  const empty = (): PixelArray =>
    size === 1 ? new Uint8Array(pixels) : size === 2 ? new Uint16Array(pixels) : new Uint32Array(pixels);
  return Array.from({ length: count }, () => empty().map(() => 1 + random.integer(2 ** bits - 1)) as PixelArray);
}

function pixelsOf(blob: Uint8Array, size: number): PixelArray {
  const { buffer } = blob.slice();
  return size === 1 ? new Uint8Array(buffer) : size === 2 ? new Uint16Array(buffer) : new Uint32Array(buffer);
}

for (const [name, yaml] of Object.entries(cases)) {
  t.test(`${name}: images given to the simulator come out of the service, with gap pixels and without`, async (t) => {
    const { bits, pixelBytes } = wireFormat(new Pipeline({ yaml: `${yaml}\n${limits}` }).config.detector);
    const shapes = imageShapes(new Pipeline({ yaml: `${yaml}\n${limits}` }).config.detector);
    for (const shape of shapes) {
      const pipeline = new Pipeline({ yaml: `${yaml}\n${limits}` });
      const settings = pipeline.config.detector;
      pipeline.sink.connect();
      pipeline.arm({ frames: 3 });
      const given = images(new Random(shape[0]), 2, shape[0] * shape[1], bits, pixelBytes);
      const cutter = new FrameCutter(settings, shape);
      const source = {
        portImage: (port: number, round: number): PixelArray => cutter.cut(given[round % 2], port),
      };
      const detector = new SimulatedDetector({ settings, frames: 3, firstFrame: 1, rate: 1000, images: source });
      for (const { portIndex, bytes } of detector.datagrams()) {
        pipeline.deliver(portIndex, bytes);
        pipeline.settle();
      }
      pipeline.run(20);
      t.strictSame(pipeline.verify({ checkPixels: false }), []);
      t.match(pipeline.summaries, [{ frames: 3, complete: 3 }]);
      const [rows, columns] = shapes.at(-1) as [number, number];
      for (const [index, { parts }] of pipeline
        .messages()
        .filter(({ htype }) => htype === 'image')
        .entries()) {
        const frame = pixelsOf(parts[0], pixelBytes);
        const image = given[index % 2];
        const seen = frame.filter((value) => value !== 0);
        t.equal(seen.length, rows * columns, 'every pixel that has a sensor, and no other');
        const expected = frame.length === image.length ? image.filter((_, at) => frame[at] !== 0) : image;
        t.equal(Buffer.compare(new Uint8Array(seen.buffer), new Uint8Array(expected.buffer)), 0);
      }
      t.equal(cutter.clipped, 0);
    }
  });
}

t.test('faults take packets of given images as of the formula', async (t) => {
  const pipeline = new Pipeline({ yaml: `detector: eiger\nquad: true\n${ports(2)}\n${limits}` });
  const settings = pipeline.config.detector;
  pipeline.sink.connect();
  pipeline.arm({ frames: 1, firstFrameNumber: 1 });
  const cutter = new FrameCutter(settings, [512, 512]);
  const image = new Uint16Array(512 * 512).fill(7);
  const lost = {
    ...noFaults,
    selectors: { loss: [{ udpPort: [50001, 50001], frameNumber: [1, 1], packet: [2, 2] }] },
  } as const;
  const detector = new SimulatedDetector({
    settings,
    frames: 1,
    firstFrame: 1,
    rate: 1000,
    faults: lost,
    images: { portImage: (port) => cutter.cut(image, port) },
  });
  for (const { portIndex, bytes } of detector.datagrams()) pipeline.deliver(portIndex, bytes);
  pipeline.run(200);
  t.equal(detector.truth.ports[0]?.lost, 1);
  const message = pipeline.messages().find(({ htype }) => htype === 'image');
  t.match(message?.fields, { missing: { 50001: [[2, 2]] } });
  const frame = pixelsOf(message?.parts[0] as Uint8Array, 2);
  t.equal(frame.filter((value) => value === 65535).length, 4 * 512);
  t.equal(frame.filter((value) => value === 7).length, 512 * 512 - 4 * 512);
});
