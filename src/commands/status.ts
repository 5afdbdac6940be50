// `vdcu status`: what the service is doing, in a few lines.
// Tested by test/commands/series-commands.test.ts.

import type { Command } from 'commander';
import { exitCode, OperatorError } from '../base/errors.js';
import type { CurrentPort, CurrentSeries, ServiceStatus } from '../view/service-view.js';
import { addEndpoints, endpointUrls, lookAt } from './endpoints.js';
import { addTarget, answerLimitMs, refusal, request, serviceUrl, type ApiOptions } from './api-client.js';
import { helpEnd, sharedCodes } from './arguments.js';
import { missingText, summaryLines } from './series-text.js';

/** Add the command to the program. */
export function addStatus(program: Command): void {
  addEndpoints(addTarget(program.command('status')))
    .summary('what the service is doing')
    .description(
      'Print the state of the service, what it waits for, what is wrong, and the packets of each port in this series.',
    )
    .option('--health', 'only ask whether every thread turns: the health check of containers')
    .addHelpText(
      'after',
      helpEnd(
        [
          'vdcu status',
          'vdcu status --url http://softimax-eiger-vdcu:5000',
          'vdcu status --json | jq -r .state',
          'vdcu status --health examples/detectors.yaml softimax-eiger',
        ],
        [
          [exitCode.ok, 'the service answered, whatever its state; with --health: all is well'],
          [exitCode.failed, 'with --health: a thread has stopped or failed'],
          sharedCodes.usage,
          [exitCode.environment, 'no service answers, or not all of --endpoints'],
          sharedCodes.internal,
        ],
      ),
    )
    .action(
      async (file: string | undefined, name: string | undefined, options: ApiOptions & { readonly health?: true }) => {
        if (options.health === true) process.exitCode = await health(file, name, options);
        else await status(file, name, options);
      },
    );
}

/**
 * Ask and print.
 * @throws OperatorError when no service answers
 */
export async function status(file: string | undefined, name: string | undefined, options: ApiOptions): Promise<void> {
  if (options.endpoints !== undefined)
    return statusOfAll(endpointUrls(options.endpoints, options, file), options.json === true);
  const url = await serviceUrl(file, name, options);
  const answer = await request(url, 'GET', answerLimitMs.question);
  const { problems } = (answer.body ?? {}) as { readonly problems?: unknown };
  if (answer.status !== 200 || !Array.isArray(problems)) throw refusal(answer, `no status from ${url}`);
  const text =
    options.json === true ? JSON.stringify(answer.body) : statusLines(answer.body as ServiceStatus).join('\n');
  process.stdout.write(`${text}\n`);
}

/** @throws OperatorError when one does not answer, after the others were printed */
async function statusOfAll(urls: readonly string[], json: boolean): Promise<void> {
  const found = await lookAt(urls);
  if (json) process.stdout.write(`${JSON.stringify(found)}\n`);
  else
    for (const member of found)
      if ('status' in member)
        process.stdout.write(
          `${member.url} (instance ${member.status.frames_offset} of ${member.status.frames_stride}): ` +
            `${statusLines(member.status).join('\n  ')}\n`,
        );
  const silent = found.flatMap((member) => ('problem' in member ? [`${member.url}: ${member.problem}`] : []));
  if (silent.length > 0) throw new OperatorError(silent.join('\n'), exitCode.environment);
}

/**
 * Ask `/healthz` and print the reasons when not all is well.
 * @returns exit code
 * @throws OperatorError when no service answers
 */
async function health(file: string | undefined, name: string | undefined, options: ApiOptions): Promise<number> {
  const url = await serviceUrl(file, name, options);
  const answer = await request(url, 'GET', answerLimitMs.question, { path: '/healthz' });
  const { alive, reasons } = (answer.body ?? {}) as { readonly alive?: unknown; readonly reasons?: unknown };
  if (typeof alive !== 'boolean' || !Array.isArray(reasons)) throw refusal(answer, `no health from ${url}`);
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify(answer.body)}\n`
      : alive
        ? 'every thread turns\n'
        : reasons.map((reason) => `${String(reason)}\n`).join(''),
  );
  return alive ? exitCode.ok : exitCode.failed;
}

function statusLines(answer: ServiceStatus): string[] {
  return [
    answer.message,
    `consumers connected: ${answer.consumers}${answer.end_pending ? '; a series_end waits for one' : ''}`,
    ...socketLines(answer),
    ...previewLines(answer),
    ...answer.problems.map((problem) => `problem: ${problem}`),
    ...(answer.series === null ? [] : seriesLines(answer.series)),
    ...(answer.last_series === null ? [] : ['before:', ...summaryLines(answer.last_series)]),
  ];
}

function previewLines({ preview = null }: Partial<ServiceStatus>): string[] {
  if (preview === null) return [];
  const { endpoint, subscribers, shown, skipped } = preview;
  return [`preview on ${endpoint}: ${subscribers} viewers, ${shown} frames shown, ${skipped} skipped`];
}

/** Of several: each with its consumers, what it has taken, and how long the stream has waited for it. */
function socketLines({ data_sockets: sockets }: Partial<ServiceStatus>): string[] {
  // A service of an older version tells of none.
  if (sockets === undefined || sockets.length < 2) return [];
  return sockets.map(
    ({ endpoint, consumers, messages, blocked_seconds: seconds }) =>
      `  ${endpoint}: ${consumers}, ${messages} messages, waited for ${seconds.toFixed(1)} s`,
  );
}

function seriesLines(series: CurrentSeries): string[] {
  const sent = `${series.images_sent}${series.frames > 0 ? ` of ${series.frames}` : ''} images sent`;
  return [
    `series ${series.series_id}${series.auto ? ' (auto)' : ''}: ${sent} = ${series.complete} complete + ` +
      `${series.marked} marked + ${series.discarded} discarded; frames ${series.first_frame_number ?? '?'} to ` +
      `${series.highest_frame_number ?? '?'}${series.header_pending ? '; its header waits for a consumer' : ''}`,
    // A service of another version may say less of each.
    ...series.ports.map(
      (port: Partial<CurrentPort>) =>
        `  port ${port.udp_port}: newest frame ${port.newest_frame_number ?? '?'}; ` +
        `${port.packets === undefined ? 'missing packets not told' : missingText(port.packets)}` +
        counterText(port.counters ?? {}),
    ),
  ];
}

/** Counters that are not 0, in the order of their table. */
function counterText(counters: Readonly<Record<string, number>>): string {
  return Object.entries(counters)
    .filter(([, count]) => count !== 0)
    .map(([name, count]) => `, ${name} ${count}`)
    .join('');
}
