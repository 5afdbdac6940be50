import t from 'tap';
import { Random } from '../../src/base/random.js';
import { MemorySink } from './memory-sink.js';
import { armRequest } from './pipeline.js';
import { SeveralSink } from './several-sink.js';
import { SharedDetector } from './shared.js';
import type { Union } from './shared.js';
import { small } from './small.js';
import { parsed } from './stream-verdict.js';

const problemsOf = ({ checker, stuck }: Union): string[] => [
  ...checker.problems.map(({ rule, text, msgNumber }) => `${rule} (message ${msgNumber}): ${text}`),
  ...(checker.seriesOpen ? ['a series has no end'] : []),
  ...(stuck > 0 ? [`${stuck} messages stuck`] : []),
];
const kinds = ({ delivered }: Union): string => delivered.map(({ htype }) => htype[0]).join('');
const countsOf = (detector: SharedDetector): string[] =>
  detector.instances.flatMap((instance) => instance.verifyCounts());

t.test(
  'four instances: the first sends the header, each its frames, the last the end, and the union is one gapless series',
  async (t) => {
    const detector = new SharedDetector(4);
    detector.arm(10);
    const base = 1030;
    detector.play(0, 9);
    detector.run(20);
    t.strictSame(
      detector.instances.map(({ sink }) => sink.taken.length),
      [1 + 3, 3, 2, 2 + 1],
    );
    const union = detector.union(1);
    t.equal(kinds(union), `h${'i'.repeat(10)}s`);
    t.strictSame(
      union.delivered.map(({ msgNumber }) => msgNumber),
      Array.from({ length: 12 }, (_, index) => base + index),
    );
    t.strictSame(
      union.delivered.slice(1, -1).map(({ fields }) => [fields['frame'], fields['frame_number']]),
      Array.from({ length: 10 }, (_, index) => [index, index + 1]),
    );
    t.match(union.delivered.at(-1)?.fields, { frames: 2, complete: 2, shared: { stride: 4, offset: 3, frames: 10 } });
    t.strictSame(problemsOf(union), []);
    t.strictSame(countsOf(detector), []);
    t.match(
      detector.instances.map(({ summaries }) => summaries[0]),
      [0, 1, 2, 3].map((offset) => ({
        complete: offset < 2 ? 3 : 2,
        first_frame_number: 1,
        shared: { stride: 4, offset, frames: 10, msg_number_base: base },
      })),
    );
  },
);

t.test(
  'series after series the numbers go on, also where one is stopped and the next has another first frame',
  async (t) => {
    const detector = new SharedDetector(3);
    detector.arm(7);
    detector.play(0, 6);
    detector.run(20);
    detector.arm(1000, { firstFrameNumber: 8 });
    detector.play(0, 30);
    t.match(detector.stop(), { frames: 31 });
    detector.arm(5, { firstFrameNumber: 900 });
    detector.play(0, 4);
    detector.run(20);
    const union = detector.union(7);
    t.equal(kinds(union), `h${'i'.repeat(7)}sh${'i'.repeat(31)}sh${'i'.repeat(5)}s`);
    t.strictSame(problemsOf(union), []);
  },
);

t.test('an instance with several sockets begins each series at the first, whoever hands over the header', async (t) => {
  const sinks = [0, 1].map(() => new SeveralSink(new Random(1), [new MemorySink(100), new MemorySink(100)], -1, []));
  for (const sink of sinks) sink.connect();
  const detector = new SharedDetector(2, { data_port: '[0, 0]' }, (offset) => ({ sink: sinks[offset] }));
  // Of series that leave an odd number of images with each instance.
  for (const frames of [2, 6, 20]) {
    detector.arm(frames);
    detector.play(0, frames - 1);
    detector.run(20);
  }
  t.strictSame(
    sinks[1].sockets.map(({ received }) =>
      received
        .map((message) => parsed(message))
        .map(({ htype, fields }) => (htype === 'image' ? fields['frame'] : 'end')),
    ),
    [
      [1, 'end', 1, 5, 'end', 1, 5, 9, 13, 17, 'end'],
      [3, 3, 7, 11, 15, 19],
    ],
  );
  const union = detector.union(4);
  t.strictSame(problemsOf(union), []);
});

const fifthOn = { frames: 2, firstFrameNumber: 5, msgNumberBase: 5000 };

/** Two instances; what the second one has handed over its consumer has not read, and the first one's are through. */
function secondBehind(queued = 0): SharedDetector {
  const detector = new SharedDetector(2);
  detector.instances[1].sink.reading = false;
  detector.arm(4);
  for (let message = 0; message < queued; message++) detector.instances[1].sink.queue.push({ parts: [] });
  detector.play(0, 3);
  detector.run(20);
  return detector;
}

t.test(
  'an instance opens when its images of the series before are at the consumer, so no header passes them',
  async (t) => {
    const detector = secondBehind();
    const [, instance] = detector.instances;
    t.ok(instance.idle);
    const id = instance.command({
      kind: 'arm',
      request: { ...armRequest, ...fifthOn },
    });
    const answers = () => instance.events.filter((event) => 'id' in event && event.id === id).map(({ kind }) => kind);
    instance.run(1000);
    t.strictSame(answers(), [], 'not before');
    instance.sink.read();
    instance.run(20);
    t.strictSame(answers(), ['armed']);
  },
);

t.test('an end that an instance owes goes out before it opens the next series', async (t) => {
  const others = 6;
  const detector = secondBehind(others);
  const [, instance] = detector.instances;
  instance.run(400);
  t.ok(instance.words.endPending, 'there is no room for the end');
  const id = instance.command({ kind: 'arm', request: { ...armRequest, ...fifthOn, force: true } });
  instance.run(1000);
  instance.sink.queue.splice(0, others);
  instance.sink.reading = true;
  instance.sink.read();
  instance.run(20);
  t.match(instance.messages().at(-1), { htype: 'series_end', msgNumber: 1010 + 5 });
  t.ok(instance.events.some((event) => event.kind === 'armed' && event.id === id));
});

t.test('it is refused when the consumer does not take them, and the next arm request is served', async (t) => {
  const detector = secondBehind();
  const [, instance] = detector.instances;
  t.match(instance.arm(fifthOn), {
    kind: 'refused',
    why: 'no_consumer',
    problems: [/has not taken all of the series/],
  });
  t.ok(instance.idle);
  instance.sink.read();
  t.match(instance.arm(fifthOn), { kind: 'armed', msg_number: 5000 });
});

t.test('a stop meanwhile refuses it, too', async (t) => {
  const detector = secondBehind();
  const [, instance] = detector.instances;
  const arm = instance.command({
    kind: 'arm',
    request: { ...armRequest, ...fifthOn },
  });
  instance.run(20);
  instance.command({ kind: 'halt' });
  instance.run(20);
  t.match(
    instance.events.find((event) => 'id' in event && event.id === arm),
    { kind: 'refused', why: 'busy' },
  );
  t.ok(instance.idle);
});

t.test('a series of fewer frames than instances is whole, too', async (t) => {
  const detector = new SharedDetector(4);
  for (const frames of [1, 2, 3, 4]) {
    detector.arm(frames);
    detector.play(0, frames - 1);
    detector.run(20);
    t.ok(detector.instances.every(({ idle }) => idle));
  }
  const union = detector.union(3);
  t.equal(kinds(union), 'hishiishiiishiiiis');
  t.strictSame(problemsOf(union), []);
});

t.test('a stop in the middle: all instances fill up to the last frame that any of them has seen', async (t) => {
  const detector = new SharedDetector(4);
  detector.arm(100_000);
  // The last frames of instances 2 and 3 are lost whole, and so is instance 1's before: only instance 0 has seen index
  // 12.
  detector.play(0, 12, (index) => index >= 9 && index < 12);
  const { frames, summaries } = detector.stop();
  t.equal(frames, 13);
  t.match(summaries, [
    { frames: 4, complete: 4 },
    { frames: 3, marked: 1, incomplete: [[9, 9]] },
    { frames: 3, marked: 1, incomplete: [[10, 10]] },
    { frames: 3, marked: 1, incomplete: [[11, 11]] },
  ]);
  const union = detector.union(5);
  t.equal(kinds(union), `h${'i'.repeat(13)}s`);
  t.match(union.delivered.at(-1), { msgNumber: 1030 + 14, fields: { shared: { frames: 13 } } });
  t.strictSame(problemsOf(union), []);
  t.strictSame(countsOf(detector), []);
});

t.test('a stop while the detector goes on: what comes after the halt is of no series', async (t) => {
  const detector = new SharedDetector(2);
  detector.arm(1000);
  detector.play(0, 9);
  detector.instances[0]?.halt();
  detector.play(10, 14);
  const { frames } = detector.stop();
  t.equal(frames, 14, 'instance 1 has seen index 13, instance 0 nothing beyond 8');
  const union = detector.union(2);
  t.equal(kinds(union), `h${'i'.repeat(14)}s`);
  t.match(union.checker.counts, { complete: 12, marked: 2 });
  t.strictSame(problemsOf(union), []);
});

t.test('a stop before any frame ends a series of none', async (t) => {
  const detector = new SharedDetector(3);
  detector.arm(50);
  t.equal(detector.stop().frames, 0);
  t.equal(kinds(detector.union(1)), 'hs');
  t.strictSame(problemsOf(detector.union(1)), []);
});

t.test('an instance that has sent all its frames answers a halt with the whole series', async (t) => {
  const detector = new SharedDetector(2);
  detector.arm(6);
  detector.play(0, 5, (index) => index === 5);
  detector.run(20);
  t.ok(detector.instances[0]?.idle);
  t.match(detector.instances[0]?.halt(), { frames: 6, ended: true });
  t.match(detector.instances[1]?.halt(), { frames: 4, ended: false });
  const id = detector.instances[1]?.command({ kind: 'stop', end: { frames: 6, withdraw: false } });
  detector.run(50);
  t.ok(detector.instances[1]?.events.some((event) => event.kind === 'stopped' && event.id === id));
  t.equal(kinds(detector.union(1)), 'hiiiiiis');
  t.strictSame(problemsOf(detector.union(1)), []);
});

t.test('silence ends all parts, filled up to the frames asked for', async (t) => {
  const detector = new SharedDetector(2);
  detector.arm(8, { framePeriodMs: 1 });
  detector.play(0, 4);
  detector.run(5600);
  const union = detector.union(9);
  t.equal(kinds(union), `h${'i'.repeat(8)}s`);
  t.match(union.checker.counts, { complete: 5, marked: 3 });
  t.strictSame(problemsOf(union), []);
});

t.test('ten periods of silence are ten frames of the instance, however many share the detector', async (t) => {
  const detector = new SharedDetector(16);
  const framePeriodMs = 1000;
  detector.arm(48, { framePeriodMs });
  for (let index = 0; index < 48; index++) {
    detector.play(index, index);
    for (const instance of detector.instances) instance.run(framePeriodMs, 100);
  }
  const union = detector.union(4);
  t.match(union.checker.counts, { complete: 48, marked: 0 });
  t.strictSame(problemsOf(union), []);
});

t.test('a stop of one instance alone is refused, and says what to do', async (t) => {
  const detector = new SharedDetector(2);
  detector.arm(8);
  const instance = detector.instances[1];
  instance?.command({ kind: 'stop' });
  detector.run(20);
  t.match(
    instance?.events.find(({ kind }) => kind === 'refused'),
    { why: 'invalid', problems: [/instance 1 of 2.*vdcu stop --endpoints/] },
  );
  instance?.command({ kind: 'stop', end: { frames: 0, withdraw: false } });
  detector.run(20);
  t.match(instance?.events.filter(({ kind }) => kind === 'refused').at(-1), { why: 'busy', problems: [/not halted/] });
  t.notOk(instance?.idle);
});

t.test('the end may lie neither below what was seen nor beyond what was asked for', async (t) => {
  const detector = new SharedDetector(2);
  detector.arm(20);
  detector.play(0, 9);
  const [, instance] = detector.instances;
  t.match(instance?.halt(), { frames: 10 });
  for (const end of [
    { frames: 9, withdraw: false },
    { frames: 21, withdraw: false },
    { frames: 0, withdraw: true },
  ]) {
    instance?.command({ kind: 'stop', end });
    detector.run(5);
    t.match(instance?.events.at(-1), { kind: 'refused', why: 'busy' }, JSON.stringify(end));
  }
});

t.test('a halted part that is not told where the series ends is cut short, and says so', async (t) => {
  const detector = new SharedDetector(2);
  detector.arm(20);
  detector.play(0, 9);
  detector.instances[1]?.halt();
  detector.run(300);
  t.match(detector.instances[1]?.summaries[0], { aborted: 'no_last_frame', frames: 5 });
});

t.test('a part that is withdrawn sends nothing and takes no numbers', async (t) => {
  const detector = new SharedDetector(2);
  const [, instance] = detector.instances;
  const before = instance?.words.messageNumber;
  instance?.arm({ frames: 10, firstFrameNumber: 1, msgNumberBase: 5000 });
  t.match(instance?.halt(), { msg_number_base: 5000, frames: 0 });
  instance?.command({ kind: 'stop', end: { frames: 0, withdraw: true } });
  detector.run(20);
  t.ok(instance?.idle);
  t.equal(instance?.sink.taken.length, 0);
  t.equal(instance?.words.messageNumber, before);
});

t.test('a series whose header was handed over cannot be withdrawn: it ends, with no frames', async (t) => {
  const detector = new SharedDetector(2);
  detector.arm(10);
  const [leader] = detector.instances;
  t.match(leader?.halt(), { frames: 0, ended: false });
  leader?.command({ kind: 'stop', end: { frames: 0, withdraw: true } });
  leader?.run(5);
  t.match(leader?.events.at(-1), {
    kind: 'refused',
    why: 'busy',
    problems: [/withdraw is not possible: the header was handed over/],
  });
  t.equal(detector.stop().frames, 0);
  t.equal(kinds(detector.union(1)), 'hs');
});

t.test(
  'a halt while the header waits for the consumer withdraws the series: it is not opened afterwards',
  async (t) => {
    const detector = new SharedDetector(2);
    const [leader] = detector.instances;
    if (leader === undefined) throw new Error('it has instances');
    leader.sink.disconnect();
    leader.sink.connect();
    leader.sink.reading = false;
    // The queue before the consumer is full.
    for (let queued = 0; queued < 8; queued++) leader.sink.queue.push({ parts: [] });
    const arm = leader.command({
      kind: 'arm',
      request: { ...armRequest, frames: 10, firstFrameNumber: 1, msgNumberBase: 5000 },
    });
    leader.run(5);
    t.equal(leader.halt(), null, 'there is no series');
    t.match(
      leader.events.find((event) => event.kind === 'refused'),
      { id: arm, why: 'busy', problems: [/stopped before it was opened/] },
    );
    leader.sink.reading = true;
    leader.sink.queue.length = 0;
    leader.run(100);
    t.ok(leader.idle);
    t.equal(leader.sink.taken.length, 0, 'and no header comes after all');
  },
);

t.test('a halt while the end of the last series still waits refuses the arm request', async (t) => {
  const detector = new SharedDetector(2);
  const [, last] = detector.instances;
  if (last === undefined) throw new Error('it has instances');
  detector.arm(2);
  last.sink.reading = false;
  for (let queued = 0; queued < 8; queued++) last.sink.queue.push({ parts: [] });
  detector.play(0, 1, () => true);
  last.run(20);
  last.halt();
  last.command({ kind: 'stop', end: { frames: 2, withdraw: false } });
  for (let waited = 0; waited < 1000 && !last.idle; waited++) last.run(1);
  t.ok(last.idle && last.words.endPending, 'its end is owed');
  const arm = last.command({
    kind: 'arm',
    request: { ...armRequest, frames: 10, firstFrameNumber: 1, msgNumberBase: 5000 },
  });
  last.run(2);
  t.match(last.halt(), { msg_number_base: 1010, ended: true });
  t.match(
    last.events.find((event) => event.kind === 'refused'),
    { id: arm, why: 'busy', problems: [/stopped before it was opened/] },
  );
});

t.test('a service that is ended in a shared series cuts its part short; the end keeps its number', async (t) => {
  const detector = new SharedDetector(2);
  detector.arm(20);
  detector.play(0, 9);
  detector.instances[1]?.command({ kind: 'shutdown' });
  detector.run(50);
  t.match(detector.instances[1]?.summaries[0], { aborted: 'instance_stopped' });
  t.match(detector.instances[1]?.messages().at(-1), { htype: 'series_end', msgNumber: 1010 + 21 });
  const union = detector.union(1);
  t.ok(union.stuck > 0 || union.checker.seriesOpen, 'the consumer waits: that is the truth');
});

t.test(
  'an instance that dies leaves the consumer waiting; the next header frees it, with nothing of the old series',
  async (t) => {
    const detector = new SharedDetector(2);
    detector.arm(20);
    detector.play(0, 5);
    // Instance 1 is gone: its later frames never come.
    detector.play(6, 19, (index) => index % 2 === 1);
    const [alive] = detector.instances;
    t.equal(alive?.summaries[0]?.complete, 10);
    const after = new SharedDetector(2, {}, () => ({ firstMessageNumber: 3000 }));
    after.arm(4);
    after.play(0, 3);
    after.run(20);
    const first = detector.union(4);
    t.ok(first.checker.seriesOpen && first.stuck > 0);
    t.equal(kinds(after.union(4)), 'hiiiis');
  },
);

t.test('frames of another instance are foreign, are said, and nothing of them is placed', async (t) => {
  const detector = new SharedDetector(4);
  detector.arm(100);
  const instance = detector.instances[2];
  for (let index = 0; index < 8; index++) {
    instance?.send(0, 1 + index * 4);
    instance?.run(1);
  }
  instance?.run(600);
  t.match(instance?.counters(0), { received: 32, accepted: 0, foreignSeries: 32 });
  t.ok(
    instance?.events.some(
      (event) => event.kind === 'warning' && /frames of instance 0 of 4 come here, to instance 2/.test(event.message),
    ),
  );
});

t.test('numbers that were used, and requests without what sharing needs, are refused', async (t) => {
  const detector = new SharedDetector(2);
  const [instance] = detector.instances;
  t.match(instance?.arm({ frames: 4, firstFrameNumber: 1, msgNumberBase: 999 }), {
    kind: 'refused',
    why: 'invalid',
    problems: [/999 was used already: needs 1000/],
  });
  t.match(instance?.arm({ frames: 4, firstFrameNumber: 1, msgNumberBase: 1000 }), { kind: 'armed', msg_number: 1000 });
});

t.test('a single instance takes the number of its header from the request, and goes on from there', async (t) => {
  const pipeline = small();
  pipeline.arm({ frames: 2, msgNumberBase: 5000 });
  pipeline.play(1, 2);
  pipeline.run(20);
  t.strictSame(
    pipeline.messages().map(({ msgNumber }) => msgNumber),
    [5000, 5001, 5002, 5003],
  );
  t.strictSame(pipeline.verify(), []);
});

t.test('one lost packet is the loss of one instance, and named in its frame alone', async (t) => {
  const detector = new SharedDetector(4);
  detector.arm(24);
  detector.play(0, 23, (index, port, packet) => index === 6 && port === 1 && packet === 2);
  detector.run(100);
  const union = detector.union(11);
  t.strictSame(problemsOf(union), []);
  t.strictSame(
    union.delivered
      .filter(({ fields }) => fields['complete'] === false)
      .map(({ fields }) => [fields['frame'], fields['missing']]),
    [[6, { 50002: [[2, 2]] }]],
  );
  t.strictSame(
    detector.instances.map(({ summaries }) => summaries[0]?.ledger[1]?.missing),
    [0, 0, 1, 0],
  );
});

for (const compiled of [true, false]) {
  t.test(
    "packets of another instance's frames between those of an own one are not placed in it, " +
      `${compiled ? 'compiled' : 'by the reference'}`,
    async (t) => {
      const detector = new SharedDetector(4, {}, () => ({ compiled }));
      detector.arm(16);
      detector.play(0, 7);
      const [instance] = detector.instances;
      for (const port of [0, 1]) {
        instance?.send(port, 9, [0, 1]);
        for (const stranger of [10, 11, 12, 8]) instance?.send(port, stranger, [2, 3]);
        instance?.send(port, 9, [2, 3]);
      }
      instance?.run(2);
      t.match(instance?.counters(0), { accepted: 3 * 4, foreignSeries: 4 * 2, duplicate: 0, lateDuplicate: 0 });
      detector.play(9, 15);
      detector.run(20);
      const union = detector.union(1);
      t.equal(union.checker.counts.complete, 16);
      t.strictSame(problemsOf(union), []);
    },
  );
}

const seeds = 12;

t.test(
  `${seeds} seeded runs with loss, duplicates and stops: one gapless series, every pixel checked, placed compiled ` +
    'as by the reference',
  async (t) => {
    for (let seed = 1; seed <= seeds; seed++) {
      const random = new Random(seed);
      const count = 2 + random.integer(4);
      const detectors = [true, false].map(
        (compiled) => new SharedDetector(count, { ring_frames: 6 + random.integer(20) }, () => ({ compiled })),
      );
      const series = 1 + random.integer(3);
      const plan = Array.from({ length: series }, () => ({
        frames: 1 + random.integer(60),
        firstFrameNumber: random.pick([1, 2, 3, 17, 2 ** 32 - 5, 2 ** 48 + random.integer(99)]),
        stopAt: random.chance(0.5) ? random.integer(60) : -1,
        loss: random.pick([0, 0.02, 0.3]),
      }));
      const unions = detectors.map((detector) => {
        for (const [number, { frames, firstFrameNumber, stopAt, loss }] of plan.entries()) {
          const own = new Random(seed * 1000 + number);
          detector.arm(frames, { firstFrameNumber });
          detector.play(0, Math.min(frames - 1, stopAt < 0 ? Infinity : stopAt), () => own.chance(loss));
          detector.run(200);
          if (detector.instances.some(({ idle }) => !idle)) detector.stop();
          detector.run(5);
        }
        return detector.union(seed);
      });
      for (const union of unions) t.strictSame(problemsOf(union), [], `seed ${seed}`);
      for (const detector of detectors) t.strictSame(countsOf(detector), [], `seed ${seed}`);
      t.strictSame(
        unions[0]?.delivered.map(({ fields }) => fields),
        unions[1]?.delivered.map(({ fields }) => fields),
        `seed ${seed}: compiled as the reference`,
      );
      t.equal(unions[0]?.checker.counts.seriesEnds, series, `seed ${seed}`);
      if (!t.passing()) return;
    }
  },
);
