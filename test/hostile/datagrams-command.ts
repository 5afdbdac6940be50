// Hostile datagrams from the command line: `npm run hostile -- --datagrams 10000000`, and one round again with `--seed
// 17`.

import { parseArgs } from 'node:util';
import { playHostile } from './hostile-datagrams.js';

const help = `npm run hostile -- [--datagrams N] [--seconds N] [--from SEED] [--seed SEED] [--json]

Sends true and hostile datagrams to the whole pipeline in memory, by both placements, and compares every pixel, sum and
class.

  --datagrams N   stop after so many (default 1000000)
  --seconds N     stop after so long, also with fewer
  --from SEED     begin with this seed (default 1)
  --seed SEED     play one round only
  --json          print the result as one JSON object

Exit codes: 0 everything held, 1 something did not (each failing seed is printed), 2 the command line is wrong, 130
Ctrl-C.
`;

const roundDatagrams = 1000;

function options(): { datagrams: number; seconds: number; from: number; seed: number | null; json: boolean } {
  const { values } = parseArgs({
    options: {
      datagrams: { type: 'string', default: '1000000' },
      seconds: { type: 'string' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    process.exit(0);
  }
  const whole = (name: string, text: string): number => {
    if (/^[1-9][0-9]{0,14}$/.test(text)) return Number(text);
    throw new Error(`--${name} ${text}: needs a whole number from 1`);
  };
  return {
    datagrams: whole('datagrams', values.datagrams),
    seconds: values.seconds === undefined ? Infinity : whole('seconds', values.seconds),
    from: whole('from', values.from),
    seed: values.seed === undefined ? null : whole('seed', values.seed),
    json: values.json,
  };
}

function run({ datagrams, seconds: limit, from, seed: only, json }: ReturnType<typeof options>): void {
  const sums = { rounds: 0, datagrams: 0, hostile: 0, frames: 0, complete: 0, failed: 0 };
  const classes = new Map<string, number>();
  const begin = performance.now();
  let shownAt = begin;
  let memory: WebAssembly.Memory | undefined;
  for (
    let seed = only ?? from;
    only === null ? sums.datagrams < datagrams && performance.now() - begin < limit * 1000 : seed === only;
    seed++
  ) {
    const round = playHostile(seed, roundDatagrams, memory);
    memory = round.memory;
    sums.rounds++;
    sums.datagrams += round.datagrams;
    sums.hostile += round.hostile;
    sums.frames += round.frames;
    sums.complete += round.complete;
    for (const [name, count] of round.classes) classes.set(name, (classes.get(name) ?? 0) + count);
    if (round.problems.length > 0) {
      sums.failed++;
      process.stderr.write(
        `seed ${seed} failed (${round.detector}, ${round.placement}); again: node ` +
          `dist/test/hostile/datagrams-command.js --seed ${seed}\n`,
      );
      for (const problem of round.problems.slice(0, only === null ? 3 : 50)) process.stderr.write(`  ${problem}\n`);
    }
    const now = performance.now();
    if (only === null && now - shownAt > 1000) {
      shownAt = now;
      const share = sums.datagrams / datagrams;
      const left = ((now - begin) / 1000 / share) * (1 - share);
      process.stderr.write(
        `${process.stderr.isTTY ? '\r' : ''}${(share * 100).toFixed(1)} %, ${sums.datagrams} datagrams, ` +
          `${sums.failed} seeds failed, ${Math.ceil(left)} s left${process.stderr.isTTY ? ' \x1b[K' : '\n'}`,
      );
    }
  }
  if (process.stderr.isTTY && only === null) process.stderr.write('\n');
  const seconds = (performance.now() - begin) / 1000;
  const result = {
    ...sums,
    seconds: Number(seconds.toFixed(1)),
    rssMiB: Math.round(process.memoryUsage().rss / 2 ** 20),
    classes: Object.fromEntries([...classes].filter(([, count]) => count > 0)),
  };
  const counts = Object.entries(result.classes).map(([name, count]) => `  ${name} ${count}\n`);
  const text =
    `${result.datagrams} datagrams (${result.hostile} hostile) in ${result.rounds} rounds, ${result.failed} failed; ` +
    `${result.frames} frames, ${result.complete} complete; ${result.seconds} s, ${result.rssMiB} MiB\n`;
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : text + counts.join(''));
  process.exitCode = sums.failed === 0 ? 0 : 1;
}

try {
  run(options());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${help}`);
  process.exitCode = 2;
}
