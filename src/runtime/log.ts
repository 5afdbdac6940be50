// The log: one JSON line per event on standard output. Only the main thread writes it; threads that turn or block leave
// their words in shared memory or send events. A line never waits for who reads it (log-output.ts).

import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import type { LogLevel } from '../base/environment.js';
import { LogOutput, standardOutput } from './log-output.js';

export type { Logger } from 'pino';

/**
 * A logger whose lines carry level (as a word), time (ISO 8601, UTC) and the detector's name. Its calls never throw and
 * never wait.
 * @param destination where lines go; standard output unless given
 */
export function makeLogger(
  level: LogLevel,
  detector: string,
  destination: DestinationStream = standardOutput(),
): Logger {
  const logger = pino(
    {
      level,
      base: { detector },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
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
