// Which of our ways to receive or to send a thread uses: of those that the configuration allows, the first that this
// machine has. What is not as fast as it could be is said in a note. The ways themselves are rows in udp/ways-in.ts and
// stream/output/ways-out.ts.
// Tested by test/service/ways.test.ts.

import { AssertionFailed } from '../base/assert.js';
import { OperatorError, exitCode } from '../base/errors.js';
import { allowed, choices } from '../config/ways.js';

/** The way that is used. */
export interface Chosen<Name, Made> {
  readonly way: Name;
  /** What it made. */
  readonly made: Made;
  /** Sentences for the operator about what is slower than it could be. */
  readonly notes: string[];
}

/**
 * The first of the allowed ways that makes what is wanted.
 * @param key the option @param asked its value @param make what the way makes, or why it cannot, in a sentence
 * @throws OperatorError when the configuration insists on what this machine does not have
 */
export async function choose<Name extends string, Way extends { readonly without: string | null }, Made extends object>(
  key: 'receive' | 'send',
  asked: 'auto' | NoInfer<Name>,
  ways: Readonly<Record<Name, Way>>,
  make: (way: Way) => Made | string | Promise<Made | string>,
): Promise<Chosen<Name, Made>> {
  const notes: string[] = [];
  for (const name of allowed(ways, asked)) {
    const made = await make(ways[name]);
    if (typeof made !== 'string') return { way: name, made, notes };
    if (asked === name)
      throw new OperatorError(
        `${key}: ${name} cannot be had here: ${made}. Use ${key}: ${choices(ways).at(-1)}, or auto, which takes ` +
          'what works (docs/operating.md#portable-ways).',
        exitCode.environment,
      );
    notes.push(`${ways[name].without}: ${made}`);
  }
  throw new AssertionFailed('the last way can always be had');
}
