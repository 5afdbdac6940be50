// Runs fuzz seeds from the command line: `node dist/test/pipeline/fuzz-command.js --seeds 1000`, and one again with `--seed 17`.

import { parseArgs } from 'node:util';
import { describeSeed, playSeed } from './fuzz.js';

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '300' }, from: { type: 'string', default: '1' }, seed: { type: 'string' } } });
const only = values.seed === undefined ? null : Number(values.seed);
const first = only ?? Number(values.from);
const count = only === null ? Number(values.seeds) : 1;
let failed = 0;
const sums = { frames: 0, series: 0, packets: 0, calm: 0 };
const aborted = new Map<string, number>();
if (only !== null) console.log(describeSeed(only));
for (let seed = first; seed < first + count; seed++) {
  const result = playSeed(seed);
  sums.frames += result.frames;
  sums.series += result.series;
  sums.packets += result.packets;
  sums.calm += result.calm ? 1 : 0;
  for (const reason of result.aborted) aborted.set(reason, (aborted.get(reason) ?? 0) + 1);
  if (only !== null) for (const line of result.story) console.log(line);
  if (result.problems.length === 0) continue;
  failed++;
  console.log(`seed ${seed} failed; again: node dist/test/pipeline/fuzz-command.js --seed ${seed}`);
  for (const problem of result.problems.slice(0, only === null ? 3 : 50)) console.log(`  ${problem}`);
}
console.log(`${count} seeds, ${failed} failed; ${sums.packets} packets, ${sums.frames} frames, ${sums.series} series, ${sums.calm} calm seeds; aborted: ${JSON.stringify(Object.fromEntries(aborted))}`);
process.exitCode = failed === 0 ? 0 : 1;
