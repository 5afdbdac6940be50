// `vdcu explain`: what happened to each frame, told from a recording of the flight recorder.

import type { Command } from 'commander';
import { exitCode, OperatorError } from '../base/errors.js';
import { helpEnd, sharedCodes } from './arguments.js';

/** Add the command to the program. */
export function addExplain(program: Command): void {
  program
    .command('explain')
    .summary('what happened to each frame of a flight recording')
    .description(
      'Read FILE, a capture file of the flight recorder (flight_recorder_dir, or the answer of POST ' +
        '/api/v1/flight-recorder), and tell of each frame which packets came, when, in which order and of which ' +
        'class, and which never came.',
    )
    .argument('<file>', 'a .pcap that this service wrote')
    .option('--json', 'print the story as JSON')
    .addHelpText(
      'after',
      helpEnd(
        [
          'vdcu explain recordings/softimax-eiger-20260101T120000.000Z-loss.pcap',
          'curl -s -X POST http://127.0.0.1:5000/api/v1/flight-recorder -o now.pcap && vdcu explain now.pcap',
        ],
        [
          [exitCode.ok, 'the recording was told, whatever is in it'],
          [exitCode.failed, 'it is cut off or damaged: what comes before was told'],
          sharedCodes.usage,
          sharedCodes.internal,
        ],
      ),
    )
    .action(async (file: string, options: { readonly json?: true }) => {
      process.exitCode = await explain(file, options);
    });
}

/**
 * Read and print.
 * @returns exit code: failed when the file is cut off or damaged, and what comes before was told
 * @throws OperatorError (usage) when the file is no capture file, has no whole record, or was not written by the flight
 * recorder
 */
export async function explain(file: string, options: { readonly json?: true }): Promise<number> {
  const { openCapture } = await import('../../simulators/files/capture/capture.js');
  const { readFlightRecord } = await import('../flight/pcap.js');
  const { tellFlight } = await import('../flight/story.js');
  const { flightText } = await import('../flight/text.js');
  const capture = openCapture(file);
  const packets = [...capture.records()].map((record, index) => {
    const packet = readFlightRecord(record);
    if (packet === null) {
      throw new OperatorError(
        `${file}: record ${index} was not written by the flight recorder, so nothing tells the class of its packet. ` +
          'Give a file of flight_recorder_dir, or the answer of POST /api/v1/flight-recorder',
        exitCode.usage,
      );
    }
    return packet;
  });
  if (capture.damage !== null && packets.length === 0) throw new OperatorError(capture.damage, exitCode.usage);
  const story = tellFlight(packets);
  process.stdout.write(`${options.json === true ? JSON.stringify({ file, ...story }) : flightText(file, story)}\n`);
  if (capture.damage === null) return exitCode.ok;
  process.stderr.write(`${capture.damage}. What came before was told\n`);
  return exitCode.failed;
}
