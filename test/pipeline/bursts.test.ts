import t from 'tap';
import { parseConfig } from '../../src/config/load.js';
import { MemorySink } from './memory-sink.js';
import { Pipeline } from './pipeline.js';

/**
 * Frames of one burst of a Gotthard2, and what came of them at a consumer that takes nothing until the burst is over.
 */
function burst(keys: string): { complete: number | undefined; marked: number | undefined; problems: unknown[] } {
  const sink = new MemorySink(2);
  sink.connect();
  const config = parseConfig(
    'det: {detector: gotthard2, udp_ports: [50001], series: armed, receive_buffer_bytes: 65536, ' +
      `flight_recorder_packets: 0${keys}}`,
    'test.yaml',
    'det',
  );
  const pipeline = new Pipeline({ config, sink });
  pipeline.arm({ firstFrameNumber: 1 });
  sink.reading = false;
  pipeline.play(1, 2720);
  sink.reading = true;
  sink.read();
  pipeline.run(100);
  const summary = pipeline.stop();
  return { complete: summary?.complete, marked: summary?.marked, problems: pipeline.verify() };
}

t.test('a burst of Gotthard2 is kept by the default ring while the consumer takes nothing', async (t) => {
  t.strictSame(burst(''), { complete: 2720, marked: 0, problems: [] });
});

t.test('a ring of 1000 frames loses what is beyond it', async (t) => {
  const { complete, marked, problems } = burst(', ring_frames: 1000');
  t.ok((marked ?? 0) > 1500 && (complete ?? 0) + (marked ?? 0) === 2720, `${complete} complete, ${marked} marked`);
  t.strictSame(problems, []);
});
