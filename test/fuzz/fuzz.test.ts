import t from 'tap';
import { closeOperator } from './operator.js';
import { playSeed } from './play.js';
import type { SeedResult } from './play.js';

/** Seeds of one test run; `npm run fuzz` plays thousands. */
const seeds = 300;

async function playTold(seed: number): Promise<SeedResult & { story: readonly string[] }> {
  const story: string[] = [];
  return { ...(await playSeed(seed, (line) => story.push(line))), story };
}

t.setTimeout(600_000);
t.teardown(closeOperator);

t.test(`${seeds} seeded worlds of faults, stalls and moods: everything that must hold holds`, async (t) => {
  const sums = { frames: 0, series: 0, processes: 0, shared: 0 };
  for (let seed = 1; seed <= seeds; seed++) {
    const { problems, frames, series, processes, shared } = await playSeed(seed);
    sums.frames += frames;
    sums.series += series;
    sums.processes += processes;
    if (shared) sums.shared++;
    if (problems.length > 0)
      t.fail(`seed ${seed}; again: npm run fuzz -- --seed ${seed}`, { problems: problems.slice(0, 5) });
  }
  t.ok(sums.frames > 5 * seeds, `${sums.frames} frames were sent`);
  t.ok(sums.series > seeds, `${sums.series} series were opened`);
  t.ok(sums.shared > seeds / 20, `in ${sums.shared} worlds several instances shared the detector`);
  t.ok(sums.processes > seeds, `${sums.processes} processes ran`);
});

t.test('a seed gives the same run again, message by message and answer by answer', async (t) => {
  for (const seed of [17, 18, 21]) {
    const first = await playTold(seed);
    await playSeed(seed + 100);
    t.strictSame(await playTold(seed), first, `seed ${seed}`);
    t.ok(first.story.length > 3);
  }
});
