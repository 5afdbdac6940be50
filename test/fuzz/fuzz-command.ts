// The command line of the simulation: `npm run fuzz -- --seeds 10000`, one seed again with `--seed 17`, known mistakes
// with `--mutants`. Failures and sums go to standard output, progress to standard error.

import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../../src/base/clock.js';
import { exitCode } from '../../src/base/errors.js';
import { onInterrupt } from '../../src/commands/interrupt.js';
import { ProgressLine } from '../../simulators/terminal.js';
import { playInJobs, seedLimitMs } from './jobs.js';
import { runMutants } from './mutant-runs.js';
import { closeOperator } from './operator.js';
import { describeSeed, playSeed } from './play.js';
import { addSeed, failureLine, noTotals, playAgain, summaryLine } from './totals.js';
import type { Totals } from './totals.js';

function whole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`Needs a whole number from ${least}.`);
    return value;
  };
}

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly seed?: number;
  readonly jobs: number;
  readonly seedLimit: number;
  readonly json?: boolean;
  readonly untilFailure?: boolean;
  readonly mutants?: boolean;
  readonly mutant?: string;
  readonly write?: boolean;
  readonly listed?: boolean;
}

const program = new Command('npm run fuzz --')
  .description(
    'Simulates the whole service on one thread in virtual time: a detector behind a bad network, a moody consumer, ' +
      'an operator who arms and stops at the wrong moment, processes that end and start again. Checks every pixel, ' +
      'every sum and that everything comes to its end. The same seed gives the same run.',
  )
  .option(
    '--seeds <count>',
    'how many seeds to play; with --mutants: that a mistake may survive (3000)',
    whole(1),
    1000,
  )
  .option('--from <seed>', 'the first of them', whole(0), 1)
  .option('--seed <seed>', 'play this one and tell its story', whole(0))
  .option('--jobs <count>', 'worker threads', whole(1), availableParallelism())
  .option(
    '--seed-limit <seconds>',
    'real time after which a seed that gives no answer hangs: it fails, and the others go on',
    whole(1),
    seedLimitMs / 1000,
  )
  .option('--until-failure', 'end at the first seed that fails')
  .option('--json', 'one JSON object on standard output instead of lines')
  .option('--mutants', 'patch a copy of the sources with known mistakes, one at a time, and see that each is caught')
  .option('--mutant <name>', 'only this mistake, or those whose name begins so')
  .option('--listed', 'with --mutants: play only the seed or the test that docs/simulation.md lists')
  .option('--write', 'with --mutants: write what was caught into the table of docs/simulation.md')
  .addHelpText(
    'after',
    '\nExit code 0 = all held, 1 = a seed failed or hung, or a mistake was not caught, 130 = interrupted (what was ' +
      'played is printed).\n' +
      'VDCU_PLACEMENT=reference or compiled makes all seeds place that way; otherwise odd seeds place by the ' +
      'compiled kernel.',
  );

async function tellSeed(seed: number, json: boolean): Promise<number> {
  const { config, settings, ...scenario } = describeSeed(seed);
  const story: string[] = [];
  if (!json) {
    console.log('configuration', config);
    console.log('world', scenario);
  }
  // Told while it happens: a seed that hangs has a story too.
  const result = await playSeed(seed, json ? (line) => story.push(line) : console.log);
  await closeOperator();
  if (json) console.log(JSON.stringify({ scenario: { ...scenario, config, settings }, ...result, story }));
  else {
    const totals = noTotals();
    addSeed(totals, result);
    for (const problem of result.problems) console.log(`problem: ${problem}`);
    console.log(
      result.problems.length === 0 ? `seed ${seed}: everything held` : failureLine({ seed, problems: result.problems }),
    );
  }
  return result.problems.length === 0 ? 0 : 1;
}

async function playAll({ seeds, from, jobs, seedLimit, json = false, untilFailure = false }: Options): Promise<number> {
  const interrupt = onInterrupt();
  const progress = new ProgressLine(process);
  const begin = systemClock.now();
  const seconds = (): number => (systemClock.now() - begin) / 1000;
  const show = (latest: Totals, all: Totals): void => {
    for (const failed of json ? [] : latest.failed) {
      progress.end();
      console.log(failureLine(failed));
    }
    const share = all.seeds / seeds;
    const bar = '#'.repeat(Math.round(share * 30)).padEnd(30, '.');
    progress.show(
      `[${bar}] ${all.seeds}/${seeds} seeds  ${(all.seeds / seconds()).toFixed(0)}/s  ` +
        `${Math.ceil(seconds() / share - seconds())} s left  ${all.failed.length} failed`,
    );
  };
  const totals = await playInJobs({
    first: from,
    count: seeds,
    jobs,
    untilFailure,
    limitMs: seedLimit * 1000,
    signal: interrupt.signal,
    onSeeds: show,
  });
  progress.end();
  interrupt.release();
  const interrupted = interrupt.signal.aborted;
  if (json)
    console.log(
      JSON.stringify({
        ...totals,
        failed: totals.failed.map((failed) => ({ ...failed, again: playAgain(failed.seed) })),
        from,
        asked: seeds,
        interrupted,
        seconds: Number(seconds().toFixed(1)),
      }),
    );
  else
    console.log(
      (interrupted ? `interrupted, ${seeds - totals.seeds} seeds not played: ` : '') + summaryLine(totals, seconds()),
    );
  return totals.failed.length > 0 ? 1 : interrupted ? exitCode.interrupted : 0;
}

program.parse();
const options = program.opts<Options>();
const { seed, mutants = false, mutant, jobs, json = false, write = false, listed = false } = options;
const asked = program.getOptionValueSource('seeds') === 'cli';
process.exitCode =
  mutants || mutant !== undefined
    ? await runMutants({ only: mutant ?? '', jobs, json, write, listed, ...(asked ? { seeds: options.seeds } : {}) })
    : seed !== undefined
      ? await tellSeed(seed, json)
      : await playAll(options);
