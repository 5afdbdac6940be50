import t from 'tap';
import { ReceivePause } from '../../src/assembly/receive-pause.js';

const wholeImage = 64;

/** Turns that bring `packets` each, `everyMs` apart. */
function run(
  packets: number,
  everyMs: number,
  turns = 64,
  { buffered = 10_000, ports = 1, lacking = wholeImage } = {},
): { pause: ReceivePause; more: (packets: number, everyMs: number, turns: number) => void } {
  let now = 0;
  const pause = new ReceivePause(ports);
  pause.setBuffered(buffered);
  const more = (count: number, every: number, times: number): void => {
    for (let turn = 0; turn < times; turn++) {
      now += every;
      pause.note(count, lacking, now);
    }
  };
  more(packets, everyMs, turns);
  return { pause, more };
}

/**
 * A thread with one port, in virtual time: a turn that finds packets takes 20 µs and one for each, one without sleep
 * waits for the next packet.
 */
function receive(arrivals: readonly number[], packetsPerImage: number): { turns: number; waits: number[] } {
  const pause = new ReceivePause(1);
  pause.setBuffered(10_000);
  const waits: number[] = [];
  let now = 0;
  let taken = 0;
  let turns = 0;
  while (taken < arrivals.length) {
    if (pause.microseconds > 0) now += pause.microseconds / 1000;
    const begun = now;
    const before = taken;
    if (pause.microseconds === 0) now = Math.max(now, arrivals[taken]);
    while (taken < arrivals.length && arrivals[taken] <= now) {
      if (++taken % packetsPerImage === 0) waits.push(now - arrivals[taken - 1]);
    }
    now += 0.02 + (taken - before) * 0.001;
    pause.note(taken - before, packetsPerImage - (taken % packetsPerImage), begun);
    turns++;
  }
  return { turns, waits: waits.slice(waits.length / 4).sort((a, b) => a - b) };
}

const frames = 400;

/**
 * Packets of frames `periodMs` apart, each spread over the first `share` of its period; some jitter, from a formula.
 */
const sent = (periodMs: number, share: number): number[] =>
  Array.from(
    { length: frames * wholeImage },
    (_, packet) =>
      Math.floor(packet / wholeImage) * periodMs +
      ((packet % wholeImage) / wholeImage) * periodMs * share +
      ((packet * 7919) % 97) * 2e-5,
  ).sort((a, b) => a - b);

t.test(
  'few datagrams per turn at a high rate: sleep until the image should be complete, in equal parts of a good batch',
  async (t) => {
    t.equal(run(2, 0.005, 64, { lacking: 64 }).pause.microseconds, 80);
    t.equal(run(1, 0.02, 64, { lacking: 20 }).pause.microseconds, 400);
    t.equal(run(1, 0.02, 64, { lacking: 33 }).pause.microseconds, 330);
    t.equal(
      run(1, 0.02, 64, { lacking: 1 }).pause.microseconds,
      160,
      'the last one with the first ones of the next image',
    );
    t.equal(run(1, 0.1).pause.microseconds, 2000, 'at most two milliseconds');
  },
);

t.test('several ports of a thread: a good batch of each', async (t) => {
  t.equal(run(4, 0.005, 64, { ports: 4, lacking: 64 }).pause.microseconds, 160);
});

t.test('large batches or a low rate: no sleep', async (t) => {
  t.equal(run(64, 0.1).pause.microseconds, 0);
  t.equal(run(1, 0.25).pause.microseconds, 0);
});

t.test('where images take little time, batches of 32 at most; else of 64', async (t) => {
  t.equal(run(1, 1 / 50, 64, { lacking: 64 }).pause.microseconds, 640);
  t.equal(run(1, 1 / 39, 64, { lacking: 64 }).pause.microseconds, 1641);
  t.equal(run(1, 1 / 39, 64, { lacking: 96 }).pause.microseconds, 1231, 'in equal parts');
});

t.test('never longer than a quarter of what the buffers hold', async (t) => {
  t.equal(run(1, 0.01, 64, { buffered: 16 }).pause.microseconds, 40);
  t.equal(run(1, 0.01, 64, { buffered: 0 }).pause.microseconds, 0);
});

t.test('judged over many turns, ended by one that finds nothing, or by a lower rate', async (t) => {
  t.equal(run(1, 0.01, 17).pause.microseconds, 0);
  const { pause, more } = run(1, 0.01);
  t.equal(pause.microseconds, 320);
  more(32, 0.32, 64);
  t.equal(pause.microseconds, 320, 'the batches that gather do not end it');
  more(0, 10, 1);
  t.equal(pause.microseconds, 0);
  more(1, 0.01, 18);
  t.equal(pause.microseconds, 320);
  more(1, 0.25, 18);
  t.equal(pause.microseconds, 0);
});

t.test('silence before the first datagram makes no low rate of a high one', async (t) => {
  const { pause, more } = run(1, 1000, 1);
  more(1, 0.01, 17);
  t.equal(pause.microseconds, 320);
});

t.test(
  'looking without waiting finds nothing most of the time: that hides no high rate, and makes none of a low one',
  async (t) => {
    const look = (everyMs: number): ReceivePause => {
      let now = 0;
      const pause = new ReceivePause(1);
      pause.setBuffered(10_000);
      for (let packet = 0; packet < 18; packet++) {
        pause.note(0, wholeImage, now);
        now += everyMs;
        pause.note(1, wholeImage, now);
      }
      return pause;
    };
    t.equal(look(0.02).microseconds, 640);
    t.equal(look(0.5).microseconds, 0);
  },
);

t.test(
  'frames spread over their period: some two turns for each, and the last packet of a frame waits for a small part ' +
    'of it',
  async (t) => {
    for (const periodMs of [0.5, 1, 2]) {
      const { turns, waits } = receive(sent(periodMs, 1), wholeImage);
      t.ok(turns < frames * 3, `${turns} turns for ${frames} frames, ${periodMs} ms apart`);
      const median = waits[waits.length >> 1];
      t.ok(
        median < periodMs * 0.2,
        `half of the frames are seen complete within ${median.toFixed(3)} ms, ${periodMs} ms apart`,
      );
      t.ok((waits.at(-1) as number) < periodMs * 0.6, `each within ${waits.at(-1)?.toFixed(3)} ms`);
    }
  },
);

t.test('frames in bursts: the last packet of a frame waits for a part of the burst, not of the period', async (t) => {
  for (const periodMs of [1, 2, 5, 10]) {
    const { waits } = receive(sent(periodMs, 0.25 / periodMs), wholeImage);
    t.ok(
      (waits.at(-1) as number) < 0.5,
      `each frame is seen complete within ${waits.at(-1)?.toFixed(3)} ms, ${periodMs} ms apart`,
    );
  }
});

t.test('a low rate in groups of datagrams is a low rate: the last packet of a frame waits for no sleep', async (t) => {
  const groups = Array.from(
    { length: frames * wholeImage },
    (_, packet) => Math.floor(packet / 16) * 2.5 + (packet % 16) * 0.01,
  );
  const { waits } = receive(groups, wholeImage);
  t.ok((waits.at(-1) as number) < 0.1, `each frame is seen complete within ${waits.at(-1)?.toFixed(3)} ms`);
});
