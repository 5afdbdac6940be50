// Shows that the net catches fish: each known mistake (mutants.ts) is made in a copy of the sources, which is compiled
// and plays seeds until one fails, or a test that the mistake names. The seed that is listed in docs/simulation.md is
// tried first.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { systemClock } from '../../src/base/clock.js';
import { exitCode } from '../../src/base/errors.js';
import { onInterrupt } from '../../src/commands/interrupt.js';
import { spawnBound } from '../../src/runtime/bound-child.js';
import { ProgressLine } from '../../simulators/terminal.js';
import { mutants } from './mutants.js';
import type { Mutant } from './mutants.js';
import type { FailedSeed, Totals } from './totals.js';

const root = resolve(import.meta.dirname, '../../..');
const page = join(root, 'docs/simulation.md');

/** A mistake that these many seeds do not show is not caught. */
const seedsMost = 3000;
/** Real time that a seed may take in a copy, in s: some mistakes make one that comes to no end. */
const seedLimitSeconds = 20;
/** A copy that has not ended after this time is not caught either, in ms; machines may be busy. */
const runLimitMs = 600_000;

export interface MutantsOptions {
  /** Names begin so; '' = all. */
  readonly only: string;
  readonly jobs: number;
  readonly json: boolean;
  /** Write the table into the docs: rows of the mistakes that were made, and the others as they are. */
  readonly write: boolean;
  /** Seeds that a mistake may survive; 3000 unless given. */
  readonly seeds?: number;
  /** Only the seed or the test that docs/simulation.md lists: a mistake that survives it needs its row written anew. */
  readonly listed?: boolean;
}

/** What became of a mistake. */
export interface Catch {
  readonly mutant: Mutant;
  readonly caught: boolean;
  /** The seed that failed; null = none did. */
  readonly seed: number | null;
  /** The first thing that did not hold, or why the run could not be made. */
  readonly by: string;
}

/** Make the mistakes; returns the exit code. */
export async function runMutants(options: MutantsOptions): Promise<number> {
  const { only, jobs, json, write, seeds = seedsMost, listed = false } = options;
  const chosen = mutants.filter(({ name }) => name.startsWith(only));
  if (chosen.length === 0) {
    console.error(`--mutant ${only}: there is none. Known: ${mutants.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  const interrupt = onInterrupt();
  const progress = new ProgressLine(process);
  const begin = systemClock.now();
  const known = listedSeeds();
  const waiting = [...chosen];
  const caught: Catch[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && !interrupt.signal.aborted; next = waiting.shift()) {
      const found = await hunt(next, known.get(next.name) ?? null, listed ? 0 : seeds, interrupt.signal);
      if (interrupt.signal.aborted) return;
      caught.push(found);
      progress.end();
      if (!json)
        console.log(
          `${(!found.caught ? 'NOT CAUGHT' : found.seed === null ? 'test' : `seed ${found.seed}`).padEnd(10)}  ${next.name}: ${found.by}`,
        );
      progress.show(`${caught.length}/${chosen.length} mistakes made`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, chosen.length) }, work));
  progress.end();
  interrupt.release();
  const missed = caught.filter((one) => !one.caught);
  const seconds = (systemClock.now() - begin) / 1000;
  const interrupted = interrupt.signal.aborted;
  if (json)
    console.log(
      JSON.stringify({
        mutants: caught.map(({ mutant, seed, by }) => ({ name: mutant.name, does: mutant.does, seed, by })),
        missed: missed.length,
        interrupted,
        seconds: Number(seconds.toFixed(1)),
      }),
    );
  else
    console.log(
      `${interrupted ? 'interrupted: ' : ''}${caught.length - missed.length} of ${chosen.length} mistakes caught ` +
        `in ${seconds.toFixed(0)} s`,
    );
  if (write) writeTable(caught);
  return missed.length > 0 ? 1 : interrupted ? exitCode.interrupted : 0;
}

/** @param listed the seed that caught it before @param seeds that are played when that one holds, 0 = none */
async function hunt(mutant: Mutant, listed: number | null, seeds: number, signal: AbortSignal): Promise<Catch> {
  const folder = mkdtempSync(join(tmpdir(), 'vdcu-mutant-'));
  try {
    await makeCopy(mutant, folder, signal);
    if (mutant.test !== undefined) return { mutant, seed: null, ...(await failing(mutant.test, folder, signal)) };
    if (listed !== null) {
      const failed = await play(folder, ['--from', String(listed), '--seeds', '1'], signal);
      if (failed !== null) return { mutant, caught: true, ...failed };
    }
    if (seeds === 0) {
      const by =
        listed === null
          ? 'no seed is listed in docs/simulation.md: find one with --mutants --write'
          : `seed ${listed}, which docs/simulation.md lists, holds: find another with --mutants --write`;
      return { mutant, caught: false, seed: null, by };
    }
    const failed = await play(folder, ['--seeds', String(seeds), '--until-failure'], signal);
    return failed === null
      ? { mutant, caught: false, seed: null, by: `${seeds} seeds held` }
      : { mutant, caught: true, ...failed };
  } catch (error) {
    return { mutant, caught: false, seed: null, by: error instanceof Error ? error.message : String(error) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A copy of everything that plays seeds, or of the folder of its test, with the mistake in it. */
async function makeCopy({ changes, test }: Mutant, folder: string, signal: AbortSignal): Promise<void> {
  const noMaps = (path: string): boolean => !path.endsWith('.map');
  for (const part of [
    'src',
    'simulators/files/direct.wat',
    'dist/src',
    'dist/simulators',
    'dist/test/frame-numbers.js',
    'dist/test/fuzz',
    'dist/test/oracle',
    'dist/test/pipeline',
    ...(test === undefined ? [] : ['dist/test']),
  ]) {
    cpSync(join(root, part), join(folder, part), { recursive: true, filter: noMaps });
  }
  mkdirSync(join(folder, 'scripts'));
  for (const file of ['package.json', 'tsconfig.json', 'scripts/build-kernel.mjs'])
    cpSync(join(root, file), join(folder, file));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const { file, from, to } of changes) {
    const text = readFileSync(join(folder, file), 'utf8');
    const places = text.split(from).length - 1;
    if (places !== 1)
      throw new Error(`the text to change is ${places} times in ${file}: ${from.trim().split('\n', 1)[0]}`);
    writeFileSync(
      join(folder, file),
      text.replace(from, () => to),
    );
  }
  for (const file of new Set(changes.map((change) => change.file))) {
    if (!file.includes('/kernel/')) compile(folder, file);
    else await run(folder, ['scripts/build-kernel.mjs'], signal);
  }
}

function compile(folder: string, file: string): void {
  const { outputText } = ts.transpileModule(readFileSync(join(folder, file), 'utf8'), {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  });
  writeFileSync(join(folder, 'dist', file.replace(/\.ts$/, '.js')), outputText);
}

/** How a seed shows a mistake. */
export function caughtBy({ hung, problems }: Omit<FailedSeed, 'seed'>): string {
  const first = (problems[0] ?? '').split('\n', 1)[0];
  return hung === true ? `the seed hangs, and is caught by the watchdog: ${first}` : first;
}

/** What fails in a test, which holds without the mistake. */
async function failing(test: string, folder: string, signal: AbortSignal): Promise<Pick<Catch, 'caught' | 'by'>> {
  const text = await run(folder, [`dist/${test.replace(/\.ts$/, '.js')}`], signal);
  const first = /^not ok \d+ - (.*?)(?: # time=.*)?$/m.exec(text)?.[1];
  return { caught: first !== undefined, by: first === undefined ? `${test} holds` : `${test}: ${first}` };
}

/** The first seed that fails, or null. */
async function play(
  folder: string,
  more: readonly string[],
  signal: AbortSignal,
): Promise<{ seed: number; by: string } | null> {
  const text = await run(
    folder,
    ['dist/test/fuzz/fuzz-command.js', '--jobs', '1', '--json', '--seed-limit', String(seedLimitSeconds), ...more],
    signal,
  );
  const { failed } = JSON.parse(text) as Totals;
  const first = failed[0];
  return first === undefined ? null : { seed: first.seed, by: caughtBy(first) };
}

/** Run a script of the copy; resolves with what it printed. */
function run(folder: string, script: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((resolvePromise, reject) => {
    const env = { ...process.env };
    delete env['VDCU_PLACEMENT'];
    // A test that has not ended by then shows nothing; in s.
    env['TAP_TIMEOUT'] = String(runLimitMs / 1000);
    const child = spawnBound(process.execPath, script, {
      cwd: folder,
      env,
      signal,
      timeout: runLimitMs,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let errors = '';
    child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code, killed) => {
      if (code === 0 || (code === 1 && out !== '')) resolvePromise(out);
      else reject(new Error(`${script.join(' ')} ended with ${code ?? killed}: ${errors.slice(-300)}`));
    });
  });
}

const beginMark = '<!-- mutants: written by npm run fuzz -- --mutants --write -->';
const endMark = '<!-- end of mutants -->';

/** Seeds by mistake, as the docs list them; null = a test catches it. */
export function listedSeeds(): Map<string, number | null> {
  return new Map(
    [...readFileSync(page, 'utf8').matchAll(/^\| `([a-z0-9-]+)` \|.*?\| (\d+|test) \| /gm)].map(([, name, seed]) => [
      name,
      seed === 'test' ? null : Number(seed),
    ]),
  );
}

/** A mistake that was not caught has no row, nor has one that was never made. */
export function tableRows(caught: readonly Catch[], page: string): string[] {
  const before = new Map([...page.matchAll(/^\| `([a-z0-9-]+)` \|.*$/gm)].map(([row, name]) => [name, row]));
  return mutants.flatMap(({ name, does, changes }) => {
    const found = caught.find(({ mutant }) => mutant.name === name);
    if (found === undefined) return before.get(name) ?? [];
    if (!found.caught) return [];
    const files = [...new Set(changes.map(({ file }) => `\`${file.replace('src/', '')}\``))].join(', ');
    return [`| \`${name}\` | ${does} | ${files} | ${found.seed ?? 'test'} | ${shown(found.by)} |`];
  });
}

function writeTable(caught: readonly Catch[]): void {
  const text = readFileSync(page, 'utf8');
  const table = [
    '| mistake | what the service then does | in | seed | what did not hold |',
    '|---|---|---|---:|---|',
    ...tableRows(caught, text),
  ].join('\n');
  const [before, after] = [text.indexOf(beginMark), text.indexOf(endMark)];
  if (before < 0 || after < 0)
    throw new Error(`${page} has no place for the table: needs "${beginMark}" and "${endMark}"`);
  writeFileSync(page, `${text.slice(0, before)}${beginMark}\n${table}\n${text.slice(after)}`);
}

function shown(problem: string): string {
  const text = problem.replaceAll('|', '\\|').replaceAll('<', '&lt;');
  return text.length <= 140 ? text : `${text.slice(0, 137)}…`;
}
