// The times of frames, measured in virtual time.

import t from 'tap';
import { frameHistogramTable, histogramsAt } from '../../src/memory/histogram.js';
import { MemorySink } from './memory-sink.js';
import { Pipeline } from './pipeline.js';

const yaml =
  'detector: eiger\nquad: true\nudp_ports: [50001, 50002]\nseries: armed\nring_frames: 64\nframe_timeout_ms: ' +
  '50\nstart_window_ms: 5';

t.test('a frame is observed once, with the time until it was closed and the time until zmq had it', async (t) => {
  const sink = new MemorySink();
  sink.connect();
  const pipeline = new Pipeline({ yaml, sink });
  pipeline.arm({ frames: 3, firstFrameNumber: 1 });
  const { assembly, handover, total } = histogramsAt(
    pipeline.buffer,
    pipeline.map.frameHistograms,
    frameHistogramTable,
  );
  pipeline.send(0, 1);
  pipeline.run(30);
  pipeline.send(1, 1);
  pipeline.run(1);
  t.ok(Math.abs(assembly.read().sum - 0.03) < 0.002, `assembly took ${assembly.read().sum} s`);
  t.ok(handover.read().sum < 0.002);
  t.equal(
    handover.read().counts.reduce((sum, count) => sum + count),
    1,
  );
  // Frame 2 is lost whole, frame 3 comes.
  for (const port of [0, 1]) pipeline.send(port, 3);
  pipeline.run(200);
  t.equal(pipeline.summaries[0]?.frames, 3);
  t.equal(
    handover.read().counts.reduce((sum, count) => sum + count),
    3,
  );
  for (const histogram of [assembly, total])
    t.equal(
      histogram.read().counts.reduce((sum, count) => sum + count),
      2,
      'a frame without any packet has no beginning',
    );
  t.strictSame(pipeline.verify(), []);
});
