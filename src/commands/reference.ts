// `vdcu reference` (not listed in the help): prints docs/reference/configuration.md from the schema.

import type { Command } from 'commander';

/** Add the command to the program. */
export function addReference(program: Command): void {
  program.command('reference', { hidden: true })
    .description('Print the reference of the configuration as Markdown.')
    .action(async () => {
      const { configurationReference } = await import('../config/reference.js');
      process.stdout.write(configurationReference());
    });
}
