// The consumer's side in virtual time: late, standing still for ten seconds, gone and back in the middle of a series.

import t from 'tap';
import { streamCounter, streamCounterTable } from '../../src/memory/counters.js';
import { seriesStep } from '../../src/memory/stream-words.js';
import { MemorySink } from './memory-sink.js';
import { small } from './small.js';

t.test(
  'a consumer that does not read for ten seconds gets every frame as long as ring and queue hold them',
  async (t) => {
    const sink = new MemorySink(8);
    sink.connect();
    const pipeline = small({ ring_frames: 64 }, { sink });
    pipeline.arm({ firstFrameNumber: 1 });
    sink.reading = false;
    // Seven frames a second.
    for (let frame = 1; frame <= 70; frame++) {
      for (const port of pipeline.sources.keys()) pipeline.send(port, frame);
      pipeline.run(143);
    }
    t.ok(pipeline.clock.now() >= 10_000);
    t.equal(sink.received.length, 1, 'it has read the header and nothing since');
    sink.reading = true;
    sink.read();
    pipeline.run(10);
    pipeline.stop();
    t.match(pipeline.summaries[0], { frames: 70, complete: 70 });
    t.strictSame(pipeline.verify(), []);
  },
);

t.test(
  'ten seconds are too long for the ring: frames are lost whole, the series goes on, and nothing is lost once it reads',
  async (t) => {
    const sink = new MemorySink(8);
    sink.connect();
    const pipeline = small({ max_owed_frames: 1000 }, { sink });
    pipeline.arm({ firstFrameNumber: 1 });
    sink.reading = false;
    for (let frame = 1; frame <= 500; frame++) {
      for (const port of pipeline.sources.keys()) pipeline.send(port, frame);
      pipeline.run(20);
    }
    t.ok(pipeline.clock.now() >= 10_000);
    sink.reading = true;
    sink.read();
    pipeline.run(20);
    pipeline.play(501, 600);
    pipeline.stop();
    const images = pipeline.images();
    t.equal(images.length, 600, 'an image for each frame');
    t.ok(
      images.slice(0, 24).every(({ complete }) => complete === true),
      'ring and queue were kept',
    );
    t.ok(
      images.slice(24, 500).every(({ reason, missing_packets: missing }) => reason === 'ring_full' && missing === 8),
    );
    t.ok(images.slice(500).every(({ complete }) => complete === true));
    t.strictSame(pipeline.verify(), []);
  },
);

for (const away of [0, 400]) {
  t.test(
    `armed, the consumer is gone for ${away} ms: the series is over, its end goes out before the next header`,
    async (t) => {
      const pipeline = small();
      const { sink } = pipeline;
      pipeline.arm({ filename: 'first', firstFrameNumber: 1 });
      pipeline.play(1, 20);
      sink.disconnect();
      if (away > 0) pipeline.play(21, 20 + away);
      sink.connect();
      pipeline.play(21 + away, 60 + away);
      pipeline.run(300);
      t.match(
        pipeline.summaries,
        [{ aborted: 'consumer_lost', frames: 20, complete: 20 }],
        'nothing is sent to one who has lost the beginning',
      );
      pipeline.arm({ filename: 'second', firstFrameNumber: 2000 });
      pipeline.play(2000, 2009);
      pipeline.stop();
      const kinds = pipeline
        .messages()
        .slice(21)
        .map(({ htype }) => htype);
      t.strictSame(kinds, ['series_end', 'header', ...Array.from({ length: 10 }, () => 'image'), 'series_end']);
      t.strictSame(pipeline.verify(), []);
    },
  );
}

t.test('automatic, the consumer is gone and back: a new series begins with the frames that come then', async (t) => {
  const pipeline = small({ series: 'auto' });
  const { sink } = pipeline;
  pipeline.run(30);
  pipeline.play(1, 30);
  sink.disconnect();
  pipeline.play(31, 90);
  t.match(pipeline.summaries, [{ aborted: 'consumer_lost', auto: true }]);
  sink.connect();
  pipeline.run(30);
  // It joins in the middle of frame 91.
  for (const port of pipeline.sources.keys()) pipeline.send(port, 91, [2, 3]);
  pipeline.run(1);
  pipeline.play(92, 120);
  pipeline.run(300);
  t.match(pipeline.summaries[1], { first_frame_number: 91, frames: 30, complete: 29, marked: 1 });
  const [image] = pipeline.images().filter(({ frame_number: number }) => number === 91);
  t.match(
    image,
    { frame: 0, complete: false, missing: { 50001: [[0, 1]], 50002: [[0, 1]] } },
    'the frame that was joined half-way is marked',
  );
  t.strictSame(pipeline.verify(), []);
});

t.test('late: an automatic series waits for a consumer, and packets before belong to none', async (t) => {
  const sink = new MemorySink();
  const pipeline = small({ series: 'auto' }, { sink });
  pipeline.play(1, 25);
  t.match(pipeline.counters(0), { received: 100, foreignUnarmed: 100, expected: 0 });
  sink.connect();
  pipeline.run(30);
  pipeline.play(26, 40);
  pipeline.run(300);
  t.match(pipeline.summaries, [{ first_frame_number: 26, frames: 15, complete: 15 }]);
  t.strictSame(pipeline.verify(), []);
});

t.test('late: a series that was forced keeps its frames in the ring until the consumer comes', async (t) => {
  const sink = new MemorySink(100);
  const pipeline = small({ ring_frames: 64 }, { sink });
  pipeline.arm({ firstFrameNumber: 1, force: true });
  pipeline.play(1, 50);
  t.equal(sink.taken.length, 0);
  sink.connect();
  pipeline.run(10);
  pipeline.play(51, 60);
  pipeline.stop();
  t.match(pipeline.summaries[0], { frames: 60, complete: 60 });
  t.strictSame(pipeline.verify(), []);
});

t.test('a stop waits for its consumer from the moment in which the end was handed over', async (t) => {
  const sink = new MemorySink(8, true);
  sink.connect();
  const pipeline = small({}, { sink });
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.play(1, 3);
  sink.reading = false;
  pipeline.command({ kind: 'stop' });
  const ending = (): boolean => pipeline.words.step === seriesStep.ending;
  for (let turn = 0; turn < 200 && !ending(); turn++) {
    for (const port of pipeline.sources.keys()) pipeline.turnPort(port);
    pipeline.turnStreamer();
    if (!ending()) pipeline.clock.advance(1);
  }
  t.ok(ending(), 'the end is offered, and its sink has not answered');
  // The streamer does not run for longer than closing_timeout_ms.
  pipeline.clock.advance(250);
  pipeline.run(20);
  const answers = (): unknown[] => pipeline.events.filter(({ kind }) => kind === 'stopped');
  t.equal(pipeline.summaries.length, 1, 'the series is over');
  t.strictSame(answers(), [], 'its consumer has not read the end, and has time');
  sink.read();
  pipeline.run(20);
  t.match(answers(), [{ summary: { frames: 3, undelivered: undefined } }]);
  t.strictSame(pipeline.verify(), []);
});

/** Knows what was lost with a connection, as the ways out do that ask the kernel. */
class CountingSink extends MemorySink {
  lost = { messages: 0, bytes: 0 };
  #delivered = Infinity;

  override disconnect(): void {
    const { messages, bytes } = this.underway ?? this.lost;
    this.lost = { messages: this.lost.messages + messages, bytes: this.lost.bytes + bytes };
    this.#delivered = this.received.length;
    super.disconnect();
  }

  takeLoss(): number {
    const delivered = Math.min(this.#delivered, this.taken.length);
    this.#delivered = Infinity;
    return delivered;
  }
}

for (const goes of [false, true]) {
  t.test(
    `a stop counts messages, whatever numbers they have: the next series begins at a larger one, and the consumer ` +
      `${goes ? 'goes' : 'reads nothing'}`,
    async (t) => {
      const sink = new CountingSink(100);
      sink.connect();
      const pipeline = small({ closing_timeout_ms: 2000 }, { sink });
      pipeline.arm({ firstFrameNumber: 1 });
      pipeline.play(1, 3);
      sink.reading = false;
      pipeline.play(4, 6);
      const id = pipeline.command({ kind: 'stop' });
      pipeline.run(60);
      t.match(pipeline.summaries, [{ frames: 6 }]);
      t.match(pipeline.arm({ firstFrameNumber: 1, msgNumberBase: pipeline.words.messageNumber + 1000 }), {
        kind: 'armed',
      });
      pipeline.run(100);
      const answers = (): unknown[] => pipeline.events.filter((event) => event.kind === 'stopped' && event.id === id);
      t.strictSame(answers(), [], 'three images and the end are not read, and there is time');
      if (goes) sink.disconnect();
      pipeline.run(goes ? 20 : 2000);
      t.match(answers(), [{ summary: { frames: 6, undelivered: { messages: 4 } } }], 'all but the header behind them');
    },
  );
}

/** Four frames, of which the consumer has read the first: header and images are handed over, three fill the queue. */
function threeUnread(keys: Readonly<Record<string, unknown>> = {}) {
  const sink = new CountingSink(3);
  sink.connect();
  const pipeline = small(keys, { sink });
  if (keys['series'] === 'auto') pipeline.run(10);
  else pipeline.arm({ frames: 4, firstFrameNumber: 1 });
  pipeline.play(1, 1);
  pipeline.run(20);
  sink.reading = false;
  pipeline.play(2, 4);
  return { sink, pipeline };
}

for (const owed of [false, true]) {
  t.test(
    `all images are handed over, and the consumer goes before the end is${owed ? ', of a closed series' : ''}: ` +
      'the series has lost its consumer, and says so wherever it is told',
    async (t) => {
      const { sink, pipeline } = threeUnread();
      pipeline.run(60);
      t.equal(sink.taken.length, 5, 'header and images; three of them fill the queue');
      t.equal(pipeline.words.step, seriesStep.ending);
      if (owed) {
        pipeline.run(300);
        t.match(pipeline.summaries, [{ frames: 4, aborted: undefined, end_pending: true }]);
      }
      sink.disconnect();
      pipeline.run(20);
      const lost = { frames: 4, complete: 4, aborted: 'consumer_lost', delivered_frames: 1, end_pending: true };
      const told = pipeline.events.flatMap((event) =>
        event.kind === 'ended' || event.kind === 'amended' ? [event.summary] : [],
      );
      t.equal(told.length, owed ? 2 : 1);
      t.match(told.at(-1), lost);
      const counters = new Float64Array(pipeline.buffer, pipeline.map.streamCounters, streamCounterTable.length);
      t.equal(counters[streamCounter.aborted], 1);
      sink.reading = true;
      sink.connect();
      pipeline.run(20);
      t.match(pipeline.messages().at(-1), {
        htype: 'series_end',
        fields: { aborted: 'consumer_lost', delivered_frames: 1 },
      });
      // Another one that goes has nothing to lose.
      sink.disconnect();
      sink.connect();
      pipeline.run(20);
      t.equal(counters[streamCounter.aborted], 1);
      t.equal(pipeline.events.filter(({ kind }) => kind === 'amended').length, owed ? 1 : 0);
      t.strictSame(pipeline.verify(), []);
    },
  );
}

t.test('a consumer that goes before the header takes nothing of the series along', async (t) => {
  const sink = new CountingSink(100);
  sink.connect();
  sink.connect();
  const pipeline = small({ series: 'auto', frames: 4, consumer_connections: 2 }, { sink });
  pipeline.run(10);
  pipeline.play(1, 4);
  pipeline.run(50);
  t.match(pipeline.summaries, [{ frames: 4 }]);
  // One of two, while the next series waits.
  sink.disconnect();
  pipeline.run(50);
  sink.connect();
  pipeline.run(50);
  pipeline.play(101, 101);
  pipeline.run(20);
  sink.reading = false;
  pipeline.play(102, 103);
  sink.disconnect();
  pipeline.run(300);
  t.match(pipeline.summaries[1], { aborted: 'consumer_lost', delivered_frames: 1 });
  sink.reading = true;
  sink.read();
  pipeline.run(50);
  t.strictSame(pipeline.verify(), []);
});

for (const auto of [false, true]) {
  t.test(
    `a consumer whose going shows when the end is offered is lost${auto ? ', whatever series waits behind it' : ''}: ` +
      'the answer to a stop says so',
    async (t) => {
      const { sink, pipeline } = threeUnread(auto ? { series: 'auto' } : {});
      const id = pipeline.command({ kind: 'stop' });
      pipeline.run(60);
      t.equal(pipeline.words.step, seriesStep.ending);
      sink.interrupt = () => {
        sink.interrupt = null;
        sink.disconnect();
      };
      pipeline.run(20);
      const lost = { frames: 4, aborted: 'consumer_lost', delivered_frames: 1, end_pending: true };
      t.match(pipeline.summaries, [lost]);
      t.match(
        pipeline.events.find((event) => event.kind === 'stopped' && event.id === id),
        { summary: lost },
      );
      sink.reading = true;
      sink.connect();
      pipeline.run(20);
      t.match(pipeline.messages().at(-1), { htype: 'series_end', fields: { delivered_frames: 1 } });
      t.strictSame(pipeline.verify(), []);
    },
  );
}

t.test('so is one whose going shows when an end that is owed is offered, at a shutdown as well', async (t) => {
  for (const shutdown of [false, true]) {
    const { sink, pipeline } = threeUnread();
    pipeline.run(400);
    t.match(pipeline.summaries, [{ end_pending: true, aborted: undefined }]);
    if (shutdown) pipeline.command({ kind: 'shutdown' });
    sink.interrupt = () => {
      sink.interrupt = null;
      sink.disconnect();
    };
    pipeline.run(20);
    t.match(
      pipeline.events.filter(({ kind }) => kind === 'amended' || kind === 'drained'),
      [
        { kind: 'amended', summary: { aborted: 'consumer_lost', delivered_frames: 1 } },
        ...(shutdown ? [{ kind: 'drained' }] : []),
      ],
    );
  }
});

t.test('the first reason of an abort is told, whatever becomes of the consumer afterwards', async (t) => {
  const sink = new MemorySink(2);
  sink.connect();
  const pipeline = small({ max_owed_frames: 5 }, { sink });
  pipeline.arm({ firstFrameNumber: 1 });
  sink.reading = false;
  for (let frame = 1; frame <= 30 && pipeline.words.step === seriesStep.open; frame++) {
    for (const port of pipeline.sources.keys()) {
      pipeline.send(port, frame);
      pipeline.turnPort(port);
    }
    pipeline.turnStreamer();
  }
  t.equal(pipeline.words.step, seriesStep.stopping, 'it has stalled');
  sink.disconnect();
  pipeline.run(50);
  sink.connect();
  sink.reading = true;
  pipeline.run(50);
  t.match(pipeline.summaries, [{ aborted: 'consumer_stalled' }]);
  t.strictSame(pipeline.verify(), []);
});

t.test('whoever hears of an event reads words that know of it already', async (t) => {
  const sink = new MemorySink(8);
  sink.connect();
  const pipeline = small({}, { sink });
  const seen: unknown[] = [];
  pipeline.onEvent = ({ kind }) => {
    const { step, seriesId, endPending } = pipeline.words;
    seen.push({ kind, step, seriesId, endPending });
  };
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.play(1, 3);
  sink.disconnect();
  pipeline.run(500);
  t.match(pipeline.summaries[0], { aborted: 'consumer_lost', end_pending: true });
  t.match(seen, [
    { kind: 'opened', step: seriesStep.opening, seriesId: 1, endPending: false },
    { kind: 'armed', step: seriesStep.open, seriesId: 1, endPending: false },
    { kind: 'ended', step: seriesStep.idle, seriesId: 1, endPending: true },
  ]);
});
