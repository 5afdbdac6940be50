// How a command reaches a running service: which URL, which token, one request, and what a refusal or silence means.
// Tested by test/commands/series-commands.test.ts.

import type { Command } from 'commander';
import { writeJson } from '../base/json-text.js';
import type { JsonNode } from '../base/json-text.js';
import type { RefusalReason } from '../contract/refusals.js';
import { exitCode, messageOf, OperatorError } from '../base/errors.js';
import { hostPort } from '../base/host-port.js';

const defaultUrl = 'http://127.0.0.1:5000';

/**
 * How long a command waits for the answer, ms: to a question or a halt; to an arm request, before which sockets are
 * drained and the header is handed over; to a stop, which a slow consumer may draw out.
 */
export const answerLimitMs = { question: 10_000, arm: 30_000, stop: 600_000 } as const;

/** The option that names the service, for commander. */
export const urlOption = ['--url <url>', `address of the service's HTTP interface (default: ${defaultUrl})`] as const;

/** Options of commands that ask a service or give it orders. */
export interface ApiOptions {
  readonly url?: string;
  readonly endpoints?: string;
  readonly json?: true;
  /** Of commands that change something. */
  readonly tokenFile?: string;
}

/** Give a command its ways to name the service. */
export function addTarget(command: Command): Command {
  return command
    .argument('[config]', 'configuration file to take api_host and api_port from')
    .argument('[name]', 'the detector in that file')
    .option(...urlOption)
    .option('--json', 'print the answer of the service as JSON');
}

/** Give a command that changes something its way to name the token. */
export function addToken(command: Command): Command {
  return command.option(
    '--token-file <path>',
    'file with the token of the service (default: api_token_file of the configuration, or the variables ' +
      'VDCU_API_TOKEN_FILE, VDCU_API_TOKEN)',
  );
}

/**
 * The token to send: of the option, of the configuration, or of the environment; null = none.
 * @throws OperatorError (exit code usage) when it cannot be read or is none
 */
export async function serviceToken(
  file: string | undefined,
  name: string | undefined,
  options: ApiOptions,
): Promise<string | null> {
  const { configuredToken, readToken } = await import('../http/access.js');
  if (options.tokenFile !== undefined) return readToken(options.tokenFile);
  if (file !== undefined && name !== undefined) {
    const { loadAnyConfig } = await import('../config/load.js');
    const { apiTokenFile } = loadAnyConfig(file, name);
    return configuredToken(apiTokenFile);
  }
  return configuredToken(null);
}

/**
 * The detector that a command was given after its configuration file.
 * @throws OperatorError (exit code usage) that says what to give instead when there is none
 */
export function detectorOf(file: string, name: string | undefined): string {
  if (name !== undefined) return name;
  throw new OperatorError(
    /^https?:/.test(file)
      ? `${file} is no configuration file. Use --url ${file}`
      : `${file}: no detector named. Add the detector's name after the file`,
    exitCode.usage,
  );
}

/**
 * Base URL of the service: of the option, of the configuration, or the default; without a slash at its end.
 * @throws OperatorError (exit code usage)
 */
export async function serviceUrl(
  file: string | undefined,
  name: string | undefined,
  options: ApiOptions,
): Promise<string> {
  if (file === undefined) return checkedUrl(options.url ?? defaultUrl, '--url');
  if (options.url !== undefined)
    throw new OperatorError('both --url and a configuration file were given. Use one of them', exitCode.usage);
  const detector = detectorOf(file, name);
  const { loadAnyConfig } = await import('../config/load.js');
  const { apiHost, apiPort } = loadAnyConfig(file, detector);
  if (apiPort === 0)
    throw new OperatorError(
      `${file}: ${detector}: api_port is 0, so the port is known only to the running service. Use --url`,
      exitCode.usage,
    );
  const host = apiHost === '0.0.0.0' ? '127.0.0.1' : apiHost === '::' ? '::1' : apiHost;
  return `http://${hostPort(host, apiPort)}`;
}

/** What the service answered: HTTP status and JSON body (null when there was none). */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What a request carries besides its method. */
export interface Content {
  /** Sent as JSON, numbers as they were written; left out = none. */
  readonly body?: JsonNode;
  readonly path?: string;
  readonly token?: string | null;
}

/**
 * One request to `/api/v1/series`, or another path.
 * @throws OperatorError (exit code environment) when no service answers, or another program
 */
export async function request(
  url: string,
  method: 'GET' | 'POST' | 'DELETE',
  limitMs: number,
  { body, path = '/api/v1/series', token = null }: Content = {},
): Promise<Answer> {
  const target = `${url}${path}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(target, {
      method,
      signal: AbortSignal.timeout(limitMs),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: writeJson(body) }),
    });
    text = await response.text();
  } catch (error) {
    throw new OperatorError(`${method} ${target}: ${silence(error, limitMs)}`, exitCode.environment, { cause: error });
  }
  if (text === '') return { status: response.status, body: null };
  try {
    return { status: response.status, body: JSON.parse(text) as unknown };
  } catch (error) {
    throw new OperatorError(
      `${method} ${target}: HTTP ${response.status} and no JSON, so another program answers there. Check --url, or ` +
        'api_host and api_port',
      exitCode.environment,
      { cause: error },
    );
  }
}

/** The exit code of a refusal: a request that is wrong is the user's to mend. */
export function refusalCode(bodies: readonly unknown[]): number {
  const wrong: RefusalReason = 'invalid';
  return bodies.length > 0 && bodies.every((body) => (body as { why?: unknown } | null)?.why === wrong)
    ? exitCode.usage
    : exitCode.environment;
}

/** A refusal as an error: every reason that the service gave, one per line. */
export function refusal(answer: Answer, what: string): OperatorError {
  const reasons = reasonsOf(answer.body);
  const stranger = `HTTP ${answer.status}, and nothing that this service says. Is another program there? Check the URL`;
  const text = reasons.length === 0 ? [stranger] : reasons;
  return new OperatorError(text.map((reason) => `${what}: ${reason}`).join('\n'), refusalCode([answer.body]));
}

/** Every reason that the service gave. */
export function reasonsOf(body: unknown): string[] {
  if (typeof body !== 'object' || body === null) return [];
  const { problems, message } = body as { problems?: unknown; message?: unknown };
  if (Array.isArray(problems) && problems.length > 0) return problems.map(String);
  return typeof message === 'string' ? [message] : [];
}

/** @throws OperatorError (exit code usage) when it is none; returns it without a slash at its end */
export function checkedUrl(text: string, option: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch (error) {
    throw new OperatorError(`${option} ${text}: no URL, needs one such as ${defaultUrl}`, exitCode.usage, {
      cause: error,
    });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new OperatorError(`${option} ${text}: is ${url.protocol}, needs http: such as ${defaultUrl}`, exitCode.usage);
  return text.replace(/\/+$/, '');
}

function silence(error: unknown, limitMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError')
    return `no answer within ${limitMs} ms. The service may be stuck: look at its log`;
  const cause = (error as { cause?: { code?: string } }).cause;
  if (cause?.code === 'ECONNREFUSED')
    return 'connection refused: no service runs there. Start one (vdcu run CONFIG NAME), or name another with --url';
  return `${messageOf(cause ?? error)}. Check --url, or api_host and api_port`;
}
