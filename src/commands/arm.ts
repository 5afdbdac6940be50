// `vdcu arm`: open a series by the service's HTTP interface, for people and shell scripts.
// Tested by test/commands/series-commands.test.ts.

import type { Command } from 'commander';
import { exitCode } from '../base/errors.js';
import { addEndpoints, armAll, endpointUrls } from './endpoints.js';
import {
  addTarget,
  addToken,
  answerLimitMs,
  refusal,
  request,
  serviceToken,
  serviceUrl,
  type ApiOptions,
} from './api-client.js';
import type { JsonNode, JsonObject } from '../base/json-text.js';
import type { ArmKey } from '../control/arm-request.js';
import type { Armed } from '../control/orders.js';
import { helpEnd, sharedCodes, writtenJson, writtenNumber } from './arguments.js';

interface ArmOptions extends ApiOptions {
  readonly filename?: string;
  readonly frames?: JsonNode;
  readonly firstFrame?: JsonNode;
  readonly framePeriod?: JsonNode;
  readonly metadata?: string;
  readonly dynamicRange?: JsonNode;
  readonly readNRows?: JsonNode;
  readonly force?: true;
}

/** Add the command to the program. */
export function addArm(program: Command): void {
  addEndpoints(addToken(addTarget(program.command('arm'))))
    .summary('open a series')
    .description(
      'Open a series: the header goes to the consumer, then packets are taken. Arm before the detector is started.',
    )
    .option('--filename <path>', 'file that the consumer shall write (default: none)')
    .option('--frames <count>', 'frames of the series; 0: until stopped (default: 0)', writtenNumber)
    .option('--first-frame <number>', "the detector's number of the first frame (nextframenumber)", writtenNumber)
    .option(
      '--frame-period <ms>',
      'time from frame to frame; a series that falls silent for ten of them (at least 5 s) is ended',
      writtenNumber,
    )
    .option('--metadata <json>', 'JSON object for the header, or @FILE')
    .option('--dynamic-range <bits>', 'bit depth of this series, up to dynamic_range_max', writtenNumber)
    .option('--read-n-rows <rows>', 'rows read out of each port image; 0: all', writtenNumber)
    .option(
      '--force',
      'arm although no consumer is connected (the header waits for one) or a check failed that loses data (vdcu ' +
        'doctor)',
    )
    .addHelpText(
      'after',
      helpEnd(
        [
          'vdcu arm --frames 1000 --filename /data/visitors/scan-1.h5',
          'vdcu arm examples/detectors.yaml softimax-eiger --frames 1000 --first-frame 1',
          'vdcu arm --endpoints http://jungfrau-0:5000,http://jungfrau-1:5000 --frames 1000 --first-frame 1',
          'vdcu arm --frame-period 1 --metadata \'{"exptime": 0.001}\'',
        ],
        [
          [exitCode.ok, 'the series is open'],
          [exitCode.usage, 'the command line, the configuration or a value of the request is wrong'],
          [exitCode.environment, 'refused for another reason (it is printed), or no service answers'],
          sharedCodes.internal,
        ],
      ),
    )
    .action(async (file: string | undefined, name: string | undefined, options: ArmOptions) => {
      await arm(file, name, options);
    });
}

/**
 * Send the request and print the outcome.
 * @throws OperatorError when it is refused or no service answers
 */
export async function arm(file: string | undefined, name: string | undefined, options: ArmOptions): Promise<void> {
  if (options.endpoints !== undefined) return armShared(endpointUrls(options.endpoints, options, file), options);
  const url = await serviceUrl(file, name, options);
  const answer = await request(url, 'POST', answerLimitMs.arm, {
    body: wishOf(options),
    token: await serviceToken(file, name, options),
  });
  if (answer.status !== 201) throw refusal(answer, 'not armed');
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(answer.body)}\n`);
    return;
  }
  const { series_id, msg_number, header_pending, state, warnings } = answer.body as Armed;
  const header = header_pending
    ? 'its header waits for a consumer'
    : `its header is message ${msg_number ?? 'unknown'}`;
  process.stdout.write(`series ${series_id} is ${state}; ${header}\n`);
  note(warnings);
}

/** Where they do not mix with what scripts read. */
function note(warnings: readonly string[]): void {
  for (const warning of warnings) process.stderr.write(`note: ${warning}\n`);
}

/** All instances that share a detector, or none. */
async function armShared(urls: readonly string[], options: ArmOptions): Promise<void> {
  const { base, armed, warnings } = await armAll(
    urls,
    wishOf(options),
    await serviceToken(undefined, undefined, options),
  );
  if (options.json === true) process.stdout.write(`${JSON.stringify({ msg_number: base, armed, warnings })}\n`);
  else {
    process.stdout.write(
      `${armed.length} instances are armed; the header is message ` +
        `${base}\n${armed.map(({ url, series_id }) => `  ${url}: series ${series_id}\n`).join('')}`,
    );
    note(warnings);
  }
}

/** What is asked for: what was given, as it was written. The service says what is wrong with it. */
function wishOf(options: ArmOptions): JsonObject {
  const { filename, frames, firstFrame, framePeriod, metadata, dynamicRange, readNRows, force } = options;
  const members: readonly (readonly [key: ArmKey, value: JsonNode | undefined])[] = [
    ['filename', filename === undefined ? undefined : { kind: 'string', value: filename }],
    ['frames', frames],
    ['first_frame_number', firstFrame],
    ['frame_period_ms', framePeriod],
    ['metadata', metadata === undefined ? undefined : writtenJson('--metadata', metadata)],
    ['dynamic_range', dynamicRange],
    ['read_n_rows', readNRows],
    ['force', force === undefined ? undefined : { kind: 'boolean', value: force }],
  ];
  return {
    kind: 'object',
    members: members.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
  };
}
