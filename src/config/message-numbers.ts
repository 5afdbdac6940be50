// The first message number of a process: the time in microseconds. It must lie above every number of earlier processes,
// or consumers mix the new messages with what they still keep (docs/stream.md). So a clock that cannot be right is
// refused before anything is sent. Also: the first number after a data plane that has ended.

import { exitCode, OperatorError } from '../base/errors.js';

/** No process of this program ran before, and none will run so late; ms since 1970. */
export const plausibleClock = { from: Date.UTC(2026, 0, 1), before: Date.UTC(2100, 0, 1) } as const;

/**
 * @param wall ms since 1970
 * @throws OperatorError (environment) when the clock stands outside 2026 to 2099
 */
export function firstMessageNumber(wall: number): number {
  if (wall >= plausibleClock.from && wall < plausibleClock.before) return Math.floor(wall) * 1000;
  const date = Number.isFinite(wall) && Math.abs(wall) <= 8.64e15 ? new Date(wall).toISOString() : String(wall);
  throw new OperatorError(
    `the clock says ${date}. Needed: the present time, for message numbers are made of it and must grow from start ` +
      'to start, or consumers take frames for old ones. Set it (timedatectl, chronyc makestep), then start the ' +
      'service again (docs/operating.md#clock)',
    exitCode.environment,
  );
}

/** Numbers that a streamer has told: of its next message, and of its last series. */
export interface ToldNumbers {
  readonly message: number;
  readonly series: number;
}

/**
 * Where the next streamer goes on. One that has closed in order has told all that it took: no number is left out. One
 * that was ended within a turn may have taken more: message numbers begin as those of another process, and so that no
 * series has the number of one that may just have begun, one is left out.
 * @param wall ms since 1970
 * @throws OperatorError (environment) when it was not in order, and the clock stands outside 2026 to 2099
 */
export function numbersBehind({ message, series }: ToldNumbers, inOrder: boolean, wall: number): ToldNumbers {
  if (inOrder) return { message, series };
  return { message: Math.max(message, firstMessageNumber(wall)), series: series + 1 };
}
