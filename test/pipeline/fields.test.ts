import t from 'tap';
import { MemorySink } from './memory-sink.js';
import { changed } from './packets.js';
import { small } from './small.js';

t.test('a complete image says so, with what the packet header knows, and lists nothing missing', async (t) => {
  const pipeline = small({ dynamic_range: 32, read_n_rows: 8 });
  pipeline.arm();
  pipeline.play(5, 5);
  pipeline.run(10);
  t.strictSame(pipeline.images(), [
    {
      htype: 'image',
      msg_number: 1001,
      frame: 0,
      shape: [256, 1030],
      type: 'uint32',
      compression: 'none',
      frame_number: 5,
      complete: true,
      missing_packets: 0,
      timestamp: 50,
      sub_frames: 6,
    },
  ]);
  t.equal(pipeline.sink.received[1]?.parts.length, 2, 'extra fields, never extra parts');
});

t.test('an image that is not complete names what is missing on which port, and why', async (t) => {
  const pipeline = small({ incomplete_frames: 'discard' });
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.send(0, 1, [1]);
  pipeline.run(80);
  pipeline.send(1, 1, [0]);
  pipeline.stop();
  t.strictSame(pipeline.images(), [
    {
      htype: 'image',
      msg_number: 1001,
      frame: 0,
      shape: [256, 1030],
      type: 'uint8',
      compression: 'none',
      frame_number: 1,
      complete: false,
      missing_packets: 7,
      reason: 'port_absent',
      missing: {
        50001: [
          [0, 0],
          [2, 3],
        ],
        50002: [[0, 3]],
      },
      timestamp: 10,
      sub_frames: 0,
      discard: true,
    },
  ]);
});

t.test('header fields come from the first port that has a packet, exact beyond 2^53', async (t) => {
  const pipeline = small();
  pipeline.arm({ firstFrameNumber: 1 });
  for (const packet of [0, 1, 2, 3]) {
    const bytes = changed(pipeline.maker.packet(1, 1, packet), {});
    new DataView(bytes.buffer).setBigUint64(24, 2n ** 63n + 1n, true);
    pipeline.deliver(1, bytes);
  }
  pipeline.run(80);
  const text = new TextDecoder().decode(pipeline.sink.received[1]?.parts[0]);
  t.match(text, /"timestamp":9223372036854775809/);
});

t.test('a frame of which nothing came has no header fields', async (t) => {
  const pipeline = small();
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.play(2, 2);
  pipeline.run(80);
  t.equal(pipeline.images()[0]?.['timestamp'], undefined);
  t.equal(pipeline.images()[0]?.['missing_packets'], 8);
});

t.test('series_end sums up: frames, ranges, ledger per port; aborted only where it was', async (t) => {
  const pipeline = small();
  pipeline.arm({ firstFrameNumber: 1 });
  for (let frame = 1; frame <= 6; frame++) {
    pipeline.send(0, frame, frame === 2 || frame === 3 || frame === 6 ? [0, 1, 2] : [0, 1, 2, 3]);
    pipeline.send(1, frame);
  }
  pipeline.run(80);
  pipeline.stop();
  const end = pipeline.messages().at(-1)?.fields;
  t.match(end, {
    htype: 'series_end',
    frames: 6,
    complete: 3,
    marked: 3,
    discarded: 0,
    incomplete: [
      [1, 2],
      [5, 5],
    ],
    truncated: false,
  });
  t.match(end?.['ledger'], {
    50001: { expected: 24, accepted: 21, missing: 3, late: 0, ring: 0, socket: 0, unexplained: 3 },
    50002: { missing: 0 },
  });
  t.notOk('aborted' in (end ?? {}));
});

t.test('at most 1000 ranges are listed', async (t) => {
  const pipeline = small({ read_n_rows: 8, ring_frames: 32 }, { sink: connected() });
  pipeline.arm({ firstFrameNumber: 1 });
  for (let frame = 1; frame <= 2020; frame++) {
    pipeline.send(0, frame);
    if (frame % 2 === 0) pipeline.send(1, frame);
    pipeline.settle();
    if (frame % 16 === 0) pipeline.run(60, 60);
  }
  pipeline.stop();
  const end = pipeline.messages().at(-1)?.fields;
  t.equal((end?.['incomplete'] as unknown[]).length, 1000);
  t.equal(end?.['truncated'], true);
  t.match(end, { frames: 2020, complete: 1010, marked: 1010 });
});

/** A consumer of which only the JSON is kept. */
function connected(): MemorySink {
  const sink = new MemorySink();
  const nothing = new Uint8Array(0);
  sink.connect();
  sink.watch = ({ parts }) => ({ parts: parts.map((part, index) => (index === 0 ? part.slice() : nothing)) });
  return sink;
}
