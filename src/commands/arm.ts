// `vdcu arm`: open a series by the service's HTTP interface, for people and shell scripts.

import type { Command } from 'commander';
import { exitCode } from '../base/errors.js';
import { addEndpoints, armAll, endpointUrls } from './endpoints.js';
import { addTarget, addToken, refusal, request, serviceToken, serviceUrl, type ApiOptions } from './api-client.js';
import { helpEnd, jsonObject, positiveNumber, sharedCodes, wholeNumber } from './arguments.js';

interface ArmOptions extends ApiOptions {
  readonly filename: string;
  readonly frames: number;
  readonly firstFrame?: number;
  readonly framePeriod?: number;
  readonly metadata?: string;
  readonly dynamicRange?: number;
  readonly readNRows?: number;
  readonly force?: true;
}

/** What an arm request answers with (201). */
interface Armed {
  readonly series_id: number;
  readonly msg_number: number | null;
  readonly header_pending: boolean;
  readonly state: string;
}

/** Sockets are drained and the header is handed over before the service answers. */
const limitMs = 30_000;

/** Add the command to the program. */
export function addArm(program: Command): void {
  addEndpoints(addToken(addTarget(program.command('arm'))))
    .summary('open a series')
    .description('Open a series: the header goes to the consumer, then packets are taken. Arm before the detector is started.')
    .option('--filename <path>', 'file that the consumer shall write; empty: none', '')
    .option('--frames <count>', 'frames of the series; 0: until stopped', wholeNumber(0, 4294967295), 0)
    .option('--first-frame <number>', 'the detector\'s number of the first frame (nextframenumber)', wholeNumber(1))
    .option('--frame-period <ms>', 'time from frame to frame; a series that falls silent for ten of them (at least 5 s) is ended', positiveNumber)
    .option('--metadata <json>', 'JSON object for the header, or @FILE')
    .option('--dynamic-range <bits>', 'bit depth of this series, up to dynamic_range_max', wholeNumber(1, 64))
    .option('--read-n-rows <rows>', 'rows read out of each port image; 0: all', wholeNumber(0, 65536))
    .option('--force', 'arm although no consumer is connected (the header waits for one) or a check failed that loses data (vdcu doctor)')
    .addHelpText('after', helpEnd([
      'vdcu arm --frames 1000 --filename /data/visitors/scan-1.h5',
      'vdcu arm examples/detectors.yaml softimax-eiger --frames 1000 --first-frame 1',
      'vdcu arm --endpoints http://jungfrau-0:5000,http://jungfrau-1:5000 --frames 1000 --first-frame 1',
      'vdcu arm --frame-period 1 --metadata \'{"exptime": 0.001}\'',
    ], [
      [exitCode.ok, 'the series is open'],
      sharedCodes.usage,
      [exitCode.environment, 'refused (the reasons are printed), or no service answers'],
      sharedCodes.internal,
    ]))
    .action(async (file: string | undefined, name: string | undefined, options: ArmOptions) => {
      await arm(file, name, options);
    });
}

/**
 * Send the request and print what came of it.
 * @throws OperatorError when it is refused or nobody answers
 */
export async function arm(file: string | undefined, name: string | undefined, options: ArmOptions): Promise<void> {
  if (options.endpoints !== undefined) return armShared(endpointUrls(options.endpoints, options, file), options);
  const url = await serviceUrl(file, name, options);
  const answer = await request(url, 'POST', limitMs, { body: armBody(options), token: await serviceToken(file, name, options) });
  if (answer.status !== 201) throw refusal(answer, 'not armed');
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(answer.body)}\n`);
    return;
  }
  const { series_id, msg_number, header_pending, state } = answer.body as Armed;
  const header = header_pending ? 'its header waits for a consumer' : `its header is message ${msg_number ?? 'unknown'}`;
  process.stdout.write(`series ${series_id} is ${state}; ${header}\n`);
}

/** All instances that share a detector, or none. */
async function armShared(urls: readonly string[], options: ArmOptions): Promise<void> {
  const { base, armed } = await armAll(urls, armBody(options), await serviceToken(undefined, undefined, options));
  if (options.json === true) process.stdout.write(`${JSON.stringify({ msg_number: base, armed })}\n`);
  else process.stdout.write(`${armed.length} instances are armed; the header is message ${base}\n${armed.map(({ url, series_id }) => `  ${url}: series ${series_id}\n`).join('')}`);
}

/** The body of the request; options that were not given are left out. */
function armBody(options: ArmOptions): Record<string, unknown> {
  return {
    filename: options.filename,
    frames: options.frames,
    ...(options.firstFrame === undefined ? {} : { first_frame_number: options.firstFrame }),
    ...(options.framePeriod === undefined ? {} : { frame_period_ms: options.framePeriod }),
    ...(options.metadata === undefined ? {} : { metadata: jsonObject('--metadata', options.metadata) }),
    ...(options.dynamicRange === undefined ? {} : { dynamic_range: options.dynamicRange }),
    ...(options.readNRows === undefined ? {} : { read_n_rows: options.readNRows }),
    ...(options.force === true ? { force: true } : {}),
  };
}
