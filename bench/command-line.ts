// The command line of every benchmark: numbers and texts by name, each with its default, and --json.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Is this module the program that Node was asked to run? */
export function isMain(url: string): boolean {
  return process.argv[1] !== undefined && fileURLToPath(url) === process.argv[1];
}

/**
 * Options from the command line, numbers where the default is one: `slowRate` is `--slow-rate`.
 * @throws TypeError for options that are not known
 */
export function commandLine<Options extends object>(
  defaults: Options,
): { readonly options: Options; readonly json: boolean } {
  const names = Object.keys(defaults);
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean' },
      ...Object.fromEntries(names.map((name) => [kebab(name), { type: 'string' as const }])),
    },
  });
  const given = values as Record<string, string | boolean | undefined>;
  const options = Object.fromEntries(
    names.map((name) => {
      const text = given[kebab(name)];
      const otherwise = (defaults as Record<string, unknown>)[name];
      if (typeof otherwise === 'string') return [name, text ?? otherwise];
      const value = text === undefined ? otherwise : Number(text);
      if (typeof value !== 'number' || !(value >= 0)) throw new TypeError(`--${kebab(name)} needs a number`);
      return [name, value];
    }),
  ) as Options;
  return { options, json: given['json'] === true };
}

/** The result as JSON, or its tables. */
export function print<Result>(result: Result, tables: (result: Result) => string, json: boolean): void {
  process.stdout.write(`${json ? JSON.stringify(result, null, 1) : tables(result)}\n`);
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
