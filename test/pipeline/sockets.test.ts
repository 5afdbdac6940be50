// Several sockets in the whole pipeline: who must be there before a series opens, what a slow consumer of one socket
// does to the others, and what is said when one of them goes.

import t from 'tap';
import { Random } from '../../src/base/random.js';
import { SocketWords } from '../../src/memory/socket-words.js';
import { MemorySink } from './memory-sink.js';
import type { Pipeline } from './pipeline.js';
import { SeveralSink } from './several-sink.js';
import { small } from './small.js';

interface Several {
  readonly pipeline: Pipeline;
  readonly sink: SeveralSink;
  readonly problems: string[];
}

/** A pipeline with `count` sockets that hold so many messages each; nobody is connected. */
function several(count: number, keys: Readonly<Record<string, unknown>> = {}, limit = 4, slow = -1): Several {
  const problems: string[] = [];
  const sockets = Array.from({ length: count }, () => new MemorySink(limit));
  const sink = new SeveralSink(new Random(1), sockets, slow, problems);
  const ports = `[${sockets.map(() => 0).join(', ')}]`;
  return { pipeline: small({ data_port: ports, ...keys }, { sink }), sink, problems };
}

const socketsOf = ({ pipeline: { buffer, map }, sink }: Several): SocketWords[] =>
  sink.sockets.map((_, index) => new SocketWords(buffer, map.socketWords, index));

t.test('series leave by all sockets, and the consumer puts them together again', async (t) => {
  const world = several(3);
  const { pipeline, sink, problems } = world;
  sink.connect();
  for (const [filename, first] of [
    ['a', 1],
    ['b', 100],
  ] as const) {
    pipeline.arm({ filename, firstFrameNumber: first });
    pipeline.play(first, first + 10);
    pipeline.stop();
  }
  t.match(pipeline.summaries, [
    { frames: 11, complete: 11 },
    { frames: 11, complete: 11 },
  ]);
  t.strictSame(pipeline.verify(), []);
  t.strictSame(problems, []);
  // Header, images 0, 3, 6, 9 and the end; images 1, 4, 7, 10; images 2, 5, 8.
  t.strictSame(
    socketsOf(world).map(({ messages, peers }) => [messages, peers]),
    [
      [12, 1],
      [8, 1],
      [6, 1],
    ],
  );
});

t.test('a series opens when each socket has its consumer, not before', async (t) => {
  const { pipeline, sink } = several(3);
  t.match(pipeline.arm(), { kind: 'refused', why: 'no_consumer', problems: [/connected to the data port: /] });
  sink.sockets[0].connect();
  sink.sockets[2].connect();
  t.match(pipeline.arm(), { kind: 'refused', problems: [/connected to 1 of the 3 data ports: /] });
  sink.sockets[1].connect();
  t.match(pipeline.arm(), { kind: 'armed' });
});

t.test('an automatic series waits for the consumers of all sockets', async (t) => {
  const { pipeline, sink } = several(2, { series: 'auto' });
  sink.sockets[0].connect();
  pipeline.play(1, 10);
  t.equal(pipeline.counters(0).accepted, 0);
  sink.sockets[1].connect();
  pipeline.run(30);
  pipeline.play(11, 20);
  pipeline.run(300);
  t.match(pipeline.summaries, [{ first_frame_number: 11, frames: 10, complete: 10 }]);
  t.strictSame(pipeline.verify(), []);
});

t.test('more consumers at one socket than configured are refused, as many at each are not', async (t) => {
  const { pipeline, sink } = several(2);
  sink.connect();
  sink.sockets[1].connect();
  t.match(pipeline.arm(), { kind: 'refused', why: 'unsafe', problems: [/^2 consumers are connected, 1 expected/] });
  sink.sockets[1].disconnect();
  t.match(pipeline.arm(), { kind: 'armed' });
});

t.test('a consumer that reads nothing holds the others up, and loses nothing', async (t) => {
  const world = several(3, { ring_frames: 64 }, 4, 1);
  const { pipeline, sink, problems } = world;
  sink.connect();
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.play(1, 40);
  // Four of its own wait in the socket: images 1, 4, 7, 10. Then 11 and 12, and 13 is its again.
  t.equal(sink.taken.length, 1 + 13);
  t.ok(sink.queue.length <= 4, 'the others have read theirs');
  pipeline.run(100);
  const [first, slow, third] = socketsOf(world).map(({ blockedSeconds }) => blockedSeconds);
  t.strictSame([first, third], [0, 0]);
  t.ok(slow >= 0.1, 'it is named by the time for which the stream waited for it');
  pipeline.command({ kind: 'stop' });
  for (let turn = 0; turn < 400; turn++) {
    pipeline.run(1);
    sink.read(1);
  }
  t.match(pipeline.summaries, [{ frames: 40, complete: 40 }]);
  sink.read();
  t.strictSame(pipeline.verify(), []);
  t.strictSame(problems, []);
});

t.test('one that never reads again ends the series as one socket would: consumer_stalled', async (t) => {
  const { pipeline, sink, problems } = several(2, { max_owed_frames: 5 }, 2, 1);
  sink.connect();
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.play(1, 60);
  pipeline.run(300);
  t.match(pipeline.summaries, [{ aborted: 'consumer_stalled' }]);
  sink.read();
  pipeline.run(300);
  t.strictSame(pipeline.verify(), []);
  t.strictSame(problems, []);
});

t.test('a consumer that goes from one socket ends the series, and it is said from which', async (t) => {
  const { pipeline, sink, problems } = several(2);
  sink.connect();
  pipeline.arm({ filename: 'first', firstFrameNumber: 1 });
  pipeline.play(1, 9);
  sink.sockets[1].disconnect();
  pipeline.play(10, 20);
  pipeline.run(300);
  t.match(pipeline.summaries, [{ aborted: 'consumer_lost', frames: 9, lost_endpoint: 'memory:1' }]);
  t.match(pipeline.messages().at(-1), { htype: 'series_end', fields: { aborted: 'consumer_lost' } });
  t.match(pipeline.arm(), { kind: 'refused', problems: [/1 of the 2 data ports/] });
  sink.connect();
  pipeline.arm({ filename: 'second', firstFrameNumber: 100 });
  pipeline.play(100, 109);
  pipeline.stop();
  t.match(pipeline.summaries[1], { frames: 10, complete: 10 });
  t.notOk('lost_endpoint' in pipeline.summaries[1]);
  t.strictSame(pipeline.verify(), []);
  t.strictSame(problems, []);
});

for (const kind of ['stop', 'shutdown'] as const)
  t.test(`${kind}: an end waits for room at the first socket, whoever has gone from the others`, async (t) => {
    const { pipeline, sink, problems } = several(2, { closing_timeout_ms: 10_000 }, 3);
    sink.connect();
    sink.reading = false;
    pipeline.arm({ firstFrameNumber: 1 });
    // Header and two images fill the first socket; the next image waits for it.
    pipeline.play(1, 9);
    sink.sockets[1].disconnect();
    pipeline.command({ kind });
    pipeline.run(1000);
    t.strictSame(pipeline.summaries, [], 'its consumer is there and may read yet');
    t.notOk(pipeline.words.endPending);
    t.notOk(pipeline.events.some((event) => event.kind === 'drained'));
    sink.reading = true;
    sink.read();
    pipeline.run(50);
    t.match(pipeline.summaries, [{ aborted: 'consumer_lost', end_pending: false }]);
    t.match(pipeline.messages().at(-1), { htype: 'series_end' });
    t.equal(
      pipeline.events.some((event) => event.kind === 'drained'),
      kind === 'shutdown',
    );
    t.strictSame(problems, []);
  });

t.test('with one socket nobody is told of sockets', async (t) => {
  const pipeline = small();
  pipeline.arm({ firstFrameNumber: 1 });
  pipeline.play(1, 5);
  pipeline.sink.disconnect();
  pipeline.run(300);
  t.match(pipeline.summaries, [{ aborted: 'consumer_lost' }]);
  t.notOk('lost_endpoint' in pipeline.summaries[0]);
});
