import t from 'tap';
import { seriesStep } from '../../src/memory/stream-words.js';
import { MemorySink } from './memory-sink.js';
import { small } from './small.js';

const kinds = (pipeline: { messages(): { htype: string }[] }): string =>
  pipeline
    .messages()
    .map(({ htype }) => htype[0])
    .join('');

t.test('arming hands the header over before the receivers are opened, and answers with its number', async (t) => {
  const pipeline = small({}, { firstMessageNumber: 5000 });
  t.match(pipeline.arm({ filename: '/data/a.h5', metadata: '{"count_time":0.5}' }), {
    kind: 'armed',
    series_id: 1,
    msg_number: 5000,
    header_pending: false,
  });
  const header = pipeline.sink.received[0];
  const [message = '', metadata = ''] = header?.parts.map((part) => new TextDecoder().decode(part)) ?? [];
  t.equal(message, '{"htype":"header","msg_number":5000,"filename":"/data/a.h5"}');
  t.match(metadata, /^\{"description":"PSI Eiger",.*,"count_time":0\.5\}$/);
});

t.test('arming while a series is open or closing is refused with 409', async (t) => {
  const pipeline = small({ closing_timeout_ms: 1000 });
  pipeline.arm();
  t.match(pipeline.arm(), { kind: 'refused', why: 'busy', problems: [/series 1 is open: end it first \(vdcu stop\)/] });
  pipeline.play(1, 10);
  pipeline.sink.reading = false;
  pipeline.play(11, 30);
  pipeline.command({ kind: 'stop' });
  pipeline.run(20);
  t.match(pipeline.arm(), { kind: 'refused', why: 'busy', problems: [/series 1 is closing/] });
  pipeline.sink.reading = true;
  pipeline.sink.read();
  pipeline.run(20);
  t.match(pipeline.arm(), { kind: 'armed', series_id: 2 });
  pipeline.stop();
  t.strictSame(pipeline.verify(), []);
});

t.test('arming without a consumer is refused with 503', async (t) => {
  const pipeline = small({}, { sink: new MemorySink() });
  t.match(pipeline.arm(), { kind: 'refused', why: 'no_consumer', problems: [/no consumer/] });
  pipeline.sink.connect();
  t.match(pipeline.arm(), { kind: 'armed' });
});

t.test('forced without a consumer it is armed with the header pending, which goes out when one comes', async (t) => {
  const pipeline = small({}, { sink: new MemorySink() });
  t.match(pipeline.arm({ force: true, firstFrameNumber: 1 }), {
    kind: 'armed',
    header_pending: true,
    msg_number: null,
  });
  pipeline.play(1, 3);
  t.equal(pipeline.sink.taken.length, 0);
  pipeline.sink.connect();
  pipeline.run(10);
  pipeline.stop();
  t.equal(kinds(pipeline), 'hiiis');
  t.match(pipeline.summaries[0], { header_sent: true, complete: 3 });
  t.strictSame(pipeline.verify(), []);
});

t.test('a header that was never handed over has no series_end', async (t) => {
  const pipeline = small({}, { sink: new MemorySink() });
  pipeline.arm({ force: true, firstFrameNumber: 1 });
  pipeline.play(1, 3);
  t.match(pipeline.stop(), { header_sent: false, frames: 0, unsent: 3, aborted: 'no_consumer' });
  pipeline.sink.connect();
  pipeline.run(100);
  t.equal(pipeline.sink.taken.length, 0);
  t.strictSame(pipeline.verify(), []);
});

t.test('a consumer that takes no header within the limit makes arming fail, and nothing is open', async (t) => {
  const sink = new MemorySink(0);
  sink.connect();
  const pipeline = small({}, { sink });
  t.match(pipeline.arm(), { kind: 'refused', why: 'no_consumer', problems: [/took no header/] });
  t.ok(pipeline.idle);
});

t.test('a series ends when all its frames are sent', async (t) => {
  const pipeline = small();
  pipeline.arm({ frames: 3 });
  pipeline.play(1, 3);
  pipeline.run(20);
  t.ok(pipeline.idle);
  t.equal(kinds(pipeline), 'hiiis');
  t.match(pipeline.events.filter(({ kind }) => kind === 'ended').length, 1);
  t.strictSame(pipeline.verify(), []);
});

t.test('stopped it ends with the highest frame that was seen, and makes up nothing beyond', async (t) => {
  const pipeline = small();
  pipeline.arm({ frames: 100, firstFrameNumber: 1 });
  pipeline.play(1, 3);
  pipeline.send(0, 5, [0]);
  t.match(pipeline.stop(), { frames: 5, complete: 3, marked: 2, incomplete: [[3, 4]] });
  t.strictSame(pipeline.verify(), []);
});

t.test('what is queued in the sockets when it is stopped still counts', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.play(1, 8);
  for (const port of [0, 1]) pipeline.send(port, 9);
  pipeline.command({ kind: 'stop' });
  pipeline.turnStreamer();
  pipeline.run(20);
  t.match(pipeline.summaries[0], { frames: 9, complete: 9 });
  t.strictSame(pipeline.verify(), []);
});

t.test('stopping when nothing is open answers with nothing', async (t) => {
  const pipeline = small();
  t.equal(pipeline.stop(), null);
  pipeline.arm();
  pipeline.stop();
  t.equal(pipeline.stop(), null);
  t.strictSame(pipeline.verify(), []);
});

t.test('with a frame period, silence fills the tail and ends the series, after 5 s or ten periods', async (t) => {
  for (const [framePeriodMs, silence] of [
    [100, 5000],
    [700, 7000],
  ] as const) {
    const pipeline = small();
    pipeline.arm({ frames: 6, framePeriodMs });
    pipeline.play(1, 4);
    pipeline.run(silence - 100, 20);
    t.notOk(pipeline.idle, `${silence} ms are not over`);
    pipeline.run(200, 20);
    t.ok(pipeline.idle);
    t.match(pipeline.summaries[0], { frames: 6, complete: 4, marked: 2, incomplete: [[4, 5]] });
    t.strictSame(pipeline.verify(), []);
  }
});

t.test('so it does with series_timeout_ms, which is never taken for less than 5 s', async (t) => {
  for (const [timeout, silence] of [
    [1000, 5000],
    [8000, 8000],
  ] as const) {
    const pipeline = small({ series_timeout_ms: timeout });
    pipeline.arm({ frames: 6 });
    pipeline.play(1, 4);
    pipeline.run(silence - 100, 20);
    t.notOk(pipeline.idle);
    pipeline.run(200, 20);
    t.match(pipeline.summaries[0], { frames: 6, complete: 4 });
    t.strictSame(pipeline.verify(), []);
  }
});

t.test('the clock of silence begins with the first packet that is seen', async (t) => {
  const pipeline = small({ series_timeout_ms: 5000 });
  pipeline.arm({ frames: 6, firstFrameNumber: 1 });
  pipeline.run(60_000, 50);
  t.notOk(pipeline.idle);
});

t.test('without either, a series whose tail was lost ends only when it is stopped', async (t) => {
  const pipeline = small();
  pipeline.arm({ frames: 6 });
  pipeline.play(1, 4);
  pipeline.run(60_000, 50);
  t.notOk(pipeline.idle);
  t.match(pipeline.stop(), { frames: 4, complete: 4 });
  t.strictSame(pipeline.verify(), []);
});

t.test(
  'an auto series sends its header with the first frame and ends after series_idle_ms without a packet',
  async (t) => {
    const pipeline = small({ series: 'auto' });
    pipeline.run(500);
    t.equal(pipeline.sink.taken.length, 0);
    pipeline.play(40, 44);
    pipeline.run(90);
    t.match(pipeline.messages()[0]?.fields, { htype: 'header', filename: '' });
    t.equal(pipeline.summaries.length, 0);
    pipeline.run(20);
    t.match(pipeline.summaries[0], { auto: true, frames: 5, complete: 5 });
    pipeline.play(45, 46);
    pipeline.run(150);
    t.match(pipeline.summaries[1], { frames: 2, first_frame_number: 45 });
    t.equal(kinds(pipeline), 'hiiiiishiis');
    t.strictSame(pipeline.verify(), []);
  },
);

t.test('an auto series ends after its frames, if they are configured', async (t) => {
  const pipeline = small({ series: 'auto', frames: 3 });
  pipeline.run(5);
  pipeline.play(1, 3);
  pipeline.run(20);
  pipeline.play(4, 6);
  pipeline.run(20);
  t.match(pipeline.summaries, [
    { frames: 3, complete: 3 },
    { frames: 3, complete: 3, first_frame_number: 4 },
  ]);
  t.strictSame(pipeline.verify(), []);
});

t.test('auto opens nothing without a consumer, and packets are unarmed until there is one', async (t) => {
  const pipeline = small({ series: 'auto' }, { sink: new MemorySink() });
  pipeline.play(1, 3);
  t.match(pipeline.counters(0), { foreignUnarmed: 12 });
  pipeline.sink.connect();
  pipeline.run(5);
  pipeline.play(4, 5);
  pipeline.run(200);
  t.match(pipeline.summaries, [{ first_frame_number: 4, frames: 2 }]);
  t.strictSame(pipeline.verify(), []);
});

t.test('a frame that auto joined half-way is marked', async (t) => {
  const pipeline = small({ series: 'auto' });
  pipeline.send(0, 1, [0, 1]);
  pipeline.run(5);
  pipeline.send(0, 1, [2, 3]);
  pipeline.send(1, 1);
  pipeline.play(2, 3);
  pipeline.run(200);
  t.match(pipeline.images(), [
    { complete: false, missing: { 50001: [[0, 1]] } },
    { complete: true },
    { complete: true },
  ]);
  t.strictSame(pipeline.verify(), []);
});

t.test('arming ends an auto series first, whether it has begun or not', async (t) => {
  for (const begun of [true, false]) {
    const pipeline = small({ series: 'auto' });
    pipeline.run(5);
    if (begun) pipeline.play(1, 8);
    t.match(pipeline.arm({ filename: '/data/b.h5' }), { kind: 'armed' });
    pipeline.play(9, 10);
    pipeline.run(20);
    pipeline.stop();
    t.equal(kinds(pipeline), begun ? 'hiiiiiiiishiis' : 'hiis');
    t.equal(pipeline.summaries.length, begun ? 2 : 1);
    t.strictSame(pipeline.verify(), []);
  }
});

t.test('a consumer that vanishes after the header ends the series as aborted', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.play(1, 8);
  pipeline.sink.disconnect();
  pipeline.play(9, 10);
  pipeline.run(20);
  t.match(pipeline.summaries[0], { aborted: 'consumer_lost', frames: 8, end_pending: true });
  pipeline.sink.connect();
  pipeline.run(5);
  t.match(pipeline.messages().at(-1)?.fields, { htype: 'series_end', aborted: 'consumer_lost' });
  t.strictSame(pipeline.verify(), []);
});

t.test('auto opens a new series when the consumer is there again', async (t) => {
  const pipeline = small({ series: 'auto' });
  pipeline.run(5);
  pipeline.play(1, 8);
  pipeline.sink.disconnect();
  pipeline.play(9, 10);
  pipeline.sink.connect();
  pipeline.run(5);
  pipeline.play(11, 12);
  pipeline.run(200);
  t.match(pipeline.summaries, [{ aborted: 'consumer_lost' }, { first_frame_number: 11, complete: 2 }]);
  t.equal(kinds(pipeline).slice(-5), 'shiis');
  t.strictSame(pipeline.verify(), []);
});

t.test(
  'closing without progress is aborted after closing_timeout_ms; its end goes out before the next header',
  async (t) => {
    const sink = new MemorySink(3);
    sink.connect();
    const pipeline = small({}, { sink });
    pipeline.arm();
    pipeline.play(1, 8);
    sink.read();
    sink.reading = false;
    pipeline.play(9, 16);
    pipeline.command({ kind: 'stop' });
    pipeline.run(150);
    t.equal(pipeline.summaries.length, 0);
    pipeline.run(400);
    const summary = pipeline.summaries[0];
    t.match(summary, { aborted: 'closing_timeout', end_pending: true, frames: 11, unsent: 5 });
    t.ok(pipeline.words.endPending);
    sink.reading = true;
    sink.read();
    t.match(pipeline.arm({ filename: '/data/c.h5' }), { kind: 'armed' });
    pipeline.stop();
    t.match(kinds(pipeline), /^hi{11}shs$/);
    t.strictSame(pipeline.verify(), []);
  },
);

t.test('shutting down ends the series as a stop does, and drains', async (t) => {
  const pipeline = small();
  pipeline.arm();
  pipeline.play(1, 8);
  pipeline.command({ kind: 'shutdown' });
  pipeline.run(50);
  t.match(pipeline.summaries[0], { frames: 8, complete: 8 });
  t.ok(pipeline.events.some(({ kind }) => kind === 'drained'));
  t.match(pipeline.arm(), { kind: 'refused', why: 'stopping', problems: [/stopping/] });
  t.strictSame(pipeline.verify(), []);
});

t.test('numbers are gapless over series, kinds and a sink that answers late', async (t) => {
  for (const late of [false, true]) {
    const sink = new MemorySink(2, late);
    sink.connect();
    const pipeline = small({ incomplete_frames: 'discard' }, { sink, firstMessageNumber: 2 ** 52 });
    for (let series = 0; series < 3; series++) {
      pipeline.arm({ frames: 4 });
      pipeline.play(1 + series * 10, 4 + series * 10);
      pipeline.run(20);
    }
    t.strictSame(
      pipeline.messages().map(({ msgNumber }) => msgNumber),
      Array.from({ length: 18 }, (_, index) => 2 ** 52 + index),
    );
    t.strictSame(pipeline.verify(), []);
  }
});

t.test('a number that was offered and not taken is used again', async (t) => {
  const sink = new MemorySink(1, true);
  sink.connect();
  const pipeline = small({}, { sink });
  pipeline.arm();
  sink.read();
  sink.reading = false;
  pipeline.play(1, 9);
  t.equal(sink.queue.length, 1);
  for (let index = 0; index < 10; index++) {
    sink.read(1);
    pipeline.settle();
  }
  sink.reading = true;
  sink.read();
  pipeline.stop();
  t.match(pipeline.summaries[0], { frames: 9, complete: 9 });
  t.strictSame(pipeline.verify(), []);
});

t.test(
  'a streamer that did not run for closing_timeout_ms while a series ended does not abort it when nothing is left ' +
    'to wait for',
  async (t) => {
    for (const left of [false, true]) {
      const pipeline = small();
      pipeline.arm({ firstFrameNumber: 1 });
      pipeline.play(1, 3);
      if (left) pipeline.sink.reading = false;
      if (left) pipeline.play(4, 14);
      pipeline.command({ kind: 'stop' });
      pipeline.turnStreamer();
      pipeline.turnStreamer();
      for (const port of pipeline.sources.keys()) pipeline.turnPort(port);
      pipeline.turnStreamer();
      t.equal(pipeline.words.step, seriesStep.finishing);
      for (const port of pipeline.sources.keys()) pipeline.turnPort(port);
      pipeline.clock.advance(201);
      pipeline.turnStreamer();
      pipeline.sink.reading = true;
      pipeline.sink.read();
      pipeline.run(20);
      const [summary] = pipeline.summaries;
      t.equal(summary?.aborted, left ? 'closing_timeout' : undefined, left ? 'frames are left' : 'nothing is left');
    }
  },
);
