import t from 'tap';
import { playSeed } from './fuzz.js';

/** Seeds of one CI run. */
const seeds = 300;

t.setTimeout(600_000);

t.test(`${seeds} seeded worlds of faults, stalls and moods: everything that must hold holds`, async (t) => {
  let frames = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const { problems, frames: sent } = playSeed(seed);
    frames += sent;
    if (problems.length > 0) t.fail(`seed ${seed}; again: node dist/test/pipeline/fuzz-command.js --seed ${seed}`, { problems: problems.slice(0, 5) });
  }
  t.ok(frames > 10 * seeds, `${frames} frames were sent`);
});

t.test('seeds that once found something still hold', async (t) => {
  for (const seed of [301, 475, 599, 703, 769, 1759]) t.strictSame(playSeed(seed).problems, [], `seed ${seed}`);
});

t.test('a seed gives the same run again', async (t) => {
  const { seed, frames, series, packets, story } = playSeed(17);
  t.match(playSeed(17), { seed, frames, series, packets, story });
});
