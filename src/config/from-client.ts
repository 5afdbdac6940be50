// A configuration that leaves the detector to PSI's client (`detector: from_client`). Comes in: what the file states,
// and what the client has set, as values of the same keys. Goes out: the configuration of both together, checked like
// one that was written by hand, or what is wrong with it. A key of the file holds; where the client contradicts it is
// not found here (control/sls/agreement.ts).

import { OperatorError, exitCode } from '../base/errors.js';
import { findProblems } from './checks.js';
import { show } from './problem.js';
import { resolveOptions } from './resolve.js';
import { notesOf, options as allOptions } from './schema.js';
import type { OptionKey, Options } from './schema.js';
import type { ServiceConfig, StatedOptions } from './service-config.js';

/** The value of `detector`. */
export const fromClient = 'from_client';

/** Keys that the client says. */
const clientKeys = [
  'detector',
  'modules',
  'quad',
  'interfaces',
  'counters',
  'ten_giga',
  'dynamic_range',
  'udp_ports',
  'ports_off',
  'udp_host',
  'flip_rows',
  'roi',
] as const satisfies readonly OptionKey[];

/** Their values; absent = the client says nothing of it. */
export type ClientOptions = { readonly [K in (typeof clientKeys)[number]]?: Options[K] };

/**
 * The configuration with what the client says.
 * @throws OperatorError (usage), one line for each problem
 */
export function completeConfig(name: string, stated: StatedOptions, client: ClientOptions): ServiceConfig {
  const options: Options = { ...stated.options };
  // The file says from_client; the bit depth belongs to each series.
  const holds = (key: OptionKey): boolean => key !== 'detector' && key !== 'dynamic_range' && stated.given.has(key);
  for (const key of clientKeys)
    if (client[key] !== undefined && !holds(key)) Object.assign(options, { [key]: client[key] });
  const wrong = clientKeys.filter(
    (key) => client[key] !== undefined && !allOptions[key].safeParse(client[key]).success,
  );
  const problems = [
    ...wrong.map((key) => ({
      path: [key],
      message: `${show(client[key])} is not allowed: needs ${notesOf(key).range}`,
    })),
    ...findProblems(options, new Set(wrong)),
  ];
  if (problems.length > 0)
    throw new OperatorError(
      problems.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'),
      exitCode.usage,
    );
  return { ...resolveOptions(name, options, stated.hostName), stated };
}

/** Does the client still have to say what the detector is? */
export function isOpen({ detector }: Pick<ServiceConfig, 'detector'>): boolean {
  return detector.detector === fromClient;
}
