// The log: one JSON line per event on standard output. Only the main thread writes it; threads that turn or block leave
// their words in shared memory or send events. A line never waits for its reader (log-output.ts). On a terminal the
// further lines of a message (the table of a series) follow below its JSON, as people read them.

import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import type { LogLevel } from '../base/environment.js';
import { LogOutput, standardOutput } from './log-output.js';

export type { Logger } from 'pino';

/**
 * A logger whose lines carry level (as a word), time (ISO 8601, UTC) and the detector's name. Its calls never throw and
 * never wait.
 * @param destination where lines go; standard output unless given
 * @param terminal whether people read them there as they come
 */
export function makeLogger(
  level: LogLevel,
  detector: string,
  destination: DestinationStream = standardOutput(),
  terminal: boolean = destination instanceof LogOutput && process.stdout.isTTY,
): Logger {
  const logger = pino(
    {
      level,
      base: { detector },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    terminal ? { write: (line) => destination.write(forPeople(line)) } : destination,
  );
  if (destination instanceof LogOutput) {
    destination.onRecovery((lines) =>
      logger.warn(
        { event: 'log_lines_dropped', lines },
        `${lines} log lines were dropped: standard output did not take them (docs/operating.md#log-lines-are-dropped)`,
      ),
    );
  }
  return logger;
}

/**
 * A line whose message has several lines: JSON with the first of them, the others below it, indented, so that none of
 * them looks like a line of the log. Whatever else would steer a terminal is left out.
 */
function forPeople(line: string): string {
  if (!line.includes('\\n')) return line;
  const fields = JSON.parse(line) as { msg?: string };
  const [first, ...rest] = (fields.msg ?? '').split('\n');
  if (rest.length === 0) return line;
  const below = rest.map((text) => `  ${text.replace(/\p{Cc}/gu, '')}\n`);
  return `${JSON.stringify({ ...fields, msg: first })}\n${below.join('')}`;
}
