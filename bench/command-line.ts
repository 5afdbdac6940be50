// The command line of every benchmark: numbers and texts by name, each with its default, --json and --help.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exitCode, messageOf } from '../src/base/errors.js';

/** Is this module the program that Node was asked to run? */
export function isMain(url: string): boolean {
  return process.argv[1] !== undefined && fileURLToPath(url) === process.argv[1];
}

/**
 * Options from the command line, numbers where the default is one: `slowRate` is `--slow-rate`. With `--help`, and
 * with what is not known or no number, the process ends.
 */
export function commandLine<Options extends object>(
  defaults: Options,
): { readonly options: Options; readonly json: boolean } {
  const names = Object.keys(defaults);
  const given = parsed({
    json: { type: 'boolean' },
    ...Object.fromEntries(names.map((name) => [kebab(name), { type: 'string' as const }])),
  });
  const options = Object.fromEntries(
    names.map((name) => {
      const text = given[kebab(name)];
      const otherwise = (defaults as Record<string, unknown>)[name];
      if (typeof otherwise === 'string') return [name, text ?? otherwise];
      const value = text === undefined ? otherwise : Number(text);
      if (typeof value !== 'number' || !(value >= 0)) return end(`--${kebab(name)} needs a number`);
      return [name, value];
    }),
  ) as Options;
  return { options, json: given['json'] === true };
}

type OptionTypes = Readonly<Record<string, { readonly type: 'boolean' | 'string'; readonly default?: string }>>;

/** What stands on the command line. With `--help` the opening comment of the program is printed, and it ends. */
function parsed(options: OptionTypes): Readonly<Record<string, string | boolean | undefined>> {
  try {
    const { values } = parseArgs({ options: { ...options, help: { type: 'boolean' } } });
    if (values['help'] !== true) return values;
  } catch (error) {
    end(messageOf(error));
  }
  process.stdout.write(`${opening()}\n`);
  process.exit(exitCode.ok);
}

function end(problem: string): never {
  process.stderr.write(`${problem}\n\n${opening()}\n`);
  process.exit(exitCode.usage);
}

/** The opening comment of the program that runs: what it measures, and its options. */
function opening(): string {
  const lines = readFileSync(process.argv[1], 'utf8').split('\n');
  return lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith('//')),
    )
    .map((line) => line.replace(/^\/\/ ?/, ''))
    .join('\n');
}

/** The result as JSON, or its tables. */
export function print<Result>(result: Result, tables: (result: Result) => string, json: boolean): void {
  process.stdout.write(`${json ? JSON.stringify(result, null, 1) : tables(result)}\n`);
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
