import { readFileSync } from 'node:fs';
import t from 'tap';
import { caughtBy, listedSeeds, tableRows } from './mutant-runs.js';
import { mutants } from './mutants.js';
import { closeOperator } from './operator.js';
import { playSeed } from './play.js';

t.setTimeout(300_000);
t.teardown(closeOperator);

const listed = listedSeeds();

t.test('the docs list a seed for each known mistake, and none for others', (t) => {
  t.strictSame(
    [...listed.keys()],
    mutants.map(({ name }) => name),
    'write the table again: npm run fuzz -- --mutants --write',
  );
  t.end();
});

t.test('names and files of mistakes', (t) => {
  t.equal(new Set(mutants.map(({ name }) => name)).size, mutants.length, 'names are different');
  for (const { name, changes } of mutants) {
    t.match(name, /^[a-z0-9-]+$/);
    t.ok(
      changes.every(({ file, from, to }) => file.startsWith('src/') && from !== to),
      name,
    );
  }
  t.end();
});

t.test('the text that a mistake changes stands once in its file', (t) => {
  for (const { name, changes } of mutants)
    for (const { file, from } of changes)
      t.equal(readFileSync(file, 'utf8').split(from).length - 1, 1, `${name}: ${file}`);
  t.end();
});

t.test('a mistake that makes a seed hang is named as caught by the watchdog', (t) => {
  t.equal(
    caughtBy({ hung: true, problems: ['no answer in 20 s'] }),
    'the seed hangs, and is caught by the watchdog: no answer in 20 s',
  );
  t.equal(caughtBy({ problems: ['frame 3: wrong\n    at x', 'more'] }), 'frame 3: wrong');
  t.end();
});

t.test('the table has a row for each mistake that was caught, now or before, and none for one that was not', (t) => {
  const [first, second, third, fourth] = mutants;
  const row = (name: string, seed: number): string => `| \`${name}\` | does | in | ${seed} | held |`;
  const page = [first, second, third].map(({ name }) => row(name, 7)).join('\n');
  const rows = tableRows(
    [
      { mutant: second, caught: true, seed: 9, by: 'a | b' },
      { mutant: third, caught: false, seed: null, by: '3 seeds held' },
      { mutant: fourth, caught: true, seed: null, by: 'test' },
    ],
    page,
  );
  t.equal(rows.length, 3);
  t.equal(rows[0], row(first.name, 7), 'as it was');
  t.match(rows[1], /^\| `duplicate-counted-kernel` \| .* \| 9 \| a \\\| b \|$/);
  t.match(rows[2], /\| test \| test \|$/);
  t.end();
});

// Each of these worlds shows a mistake that somebody has made, here or elsewhere, if it is made again.
for (const { name, does } of mutants) {
  const seed = listed.get(name);
  if (seed === undefined || seed === null) continue;
  t.test(`seed ${seed}: the service never ${does} (${name})`, async (t) => {
    t.strictSame((await playSeed(seed)).problems, []);
  });
}
