// The only place that reads the environment: how much is logged, the token of the HTTP interface, whether Node was told
// to open a debugger, what systemd wants to be told, and what the host is called.

import { hostname } from 'node:os';
import { exitCode, OperatorError } from './errors.js';

/** Levels of the log, from everything to almost nothing. */
const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;

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

/**
 * VDCU_API_TOKEN_FILE: the path of a file with the token, which a Secret or a credential of systemd is mounted as; null
 * when it is not set.
 */
export function apiTokenPath(environment: NodeJS.ProcessEnv = process.env): string | null {
  const text = environment['VDCU_API_TOKEN_FILE'];
  return text === undefined || text === '' ? null : text;
}

/** What systemd says to a service that it starts (sd_notify(3), sd_watchdog_enabled(3)); null = nothing. */
export interface ManagerVariables {
  readonly notifySocket: string | null;
  /** After so many microseconds without a sign of life the service is ended. */
  readonly watchdogUs: number | null;
  /** The process that this is meant for; null = any that reads it. */
  readonly watchdogPid: number | null;
}

/** NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; what is no positive whole number counts as not set. */
export function managerVariables(environment: NodeJS.ProcessEnv = process.env): ManagerVariables {
  const count = (name: string): number | null => {
    const text = environment[name] ?? '';
    return /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : null;
  };
  return {
    notifySocket: environment['NOTIFY_SOCKET'] || null,
    watchdogUs: count('WATCHDOG_USEC'),
    watchdogPid: count('WATCHDOG_PID'),
  };
}

/** Node was started with its debugger. */
export function debuggerWanted(
  words: readonly string[] = process.execArgv,
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  return [...words, environment['NODE_OPTIONS'] ?? ''].some((word) => word.includes('--inspect'));
}

/** Node was started with its profiler of processor time (which NODE_OPTIONS cannot ask for). */
export function profilerWanted(words: readonly string[] = process.execArgv): boolean {
  return words.some((word) => word.startsWith('--cpu-prof') || word.startsWith('--prof'));
}
