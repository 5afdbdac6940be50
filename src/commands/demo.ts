// `vdcu demo`: simulator, service and checking consumer in one go, on this machine.
// Tested by test/commands/rehearsal-commands.test.ts.

import type { Command } from 'commander';
import { exitCode } from '../base/errors.js';
import { helpEnd, positiveNumber, sharedCodes, wholeNumber } from './arguments.js';

/** Where a demo that stays has its page; the same each time, so that a tab finds it again. */
const keptPort = 5000;

interface DemoOptions {
  readonly frames: number;
  readonly rate: number;
  readonly seed: number;
  readonly keep?: true | number;
  readonly metricsPort?: number;
  readonly json?: true;
}

/** Add the command to the program. */
export function addDemo(program: Command): void {
  program
    .command('demo')
    .summary('simulator, service and consumer together')
    .description(
      'Send a simulated Eiger quad (514 × 514 × 16 bit) with loss, reordering and duplicates through the service ' +
        'to a consumer that checks every pixel; then print the ledger: what was sent, what was received, and that ' +
        'both agree.',
    )
    .option('--frames <count>', 'frames to send', wholeNumber(1), 3000)
    .option('--rate <hz>', 'frames per second', positiveNumber, 200)
    .option(
      '--seed <number>',
      'chooses the packets that are lost, reordered and sent twice',
      wholeNumber(0, 4294967295),
      1,
    )
    .option(
      '--metrics-port <port>',
      "serve the simulator's truth to Prometheus at http://127.0.0.1:PORT/metrics, too",
      wholeNumber(1, 65535),
    )
    .option(
      '--keep [port]',
      `go on until Ctrl-C, with the page at http://127.0.0.1:${keptPort}/ or on this port; what comes after the ` +
        'ledger is checked as well',
      wholeNumber(1, 65535),
    )
    .option('--json', 'print the ledger as JSON')
    .addHelpText(
      'after',
      helpEnd(
        ['vdcu demo', 'vdcu demo --keep', 'vdcu demo --frames 10000 --rate 500 --seed 7'],
        [
          [exitCode.ok, 'every pixel was right and the sums agree'],
          [exitCode.failed, 'something disagreed'],
          sharedCodes.usage,
          [exitCode.environment, 'a port is taken, or the system is in the way'],
          sharedCodes.internal,
          [
            exitCode.interrupted,
            'interrupted before the ledger was complete; with --keep, Ctrl-C after it is the end that was meant: 0',
          ],
        ],
      ),
    )
    .action(async (options: DemoOptions) => {
      process.exitCode = await demo(options);
    });
}

/**
 * Run the demo.
 * @returns exit code
 * @throws OperatorError
 */
export async function demo(options: DemoOptions): Promise<number> {
  const { onInterrupt } = await import('./interrupt.js');
  const interrupt = onInterrupt();
  // Loading and starting takes a moment, on a slow disk the first time many.
  process.stderr.write(
    'Virtual DCU demo: simulated Eiger quad (2 ports, 514 × 514, 16 bit) → service → checking consumer.\n',
  );
  try {
    const { runDemo } = await import('../rehearsal/demo.js');
    return await runDemo({
      ...options,
      keepOnPort: options.keep === true ? keptPort : (options.keep ?? null),
      json: options.json === true,
      signal: interrupt.signal,
      out: process,
    });
  } finally {
    interrupt.release();
  }
}
