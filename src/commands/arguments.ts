// Parsers of command line values, the same for every command, and the endings of their help texts.
// Tested by test/commands/command-line.test.ts.

import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { exitCode, messageOf, OperatorError } from '../base/errors.js';
import { parseJson } from '../base/json-text.js';
import type { JsonNode } from '../base/json-text.js';
import { readTextFile } from '../base/text-file.js';

/** Of a file with JSON; the service takes less. */
const jsonFileBytes = 1 << 20;

/** A parser of whole numbers within [from, to], for commander. */
export function wholeNumber(from: number, to: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && value >= from && value <= to) return value;
    throw new InvalidArgumentError(
      to === Number.MAX_SAFE_INTEGER
        ? `Needs a whole number, ${from} or more.`
        : `Needs a whole number, ${from} to ${to}.`,
    );
  };
}

/** An option of exactly two values, which its flags call `<values...>`. */
export class PairOption extends Option {}

/**
 * Add an option of two values: commander knows none, and where it stands before an argument its option of several
 * values takes the argument, too. So it is put behind everything else before commander reads.
 */
export function addPair(command: Command, option: PairOption): Command {
  const parse = command.parseOptions.bind(command);
  command.parseOptions = (words) => {
    // Behind -- there are arguments only.
    const end = words.includes('--') ? words.indexOf('--') : words.length;
    const [options, pairs]: [string[], string[]] = [[], []];
    for (let at = 0; at < end; at++) {
      if (words[at] !== option.long) options.push(words[at]);
      else {
        pairs.push(words[at]);
        for (let more = 0; more < 2 && at + 1 < end && !words[at + 1].startsWith('-'); more++) pairs.push(words[++at]);
      }
    }
    return parse([...options, ...pairs, ...words.slice(end)]);
  };
  return command.addOption(option);
}

/** For an option that may be given several times: its values in order, for commander. */
export const eachValue = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** A number greater than 0, for commander. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Needs a number greater than 0.');
}

/**
 * A number as it was written, for commander: the service says whether it is a right one.
 * @returns its digits as a JSON value
 */
export function writtenNumber(text: string): JsonNode {
  if (/^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/.test(text)) return { kind: 'number', text };
  throw new InvalidArgumentError('Needs a number.');
}

/**
 * A JSON value given as text or, after @, as the name of a file; numbers keep their digits.
 * @throws OperatorError (exit code usage) when it is no JSON, or the file cannot be read
 */
export function writtenJson(option: string, text: string): JsonNode {
  let json = text;
  if (text.startsWith('@')) {
    try {
      json = readTextFile(text.slice(1), jsonFileBytes);
    } catch (error) {
      throw new OperatorError(
        `${option} ${text}: ${messageOf(error)}. Give @FILE of a readable file, or the JSON itself`,
        exitCode.usage,
        { cause: error },
      );
    }
  }
  try {
    return parseJson(json);
  } catch (error) {
    throw new OperatorError(
      `${option}: not JSON: ${messageOf(error)}. Give an object such as '{"exptime": 0.1}', or @FILE`,
      exitCode.usage,
      { cause: error },
    );
  }
}

/** The end of a help text: examples, then the exit codes that this command can end with. */
export function helpEnd(
  examples: readonly string[],
  codes: readonly (readonly [code: number, meaning: string])[],
): string {
  return [
    '',
    'Examples:',
    ...examples.map((line) => `  ${line}`),
    '',
    'Exit codes:',
    ...codes.map(([code, meaning]) => `  ${code}  ${meaning}`),
  ].join('\n');
}

/** Exit codes that every command shares. */
export const sharedCodes = {
  usage: [exitCode.usage, 'the command line or the configuration is wrong'],
  internal: [exitCode.internal, 'a defect of this program, or a thread that died; the reason is on stderr'],
} as const;
