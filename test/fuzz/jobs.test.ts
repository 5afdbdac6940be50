import t from 'tap';
import { playInJobs } from './jobs.js';
import type { JobsOptions } from './jobs.js';
import { failureLine } from './totals.js';
import type { Totals } from './totals.js';

/** Of its seeds those that end in 0 loop for ever, in 5 end their thread, in 7 throw; all others hold. */
const script = new URL('./looping-worker.js', import.meta.url);
const never = new AbortController().signal;

function play(options: Partial<JobsOptions>): Promise<Totals> {
  return playInJobs({
    first: 1,
    count: 1,
    jobs: 2,
    untilFailure: false,
    signal: never,
    onSeeds: () => undefined,
    limitMs: 2000,
    script,
    ...options,
  });
}

t.test(
  'a seed that hangs fails with the line that plays it again; all others are played, in a new thread',
  async (t) => {
    const lines: string[] = [];
    const totals = await play({ first: 18, count: 7, onSeeds: ({ failed }) => lines.push(...failed.map(failureLine)) });
    t.strictSame(totals.failed, [{ seed: 20, hung: true, problems: ['no answer in 2 s'] }]);
    t.equal(totals.seeds, 7);
    t.strictSame(lines, ['seed 20 hung: no answer in 2 s; again: npm run fuzz -- --seed 20']);
  },
);

t.test('a seed that ends its thread, or throws where nobody catches it, fails alone', async (t) => {
  const { seeds, failed } = await play({ first: 14, count: 5 });
  t.equal(seeds, 5);
  t.match(failed, [
    { seed: 15, problems: [/exit code 3/] },
    { seed: 17, problems: [/its thread ended: Error: nobody catches this/] },
  ]);
  t.match(
    failureLine(failed[0] ?? { seed: 0, problems: [] }),
    /^seed 15 failed: .*; again: npm run fuzz -- --seed 15$/,
  );
});

t.test('a run until the first failure ends with a seed that hangs', async (t) => {
  const { seeds, failed } = await play({ first: 20, count: 5000, jobs: 1, untilFailure: true });
  t.equal(seeds, 1);
  t.match(failed, [{ seed: 20, hung: true }]);
});

t.test('an interrupt ends the run while a seed hangs; it counts as not played', async (t) => {
  const interrupt = new AbortController();
  const totals = await play({
    first: 18,
    count: 3,
    jobs: 1,
    limitMs: 600_000,
    signal: interrupt.signal,
    onSeeds: (_, { seeds }) => {
      // Seed 20 is given out after this.
      if (seeds === 2) setTimeout(() => interrupt.abort(), 50);
    },
  });
  t.match(totals, { seeds: 2, failed: [] });
});

t.test('a thread that cannot begin is an error of the run', async (t) => {
  await t.rejects(
    play({ script: new URL('./no-such-worker.js', import.meta.url) }),
    /played no seed broke.*no-such-worker/s,
  );
});
