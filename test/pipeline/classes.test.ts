import t from 'tap';
import { firstNumberOf } from '../../src/detector/frame-share.js';
import type { PortCounter } from '../../src/memory/counters.js';
import { changed } from './packets.js';
import type { HeaderChanges } from './packets.js';
import type { Pipeline } from './pipeline.js';
import { all, small } from './small.js';

/** What the counters of port 0 did while `act` ran. */
function counted(pipeline: Pipeline, act: () => void, port = 0): Partial<Record<PortCounter, number>> {
  const before = pipeline.counters(port);
  act();
  pipeline.settle();
  const after = pipeline.counters(port);
  const names = Object.keys(after) as PortCounter[];
  return Object.fromEntries(
    names
      .filter((name) => name !== 'bytes' && after[name] !== before[name])
      .map((name) => [name, after[name] - before[name]]),
  );
}

/** A series in the middle of frame 11: frame 10 is complete, port 0 has packets 0 and 1 of frame 11. */
function middle(keys: Record<string, unknown> = {}, frames = 0): Pipeline {
  const pipeline = small(keys);
  pipeline.arm({ firstFrameNumber: 10, frames });
  pipeline.play(10, 10);
  pipeline.send(0, 11, [0, 1]);
  pipeline.send(1, 11);
  pipeline.settle();
  return pipeline;
}

const one = (name: PortCounter): Partial<Record<PortCounter, number>> => ({ received: 1, [name]: 1 });

t.test('each way a datagram can be malformed has its class, and its intact neighbour is accepted', async (t) => {
  const cases: readonly [PortCounter, HeaderChanges][] = [
    ['malformedVersion', { version: 1 }],
    ['malformedVersion', { version: 3 }],
    ['malformedDetectorType', { detectorType: 3 }],
    ['malformedPacketNumber', { packetNumber: 4 }],
    ['malformedPacketNumber', { packetNumber: 0xffffffff }],
    ['malformedPosition', { row: 1 }],
    ['malformedPosition', { column: 2 }],
    ['malformedPosition', { column: 1 }],
    ['malformedFrameNumber', { frameNumber: 2 ** 53 - 1 }],
    ['malformedFrameNumber', { frameNumber: 2 ** 53 }],
  ];
  for (const [name, changes] of cases) {
    const pipeline = middle();
    const good = pipeline.maker.packet(0, 11, 2);
    t.strictSame(
      counted(pipeline, () => pipeline.deliver(0, changed(good, changes))),
      one(name),
      `${name} ${JSON.stringify(changes)}`,
    );
    t.strictSame(
      counted(pipeline, () => pipeline.deliver(0, good)),
      one('accepted'),
    );
    t.strictSame(pipeline.verify(), []);
  }
});

t.test('a datagram one byte too short or too long is malformed by size', async (t) => {
  const pipeline = middle();
  const good = pipeline.maker.packet(0, 11, 2);
  t.strictSame(
    counted(pipeline, () => pipeline.deliver(0, good.subarray(0, good.length - 1))),
    one('malformedSize'),
  );
  t.strictSame(
    counted(pipeline, () => pipeline.deliver(0, Uint8Array.from([...good, 0]))),
    one('malformedSize'),
  );
  t.strictSame(
    counted(pipeline, () => pipeline.deliver(0, new Uint8Array(0))),
    one('malformedSize'),
  );
  t.strictSame(
    counted(pipeline, () => pipeline.deliver(0, new Uint8Array(60_000))),
    one('malformedSize'),
  );
  t.strictSame(
    counted(pipeline, () => pipeline.deliver(0, good)),
    one('accepted'),
  );
  pipeline.stop();
  t.strictSame(pipeline.verify(), []);
});

t.test('a datagram of 40 bytes is a header packet, of 39 or 41 is malformed', async (t) => {
  const pipeline = middle();
  for (const [bytes, name] of [
    [40, 'headerPacket'],
    [39, 'malformedSize'],
    [41, 'malformedSize'],
  ] as const) {
    t.strictSame(
      counted(pipeline, () => pipeline.deliver(0, new Uint8Array(bytes))),
      one(name),
    );
  }
});

t.test('the first thing that is wrong gives the class, in the order of the table', async (t) => {
  const pipeline = middle({}, 5);
  const good = pipeline.maker.packet(0, 11, 2);
  const everything: HeaderChanges = { version: 1, detectorType: 3, packetNumber: 4, column: 1, frameNumber: 2 ** 53 };
  const deliver = (changes: HeaderChanges) => (): void => pipeline.deliver(0, changed(good, changes));
  t.strictSame(
    counted(pipeline, () => pipeline.deliver(0, new Uint8Array(40), 0)),
    one('foreignSource'),
  );
  t.strictSame(
    counted(pipeline, () => pipeline.deliver(0, good, 0)),
    one('foreignSource'),
  );
  t.strictSame(
    counted(pipeline, () => pipeline.deliver(0, changed(good, everything).subarray(0, 500))),
    one('malformedSize'),
  );
  t.strictSame(counted(pipeline, deliver(everything)), one('malformedVersion'));
  t.strictSame(counted(pipeline, deliver({ ...everything, version: 2 })), one('malformedDetectorType'));
  t.strictSame(
    counted(pipeline, deliver({ ...everything, version: 2, detectorType: 1 })),
    one('malformedPacketNumber'),
  );
  t.strictSame(counted(pipeline, deliver({ column: 1, frameNumber: 2 ** 53 })), one('malformedPosition'));
  t.strictSame(counted(pipeline, deliver({ column: 9, frameNumber: 2 ** 53 })), one('malformedPosition'));
  t.strictSame(counted(pipeline, deliver({ frameNumber: 2 ** 53 })), one('malformedFrameNumber'));
  t.strictSame(counted(pipeline, deliver({ frameNumber: 15 })), one('foreignSeries'));
});

t.test('malformed comes before unarmed: a bad packet between series is malformed, a good one is foreign', async (t) => {
  const pipeline = middle();
  const good = pipeline.maker.packet(0, 11, 2);
  pipeline.stop();
  t.strictSame(
    counted(pipeline, () => pipeline.deliver(0, changed(good, { version: 1 }))),
    one('malformedVersion'),
  );
  t.strictSame(
    counted(pipeline, () => pipeline.deliver(0, good)),
    one('foreignUnarmed'),
  );
  t.strictSame(
    counted(pipeline, () => pipeline.deliver(0, changed(good, { frameNumber: 2 ** 40 }))),
    one('foreignUnarmed'),
  );
});

t.test('before the first series packets are checked as configured, and good ones are unarmed', async (t) => {
  const pipeline = small();
  t.strictSame(
    counted(pipeline, () => pipeline.send(0, 1)),
    { received: 4, foreignUnarmed: 4 },
  );
  t.strictSame(
    counted(pipeline, () => pipeline.deliver(0, new Uint8Array(40))),
    one('headerPacket'),
  );
  t.strictSame(
    counted(pipeline, () => pipeline.deliver(0, new Uint8Array(41))),
    one('malformedSize'),
  );
});

t.test('the last frame of the series is accepted, the next is of no series', async (t) => {
  const pipeline = middle({}, 2);
  t.strictSame(
    counted(pipeline, () => pipeline.send(0, 12)),
    { received: 4, foreignSeries: 4 },
  );
  t.strictSame(
    counted(pipeline, () => pipeline.send(0, 11, [2, 3])),
    { received: 2, accepted: 2, expected: 4, imagesComplete: 1 },
    'and ends it',
  );
  t.ok(pipeline.idle);
  t.strictSame(pipeline.verify(), []);
});

t.test('a second copy is a duplicate while its port image is open, and does not make it complete', async (t) => {
  const pipeline = middle();
  t.strictSame(
    counted(pipeline, () => pipeline.send(0, 11, [1, 1, 0])),
    { received: 3, duplicate: 3 },
  );
  t.strictSame(
    counted(pipeline, () => pipeline.send(0, 11, [2])),
    one('accepted'),
  );
  t.strictSame(
    counted(pipeline, () => pipeline.send(0, 11, [3])),
    { received: 1, accepted: 1, expected: 4, imagesComplete: 1 },
  );
});

t.test('after its image was closed a missing packet is late once, then a late duplicate', async (t) => {
  // Five start windows without a packet would be a silence, after which known numbers may be those of a restart
  // (decision 39).
  const pipeline = middle({ start_window_ms: 20 });
  pipeline.run(60);
  t.match(pipeline.counters(0), { missing: 2, imagesIncomplete: 1 });
  t.strictSame(
    counted(pipeline, () => pipeline.send(0, 11, [2])),
    one('lateFirst'),
  );
  t.strictSame(
    counted(pipeline, () => pipeline.send(0, 11, [2])),
    one('lateDuplicate'),
  );
  t.strictSame(
    counted(pipeline, () => pipeline.send(0, 11, [0])),
    one('lateDuplicate'),
    'a packet that had come in time',
  );
  t.strictSame(
    counted(pipeline, () => pipeline.send(0, 10, [3])),
    one('lateDuplicate'),
    'a packet of a complete image',
  );
  t.equal(pipeline.counters(0).missing, 2, 'a late packet does not un-miss');
  const summary = pipeline.stop();
  t.match(summary?.ledger[0], { missing: 2, late: 1, unexplained: 1, late_duplicate: 3 });
  t.strictSame(pipeline.verify(), []);
});

t.test('a packet of a sent frame whose slot holds another one is of unknown lateness', async (t) => {
  const pipeline = middle();
  pipeline.send(0, 11, [2, 3]);
  pipeline.play(12, 26);
  t.strictSame(
    counted(pipeline, () => pipeline.send(0, 11, [2])),
    one('lateDuplicate'),
    'its slot is not used again yet',
  );
  pipeline.play(27, 27);
  t.strictSame(
    counted(pipeline, () => pipeline.send(0, 11, [2])),
    one('lateUnknown'),
  );
});

t.test('beyond the ring is ring_full, and so is every packet up to the highest that was refused', async (t) => {
  const sinkless = middle({ overtake_frames: 15, start_window_ms: 20 });
  sinkless.sink.reading = false;
  for (let frame = 11; frame < 11 + 40 && sinkless.sink.queue.length < 8; frame++) sinkless.play(frame, frame);
  const next = sinkless.words.next;
  const highest = firstNumberOf(next) + 16;
  const from = firstNumberOf(sinkless.words.highest) + 1;
  for (let frame = from; frame < highest; frame++)
    t.match(
      counted(sinkless, () => sinkless.send(0, frame, [0])),
      one('accepted'),
      'the last slots',
    );
  t.match(
    counted(sinkless, () => sinkless.send(0, highest, [0])),
    one('ringFull'),
  );
  t.strictSame(
    counted(sinkless, () => sinkless.send(0, highest - 1, [1])),
    { received: 1, accepted: 1, reordered: 1 },
    'a frame that was begun goes on',
  );
  sinkless.sink.reading = true;
  sinkless.sink.read();
  sinkless.run(80);
  t.ok(sinkless.words.next > next);
  t.strictSame(
    counted(sinkless, () => sinkless.send(0, highest, [1])),
    one('lateFirst'),
    'refused whole, closed as such',
  );
  t.strictSame(
    counted(sinkless, () => sinkless.send(0, highest + 1, [1])),
    one('accepted'),
  );
  sinkless.stop();
  t.strictSame(sinkless.verify(), []);
});

t.test('an accepted packet after a later one is reordered as well', async (t) => {
  const pipeline = middle();
  t.strictSame(
    counted(pipeline, () => pipeline.send(0, 11, [3])),
    one('accepted'),
  );
  t.strictSame(
    counted(pipeline, () => pipeline.send(0, 11, [2])),
    { received: 1, accepted: 1, reordered: 1, expected: 4, imagesComplete: 1 },
  );
  t.strictSame(
    counted(pipeline, () => pipeline.send(0, 13, [0])),
    one('accepted'),
  );
  t.strictSame(
    counted(pipeline, () => pipeline.send(0, 12, [0])),
    { received: 1, accepted: 1, reordered: 1 },
  );
});

t.test('what is queued in the sockets when a series is armed is unarmed', async (t) => {
  const pipeline = small();
  for (const frame of [5, 6, 7]) pipeline.send(0, frame);
  pipeline.arm();
  t.match(pipeline.counters(0), { received: 12, foreignUnarmed: 12, accepted: 0 });
  pipeline.play(8, 9);
  pipeline.run(20);
  pipeline.stop();
  t.equal(pipeline.images()[0]?.['frame_number'], 8);
  t.strictSame(pipeline.verify(), []);
  t.equal(all.length, pipeline.maker.packets);
});
