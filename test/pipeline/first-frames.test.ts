import t from 'tap';
import { SimulatedDetector } from '../../simulators/detector/detector.js';
import { noFaults } from '../../simulators/detector/faults.js';
import type { FaultSettings } from '../../simulators/detector/faults.js';
import { Pipeline } from './pipeline.js';

const quad = `
detector: eiger
quad: true
dynamic_range: 16
udp_ports: [50001, 50002]
series: armed
ring_frames: 32
frame_timeout_ms: 50
`;

function play(pipeline: Pipeline, frames: number, faults: FaultSettings = noFaults, firstFrame = 1): SimulatedDetector {
  const detector = new SimulatedDetector({
    settings: pipeline.config.detector,
    frames,
    firstFrame,
    rate: 1000,
    faults,
  });
  let due = 0;
  for (const datagram of detector.datagrams()) {
    if (datagram.dueMs - due >= 0.25) {
      pipeline.settle();
      pipeline.clock.advance(datagram.dueMs - due);
      due = datagram.dueMs;
    }
    pipeline.deliver(datagram.portIndex, datagram.bytes);
  }
  return detector;
}

t.test('an armed series of perfect frames comes out complete, every pixel right', async (t) => {
  const pipeline = new Pipeline({ yaml: quad });
  pipeline.sink.connect();
  t.match(pipeline.arm({ frames: 20 }), { kind: 'armed', header_pending: false, msg_number: 1000 });
  play(pipeline, 20);
  pipeline.run(20);
  t.strictSame(pipeline.verify(), []);
  t.equal(pipeline.summaries.length, 1);
  t.match(pipeline.summaries[0], { frames: 20, complete: 20, marked: 0, unsent: 0, incomplete: [], warnings: [] });
  t.ok(pipeline.idle);
  t.equal(pipeline.messages().length, 22);
});

t.test('lost, duplicated, reordered and late packets are counted and marked as the simulator made them', async (t) => {
  const pipeline = new Pipeline({ yaml: quad });
  pipeline.sink.connect();
  pipeline.arm({ frames: 100, firstFrameNumber: 1 });
  const detector = play(pipeline, 100, {
    ...noFaults,
    seed: 7,
    selectors: { loss: 0.002, duplicate: 0.002, reorder: 0.01, delay: 0.001, truncate: 0.0005, foreign: 0.0005 },
  });
  pipeline.run(200);
  t.strictSame(pipeline.verify(), []);
  t.match(pipeline.summaries[0], { frames: 100, unsent: 0 });
  for (const [port, truth] of detector.truth.ports.entries()) {
    const counters = pipeline.counters(port);
    t.equal(counters.received, truth.sent);
    t.equal(counters.duplicate + counters.lateDuplicate, truth.duplicated);
    t.equal(counters.accepted + counters.lateFirst, truth.intact);
    t.equal(counters.malformedSize, truth.truncated);
    t.equal(counters.lateFirst + counters.accepted + truth.lost + truth.truncated, truth.planned);
  }
});
