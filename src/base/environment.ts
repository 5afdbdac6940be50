// The only place that reads the environment: how much is logged, the token of the HTTP interface, whether Node was told to open a
// debugger, and what the host is called.

import { hostname } from 'node:os';
import { exitCode, OperatorError } from './errors.js';

/** Levels of the log, from everything to almost nothing. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof logLevels)[number];

/** Name of this host; in a container that of its pod. */
export const hostName = (): string => hostname();

/**
 * LOG_LEVEL in upper or lower case (WARNING and CRITICAL are understood, as Python programs beside this one have them);
 * `info` when it is not set.
 * @throws OperatorError (exit code usage) for any other word
 */
export function logLevel(environment: NodeJS.ProcessEnv = process.env): LogLevel {
  const text = environment['LOG_LEVEL'];
  if (text === undefined || text === '') return 'info';
  const word = text.toLowerCase();
  if (word === 'warning') return 'warn';
  if (word === 'critical') return 'error';
  const level = logLevels.find((known) => known === word);
  if (level === undefined) {
    throw new OperatorError(`LOG_LEVEL is "${text}". Set one of ${logLevels.join(', ')}, or unset it`, exitCode.usage);
  }
  return level;
}

/** VDCU_API_TOKEN as it is, of the service and of the commands that ask it; null when it is not set. */
export function apiToken(environment: NodeJS.ProcessEnv = process.env): string | null {
  const text = environment['VDCU_API_TOKEN'];
  return text === undefined || text === '' ? null : text;
}

/** Somebody asked for Node's debugger when he started it. */
export function debuggerWanted(words: readonly string[] = process.execArgv, environment: NodeJS.ProcessEnv = process.env): boolean {
  return [...words, environment['NODE_OPTIONS'] ?? ''].some((word) => word.includes('--inspect'));
}
