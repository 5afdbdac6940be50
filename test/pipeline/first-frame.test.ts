import t from 'tap';
import { firstNumberOf } from '../../src/detector/frame-share.js';
import { small } from './small.js';

t.test(
  'a first frame that is given counts, frames before it are foreign, frames that never came are absent',
  async (t) => {
    const pipeline = small();
    pipeline.arm({ firstFrameNumber: 10 });
    pipeline.play(8, 8);
    pipeline.play(11, 12);
    pipeline.run(60);
    pipeline.stop();
    t.match(pipeline.images(), [
      { frame: 0, frame_number: 10, complete: false },
      { frame: 1, frame_number: 11, complete: true },
      { frame: 2, complete: true },
    ]);
    t.match(pipeline.counters(0), { foreignSeries: 4 });
    t.strictSame(pipeline.verify(), []);
  },
);

t.test('else it is the smallest number of the start window, over all ports', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.send(0, 12);
  pipeline.run(3);
  pipeline.send(1, 10);
  pipeline.run(3);
  t.equal(firstNumberOf(pipeline.words.first), 10);
  for (let frame = 11; frame <= 13; frame++) {
    if (frame > 12) pipeline.send(0, frame);
    pipeline.send(1, frame);
    pipeline.run(1);
  }
  pipeline.run(60);
  pipeline.stop();
  t.match(pipeline.summaries[0], { first_frame_number: 10, frames: 4, complete: 2, incomplete: [[0, 1]] });
  t.strictSame(pipeline.verify(), []);
});

t.test('the window begins with the first packet, not with the arming', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.run(1000);
  pipeline.send(0, 12);
  pipeline.run(4);
  t.equal(pipeline.words.first, 0);
  pipeline.run(3);
  t.equal(firstNumberOf(pipeline.words.first), 12);
});

t.test('a smaller number that comes after the window is foreign', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.play(12, 20);
  pipeline.send(0, 11);
  pipeline.stop();
  t.match(pipeline.counters(0), { foreignSeries: 4 });
  t.match(pipeline.summaries[0], { first_frame_number: 12, frames: 9, complete: 9 });
  t.strictSame(pipeline.verify(), []);
});

t.test('a smaller number that a port accepts before it has heard of the first frame lowers it', async (t) => {
  for (const frames of [0, 3]) {
    const pipeline = small();
    pipeline.arm({ frames });
    pipeline.send(0, 12);
    pipeline.settle();
    pipeline.clock.advance(6);
    pipeline.send(1, 11);
    const source = pipeline.sources.get(1);
    // The streamer proposes frame 12 while port 1 is in the turn in which it accepts frame 11.
    if (source !== undefined) source.interrupt = () => void pipeline.turnStreamer();
    pipeline.turnPort(1);
    if (source !== undefined) source.interrupt = null;
    t.equal(firstNumberOf(pipeline.words.first), 12);
    t.equal(pipeline.counters(1).accepted, 4);
    pipeline.run(2);
    t.equal(firstNumberOf(pipeline.words.first), 11);
    for (const port of [0, 1]) pipeline.send(port, 13);
    pipeline.send(1, 12);
    pipeline.run(80);
    pipeline.stop();
    t.match(pipeline.summaries[0], { first_frame_number: 11, frames: 3, complete: 2, incomplete: [[0, 0]] });
    t.strictSame(pipeline.verify(), []);
  }
});

t.test('nothing is closed for want of packets before all ports have heard of the first frame', async (t) => {
  const pipeline = small();
  pipeline.arm({ frames: 3 });
  pipeline.send(0, 12);
  pipeline.send(0, 13, [0]);
  for (const frame of [14, 15, 16, 17]) pipeline.send(0, frame);
  pipeline.settle();
  pipeline.clock.advance(6);
  pipeline.send(1, 11);
  const source = pipeline.sources.get(1);
  // The streamer proposes frame 12, and port 0 hears of it, while port 1 is in the turn in which it accepts frame 11.
  if (source !== undefined)
    source.interrupt = () => {
      pipeline.turnStreamer();
      pipeline.turnPort(0);
    };
  pipeline.turnPort(1);
  if (source !== undefined) source.interrupt = null;
  t.equal(firstNumberOf(pipeline.words.first), 12);
  t.match(pipeline.counters(0), { imagesIncomplete: 0, missing: 0 }, 'frame 13 is overtaken, and stays open');
  pipeline.run(80);
  t.equal(firstNumberOf(pipeline.words.first), 11);
  // What was begun beyond the end was all that was expected of it.
  t.match(pipeline.summaries[0], { first_frame_number: 11, frames: 3, ledger: [{ missing: 7 }, { missing: 8 }] });
  t.strictSame(pipeline.verify(), []);
});

t.test('what waits in the socket of a port that did not run lowers the first frame, too', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.send(0, 12);
  for (const frame of [10, 11, 12]) pipeline.send(1, frame);
  const source = pipeline.sources.get(1);
  if (source !== undefined) source.batch = 3;
  pipeline.turnPort(0);
  pipeline.turnStreamer();
  pipeline.clock.advance(500);
  pipeline.turnStreamer();
  t.equal(firstNumberOf(pipeline.words.first), 12);
  pipeline.run(20);
  t.equal(firstNumberOf(pipeline.words.first), 10);
  pipeline.stop();
  t.match(pipeline.counters(1), { accepted: 12, foreignSeries: 0 });
  t.strictSame(pipeline.verify(), []);
});

t.test('a port that has answered accepts nothing below the first frame', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.send(0, 12);
  pipeline.settle();
  pipeline.clock.advance(6);
  pipeline.turnStreamer();
  t.equal(firstNumberOf(pipeline.words.first), 12);
  pipeline.turnPort(1);
  pipeline.send(1, 11);
  pipeline.run(20);
  t.equal(pipeline.counters(1).accepted, 0);
  t.equal(firstNumberOf(pipeline.words.first), 12);
  pipeline.stop();
  t.strictSame(pipeline.verify(), []);
});

t.test('ports whose numbers span the ring or more disagree: aborted, with each number and the remedy', async (t) => {
  for (const [other, aborted] of [
    [26, true],
    [25, false],
  ] as const) {
    const pipeline = small();
    pipeline.arm();
    pipeline.send(0, 10);
    pipeline.send(1, other);
    pipeline.run(30);
    if (!aborted) {
      t.equal(pipeline.summaries.length, 0);
      pipeline.stop();
      t.match(pipeline.summaries[0], { frames: 16 });
    } else {
      t.match(pipeline.summaries[0], { aborted: 'ports_disagree', frames: 0 });
      const warnings = pipeline.summaries[0]?.warnings.join(' ') ?? '';
      t.match(warnings, /port 50001: frame 10, port 50002: frame 26/);
      t.match(warnings, /nextframenumber/);
      t.equal(pipeline.messages().length, 2, 'header and end only');
    }
    t.strictSame(pipeline.verify(), []);
  }
});

t.test('a series without any packet has no first frame and an empty end', async (t) => {
  const pipeline = small();
  pipeline.arm({ frames: 10 });
  pipeline.run(1000);
  t.match(pipeline.stop(), { frames: 0, first_frame_number: null, incomplete: [] });
  t.strictSame(pipeline.verify(), []);
});

t.test('frames that ports began beyond the last one, before it was known, are not sent', async (t) => {
  const pipeline = small();
  pipeline.arm({ frames: 2 });
  for (const port of [0, 1]) {
    for (let frame = 5; frame <= 8; frame++) pipeline.send(port, frame, frame === 8 ? [0, 1] : [0, 1, 2, 3]);
  }
  pipeline.run(100);
  t.match(pipeline.summaries[0], { frames: 2, complete: 2, marked: 0, first_frame_number: 5 });
  t.equal(pipeline.images().length, 2);
  t.match(pipeline.counters(0), { accepted: 14, expected: 14, missing: 0 });
  t.strictSame(pipeline.verify(), []);
});

t.test('one frame from one packet per port image is a series', async (t) => {
  const pipeline = small({ read_n_rows: 8 });
  pipeline.arm({ frames: 1 });
  for (const port of [0, 1]) pipeline.send(port, 77);
  pipeline.run(60);
  t.match(pipeline.summaries[0], { frames: 1, complete: 1, first_frame_number: 77 });
  t.strictSame(pipeline.verify(), []);
});
