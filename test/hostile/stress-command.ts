// Threads under stress from the command line: `npm run stress -- --seconds 600`.

import { parseArgs } from 'node:util';
import { stress, stressCases } from './stress.js';

const help = `npm run stress -- [--seconds N] [--seed SEED] [--json]

Receivers and streamer of the service on real threads and rings of a few slots; every pixel of every frame is compared.
Each kind of detector has its turn with either placement until the time is over.

  --seconds N   how long in all (default 60)
  --seed SEED   seed of losses, exchanges and pauses of the first turn (default 1); the order of threads is the machine's
  --json        print the result as one JSON object

Exit codes: 0 everything held, 1 something did not (it is printed), 2 the command line is wrong, 130 Ctrl-C.
`;

const turnMs = 10_000;

async function run(seconds: number, firstSeed: number, json: boolean): Promise<void> {
  const sums = { turns: 0, handOvers: 0, frames: 0, complete: 0, pixels: 0, failed: 0 };
  const begin = performance.now();
  const left = (): number => begin + seconds * 1000 - performance.now();
  for (let turn = 0; left() > 100 || turn === 0; turn++) {
    const each = stressCases[Math.floor(turn / 2) % stressCases.length];
    const compiled = turn % 2 === 1;
    const result = await stress(
      each,
      compiled,
      firstSeed + turn,
      Math.min(turnMs, Math.max(500, Math.min(left(), (seconds * 1000) / (2 * stressCases.length)))),
    );
    sums.turns++;
    sums.handOvers += result.handOvers;
    sums.frames += result.frames;
    sums.complete += result.complete;
    sums.pixels += result.pixels;
    if (result.problems.length > 0) sums.failed++;
    for (const problem of result.problems)
      process.stderr.write(
        `${each.name}, ${compiled ? 'compiled' : 'reference'}, seed ${firstSeed + turn}: ${problem}\n`,
      );
    process.stderr.write(
      `${each.name}, ${compiled ? 'compiled' : 'reference'}: ${result.handOvers} hand-overs, ` +
        `${Math.round(result.handOvers / result.seconds)} a second; ${sums.handOvers} in all, ` +
        `${Math.max(0, Math.ceil(left() / 1000))} s left\n`,
    );
  }
  process.stdout.write(
    json
      ? `${JSON.stringify(sums)}\n`
      : `${sums.handOvers} hand-overs in ${sums.turns} turns, ${sums.failed} failed; ${sums.frames} frames, ` +
          `${sums.complete} complete, ${sums.pixels} pixels compared\n`,
  );
  process.exitCode = sums.failed === 0 ? 0 : 1;
}

try {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
  } else {
    for (const key of ['seconds', 'seed'] as const)
      if (!/^[1-9][0-9]{0,6}$/.test(values[key]))
        throw new Error(`--${key} ${values[key]}: needs a whole number from 1`);
    await run(Number(values.seconds), Number(values.seed), values.json);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${help}`);
  process.exitCode = 2;
}
