import t from 'tap';
import { PortImageDatagrams } from '../../simulators/detector/packet.js';
import { Pipeline } from './pipeline.js';

t.setTimeout(400_000);

const mebibyte = 2 ** 20;

/** UDP ports 50001, 50002, … as YAML. */
const ports = (count: number): string => `[${Array.from({ length: count }, (_, index) => 50001 + index).join(', ')}]`;

const detectors = [
  {
    name: 'a 9M Eiger: 36 half-modules, 72 ports',
    shape: [3264, 3106],
    packets: 64,
    ports: 72,
    yaml: `detector: eiger\nmodules: [12, 3]\ngap_pixels: true\nudp_ports: ${ports(72)}`,
  },
  {
    name: 'a 4M Jungfrau: 8 modules of two interfaces, 16 ports',
    shape: [2164, 2068],
    packets: 64,
    ports: 16,
    yaml: `detector: jungfrau\ninterfaces: 2\nmodules: [4, 2]\ngap_pixels: true\nudp_ports: ${ports(16)}`,
  },
] as const;

for (const { name, shape, packets, ports: count, yaml } of detectors) {
  t.test(`${name}, is planned and comes out whole, and with one packet missing`, async (t) => {
    const pipeline = new Pipeline({
      yaml: `${yaml}\nseries: armed\nring_frames: 4\novertake_frames: 3\nframe_timeout_ms: 50`,
      compiled: true,
    });
    const { plan } = pipeline;
    t.strictSame(plan.detector.shape, shape);
    t.equal(plan.detector.packetsPerFrame, packets * count);
    t.equal(plan.ports.length, count);
    t.ok(
      plan.sharedMemoryBytes < 270 * mebibyte,
      `${Math.round(plan.sharedMemoryBytes / mebibyte)} MiB of shared memory`,
    );
    pipeline.sink.connect();
    t.equal(pipeline.arm({ frames: 3, firstFrameNumber: 1 }).kind, 'armed');
    for (const frame of [1, 2, 3]) {
      for (let port = 0; port < count; port++) {
        const image = new PortImageDatagrams(pipeline.config.detector, port);
        image.write(frame, frame * 10);
        image.datagrams.forEach((datagram, packet) => {
          if (frame !== 3 || port !== count - 3 || packet !== 5) pipeline.deliver(port, datagram);
        });
      }
      const begin = process.cpuUsage();
      pipeline.settle();
      const { user, system } = process.cpuUsage(begin);
      t.comment(
        `frame ${frame}: ${((user + system) / 1000).toFixed(1)} ms of CPU time from packets in memory to the ` +
          "consumer's copy",
      );
    }
    pipeline.run(100);
    t.strictSame(pipeline.verify(), []);
    t.match(pipeline.summaries[0], { frames: 3, complete: 2, marked: 1 });
    const images = pipeline.images();
    t.equal(images.length, 3);
    t.strictSame(images[0]?.['shape'], shape);
    t.equal(pipeline.counters(count - 3).missing, 1);
  });
}
