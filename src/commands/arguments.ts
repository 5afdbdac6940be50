// Parsers of command line values, the same for every command, and the endings of their help texts.
// Tested by test/commands/command-line.test.ts.

import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { exitCode, messageOf, OperatorError } from '../base/errors.js';
import { parseJson } from '../base/json-text.js';
import type { JsonNode } from '../base/json-text.js';

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
      json = readFileSync(text.slice(1), 'utf8');
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
