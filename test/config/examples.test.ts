import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import { makePlan } from '../../src/config/plan.js';
import { families } from '../../src/detector/profiles.js';
import { repository } from '../commands/repository.js';

const folder = join(repository, 'examples');
const entriesOf = (file: string): [name: string, entry: Record<string, unknown>][] =>
  Object.entries(parse(readFileSync(join(folder, file), 'utf8')) as Record<string, Record<string, unknown>>).filter(
    ([, entry]) => 'detector' in entry,
  );

t.test('every detector of every example file has a plan', async (t) => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    for (const [name] of entriesOf(file))
      t.doesNotThrow(() => makePlan(loadConfig(join(folder, file), name)), `${file}: ${name}`);
  }
});

t.test('the modes have an entry for every detector and bit depth, and the documentation names each', async (t) => {
  const entries = entriesOf('modes.yaml');
  const documentation = readFileSync(join(repository, 'docs', 'detectors.md'), 'utf8');
  for (const [name] of entries) t.ok(documentation.includes(`\`${name}\``), name);
  for (const [detector, { values, choices }] of Object.entries(families)) {
    const ours = entries.map(([, entry]) => entry).filter((entry) => entry['detector'] === detector);
    for (const bits of Object.keys(values.depths))
      t.ok(
        ours.some((entry) => (entry['dynamic_range'] ?? 16) === Number(bits)),
        `${detector}, ${bits} bit`,
      );
    const keys = {
      quad: 'quad',
      tenGiga: 'ten_giga',
      interfaces: 'interfaces',
      counters: 'counters',
      flat: 'flat',
    } as const;
    for (const [key, option] of Object.entries(keys)) {
      const [fallback, ...others] = choices[key as keyof typeof choices] ?? [];
      for (const value of others)
        t.ok(
          ours.some((entry) => (entry[option] ?? fallback) === value),
          `${detector}, ${option}: ${String(value)}`,
        );
    }
  }
});
