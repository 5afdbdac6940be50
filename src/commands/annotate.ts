// `vdcu annotate`: write what the service knows of lost packets into a file that a receiver wrote. The writing lies in
// simulators/.

import type { Command } from 'commander';
import { exitCode, messageOf, OperatorError } from '../base/errors.js';
import { readTextFile } from '../base/text-file.js';
import { answerLimitMs, refusal, request, serviceUrl, urlOption } from './api-client.js';
import { eachValue, helpEnd, sharedCodes } from './arguments.js';

interface AnnotateOptions {
  readonly series?: readonly string[];
  readonly ledger?: readonly string[];
  readonly name?: string;
  readonly url?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/** Add the command to the program. */
export function addAnnotate(program: Command): void {
  program
    .command('annotate')
    .summary('write what was lost into a file of the receiver')
    .description(
      'Write beside the images of FILE, which streaming-receiver wrote, which frames are not complete and which ' +
        'packets they lack, and what NeXus readers look for, as `vdcu record` does. The series is that of the ' +
        "service's history. All of it is written or nothing: a full disk, or Ctrl-C, leaves the file as it was.",
    )
    .argument('<file>', 'an HDF5 file that the receiver has finished')
    .option(
      '--series <id>',
      'the series that it was written of, asked from the service; again for the next one',
      eachValue,
    )
    .option(
      '--ledger <file>',
      'the same from a file: of history_dir, or an answer of the service; again, too',
      eachValue,
    )
    .option('--name <detector>', 'group below /entry/instrument (default: the only one with images)')
    .option(...urlOption)
    .option('--dry-run', 'say what would be written, and leave the file alone')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      helpEnd(
        [
          'vdcu annotate /data/scan-1.h5 --series 12 --url http://softimax-eiger-vdcu:5000',
          'vdcu annotate /data/scan-1.h5 --ledger history/softimax-eiger-series-0000000000000012.json --dry-run',
        ],
        [
          [exitCode.ok, 'the file was annotated, whatever it lacks, or it was so already'],
          [exitCode.failed, 'the file was written of another series; it is as it was'],
          sharedCodes.usage,
          [
            exitCode.environment,
            'no answer, no such series in the history, a full disk, a file that another program has open: it is as ' +
              'it was',
          ],
          sharedCodes.internal,
          [exitCode.interrupted, 'interrupted: the file is as it was'],
        ],
      ),
    )
    .action(async (file: string, options: AnnotateOptions) => {
      process.exitCode = await annotate(file, options);
    });
}

async function annotate(file: string, options: AnnotateOptions): Promise<number> {
  const { series = [], ledger = [], name, url, dryRun, json } = options;
  if ((series.length === 0) === (ledger.length === 0))
    throw new OperatorError(
      'of which series is the file? Give --series ID, as vdcu status prints it, or --ledger FILE',
      exitCode.usage,
    );
  const { runAnnotate } = await import('../../simulators/annotate.js');
  const { historyFileLimit } = await import('../view/history-folder.js');
  const { onInterrupt } = await import('./interrupt.js');
  const interrupt = onInterrupt();
  try {
    return await runAnnotate({
      file,
      series: ledger.length > 0 ? ledger.map((path) => ledgerFile(path, historyFileLimit)) : await asked(series, url),
      ...(name === undefined ? {} : { name }),
      dryRun: dryRun === true,
      json: json === true,
      signal: interrupt.signal,
      out: process,
    });
  } finally {
    interrupt.release();
  }
}

interface Told {
  readonly value: unknown;
  readonly from: string;
}

/** @param limit bytes that it may have */
function ledgerFile(path: string, limit: number): Told {
  try {
    return { value: parsed(readTextFile(path, limit)), from: path };
  } catch (error) {
    throw new OperatorError(
      `--ledger ${path}: cannot be read (${messageOf(error)}). Give a file of history_dir, or the answer of GET ` +
        '/api/v1/series/history/ID',
      exitCode.usage,
      { cause: error },
    );
  }
}

/** @throws Error in a line, whatever the text is */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('no JSON');
  }
}

async function asked(ids: readonly string[], url: string | undefined): Promise<Told[]> {
  const wrong = ids.find((id) => !/^\d{1,16}$/.test(id));
  if (wrong !== undefined)
    throw new OperatorError(`--series ${wrong}: is no number of a series; vdcu status prints it`, exitCode.usage);
  const service = await serviceUrl(undefined, undefined, url === undefined ? {} : { url });
  const told: Told[] = [];
  for (const id of ids) {
    const answer = await request(service, 'GET', answerLimitMs.question, { path: `/api/v1/series/history/${id}` });
    if (answer.status !== 200) throw refusal(answer, service);
    told.push({ value: answer.body, from: `${service}, series ${id}` });
  }
  return told;
}
