// Warnings belong to the series in which they arose, and are told at once, also while an automatic series waits.
// Modules whose frame numbers disagree are told for armed series with a number of frames, too.

import t from 'tap';
import { peerRefusals } from '../../src/contract/refused-peers.js';
import type { PeerRefusal } from '../../src/contract/refused-peers.js';
import { seriesStep } from '../../src/memory/stream-words.js';
import { MemorySink } from './memory-sink.js';
import { changed } from './packets.js';
import type { Pipeline } from './pipeline.js';
import { all, small } from './small.js';

const codes = (pipeline: Pipeline): string[] =>
  pipeline.events.flatMap((event) => (event.kind === 'warning' ? [event.code] : []));

/** Datagrams that are cut short. */
function cutShort(pipeline: Pipeline, port: number, count: number): void {
  for (let index = 0; index < count; index++) pipeline.deliver(port, new Uint8Array(1000));
  pipeline.run(2);
}

t.test(
  'wrong datagrams in a waiting auto series are told then, and are not in the summary of the series that comes',
  async (t) => {
    const pipeline = small({ series: 'auto' });
    pipeline.run(5);
    for (const port of [0, 1]) cutShort(pipeline, port, 500);
    pipeline.run(600, 5);
    t.strictSame(codes(pipeline), ['wrong_size/50001', 'wrong_size/50002']);
    pipeline.play(1, 5);
    t.match(
      pipeline.events.filter(({ kind }) => kind === 'warnings_over'),
      [{ codes: ['wrong_size/50001', 'wrong_size/50002'] }],
    );
    pipeline.run(300);
    t.match(pipeline.summaries, [
      { frames: 5, complete: 5, warnings: [], ledger: [{ malformed: 0 }, { malformed: 0 }] },
    ]);
    t.match(pipeline.counters(0), { malformedSize: 500 });
    t.strictSame(pipeline.verify(), []);
  },
);

t.test('those that come in the series are in its summary, of a port that has no frame of it, too', async (t) => {
  const pipeline = small({ series: 'auto', frame_timeout_ms: 20 });
  pipeline.run(5);
  cutShort(pipeline, 1, 7);
  for (let frameNumber = 1; frameNumber <= 5; frameNumber++) {
    pipeline.send(0, frameNumber);
    pipeline.run(6);
    cutShort(pipeline, 1, 2);
  }
  pipeline.run(400);
  t.match(pipeline.summaries, [{ frames: 5, marked: 5 }]);
  t.match(pipeline.summaries[0]?.warnings.join(' '), /port 50002: datagrams of 1000 bytes/);
  const malformed = pipeline.summaries[0]?.ledger[1]?.malformed ?? 0;
  t.ok(malformed >= 8 && malformed <= 10, `${malformed} of the series, 7 before it`);
  t.strictSame(pipeline.verify(), []);
});

t.test('who was refused is told in each series that was open then, if it may have been a consumer', async (t) => {
  const sink = new MemorySink(4);
  sink.connect();
  const pipeline = small({ closing_timeout_ms: 2000 }, { sink });
  const knock = (reason: PeerRefusal, host: number): void =>
    void sink.refused.push({ reason, address: `192.0.2.${host}:4000` });
  const told = (): number => pipeline.events.filter(({ kind }) => kind === 'peer_refused').length;
  knock('too_many', 7);
  pipeline.run(5);
  t.equal(told(), 1);
  for (let series = 1; series <= 2; series++) {
    pipeline.arm({ firstFrameNumber: 1 });
    if (series === 1) for (const reason of Object.keys(peerRefusals) as PeerRefusal[]) knock(reason, 7);
    for (let host = 7; host < 20; host++) knock('too_many', host);
    pipeline.play(1, 3);
    pipeline.stop();
  }
  const [first, second] = pipeline.summaries.map(({ warnings }) => warnings);
  t.strictSame([first.length, second.length], [1, 1]);
  t.match(second[0], /^while this series was open: 192\.0\.2\.7 connected although .* 192\.0\.2\.8 connected although/);
  t.equal(second[0].split('connected although').length - 1, 4, 'the first few');
  t.strictSame(
    Object.values(peerRefusals)
      .filter(({ says }) => first[0].includes(says))
      .map(({ counter }) => counter),
    ['refusedTooMany', 'refusedSource', 'refusedMechanism', 'refusedSocketType'],
    'not who gives way, and not who only opens the port',
  );
  t.strictSame(codes(pipeline), ['refused_peer', 'refused_peer']);
  t.strictSame(pipeline.verify(), []);
});

t.test('who is refused while the end of a series waits for its consumer is told in that end', async (t) => {
  const sink = new MemorySink(3);
  sink.connect();
  const pipeline = small({ closing_timeout_ms: 2000 }, { sink });
  pipeline.arm({ frames: 3, firstFrameNumber: 1 });
  sink.reading = false;
  pipeline.play(1, 3);
  pipeline.run(60);
  t.equal(pipeline.words.step, seriesStep.ending);
  sink.refused.push({ reason: 'source', address: '192.0.2.9:4000' });
  pipeline.run(5);
  sink.reading = true;
  sink.read();
  pipeline.run(20);
  const warnings = [/^while this series was open: 192\.0\.2\.9 is not in consumer_source/];
  t.match(pipeline.summaries, [{ frames: 3, warnings }]);
  t.match(pipeline.messages().at(-1), { htype: 'series_end', fields: { warnings } });
  t.strictSame(pipeline.verify(), []);
});

t.test('packet numbers that no image has, before a series, put none of its images in doubt', async (t) => {
  const pipeline = small({ series: 'auto' });
  pipeline.run(5);
  const wrong = changed(pipeline.maker.packet(0, 1, 0), { packetNumber: 500 });
  for (let index = 0; index < 1000; index++) pipeline.deliver(0, wrong);
  pipeline.run(600, 5);
  t.match(codes(pipeline), ['packet_number/50001']);
  pipeline.play(1, 10);
  pipeline.run(300);
  t.match(pipeline.summaries, [{ frames: 10, complete: 10, warnings: [] }]);
  t.strictSame(pipeline.verify(), []);
});

for (const startWindowMs of [1, 20]) {
  for (const lagMs of [0, 5, 30]) {
    t.test(
      `modules at 50 and 2000, ${lagMs} ms apart, armed with 20 frames, start_window_ms ${startWindowMs}: no half ` +
        'detector is sent',
      async (t) => {
        for (const ahead of [0, 1]) {
          for (const ring of [16, 4000]) {
            const pipeline = small({ start_window_ms: startWindowMs, ring_frames: ring, closing_timeout_ms: 1000 });
            pipeline.arm({ frames: 20 });
            for (let frame = 0; frame < 40; frame++) {
              pipeline.send(0, (ahead === 0 ? 2000 : 50) + frame);
              if (frame * 2 >= lagMs) pipeline.send(1, (ahead === 1 ? 2000 : 50) + frame);
              pipeline.run(2);
            }
            pipeline.run(400);
            t.match(
              pipeline.summaries,
              [{ aborted: 'ports_disagree', frames: 0 }],
              `port ${ahead} is ahead, ring ${ring}`,
            );
            t.match(
              pipeline.summaries[0]?.warnings.join(' '),
              ahead === 0
                ? /port 50001: frame 20\d\d, port 50002: frame \d+\)/
                : /port 50001: frame \d+, port 50002: frame 20\d\d\)/,
            );
            t.strictSame(pipeline.verify(), []);
          }
        }
      },
    );
  }
}

t.test('a module that disagrees and begins when frames were sent is a warning', async (t) => {
  const pipeline = small();
  pipeline.arm({ frames: 20 });
  for (let frame = 0; frame < 20; frame++) {
    pipeline.send(0, 50 + frame);
    if (frame >= 10) pipeline.send(1, 2000 + frame);
    pipeline.run(12);
  }
  pipeline.run(300);
  t.match(pipeline.summaries, [{ frames: 20, complete: 0 }]);
  t.equal(pipeline.summaries[0]?.aborted, undefined);
  t.match(
    pipeline.summaries[0]?.warnings.join(' '),
    /differ between ports \(port 50001: frame 50, port 50002: frame 2010\)/,
  );
  t.strictSame(pipeline.verify(), []);
});

t.test('a port that lost a short series, and has the frames behind its end, does not disagree', async (t) => {
  const pipeline = small();
  pipeline.arm({ frames: 2, firstFrameNumber: 50 });
  for (let frame = 50; frame < 60; frame++) {
    pipeline.send(0, frame);
    if (frame >= 52) pipeline.send(1, frame, all);
    pipeline.run(2);
  }
  pipeline.run(300);
  t.match(pipeline.summaries, [{ frames: 2, marked: 2 }]);
  t.equal(pipeline.summaries[0]?.aborted, undefined);
  t.strictSame(pipeline.verify(), []);
});

t.test('packets behind a gap that nobody confirms before the end of their series are told', async (t) => {
  for (const [numbers, told] of [
    [[9, 10], /port 50001: packets to frame 10 came, and were not taken.* The last frame that was taken is 3\./],
    [[9], /port 50001: packets to frame 9 came/],
    [[10 ** 6], null],
    [[], null],
  ] as const) {
    const pipeline = small({
      series: 'auto',
      udp_ports: '[50001]',
      detector: 'gotthard2',
      modules: null,
      dynamic_range: null,
      read_n_rows: null,
    });
    pipeline.run(5);
    for (let frame = 1; frame <= 3; frame++) pipeline.send(0, frame);
    pipeline.run(5);
    for (const number of numbers) pipeline.send(0, number);
    pipeline.run(400);
    t.match(pipeline.summaries, [{ frames: 3, complete: 3, warnings: told === null ? [] : [told] }]);
    t.equal(pipeline.summaries[0]?.warnings.length, told === null ? 0 : 1, String(numbers));
    t.strictSame(pipeline.verify(), []);
  }
});
