import t from 'tap';
import type { Pipeline } from './pipeline.js';
import { all, small } from './small.js';

/** The detector of these tests, and somebody else. */
const detector = 1;
const stranger = 9;

function send(pipeline: Pipeline, port: number, frame: number, sender: number, packets: readonly number[] = all): void {
  for (const packet of packets) pipeline.deliver(port, pipeline.maker.packet(port, frame, packet), sender);
}

function play(pipeline: Pipeline, first: number, last: number, sender = detector): void {
  for (let frame = first; frame <= last; frame++) {
    for (const port of [0, 1]) send(pipeline, port, frame, sender);
    pipeline.run(1);
  }
}

for (const compiled of [false, true]) {
  const name = compiled ? 'kernel' : 'oracle';

  t.test(`a second sender is told and counted, and its packets are taken (${name})`, async (t) => {
    const pipeline = small({}, { compiled });
    pipeline.arm();
    play(pipeline, 1, 4);
    send(pipeline, 0, 5, stranger, [1]);
    send(pipeline, 0, 5, detector, [0, 2, 3]);
    send(pipeline, 1, 5, detector);
    play(pipeline, 6, 9);
    pipeline.run(600);
    t.match(
      pipeline.events.findLast((event) => event.kind === 'warning'),
      {
        code: 'second_source/50001',
        message:
          /^port 50001: packets come from 192\.0\.2\.9:0, too, .* 192\.0\.2\.1:0\. They are taken like the others/,
      },
    );
    pipeline.stop();
    t.match(pipeline.counters(0), { secondSource: 1, foreignSecondSource: 0, accepted: 36 });
    t.match(pipeline.counters(1), { secondSource: 0 });
    t.match(pipeline.summaries[0], { frames: 9, complete: 9 });
    t.equal(pipeline.summaries[0]?.warnings.length, 1);
    t.strictSame(pipeline.verify(), []);
  });

  t.test(`with enforce_source its packets are foreign, whatever they say (${name})`, async (t) => {
    const pipeline = small({ enforce_source: true }, { compiled });
    pipeline.arm();
    play(pipeline, 1, 4);
    // A packet that is missing, a jump that three packets agree on, a copy, and one that is malformed as well.
    send(pipeline, 0, 5, stranger, [1]);
    send(pipeline, 0, 5, detector, [0, 2, 3]);
    send(pipeline, 1, 5, detector);
    for (const port of [0, 1]) send(pipeline, port, 800, stranger);
    send(pipeline, 0, 4, stranger);
    pipeline.deliver(0, new Uint8Array(40), stranger);
    pipeline.run(20);
    play(pipeline, 6, 12);
    pipeline.run(600);
    pipeline.stop();
    t.match(pipeline.counters(0), { secondSource: 10, foreignSecondSource: 10, headerPacket: 0, accepted: 47 });
    t.match(pipeline.counters(1), { secondSource: 4, foreignSecondSource: 4 });
    t.match(pipeline.summaries[0], { frames: 12, complete: 11, incomplete: [[4, 4]] });
    t.notOk(pipeline.summaries[0]?.aborted);
    t.match(pipeline.summaries[0]?.warnings, [/^port 50001: .*They are not taken \(enforce_source\)/, /^port 50002: /]);
    t.equal(pipeline.summaries[0]?.ledger[0]?.foreign, 10);
    t.strictSame(pipeline.verify(), []);
  });
}

t.test('each series learns its own: a detector with another address is the next series’ detector', async (t) => {
  const pipeline = small({ enforce_source: true, series: 'auto' });
  pipeline.run(20);
  play(pipeline, 1, 5);
  play(pipeline, 6, 9, stranger);
  t.match(pipeline.counters(0), { foreignSecondSource: 16 });
  pipeline.run(200);
  play(pipeline, 10, 14, stranger);
  pipeline.run(200);
  t.match(pipeline.summaries, [
    { frames: 5, complete: 5 },
    { frames: 5, complete: 5, warnings: [] },
  ]);
  t.match(pipeline.counters(0), { foreignSecondSource: 16, secondSource: 16 });
  t.strictSame(pipeline.verify(), []);
});

t.test(
  'forged packets before the first real ones lock nobody out: fewer than three are learned from nobody',
  async (t) => {
    const pipeline = small({ enforce_source: true });
    pipeline.arm({ firstFrameNumber: 1 });
    send(pipeline, 0, 1, stranger, [0]);
    send(pipeline, 0, 2, stranger, [0]);
    pipeline.run(1);
    play(pipeline, 1, 6);
    pipeline.run(100);
    pipeline.stop();
    t.match(pipeline.counters(0), { foreignSecondSource: 0, secondSource: 0, duplicate: 2 });
    t.match(pipeline.summaries[0], { frames: 6, complete: 6 });
    t.strictSame(pipeline.verify(), []);
  },
);

t.test('who sends while no series is open is unarmed, not a second source', async (t) => {
  const pipeline = small({ enforce_source: true });
  pipeline.arm();
  play(pipeline, 1, 4);
  pipeline.run(100);
  pipeline.stop();
  send(pipeline, 0, 5, stranger);
  pipeline.run(10);
  t.match(pipeline.counters(0), { foreignUnarmed: 4, secondSource: 0, foreignSecondSource: 0 });
  t.strictSame(pipeline.verify(), []);
});

t.test('a sender that udp_source does not have is named', async (t) => {
  const pipeline = small();
  pipeline.arm();
  send(pipeline, 0, 1, 0);
  pipeline.run(1);
  t.strictSame([...(pipeline.portWords(0).sender('foreign').address ?? [])].slice(4, 8), [192, 0, 2, 0]);
  t.equal(pipeline.portWords(1).sender('foreign').known, false);
  t.match(pipeline.counters(0), { foreignSource: 4, secondSource: 0 });
});
