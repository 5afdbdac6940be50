import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { repository } from '../commands/repository.js';
import { Pipeline } from './pipeline.js';

t.setTimeout(400_000);

const examples = parse(readFileSync(join(repository, 'examples', 'modes.yaml'), 'utf8')) as Record<
  string,
  Record<string, unknown>
>;

for (const [name, shape, ports, packets] of [
  ['eiger-9m', [3264, 3106], 72, 64],
  ['jungfrau-4m', [2164, 2068], 16, 64],
] as const) {
  t.test(`${name} is planned, simulated and assembled, every pixel right`, async (t) => {
    const keys = {
      ...examples[name],
      series: 'armed',
      ring_frames: 4,
      overtake_frames: 3,
      frame_timeout_ms: 50,
      start_window_ms: 5,
    };
    const pipeline = new Pipeline({
      yaml: Object.entries(keys)
        .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
        .join('\n'),
    });
    t.strictSame(pipeline.plan.detector.shape, shape);
    t.equal(pipeline.plan.detector.packetsPerFrame, ports * packets);
    pipeline.sink.connect();
    pipeline.arm({ frames: 2, firstFrameNumber: 1 });
    for (const frame of [1, 2]) {
      // The last port loses a packet of the second frame.
      for (const port of pipeline.sources.keys()) {
        const all = Array.from({ length: packets }, (_, packet) => packet);
        pipeline.send(port, frame, frame === 2 && port === ports - 1 ? all.slice(1) : all);
      }
      pipeline.run(1);
    }
    pipeline.run(80);
    t.match(pipeline.summaries[0], { frames: 2, complete: 1, marked: 1 });
    t.match(pipeline.images()[1], { missing_packets: 1, missing: { [50000 + ports]: [[0, 0]] } });
    t.strictSame(pipeline.verify(), []);
  });
}
