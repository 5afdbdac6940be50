// The log: one JSON line per event on standard output. Only the main thread writes it; threads that turn or block leave their
// words in shared memory or send events.

import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import type { LogLevel } from '../base/environment.js';

export type { Logger } from 'pino';

/**
 * A logger whose lines carry level (as a word), time (ISO 8601, UTC) and the detector's name.
 * @param destination where lines go; standard output, written at once, unless given
 */
export function makeLogger(level: LogLevel, detector: string, destination: DestinationStream = pino.destination({ fd: 1, sync: true })): Logger {
  return pino(
    {
      level,
      base: { detector },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}
