// Several services that share a detector, commanded as one: `vdcu arm|stop|status --endpoints URL,URL,…`. Arms all or
// none, stops all at one frame, and says which of them did not take part. What the services themselves do:
// docs/scaling.md.

import type { Command } from 'commander';
import { exitCode, messageOf, OperatorError } from '../base/errors.js';
import type { JsonObject } from '../base/json-text.js';
import type { Armed } from '../control/orders.js';
import type { ServiceStatus } from '../view/service-view.js';
import type { HaltedSeries, SeriesSummary } from '../contract/series.js';
import { answerLimitMs, checkedUrl, reasonsOf, refusalCode, request, type Answer } from './api-client.js';

/** A service of the list, with what it said of itself. */
export interface Member {
  readonly url: string;
  readonly status: ServiceStatus;
}

/** What came of stopping: of each service its summary, or why there is none. */
export interface StoppedMember {
  readonly url: string;
  readonly summary: SeriesSummary | null;
  readonly problem: string | null;
}

const haltPath = '/api/v1/series/halt';

export function addEndpoints(command: Command): Command {
  const output = command.configureOutput();
  // commander names the option that is spelled most like a slip: this one, also where one service was meant.
  const both = (text: string): string =>
    text.replace('(Did you mean --endpoints?)', '(Did you mean --url, or for several instances --endpoints?)');
  return command
    .configureOutput({ outputError: (text, write) => output.outputError?.(both(text), write) })
    .option(
      '--endpoints <urls>',
      'HTTP interfaces of all instances that share the detector (frames_stride), with commas between, instead of one',
    );
}

/**
 * The URLs of `--endpoints`.
 * @throws OperatorError (exit code usage)
 */
export function endpointUrls(text: string, others: { readonly url?: string }, file: string | undefined): string[] {
  if (others.url !== undefined || file !== undefined)
    throw new OperatorError(
      '--endpoints names all services: leave out --url and the configuration file',
      exitCode.usage,
    );
  const urls = text.split(',').map((url) => checkedUrl(url.trim(), '--endpoints'));
  if (urls.length === 1)
    throw new OperatorError(
      `--endpoints is for several instances that share a detector. Use --url ${urls[0]} for one`,
      exitCode.usage,
    );
  const twice = urls.find((url, index) => urls.indexOf(url) !== index);
  if (twice !== undefined)
    throw new OperatorError(`--endpoints: ${twice} is named twice. Name each instance once`, exitCode.usage);
  return urls;
}

/** What each service says of itself, or why it says nothing. */
export function lookAt(
  urls: readonly string[],
): Promise<(Member | { readonly url: string; readonly problem: string })[]> {
  return Promise.all(
    urls.map(async (url) => {
      try {
        const answer = await request(url, 'GET', answerLimitMs.question);
        return answer.status === 200
          ? { url, status: answer.body as ServiceStatus }
          : { url, problem: reasonText(answer) };
      } catch (error) {
        return { url, problem: messageOf(error) };
      }
    }),
  );
}

/**
 * Arm all services, or none: those that were armed before one refused are withdrawn again. The one that hands over the
 * header comes last, so a series that is withdrawn was never announced.
 * @param wish what is asked of each; the number of the header is added
 * @param token of all services; null = they need none
 * @throws OperatorError with a line for each reason
 */
export async function armAll(
  urls: readonly string[],
  wish: JsonObject,
  token: string | null,
): Promise<{ base: number; armed: { url: string; series_id: number }[]; warnings: string[] }> {
  const members = await allOf(urls);
  const base = Math.max(...members.map(({ status }) => status.next_msg_number));
  const [leader, ...others] = members;
  const body: JsonObject = {
    kind: 'object',
    members: [...wish.members, ['msg_number_base', { kind: 'number', text: String(base) }]],
  };
  const arm = async ({
    url,
  }: Member): Promise<{
    url: string;
    series_id: number;
    warnings: readonly string[];
    problem: string | null;
    answer: unknown;
  }> => {
    try {
      const answer = await request(url, 'POST', answerLimitMs.arm, { body, token });
      if (answer.status !== 201)
        return { url, series_id: 0, warnings: [], problem: reasonText(answer), answer: answer.body };
      const { series_id, warnings } = answer.body as Armed;
      return { url, series_id, warnings, problem: null, answer: null };
    } catch (error) {
      return { url, series_id: 0, warnings: [], problem: messageOf(error), answer: null };
    }
  };
  const results = await Promise.all(others.map(arm));
  if (leader !== undefined && results.every(({ problem }) => problem === null)) results.unshift(await arm(leader));
  const refused = results.filter(({ problem }) => problem !== null);
  if (refused.length === 0)
    return {
      base,
      armed: results.map(({ url, series_id }) => ({ url, series_id })),
      warnings: [...new Set(results.flatMap(({ warnings }) => warnings))],
    };
  const undone = await withdraw(
    results.map(({ url }) => url),
    leader?.url ?? '',
    base,
    token,
  );
  const lines = refused.map(({ url, problem }) => `not armed: ${url}: ${problem}`);
  throw new OperatorError([...lines, ...undone].join('\n'), refusalCode(refused.map(({ answer }) => answer)));
}

/**
 * @throws OperatorError unless these are all instances of one detector, in any order, and idle; returns them by offset
 */
async function allOf(urls: readonly string[]): Promise<Member[]> {
  const looked = await lookAt(urls);
  const silent = looked.flatMap((found) => ('problem' in found ? [`not armed: ${found.url}: ${found.problem}`] : []));
  if (silent.length > 0) throw new OperatorError([...silent, 'no instance was armed'].join('\n'), exitCode.environment);
  const members = looked as Member[];
  const wrong = members
    .filter(({ status }) => status.frames_stride !== urls.length)
    .map(
      ({ url, status }) =>
        `not armed: ${url}: has frames_stride: ${status.frames_stride}, and ${urls.length} instances are named. Name ` +
        'all of them, and set frames_stride to their number',
    );
  const busy = members
    .filter(({ status }) => status.state !== 'idle')
    .map(
      ({ url, status }) => `not armed: ${url}: ${status.message} End the series of all first (vdcu stop --endpoints)`,
    );
  const sorted = [...members].sort((one, other) => one.status.frames_offset - other.status.frames_offset);
  const gap = sorted.findIndex(({ status }, offset) => status.frames_offset !== offset);
  if (wrong.length === 0 && gap >= 0)
    wrong.push(
      `not armed: no instance has frames_offset: ${gap}, or two have the same: ` +
        `${members.map(({ url, status }) => `${url} has ${status.frames_offset}`).join(', ')}`,
    );
  if (wrong.length + busy.length > 0)
    throw new OperatorError([...wrong, ...busy, 'no instance was armed'].join('\n'), exitCode.environment);
  return sorted;
}

/** Give up what was armed with this base; returns a line for each service. */
async function withdraw(
  urls: readonly string[],
  leader: string,
  base: number,
  token: string | null,
): Promise<string[]> {
  const halted = await Promise.all(urls.map((url) => haltOf(url, token)));
  // Its answer may have been lost on the way: then the header is out, and the series has to end as one of no frames.
  const announced = halted.some(
    ({ url, halted: found }) => url === leader && found?.msg_number_base === base && !found.ended,
  );
  return (
    await Promise.all(
      halted.map(async ({ url, halted: found, problem }) => {
        if (problem !== null)
          return [`${url}: cannot be withdrawn: ${problem}. Without being told the end its part is cut short`];
        if (found?.msg_number_base !== base || found.ended) return [];
        const { problem: refused } = await finish(url, 0, !announced, token);
        return [
          refused === null
            ? `${url}: was armed, and was withdrawn again`
            : `${url}: was armed, and cannot be withdrawn: ${refused}`,
        ];
      }),
    )
  ).flat();
}

/**
 * Stop the series of all services: no more packets anywhere, then every part up to the last frame that any of them has
 * seen.
 * @returns frames of the series, null = none was open; and each service's part
 */
export async function stopAll(
  urls: readonly string[],
  token: string | null,
): Promise<{ frames: number | null; members: StoppedMember[] }> {
  const halted = await Promise.all(urls.map((url) => haltOf(url, token)));
  const parts = halted.flatMap(({ halted: found }) => (found === null ? [] : [found]));
  const open = parts.filter(({ ended }) => !ended);
  const nothing = open.length === 0;
  // The newest series that is open somewhere; parts of older ones, and services started anew, are not of it.
  const base = Math.max(...(nothing ? parts : open).map(({ msg_number_base }) => msg_number_base));
  const frames = Math.max(0, ...parts.filter((part) => part.msg_number_base === base).map((part) => part.frames));
  const members = await Promise.all(
    halted.map(async ({ url, halted: found, problem }): Promise<StoppedMember> => {
      if (problem !== null) return { url, summary: null, problem };
      if (nothing) return { url, summary: null, problem: null };
      if (found?.msg_number_base !== base)
        return { url, summary: null, problem: 'takes no part in this series: was it started anew?' };
      return found.ended ? lastSummary(url, base) : finish(url, frames, false, token);
    }),
  );
  return { frames: nothing ? null : frames, members };
}

async function haltOf(
  url: string,
  token: string | null,
): Promise<{ url: string; halted: HaltedSeries | null; problem: string | null }> {
  try {
    const answer = await request(url, 'POST', answerLimitMs.question, { path: haltPath, token });
    return answer.status === 200
      ? { url, halted: (answer.body as { halted: HaltedSeries | null }).halted, problem: null }
      : { url, halted: null, problem: reasonText(answer) };
  } catch (error) {
    return { url, halted: null, problem: messageOf(error) };
  }
}

async function finish(url: string, frames: number, withdrawn: boolean, token: string | null): Promise<StoppedMember> {
  try {
    const answer = await request(url, 'DELETE', answerLimitMs.stop, {
      path: `/api/v1/series?frames=${frames}${withdrawn ? '&withdraw=true' : ''}`,
      token,
    });
    return answer.status === 200
      ? { url, summary: (answer.body as { summary: SeriesSummary | null }).summary, problem: null }
      : { url, summary: null, problem: reasonText(answer) };
  } catch (error) {
    return { url, summary: null, problem: messageOf(error) };
  }
}

/** Of a part that had ended by itself. */
async function lastSummary(url: string, base: number): Promise<StoppedMember> {
  const [found] = await lookAt([url]);
  if (found === undefined || 'problem' in found) return { url, summary: null, problem: found?.problem ?? 'no answer' };
  const { last_series: last } = found.status;
  return last?.shared?.msg_number_base === base
    ? { url, summary: last, problem: null }
    : { url, summary: null, problem: 'its summary is gone' };
}

function reasonText(answer: Answer): string {
  return reasonsOf(answer.body).join('; ') || `HTTP ${answer.status}`;
}
