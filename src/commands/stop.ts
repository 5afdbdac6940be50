// `vdcu stop`: end the series by the service's HTTP interface and say how it went.
// Tested by test/commands/series-commands.test.ts.

import type { Command } from 'commander';
import { OperatorError, exitCode } from '../base/errors.js';
import type { SeriesSummary } from '../contract/series.js';
import { addEndpoints, endpointUrls, stopAll } from './endpoints.js';
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
import { helpEnd, sharedCodes, wholeNumber } from './arguments.js';
import { summaryLines } from './series-text.js';

type StopOptions = ApiOptions & { readonly fill?: boolean; readonly series?: number };

/** Add the command to the program. */
export function addStop(program: Command): void {
  addEndpoints(addToken(addTarget(program.command('stop'))))
    .summary('end the series')
    .description(
      'End the series: what has arrived is sent, then series_end. Waits until that is done and says how the series ' +
        'went.',
    )
    .addHelpText(
      'after',
      helpEnd(
        [
          'vdcu stop',
          'vdcu stop --endpoints http://jungfrau-0:5000,http://jungfrau-1:5000',
          'vdcu stop examples/detectors.yaml softimax-eiger --json | jq .complete',
        ],
        [
          [exitCode.ok, 'ended, or none was open'],
          [exitCode.failed, 'ended, but as aborted, or an instance took no part'],
          sharedCodes.usage,
          [exitCode.environment, 'refused, or no service answers'],
          sharedCodes.internal,
          [exitCode.undelivered, 'ended, but the consumer lacks messages, or series_end waits for one'],
        ],
      ),
    )
    .option('--fill', 'send all frames that were asked for, those that never came made up as missing')
    .option('--series <id>', 'this series and no other: refused while another is open', wholeNumber(0))
    .action(async (file: string | undefined, name: string | undefined, options: StopOptions) => {
      process.exitCode = await stop(file, name, options);
    });
}

/**
 * Send the request and print the summary.
 * @returns exit code
 * @throws OperatorError when no service answers
 */
export async function stop(file: string | undefined, name: string | undefined, options: StopOptions): Promise<number> {
  if (options.endpoints !== undefined && options.fill === true)
    throw new OperatorError(
      '--fill goes only with a series of one instance; a shared one ends where its instances have come to',
      exitCode.usage,
    );
  if (options.endpoints !== undefined && options.series !== undefined)
    throw new OperatorError(
      '--series goes only with one instance: those that share a series have a number of their own for it',
      exitCode.usage,
    );
  if (options.endpoints !== undefined)
    return stopShared(
      endpointUrls(options.endpoints, options, file),
      await serviceToken(undefined, undefined, options),
      options.json === true,
    );
  const url = await serviceUrl(file, name, options);
  const query = new URLSearchParams({
    ...(options.fill === true ? { fill: 'true' } : {}),
    ...(options.series === undefined ? {} : { series_id: String(options.series) }),
  }).toString();
  const answer = await request(url, 'DELETE', answerLimitMs.stop, {
    path: `/api/v1/series${query === '' ? '' : `?${query}`}`,
    token: await serviceToken(file, name, options),
  });
  if (answer.status >= 300 && answer.status !== 404) throw refusal(answer, 'not stopped');
  const summary = summaryOf(answer.body);
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(summary)}\n`);
  } else {
    process.stdout.write(summary === null ? 'no series was open\n' : `${summaryLines(summary).join('\n')}\n`);
  }
  return codeOf(summary === null ? [] : [summary]);
}

/** An abort says more than what is lacking because of it. */
function codeOf(summaries: readonly SeriesSummary[]): number {
  if (summaries.some(({ aborted }) => aborted !== undefined)) return exitCode.failed;
  const lacks = summaries.some(({ end_pending: pending, undelivered }) => pending || undelivered !== undefined);
  return lacks ? exitCode.undelivered : exitCode.ok;
}

/** All instances that share a detector, at one frame. */
async function stopShared(urls: readonly string[], token: string | null, json: boolean): Promise<number> {
  const { frames, members } = await stopAll(urls, token);
  const silent = members.filter(({ problem }) => problem !== null);
  const whole = silent.length === 0 && members.every(({ summary }) => summary?.aborted === undefined);
  if (json) {
    process.stdout.write(`${JSON.stringify({ frames, whole: frames !== null && whole, members })}\n`);
  } else {
    process.stdout.write(frames === null ? 'no series was open\n' : `the series ended with ${frames} frames\n`);
    for (const { url, summary } of members)
      if (summary !== null) process.stdout.write(`${url}: ${summaryLines(summary).join('\n')}\n`);
  }
  for (const { url, problem } of silent) process.stderr.write(`${url}: ${problem}\n`);
  if (frames !== null && !whole)
    process.stderr.write(
      'frames of some instances are missing: the consumer has the series up to the first of them and waits; the ' +
        'next header frees it (docs/operating.md#instance-missing)\n',
    );
  if (silent.length === members.length) return exitCode.environment;
  return whole ? codeOf(members.flatMap(({ summary }) => (summary === null ? [] : [summary]))) : exitCode.failed;
}

function summaryOf(body: unknown): SeriesSummary | null {
  return typeof body === 'object' && body !== null && 'summary' in body ? (body.summary as SeriesSummary | null) : null;
}
