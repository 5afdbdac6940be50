// `vdcu rehearse`: series after series with different settings and faults, before the detector is there.
// Tested by test/commands/rehearsal-commands.test.ts.

import type { Command } from 'commander';
import { exitCode } from '../base/errors.js';
import { helpEnd, sharedCodes, wholeNumber } from './arguments.js';

interface RehearseOptions {
  readonly short?: true;
  readonly seed: number;
  readonly prometheus: boolean;
  readonly json?: true;
}

/** Add the command to the program. */
export function addRehearse(program: Command): void {
  program
    .command('rehearse')
    .summary('several series with different settings and faults, checked from end to end')
    .description(
      'Start the service on free ports of this machine and run armed series through it: other bit depths, fewer ' +
        'rows, packets lost, late and twice, a silent port, a slow consumer, a stop. Each time a consumer checks ' +
        'every pixel, and what the simulator sent, the service counted and the consumer saw must agree. Prometheus ' +
        'scrapes the service if it is installed, and its figures must agree too. Ends with a report.',
    )
    .option('--short', 'fewer frames: about 20 s instead of a minute')
    .option('--seed <number>', 'chooses the packets of the faults', wholeNumber(0, 4294967295), 1)
    .option('--no-prometheus', 'without Prometheus')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      helpEnd(
        ['vdcu rehearse', 'vdcu rehearse --short --json | jq .ok'],
        [
          [exitCode.ok, 'everything agreed in all series'],
          [exitCode.failed, 'something disagreed; the report says what'],
          sharedCodes.usage,
          [exitCode.environment, 'something could not be started'],
          sharedCodes.internal,
          [exitCode.interrupted, 'interrupted'],
        ],
      ),
    )
    .action(async (options: RehearseOptions) => {
      process.exitCode = await rehearse(options);
    });
}

/**
 * Run the rehearsal.
 * @returns exit code
 * @throws OperatorError
 */
export async function rehearse({ short, seed, prometheus, json }: RehearseOptions): Promise<number> {
  const { onInterrupt } = await import('./interrupt.js');
  const interrupt = onInterrupt();
  // Loading and starting takes a moment, on a slow disk the first time many.
  process.stderr.write('Virtual DCU rehearsal: starting …\n');
  try {
    const { runRehearsal } = await import('../rehearsal/rehearsal.js');
    return await runRehearsal({
      short: short === true,
      seed,
      prometheus,
      json: json === true,
      signal: interrupt.signal,
      out: process,
    });
  } finally {
    interrupt.release();
  }
}
