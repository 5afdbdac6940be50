import t from 'tap';
import { MemorySink } from './memory-sink.js';
import { small } from './small.js';

t.test('a port image closes as soon as its last packet came, a frame when its last port image closed', async (t) => {
  const pipeline = small();
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.send(0, 1);
  pipeline.send(1, 1, [0, 1, 2]);
  pipeline.settle();
  t.equal(pipeline.counters(0).imagesComplete, 1);
  t.equal(pipeline.images().length, 0);
  pipeline.send(1, 1, [3]);
  pipeline.settle();
  t.match(pipeline.images(), [{ frame: 0, frame_number: 1, complete: true }]);
  pipeline.stop();
  t.strictSame(pipeline.verify(), []);
});

t.test('it is overtaken when its port has seen a frame overtake_frames ahead, not one less', async (t) => {
  for (const [ahead, closed] of [
    [3, 0],
    [4, 1],
  ] as const) {
    const pipeline = small();
    pipeline.arm({ firstFrameNumber: 1 });
    pipeline.send(0, 1, [0, 1, 2]);
    pipeline.send(1, 1);
    for (let frame = 2; frame <= 1 + ahead; frame++) pipeline.send(0, frame);
    pipeline.settle();
    t.equal(pipeline.counters(0).imagesIncomplete, closed);
    t.match(
      pipeline.images(),
      closed === 1
        ? [{ frame_number: 1, reason: 'packet_loss', missing_packets: 1, missing: { 50001: [[3, 3]] } }]
        : [],
    );
    pipeline.stop();
    t.strictSame(pipeline.verify(), []);
  }
});

t.test('another port that is ahead overtakes nothing', async (t) => {
  const pipeline = small();
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.send(0, 1, [0, 1, 2]);
  for (let frame = 1; frame <= 12; frame++) pipeline.send(1, frame);
  pipeline.run(40);
  t.match(pipeline.counters(0), { imagesIncomplete: 0, imagesAbsent: 0 });
  t.equal(pipeline.counters(1).imagesComplete, 12);
});

t.test('it times out frame_timeout_ms after any port first saw this frame or a later one', async (t) => {
  const pipeline = small();
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.send(1, 1);
  pipeline.run(30);
  pipeline.send(0, 1, [0, 1, 2]);
  pipeline.run(18);
  t.equal(pipeline.images().length, 0, 'not before');
  pipeline.run(5);
  t.match(
    pipeline.images(),
    [{ frame_number: 1, reason: 'timeout', missing: { 50001: [[3, 3]] } }],
    'counted from the other port',
  );
  pipeline.stop();
  t.strictSame(pipeline.verify(), []);
});

t.test('a later frame alone lets an earlier one time out', async (t) => {
  const pipeline = small();
  pipeline.arm({ firstFrameNumber: 1 });
  for (const port of [0, 1]) pipeline.send(port, 3);
  pipeline.run(60);
  t.match(pipeline.images(), [
    { frame_number: 1, reason: 'port_absent', missing_packets: 8 },
    { frame_number: 2, missing_packets: 8 },
    { frame_number: 3, complete: true },
  ]);
  pipeline.stop();
  t.strictSame(pipeline.verify(), []);
});

t.test('what is queued in the socket still counts when the streamer gives up', async (t) => {
  const pipeline = small({ drain_ms: 1000 });
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.send(1, 1);
  pipeline.send(0, 1, [0, 1, 2]);
  pipeline.settle();
  pipeline.clock.advance(60);
  pipeline.turnStreamer();
  const source = pipeline.sources.get(0);
  if (source !== undefined) source.batch = 1;
  for (let copy = 0; copy < 5; copy++) pipeline.send(0, 1, [0]);
  pipeline.send(0, 1, [3]);
  pipeline.run(20);
  t.match(pipeline.images(), [{ frame_number: 1, complete: true }]);
  pipeline.stop();
  t.strictSame(pipeline.verify(), []);
});

t.test('a socket that never becomes empty holds a give-up back no longer than drain_ms', async (t) => {
  const pipeline = small();
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.send(0, 1, [0, 1, 2]);
  pipeline.send(1, 1);
  pipeline.settle();
  pipeline.clock.advance(51);
  pipeline.turnStreamer();
  const source = pipeline.sources.get(0);
  if (source !== undefined) source.batch = 1;
  pipeline.send(0, 1, [0, 0, 0]);
  const readOn = (milliseconds: number): void => {
    for (let ms = 0; ms < milliseconds; ms++) {
      pipeline.send(0, 1, [0]);
      pipeline.turnPort(0);
      pipeline.clock.advance(1);
    }
  };
  readOn(10);
  t.equal(pipeline.counters(0).imagesIncomplete, 0);
  readOn(1);
  t.equal(pipeline.counters(0).imagesIncomplete, 1);
});

t.test('what was queued when a give-up came is read to its end, whatever drain_ms is', async (t) => {
  const pipeline = small();
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.send(0, 1, [0, 1, 2]);
  pipeline.send(1, 1);
  pipeline.settle();
  pipeline.clock.advance(51);
  pipeline.turnStreamer();
  const source = pipeline.sources.get(0);
  if (source !== undefined) source.batch = 1;
  for (let copy = 0; copy < 100; copy++) pipeline.send(0, 1, [0]);
  pipeline.send(0, 1, [3]);
  for (let ms = 0; ms < 110; ms++) {
    // The detector goes on, so that the socket is never found empty.
    pipeline.send(0, 1, [0]);
    pipeline.turnPort(0);
    pipeline.clock.advance(1);
  }
  t.match(pipeline.counters(0), { imagesComplete: 1, imagesIncomplete: 0 });
});

for (const where of ['before a turn', 'before it reads', 'while it reads'] as const) {
  t.test(`a receiver that does not run for 3 s, ${where}, loses nothing of what waits in its socket`, async (t) => {
    for (const bytesKnown of [true, false]) {
      const pipeline = small({ ring_frames: 64 });
      pipeline.arm({ firstFrameNumber: 1 });
      const source = pipeline.sources.get(1);
      if (source === undefined) throw new Error('no source');
      source.batch = 3;
      source.bytesKnown = bytesKnown;
      for (let frame = 1; frame <= 2; frame++) for (const port of [0, 1]) pipeline.send(port, frame);
      pipeline.run(5);
      const others = (): void => {
        source.interrupt = source.linger = null;
        for (let frame = 3; frame <= 20; frame++) {
          for (const port of [0, 1]) pipeline.send(port, frame);
          pipeline.turnPort(0);
          pipeline.clock.advance(165);
          pipeline.turnStreamer();
        }
      };
      if (where === 'before a turn') others();
      else if (where === 'before it reads') source.interrupt = others;
      else source.linger = others;
      pipeline.turnPort(1);
      pipeline.run(100);
      pipeline.stop();
      t.match(pipeline.counters(1), { accepted: 80, lateFirst: 0, lateUnknown: 0, missing: 0 });
      t.match(pipeline.summaries[0], { frames: 20, complete: 20 });
      t.strictSame(pipeline.verify(), []);
    }
  });
}

t.test('the end of the series closes what is open, holes below the highest frame included', async (t) => {
  const pipeline = small();
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.send(0, 1);
  pipeline.send(1, 1, [2]);
  pipeline.send(0, 3, [1, 2]);
  pipeline.run(10);
  const summary = pipeline.stop();
  t.match(summary, { frames: 3, marked: 3, incomplete: [[0, 2]] });
  t.match(pipeline.images(), [
    {
      frame_number: 1,
      reason: 'stop',
      missing: {
        50002: [
          [0, 1],
          [3, 3],
        ],
      },
    },
    { frame_number: 2, reason: 'stop', missing_packets: 8 },
    {
      frame_number: 3,
      reason: 'stop',
      missing: {
        50001: [
          [0, 0],
          [3, 3],
        ],
        50002: [[0, 3]],
      },
    },
  ]);
  t.strictSame(pipeline.verify(), []);
});

t.test('a receiver that finds the ring full still closes what was overtaken', async (t) => {
  const sink = new MemorySink(2);
  sink.connect();
  const pipeline = small({}, { sink });
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.send(0, 1, [0]);
  pipeline.send(1, 1);
  for (const port of [0, 1]) for (let frame = 2; frame <= 16; frame++) pipeline.send(port, frame);
  for (const port of [0, 1]) pipeline.send(port, 17);
  pipeline.turnPort(0);
  pipeline.turnPort(1);
  t.match(pipeline.counters(0), { ringFull: 4, imagesIncomplete: 1 });
  pipeline.run(100);
  pipeline.stop();
  t.strictSame(pipeline.verify(), []);
});

t.test('switched-off ports and rows that are not read out are missing in a complete frame', async (t) => {
  const pipeline = small({ ports_off: '[50002]' });
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.play(1, 3);
  pipeline.stop();
  t.match(pipeline.summaries[0], { frames: 3, complete: 3 });
  t.match(pipeline.images()[0], { shape: [256, 1030], complete: true });
  t.strictSame(pipeline.verify(), []);
});
