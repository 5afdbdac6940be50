import t from 'tap';
import { shuffle } from './shuffle.js';
import { PortImageDatagrams } from '../../simulators/detector/packet.js';
import { SimulatedDetector } from '../../simulators/detector/detector.js';
import { noFaults } from '../../simulators/detector/faults.js';
import { expectedFrame, modes } from './modes.js';
import type { Mode } from './modes.js';
import { Pipeline } from './pipeline.js';

t.setTimeout(400_000);

/** Which placements: both, or the one that the environment names. */
const compiled =
  process.env['VDCU_PLACEMENT'] === 'compiled'
    ? [true]
    : process.env['VDCU_PLACEMENT'] === 'reference'
      ? [false]
      : [false, true];

function pipelineOf(mode: Mode, withKernel: boolean): Pipeline {
  const ports = Array.from({ length: mode.source.ports }, (_, port) => 50001 + port);
  const keys = [
    ...mode.yaml.split(/, (?=[a-z_]+:)/),
    `udp_ports: [${ports.join(', ')}]`,
    'series: armed',
    'ring_frames: 8',
    'frame_timeout_ms: 20',
    'drain_ms: 5',
    'start_window_ms: 5',
  ];
  const pipeline = new Pipeline({ yaml: keys.join('\n'), compiled: withKernel });
  pipeline.sink.connect();
  return pipeline;
}

/** Pixels of each image that came out. */
function framesOf(pipeline: Pipeline): Uint8Array[] {
  return pipeline.imageMessages().map(({ parts }) => parts[1]);
}

function wrongBytes(seen: Uint8Array, expected: Uint8Array | Uint16Array | Uint32Array): number {
  const bytes = new Uint8Array(expected.buffer);
  if (Buffer.compare(seen, bytes) === 0) return 0;
  let wrong = Math.abs(bytes.length - seen.length);
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== seen[at]) wrong++;
  return wrong;
}

for (const mode of modes) {
  t.test(`${mode.name}: packets are those of PSI`, async (t) => {
    const golden = Buffer.from(mode.golden, 'hex');
    const port = golden.readUInt16LE(32);
    const number = golden.readUInt32LE(12);
    const image = new PortImageDatagrams(pipelineOf(mode, false).config.detector, port);
    image.write(2 ** 32 + 3, 0x102030405);
    t.equal(image.datagrams.length, mode.packets);
    const datagram = Buffer.from(image.datagrams[number - image.firstPacket]);
    t.equal(datagram.length, 48 + mode.payloadBytes);
    t.equal(datagram.subarray(0, golden.length).toString('hex'), mode.golden);
  });

  for (const withKernel of compiled) {
    t.test(
      `${mode.name}: in any order, with losses, every pixel is in place (${withKernel ? 'compiled' : 'reference'})`,
      async (t) => {
        const pipeline = pipelineOf(mode, withKernel);
        const frames = 3;
        pipeline.arm({ frames, firstFrameNumber: 7 });
        const packets: { port: number; frameNumber: number; index: number }[] = [];
        for (let frameNumber = 7; frameNumber < 7 + frames; frameNumber++) {
          for (const port of pipeline.sources.keys())
            for (let index = 0; index < mode.packets; index++) packets.push({ port, frameNumber, index });
        }
        const lost = new Map<number, Map<number, Set<number>>>();
        // The first frame comes whole; of the others every ninth packet of the shuffled order is lost, or the second
        // frame if there are few; something of the last one must come, or nobody could know of it.
        const few = mode.packets * mode.source.ports < 9;
        shuffle(packets, 4711).forEach(({ port, frameNumber, index }, order) => {
          if (few ? frameNumber === 8 : frameNumber > 7 && order % 9 === 0 && !(frameNumber === 9 && index === 0)) {
            const ofFrame = lost.get(frameNumber) ?? new Map<number, Set<number>>();
            const ofPort = ofFrame.get(port) ?? new Set<number>();
            lost.set(frameNumber, ofFrame.set(port, ofPort.add(pipeline.maker.number(port, index))));
            return;
          }
          pipeline.deliver(port, pipeline.maker.packet(port, frameNumber, index));
          if (order % 50 === 0) pipeline.settle();
        });
        pipeline.run(60);
        if (!pipeline.idle) pipeline.stop();
        t.strictSame(pipeline.verify(), []);
        const images = pipeline.images();
        t.match(images[0], { shape: mode.source.shape, type: mode.pixelType, complete: true });
        t.equal(images.length, frames);
        framesOf(pipeline).forEach((pixels, index) => {
          t.equal(
            wrongBytes(pixels, expectedFrame(mode, 7 + index, lost.get(7 + index))),
            0,
            `frame number ${7 + index}`,
          );
        });
        t.ok(lost.size > 0);
        t.equal(pipeline.summaries[0]?.complete, frames - lost.size);
      },
    );

    if (withKernel !== compiled.at(-1)) continue;
    t.test(`${mode.name}: what a faulty network leaves is counted and verified`, async (t) => {
      const pipeline = pipelineOf(mode, withKernel);
      const frames = 8;
      pipeline.arm({ frames, firstFrameNumber: 1 });
      const faults = {
        ...noFaults,
        seed: 3,
        delayFrames: 2,
        selectors: { loss: 0.03, reorder: 0.05, duplicate: 0.03, delay: 0.01, truncate: 0.01, foreign: 0.01 },
      };
      const detector = new SimulatedDetector({
        settings: pipeline.config.detector,
        frames,
        firstFrame: 1,
        rate: 1000,
        faults,
      });
      let due = 0;
      for (const datagram of detector.datagrams()) {
        if (datagram.dueMs - due >= 0.5) {
          pipeline.settle();
          pipeline.clock.advance(datagram.dueMs - due);
          due = datagram.dueMs;
        }
        pipeline.deliver(datagram.portIndex, datagram.bytes);
      }
      pipeline.run(60);
      if (!pipeline.idle) pipeline.stop();
      t.strictSame(pipeline.verify(), []);
      for (const [port, truth] of detector.truth.ports.entries()) {
        if (truth.off) continue;
        const counters = pipeline.counters(port);
        t.equal(counters.received, truth.sent);
        t.equal(counters.malformedSize, truth.truncated);
        t.equal(counters.malformedPacketNumber + counters.malformedPosition, 0);
      }
    });
  }
}
