// A hundred thousand datagrams, most of them hostile; ten million and more with `npm run hostile -- --datagrams
// 10000000`.

import t from 'tap';
import { playHostile } from './hostile-datagrams.js';

t.test(
  'a hundred thousand datagrams, true and hostile: each in its class, no wrong pixel, sums right, either placement',
  { timeout: 300_000 },
  async (t) => {
    let datagrams = 0;
    let complete = 0;
    const seen = new Set<string>();
    const classes = new Map<string, number>();
    let memory: WebAssembly.Memory | undefined;
    for (let seed = 1; datagrams < 100_000; seed++) {
      const round = playHostile(seed, 1000, memory);
      memory = round.memory;
      datagrams += round.datagrams;
      complete += round.complete;
      seen.add(`${round.detector} ${round.placement}`);
      for (const [name, count] of round.classes) classes.set(name, (classes.get(name) ?? 0) + count);
      if (round.problems.length > 0)
        t.fail(`seed ${seed}: node dist/test/hostile/datagrams-command.js --seed ${seed}`, {
          problems: round.problems.slice(0, 5),
        });
    }
    t.ok(datagrams >= 100_000);
    t.ok(complete > 100, `${complete} frames came through whole`);
    t.equal(seen.size, 8, 'every detector by either placement');
    for (const name of [
      'accepted',
      'duplicate',
      'foreignSource',
      'headerPacket',
      'malformedSize',
      'malformedVersion',
      'malformedDetectorType',
      'malformedPacketNumber',
      'malformedPosition',
      'malformedFrameNumber',
      'foreignSeries',
    ]) {
      t.ok((classes.get(name) ?? 0) > 0, `${name} occurred`);
    }
  },
);
