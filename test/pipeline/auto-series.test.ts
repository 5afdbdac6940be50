// Automatic series one behind the other: nothing that the detector sends between the end of one and the opening of the
// next is lost.

import t from 'tap';
import type { Test } from 'tap';
import { MemorySink } from './memory-sink.js';
import { all, small } from './small.js';
import type { Pipeline } from './pipeline.js';

function nothingLost(t: Test, pipeline: Pipeline): void {
  for (const port of [0, 1])
    t.match(
      pipeline.counters(port),
      { foreignUnarmed: 0, foreignSeries: 0, missing: 0, lateDuplicate: 0, duplicate: 0 },
      `port ${port}`,
    );
  t.strictSame(pipeline.verify(), []);
}

t.test('packets that come at any moment of the end of an auto series are in it or in the next, whole', async (t) => {
  for (let at = 90; at <= 130; at++) {
    for (const gap of [0, 1, 3]) {
      const pipeline = small({ series: 'auto' });
      pipeline.run(5);
      pipeline.play(1, 3);
      // Turns of single agents, so that each step of the end is met.
      for (let step = 0; step < at * 3; step++) {
        if (step % 3 === 0) pipeline.clock.advance(1);
        if (step % 3 === 1) pipeline.turnStreamer();
        if (step % 3 === 2) for (const port of [0, 1]) pipeline.turnPort(port);
      }
      pipeline.send(0, 4, [0, 1]);
      for (let step = 0; step < gap; step++) {
        pipeline.turnPort(0);
        pipeline.turnStreamer();
        pipeline.turnPort(1);
      }
      pipeline.send(0, 4, [2, 3]);
      pipeline.send(1, 4);
      pipeline.play(5, 9);
      pipeline.run(300);
      t.equal(
        pipeline.summaries.reduce((sum, { frames }) => sum + frames, 0),
        9,
        `frames, ${at} ms after the beginning`,
      );
      t.equal(
        pipeline.summaries.reduce((sum, { complete }) => sum + complete, 0),
        9,
      );
      nothingLost(t, pipeline);
    }
  }
});

t.test('what came while a receiver did not run is no silence: the series goes on', async (t) => {
  const pipeline = small({ series: 'auto' });
  pipeline.run(5);
  pipeline.play(1, 3);
  for (const port of [0, 1]) pipeline.send(port, 4);
  pipeline.clock.advance(500);
  pipeline.turnStreamer();
  pipeline.play(5, 6);
  pipeline.run(300);
  t.match(pipeline.summaries, [{ frames: 6, complete: 6 }]);
  nothingLost(t, pipeline);
});

t.test('a consumer that does not take the end of an auto series keeps the next one from nothing', async (t) => {
  const sink = new MemorySink(5);
  sink.connect();
  const pipeline = small({ series: 'auto', closing_timeout_ms: 5000 }, { sink });
  pipeline.run(5);
  sink.reading = false;
  pipeline.play(1, 4);
  pipeline.run(300);
  t.match(pipeline.summaries, [{ frames: 4, end_pending: true }], 'header and images are in the queue, the end is not');
  pipeline.play(5, 9);
  pipeline.run(50);
  t.match(pipeline.counters(0), { accepted: 36 }, 'the next series takes its packets while the end waits');
  sink.reading = true;
  sink.read();
  pipeline.run(400);
  t.match(pipeline.summaries[1], { frames: 5, complete: 5 });
  nothingLost(t, pipeline);
});

t.test('an auto series of a number of frames leaves the rest of a running detector to the next', async (t) => {
  const pipeline = small({ series: 'auto', frames: 10 });
  pipeline.run(10);
  pipeline.play(1, 8);
  // The end lies in the middle of what is taken at once.
  for (let frameNumber = 9; frameNumber <= 16; frameNumber++)
    for (const port of [0, 1]) pipeline.send(port, frameNumber);
  pipeline.run(20);
  pipeline.play(17, 40);
  pipeline.run(300);
  t.match(
    pipeline.summaries,
    [1, 11, 21, 31].map((first) => ({ first_frame_number: first, frames: 10, complete: 10 })),
  );
  nothingLost(t, pipeline);
});

t.test('a number of frames that the start window exceeds costs no frame of a running detector', async (t) => {
  for (const frames of [1, 2, 3]) {
    const pipeline = small({ series: 'auto', frames, start_window_ms: 5 });
    pipeline.run(10);
    pipeline.play(1, 12);
    pipeline.run(400);
    t.match(
      pipeline.summaries,
      Array.from({ length: 12 / frames }, (_, index) => ({
        first_frame_number: 1 + index * frames,
        frames,
        complete: frames,
      })),
      `${frames} frames`,
    );
    for (const { ledger } of pipeline.summaries)
      t.match(ledger, [{ expected: 4 * frames, accepted: 4 * frames, missing: 0 }, { missing: 0 }]);
    nothingLost(t, pipeline);
  }
});

t.test('packets of the last frame that those of the next one overtake are in it', async (t) => {
  const pipeline = small({ series: 'auto', frames: 3, start_window_ms: 1 });
  pipeline.run(10);
  pipeline.play(1, 2);
  pipeline.run(5);
  pipeline.send(0, 3, [0, 1]);
  pipeline.send(1, 3);
  for (const port of [0, 1]) pipeline.send(port, 4);
  pipeline.settle();
  pipeline.send(0, 3, [2, 3]);
  pipeline.run(30);
  pipeline.play(5, 6);
  pipeline.run(300);
  t.match(pipeline.summaries, [
    { first_frame_number: 1, frames: 3, complete: 3 },
    { first_frame_number: 4, frames: 3, complete: 3 },
  ]);
  nothingLost(t, pipeline);
});

t.test('what was begun behind the end and no series follows is of none', async (t) => {
  const pipeline = small({ series: 'auto', frames: 3 });
  pipeline.run(10);
  pipeline.play(1, 5);
  pipeline.sink.disconnect();
  pipeline.run(300);
  t.match(pipeline.summaries, [{ ledger: [{ expected: 12, accepted: 12 }, { missing: 0 }] }]);
  t.strictSame(pipeline.verify(), []);
});

t.test('what the socket had no room for between two auto series is loss of the second', async (t) => {
  const sink = new MemorySink(3);
  sink.connect();
  const pipeline = small({ series: 'auto', closing_timeout_ms: 5000 }, { sink, socketPackets: 6 });
  pipeline.run(5);
  sink.reading = false;
  pipeline.play(1, 6);
  pipeline.run(150);
  // The consumer holds up the end: what comes now waits in the sockets, and they are small.
  for (const frameNumber of [7, 8, 9]) for (const port of [0, 1]) pipeline.send(port, frameNumber, all);
  sink.reading = true;
  sink.read();
  pipeline.run(400);
  pipeline.run(400);
  t.match(pipeline.summaries[0], { frames: 6, complete: 6, ledger: [{ kernel_drops: 0 }, { kernel_drops: 0 }] });
  t.match(pipeline.summaries[1], {
    first_frame_number: 7,
    frames: 2,
    ledger: [
      { missing: 2, socket: 2, unexplained: 0 },
      { missing: 2, socket: 2 },
    ],
  });
  t.match(pipeline.summaries[1]?.warnings, [/port 50001: 6 packets .* before this series/, /port 50002: 6 packets/]);
  t.strictSame(pipeline.verify(), []);
});

t.test('what was kept for an auto series that cannot be opened is of none', async (t) => {
  const pipeline = small({ series: 'auto' });
  pipeline.run(5);
  pipeline.play(1, 3);
  pipeline.run(200);
  t.equal(pipeline.summaries.length, 1);
  pipeline.sink.disconnect();
  pipeline.run(20);
  pipeline.play(4, 5);
  t.match(pipeline.counters(0), { foreignUnarmed: 8 });
  t.strictSame(pipeline.verify(), []);
});

t.test(
  'an auto series is named when its header is made: by its number and the time of its first packet, in header, ' +
    'events and summary',
  async (t) => {
    const pipeline = small({ series: 'auto', auto_filename: '"/data/{date}_{series}.h5"' });
    const nameNow = (series: string): string =>
      `/data/${new Date(pipeline.clock.wall())
        .toISOString()
        .replace(/\D/g, '')
        .replace(/^(\d{8})(\d{6})/, '$1-$2-')}_${series}.h5`;
    pipeline.run(3_600_000, 1000);
    const early = nameNow('0001');
    pipeline.play(1, 3);
    pipeline.run(300);
    pipeline.play(4, 6);
    pipeline.run(300);
    const headers = pipeline
      .messages()
      .filter(({ htype }) => htype === 'header')
      .map(({ fields }) => String(fields['filename']));
    t.equal(headers.length, 2);
    t.match(headers[0], /_0001\.h5$/);
    t.match(headers[1], /_0002\.h5$/);
    t.ok(headers[0].slice(0, -12) >= early.slice(0, -12), 'an hour after the consumer came');
    t.strictSame(
      pipeline.summaries.map(({ filename }) => filename),
      headers,
    );
    t.strictSame(
      pipeline.events
        .filter(({ kind }) => kind === 'opened')
        .map((event) => (event as unknown as { filename: string }).filename),
      headers,
    );
    nothingLost(t, pipeline);
  },
);

t.test(
  'without a template an auto series has no file, and an armed one in an automatic service has that of its request',
  async (t) => {
    const plain = small({ series: 'auto' });
    plain.run(5);
    plain.play(1, 3);
    plain.run(300);
    t.match(plain.summaries, [{ filename: '' }]);
    const armed = small({ series: 'auto', auto_filename: '"/data/{date}_{series}.h5"' });
    armed.run(5);
    armed.arm({ filename: '/data/mine.h5', frames: 3, firstFrameNumber: 1 });
    armed.play(1, 3);
    armed.run(300);
    t.match(armed.summaries, [{ filename: '/data/mine.h5', frames: 3 }]);
  },
);
