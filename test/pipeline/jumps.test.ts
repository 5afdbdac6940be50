import t from 'tap';
import { firstNumberOf } from '../../src/detector/frame-share.js';
import { Random } from '../../src/base/random.js';
import { seriesStep } from '../../src/memory/stream-words.js';
import { MemorySink } from './memory-sink.js';
import { Pipeline } from './pipeline.js';
import { small } from './small.js';

/** An armed series of which frames 100 and 101 are complete; overtake_frames is 4, the ring 16. */
function running(keys: Record<string, unknown> = {}): Pipeline {
  const pipeline = small(keys);
  pipeline.arm({ firstFrameNumber: 100 });
  pipeline.play(100, 101);
  return pipeline;
}

/** The same as an auto series. */
function runningAuto(keys: Record<string, unknown> = {}): Pipeline {
  const pipeline = small({ series: 'auto', ...keys });
  pipeline.run(5);
  pipeline.play(100, 101);
  pipeline.run(10);
  return pipeline;
}

t.test('two packets of a port that has no reference wait, the third confirms all three', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.send(0, 7, [0, 1]);
  pipeline.settle();
  t.match(pipeline.counters(0), { received: 2, accepted: 0, foreignSeries: 0 });
  t.strictSame(pipeline.verifyCounts(2), []);
  pipeline.send(0, 7, [2]);
  pipeline.settle();
  t.match(pipeline.counters(0), { received: 3, accepted: 3 });
});

t.test('of three that agree the last waits for a witness when it is overtake_frames ahead or more', async (t) => {
  for (const [distance, accepted] of [
    [3, 3],
    [4, 2],
    [15, 2],
  ] as const) {
    const pipeline = small();
    pipeline.arm();
    pipeline.send(0, 7, [0, 1]);
    pipeline.send(0, 7 + distance, [0]);
    pipeline.settle();
    t.match(pipeline.counters(0), { accepted, foreignSeries: 0 });
    pipeline.send(0, 7, [2]);
    pipeline.settle();
    t.match(
      pipeline.counters(0),
      { accepted: accepted === 3 ? 4 : 3, foreignSeries: accepted === 3 ? 0 : 1 },
      'an accepted packet contradicts it',
    );
  }
});

t.test('a corrupt number before two good ones is the accident, not they', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.send(0, 2, [0]);
  pipeline.send(0, 10);
  pipeline.settle();
  t.match(pipeline.counters(0), { accepted: 4, foreignSeries: 1 });
  t.equal(firstNumberOf(pipeline.portWords(0).smallest), 10);
});

t.test('copies of one packet are one witness', async (t) => {
  const pipeline = running();
  pipeline.send(0, 500, [0, 0, 0, 0, 0]);
  pipeline.run(40);
  t.match(pipeline.counters(0), { accepted: 8, duplicate: 4, ringFull: 0, foreignSeries: 0 });
  pipeline.play(102, 103);
  t.match(pipeline.counters(0), { accepted: 16, foreignSeries: 1 });
  pipeline.stop();
  t.match(pipeline.summaries[0], { frames: 4, complete: 4 });
  t.strictSame(pipeline.verify(), []);
});

t.test(
  'three packets of a number that the detector cannot have reached yet change nothing, and are told',
  async (t) => {
    for (const keys of [{}, { ports_off: '[50002]' }, { series: 'auto' }]) {
      const pipeline = small({ ring_frames: 64, ...keys });
      const frames = 200;
      if (!('series' in keys)) pipeline.arm({ firstFrameNumber: 1, frames });
      pipeline.run(5);
      pipeline.play(1, 76);
      for (const number of [199, 150, 10 ** 6]) {
        pipeline.send(0, number, [0, 1, 2]);
        const highest = firstNumberOf(pipeline.words.highest);
        pipeline.play(highest + 1, highest + 5);
      }
      pipeline.play(92, frames);
      pipeline.run(300);
      t.match(pipeline.summaries[0], { frames, complete: frames });
      t.match(pipeline.counters(0), { foreignSeries: 9 });
      t.match(
        pipeline.summaries[0]?.warnings.join(' '),
        /packets were not taken because nothing confirmed their frame numbers, (199|150|1000000) the last of them/,
      );
      t.strictSame(pipeline.verify(), []);
    }
  },
);

t.test(
  'a jump that another port has seen is believed at once, one that none has seen after start_window_ms without ' +
    'contradiction',
  async (t) => {
    const seen = small({ ring_frames: 64 });
    seen.arm({ firstFrameNumber: 1 });
    seen.play(1, 60);
    for (const port of [0, 1]) seen.send(port, 300);
    seen.settle();
    t.match(
      [seen.counters(0).ringFull, seen.counters(1).ringFull],
      [3, 4],
      'the first of four gave way while the other port had nothing',
    );
    const alone = small({ ring_frames: 64, ports_off: '[50002]' });
    alone.arm({ firstFrameNumber: 1 });
    alone.play(1, 60);
    alone.send(0, 300, [0, 1, 2]);
    alone.run(4);
    t.equal(alone.counters(0).ringFull, 0);
    alone.run(2);
    t.equal(alone.counters(0).ringFull, 3);
  },
);

t.test('packets that were lost for as long as that takes are no jump', async (t) => {
  const pipeline = small({ ring_frames: 128, ports_off: '[50002]', start_window_ms: 20 });
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.play(1, 60);
  pipeline.run(40);
  pipeline.send(0, 101, [0, 1, 2]);
  pipeline.settle();
  t.match(pipeline.counters(0), { accepted: 243, foreignSeries: 0 });
});

for (const steps of [3, 5, 10, 20]) {
  t.test(`images of one packet with numbers in steps of ${steps} are all taken, and the step is told`, async (t) => {
    const pipeline = new Pipeline({
      yaml:
        'detector: gotthard2\nudp_ports: [50001]\nseries: auto\nring_frames: 64\nmax_owed_frames: ' +
        '10000\nseries_idle_ms: 300\nframe_timeout_ms: 100',
    });
    pipeline.sink.connect();
    pipeline.run(5);
    for (let frame = 0; frame < 40; frame++) {
      pipeline.send(0, 1000 + steps * frame);
      pipeline.run(10, 5);
    }
    pipeline.run(1000, 10);
    t.match(pipeline.counters(0), { received: 40, accepted: 40, foreignSeries: 0 });
    t.match(pipeline.summaries, [{ frames: 39 * steps + 1, complete: 40 }]);
    t.match(
      pipeline.summaries[0]?.warnings.join(' '),
      new RegExp(`go in steps of ${steps}, .*frames_stride: ${steps}\\)\\?`),
    );
    t.strictSame(pipeline.verify(), []);
  });
}

t.test(
  'images of one packet of which the network loses most: what comes is taken, but for the last that nothing follows',
  async (t) => {
    for (const [seed, loss] of [
      [1, 0.5],
      [2, 0.7],
      [3, 0.9],
      [4, 0.9],
    ] as const) {
      const random = new Random(seed);
      const pipeline = new Pipeline({
        yaml: 'detector: gotthard2\nudp_ports: [50001]\nseries: auto\nring_frames: 256\nframe_timeout_ms: 100',
      });
      pipeline.sink.connect();
      pipeline.run(5);
      let sent = 0;
      for (let frame = 1; frame <= 600; frame++) {
        if (!random.chance(loss)) {
          pipeline.send(0, frame);
          sent++;
        }
        if (frame % 5 === 4) pipeline.run(5, 5);
      }
      pipeline.run(3000, 20);
      const { accepted, foreignSeries } = pipeline.counters(0);
      t.equal(accepted + foreignSeries, sent);
      t.ok(foreignSeries <= 3, `${foreignSeries} of ${sent} refused at a loss of ${loss}`);
      t.strictSame(pipeline.verify(), []);
    }
  },
);

t.test(
  'at the start of a series silence confirms a single packet, and not before the start window is over',
  async (t) => {
    const pipeline = small();
    pipeline.arm({ frames: 1 });
    pipeline.send(0, 7, [0]);
    pipeline.run(4);
    t.equal(pipeline.counters(0).accepted, 0);
    pipeline.run(3);
    t.equal(pipeline.counters(0).accepted, 1);
    pipeline.run(100);
    t.match(pipeline.summaries[0], { frames: 1, marked: 1 });
    t.strictSame(pipeline.verify(), []);
  },
);

t.test('later in a series silence confirms nothing: a lone far number never opens, closes or overtakes', async (t) => {
  for (const number of [106, 110, 4000, 2 ** 45, 60, 1]) {
    const pipeline = running();
    pipeline.send(0, 102, [0, 1, 2]);
    pipeline.send(1, 102);
    pipeline.send(0, number, [0]);
    pipeline.run(40);
    t.match(
      pipeline.counters(0),
      { imagesComplete: 2, imagesIncomplete: 0, imagesAbsent: 0, ringFull: 0 },
      `frame ${number} changed nothing`,
    );
    pipeline.send(0, 102, [3]);
    pipeline.settle();
    t.match(pipeline.counters(0), { imagesComplete: 3, foreignSeries: 1 }, 'the next accepted packet makes it foreign');
    pipeline.stop();
    t.strictSame(pipeline.verify(), []);
    t.match(pipeline.summaries[0], { frames: 3, complete: 3 });
  }
});

t.test('a number overtake_frames above the newest is held, one less is accepted', async (t) => {
  const pipeline = running();
  pipeline.send(0, 104, [0]);
  pipeline.settle();
  t.equal(pipeline.counters(0).accepted, 9);
  pipeline.send(0, 108, [0]);
  pipeline.settle();
  t.equal(pipeline.counters(0).accepted, 9, '104 + 4 waits');
});

t.test('packets that disagree push each other out as foreign', async (t) => {
  const pipeline = running();
  for (const number of [1000, 2000, 3000, 4000]) pipeline.send(0, number, [0]);
  pipeline.settle();
  t.match(pipeline.counters(0), { foreignSeries: 3, accepted: 8 });
  pipeline.stop();
  t.match(pipeline.counters(0), { foreignSeries: 4 }, 'the end drops the last');
  t.strictSame(pipeline.verify(), []);
});

t.test('a held packet is of unknown lateness when its frame was sent and its slot used again', async (t) => {
  const pipeline = running();
  pipeline.play(102, 130);
  pipeline.send(0, 105, [0]);
  pipeline.settle();
  t.match(pipeline.counters(0), { lateUnknown: 0 }, 'it is held: more than a ring below the newest');
  pipeline.play(131, 131);
  t.match(pipeline.counters(0), { lateUnknown: 1, foreignSeries: 0 });
});

t.test(
  'a confirmed jump within the ring opens its frames, and the frames between are absent on this port only',
  async (t) => {
    const pipeline = running();
    for (let frame = 102; frame <= 109; frame++) {
      pipeline.send(1, frame);
      if (frame >= 108) pipeline.send(0, frame);
      pipeline.run(1);
    }
    pipeline.run(80);
    t.match(pipeline.counters(0), { accepted: 16, imagesAbsent: 6, imagesComplete: 4 });
    t.match(pipeline.counters(1), { imagesAbsent: 0, imagesComplete: 10 });
    t.match(pipeline.images()[5], { frame_number: 105, reason: 'port_absent', missing: { 50001: [[0, 3]] } });
    pipeline.stop();
    t.strictSame(pipeline.verify(), []);
  },
);

t.test('a confirmed jump beyond the ring is refused there, and its frames are owed', async (t) => {
  const pipeline = running();
  for (const port of [0, 1]) pipeline.send(port, 130);
  pipeline.settle();
  t.match(
    pipeline.counters(0),
    { ringFull: 3, accepted: 8, foreignSeries: 1 },
    'the first of four gave way while the other port had nothing',
  );
  pipeline.run(200);
  pipeline.stop();
  t.match(pipeline.summaries[0], { frames: 31, complete: 2, marked: 29 });
  t.strictSame(pipeline.verify(), []);
});

t.test('a confirmed jump further than frames may be owed aborts an armed series', async (t) => {
  const pipeline = running({ max_owed_frames: 40 });
  for (const port of [0, 1]) pipeline.send(port, 102 + 16 + 40);
  pipeline.run(300);
  t.match(pipeline.summaries[0], { aborted: 'frame_jump', frames: 2 });
  t.match(pipeline.summaries[0]?.warnings.join(' '), /jumped to 158/);
  t.match(
    [pipeline.counters(0).foreignUnarmed, pipeline.counters(1).foreignUnarmed],
    [3, 4],
    'what was beyond is of no series',
  );
  t.strictSame(pipeline.verify(), []);

  const neighbour = running({ max_owed_frames: 40 });
  for (const port of [0, 1]) neighbour.send(port, 102 + 16 + 39);
  neighbour.run(300);
  t.equal(neighbour.summaries.length, 0, 'one frame less is owed');
  neighbour.stop();
  t.match(neighbour.summaries[0], { frames: 58 });
  t.strictSame(neighbour.verify(), []);
});

t.test('a confirmed jump that far ends an auto series, and the next series begins there', async (t) => {
  const pipeline = runningAuto({ max_owed_frames: 40 });
  for (const port of [0, 1]) pipeline.send(port, 5000);
  pipeline.run(30);
  pipeline.play(5001, 5004);
  pipeline.run(300);
  t.match(pipeline.summaries, [
    { frames: 2, complete: 2 },
    { first_frame_number: 5000, frames: 5, complete: 4 },
  ]);
  t.equal(pipeline.summaries[0]?.aborted, undefined);
  t.strictSame(pipeline.verify(), []);
});

t.test('a confirmed jump backward is foreign to an armed series, with a warning', async (t) => {
  const pipeline = running();
  for (const port of [0, 1]) pipeline.send(port, 1);
  pipeline.run(600);
  pipeline.play(102, 102);
  pipeline.stop();
  t.match(pipeline.counters(0), { foreignSeries: 4, accepted: 12 });
  t.match(pipeline.summaries[0], { frames: 3, complete: 3 });
  t.match(pipeline.summaries[0]?.warnings[0], /frame numbers went back to 1/);
  t.strictSame(pipeline.verify(), []);
});

t.test('a confirmed jump backward ends an auto series, and the next series begins there', async (t) => {
  const pipeline = runningAuto();
  pipeline.play(1, 1);
  pipeline.run(30);
  pipeline.play(2, 4);
  pipeline.run(300);
  // The first of four packets gave way while the other port had nothing yet.
  t.match(pipeline.summaries, [{ frames: 2 }, { first_frame_number: 1, frames: 4, complete: 3 }]);
  t.match(
    [0, 1].map((port) => [pipeline.counters(port).foreignUnarmed, pipeline.counters(port).foreignSeries]),
    [
      [0, 1],
      [0, 0],
    ],
  );
  t.strictSame(pipeline.verify(), []);
});

t.test('three packets that agree on a number but not on their position confirm nothing', async (t) => {
  const pipeline = small();
  pipeline.arm();
  const { maker } = pipeline;
  for (const from of [0, 1, 0]) pipeline.deliver(0, maker.packet(from, 7, from));
  pipeline.settle();
  t.match(pipeline.counters(0), { accepted: 0, foreignSeries: 2 });
});

t.test('of several reasons to cut a series short the first is told', async (t) => {
  const sink = new MemorySink();
  sink.connect();
  const pipeline = small({ max_owed_frames: 20 }, { sink });
  pipeline.arm();
  pipeline.play(1, 4);
  for (const frame of [100_000, 100_001]) for (const port of [0, 1]) pipeline.send(port, frame);
  for (let turn = 0; turn < 100 && pipeline.words.step !== seriesStep.stopping; turn++) {
    for (const port of [0, 1]) pipeline.turnPort(port);
    pipeline.clock.advance(1);
    pipeline.turnStreamer();
  }
  t.equal(pipeline.words.step, seriesStep.stopping, 'it ends, and is not over');
  sink.disconnect();
  pipeline.run(300);
  t.match(pipeline.summaries[0], { aborted: 'frame_jump' });
});
