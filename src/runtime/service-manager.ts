// What systemd is told of the service (Type=notify, WatchdogSec=): that it is ready, that its threads still turn, that
// it ends. Comes in: the environment that systemd gives, and the watch on the threads; goes out: datagrams of
// sd_notify(3). Without systemd nothing happens.

import { repeat } from '../base/clock.js';
import type { Repeat } from '../base/clock.js';
import type { ManagerVariables } from '../base/environment.js';
import { openNotifySocket } from './notify-socket.js';
import type { Notify } from './notify-socket.js';

/** Says whether every thread turns. */
export type Liveness = () => { readonly alive: boolean; readonly reasons: readonly string[] };

export interface ServiceManager {
  /**
   * The service does its work; from now on it says twice in each WatchdogSec that its threads turn, and nothing while
   * one does not.
   */
  ready(status: string, liveness: Liveness): void;
  /** It ends, for this reason, within so many ms: whatever TimeoutStopSec says, it is not killed before. */
  stopping(reason: string, limitMs: number): void;
  /** Nothing more is said. */
  close(): void;
}

const noManager: ServiceManager = { ready: () => undefined, stopping: () => undefined, close: () => undefined };

export interface ManagerOptions {
  readonly pid?: number;
  readonly repeat?: Repeat;
  readonly open?: (path: string) => Notify | string;
}

/**
 * The service manager, if it wants to be told.
 * @param warn called once, when the service manager cannot be told
 */
export function serviceManager(
  { notifySocket, watchdogUs, watchdogPid }: ManagerVariables,
  warn: (sentence: string) => void,
  options: ManagerOptions = {},
): ServiceManager {
  const { pid = process.pid, repeat: every = repeat, open = openNotifySocket } = options;
  if (notifySocket === null) return noManager;
  let warned = false;
  const lost = (why: string): void => {
    if (!warned)
      warn(
        `systemd cannot be told that the service is ready: ${why}. Where that is so for good, set Type=exec and ` +
          'WatchdogSec=0 in the unit',
      );
    warned = true;
  };
  const notify = open(notifySocket);
  if (typeof notify === 'string') {
    lost(notify);
    return noManager;
  }
  const tell = (...lines: string[]): void => {
    const why = notify(lines.join('\n'));
    if (why !== null) lost(`${notifySocket}: ${why}`);
  };
  // A limit that was meant for another process, which has started this one, is none here.
  const limitMs = watchdogUs === null || (watchdogPid !== null && watchdogPid !== pid) ? null : watchdogUs / 1000;
  let end = (): void => undefined;
  return {
    ready: (status, liveness) => {
      tell('READY=1', `STATUS=${oneLine(status)}`);
      if (limitMs === null) return;
      let well = true;
      end = every(limitMs / 2, () => {
        const { alive, reasons } = liveness();
        if (alive) tell('WATCHDOG=1', ...(well ? [] : [`STATUS=${oneLine(status)}`]));
        else tell(`STATUS=${oneLine(reasons.join('; '))}`);
        well = alive;
      });
    },
    stopping: (reason, limit) =>
      tell('STOPPING=1', `EXTEND_TIMEOUT_USEC=${Math.ceil(limit * 1000)}`, `STATUS=stopping: ${oneLine(reason)}`),
    close: () => end(),
  };
}

/** A line break would begin another message. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
