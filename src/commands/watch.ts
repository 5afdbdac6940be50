// `vdcu watch`: pull the stream as the real consumer does and check it. The checking lies in simulators/.
// Tested by test/commands/rehearsal-commands.test.ts.

import { Option } from 'commander';
import type { Command } from 'commander';
import { exitCode, OperatorError } from '../base/errors.js';
import { pictures } from '../../simulators/detector/pictures.js';
import type { Picture } from '../../simulators/detector/pictures.js';
import { addPair, helpEnd, PairOption, positiveNumber, sharedCodes, wholeNumber } from './arguments.js';

interface WatchOptions {
  /** Commander gathers the two values of `--verify CONFIG NAME`. */
  readonly verify?: readonly string[];
  readonly picture: Picture;
  readonly series?: number;
  readonly extraFields: boolean;
  readonly delay?: number;
  readonly timeout?: number;
  readonly allowIncomplete?: true;
  readonly json?: true;
}

/** Add the command to the program. */
export function addWatch(program: Command): void {
  const command = program
    .command('watch')
    .summary('pull the stream and check it')
    .description(
      'Pull the stream at ENDPOINT, order it as the real consumer does, and say at the end what was right and ' +
        'wrong: messages, numbers, frames, sizes, and with --verify every pixel. It is a consumer like any other: ' +
        'beside another one, each gets only a part.',
    )
    .argument(
      '<endpoint>',
      'where the stream is offered, for example tcp://127.0.0.1:9999; several with commas between: sockets ' +
        'of one service, or instances that share a detector',
    );
  addPair(
    command,
    new PairOption(
      '--verify <values...>',
      'CONFIG NAME: compare every pixel with the formula of `vdcu simulate` for this detector',
    ),
  )
    .addOption(
      new Option('--picture <picture>', 'with --verify: the same as that of `vdcu simulate`')
        .choices(pictures)
        .default('formula'),
    )
    .option('--series <count>', 'end after so many series (default: at Ctrl-C)', wholeNumber(1))
    .option('--timeout <seconds>', 'end when nothing came for so long (default: never)', positiveNumber)
    .option('--allow-incomplete', 'frames that are not complete are no failure: exit code 0')
    .option('--delay <ms>', 'wait after each message: a slow consumer', wholeNumber(1, 60_000))
    .option('--no-extra-fields', 'do not demand the fields that this service adds: for the stream of another program')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      helpEnd(
        [
          'vdcu watch tcp://127.0.0.1:9999',
          'vdcu watch tcp://127.0.0.1:9999 --verify examples/detectors.yaml softimax-eiger --series 1',
          'vdcu watch tcp://127.0.0.1:9999 --series 1 --timeout 60 --json',
          'vdcu watch tcp://jungfrau-0:9999,tcp://jungfrau-1:9999 --series 1',
        ],
        [
          [exitCode.ok, 'a series was seen, nothing was wrong with the stream, and all frames were complete'],
          [exitCode.failed, 'wrong pixels, messages missing or twice, or a message that is not as it should be'],
          sharedCodes.usage,
          [exitCode.environment, 'never connected, or no series was seen'],
          sharedCodes.internal,
          [
            exitCode.incomplete,
            'nothing was wrong with the stream, and frames were not complete: marked, discarded, or their series ' +
              'aborted',
          ],
        ],
      ),
    )
    .action(async (endpoint: string, options: WatchOptions) => {
      process.exitCode = await watch(endpoint, options);
    });
}

/**
 * Watch until the series are over or Ctrl-C.
 * @returns exit code
 * @throws OperatorError
 */
export async function watch(endpoint: string, options: WatchOptions): Promise<number> {
  const verified = await whatToVerify(options.verify);
  const { runWatch } = await import('../../simulators/watch.js');
  const { onInterrupt } = await import('./interrupt.js');
  const interrupt = onInterrupt();
  try {
    return await runWatch({
      endpoint,
      ...(verified === null ? {} : { ...verified, picture: options.picture }),
      ...(options.series === undefined ? {} : { series: options.series }),
      // A slow consumer's socket keeps little for it, or its slowness would not show.
      ...(options.delay === undefined ? {} : { delayMs: options.delay, receiveHighWaterMark: 4 }),
      ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout * 1000 }),
      allowIncomplete: options.allowIncomplete === true,
      extraFields: options.extraFields,
      json: options.json === true,
      signal: interrupt.signal,
      out: process,
    });
  } finally {
    interrupt.release();
  }
}

async function whatToVerify(values: readonly string[] | undefined) {
  if (values === undefined) return null;
  const [file, name, ...more] = values;
  if (file === undefined || name === undefined || more.length > 0) {
    throw new OperatorError(
      `--verify ${values.join(' ')}: needs exactly a configuration file and the name of a detector in it`,
      exitCode.usage,
    );
  }
  const { loadConfig } = await import('../config/load.js');
  const { detector, turn, mirror, roi, mask: where, maskValue } = loadConfig(file, name);
  if (turn === 0 && !mirror && roi === null && where === null) return { verify: detector };
  const { loadMask } = await import('../../simulators/files/mask.js');
  const mask = where === null ? null : (await loadMask(where)).mask;
  return { verify: detector, form: { turn, mirror, roi, mask, maskValue } };
}
