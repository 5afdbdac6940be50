// `vdcu record`: pull the stream and write it to an HDF5 file. The writing lies in simulators/.
// Tested by test/commands/rehearsal-commands.test.ts.

import type { Command } from 'commander';
import { exitCode } from '../base/errors.js';
import { helpEnd, positiveNumber, sharedCodes, wholeNumber } from './arguments.js';

interface RecordOptions {
  readonly name: string;
  readonly series?: number;
  readonly timeout?: number;
  readonly allowIncomplete?: true;
  readonly json?: true;
}

/** Add the command to the program. */
export function addRecord(program: Command): void {
  program
    .command('record')
    .summary('pull the stream and write it to an HDF5 file')
    .description(
      'Pull the stream at ENDPOINT, order it as the real consumer does, and write its frames to the new HDF5 file ' +
        'FILE, laid out as streaming-receiver does: /entry/instrument/NAME/data, sequence_number, and the metadata ' +
        'of the header. Compressed images are kept as they were sent. Several series follow each other in the same ' +
        'datasets. Frames that the service discards are not written. It is a consumer like any other: beside another ' +
        'one, each gets only a part.',
    )
    .argument(
      '<endpoint>',
      'where the stream is offered, for example tcp://127.0.0.1:9999; several with commas between: sockets of one ' +
        'service, or instances that share a detector',
    )
    .argument('<file>', 'a file that does not exist yet')
    .option('--name <detector>', 'group below /entry/instrument', 'detector')
    .option('--series <count>', 'end after so many series (default: at Ctrl-C)', wholeNumber(1))
    .option('--timeout <seconds>', 'end when nothing came for so long (default: never)', positiveNumber)
    .option('--allow-incomplete', 'frames that are not complete are no failure: exit code 0')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      helpEnd(
        [
          'vdcu record tcp://127.0.0.1:9999 scan.h5 --name eiger --series 1',
          'vdcu simulate examples/detectors.yaml softimax-eiger --hdf5 scan.h5 --dataset /entry/instrument/eiger/data',
        ],
        [
          [exitCode.ok, 'a series was seen, everything was written, and all frames were complete'],
          [
            exitCode.failed,
            'messages that could not be written: no image, out of order, or of another shape or compression ' +
              'than the first',
          ],
          sharedCodes.usage,
          [
            exitCode.environment,
            'never connected, or no series was seen: no file is left; or the file exists already, cannot be ' +
              'written, or the disk is full',
          ],
          sharedCodes.internal,
          [
            exitCode.incomplete,
            'everything was written, and frames were not complete: marked, discarded, or their series aborted',
          ],
        ],
      ),
    )
    .action(async (endpoint: string, file: string, options: RecordOptions) => {
      process.exitCode = await record(endpoint, file, options);
    });
}

/**
 * Record until the series are over or Ctrl-C.
 * @returns exit code
 * @throws OperatorError
 */
export async function record(endpoint: string, file: string, options: RecordOptions): Promise<number> {
  const { runRecord } = await import('../../simulators/record.js');
  const { onInterrupt } = await import('./interrupt.js');
  const interrupt = onInterrupt();
  try {
    return await runRecord({
      endpoint,
      file,
      name: options.name,
      ...(options.series === undefined ? {} : { series: options.series }),
      ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout * 1000 }),
      allowIncomplete: options.allowIncomplete === true,
      json: options.json === true,
      signal: interrupt.signal,
      out: process,
    });
  } finally {
    interrupt.release();
  }
}
