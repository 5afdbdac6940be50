// `vdcu reference` (not listed in the help): prints the generated pages of docs/reference/ from the tables that they
// document.
// Tested by test/commands/command-line.test.ts.

import { Argument } from 'commander';
import type { Command } from 'commander';

const pages = ['configuration', 'metrics'] as const;

/** Add the command to the program. */
export function addReference(program: Command): void {
  program
    .command('reference', { hidden: true })
    .description('Print a page of the reference as Markdown.')
    .addArgument(new Argument('[page]', 'which page').choices(pages).default('configuration'))
    .action(async (page: (typeof pages)[number]) => {
      if (page === 'metrics') {
        const { metricsReference } = await import('../metrics/reference.js');
        const { simulatorCounterTable } = await import('../../simulators/detector/metrics.js');
        process.stdout.write(metricsReference(simulatorCounterTable));
        return;
      }
      process.stdout.write((await import('../config/reference.js')).configurationReference());
    });
}
