// Where log lines go: the process's standard output, which may be a full disk, a pipe that no program reads or that
// was closed, or a terminal that was stopped. In come whole lines; out go bytes, as fast as they are taken without
// waiting. What is not taken is kept up to a limit, then dropped and counted, and one line says how many once lines go
// out again. The main thread never waits here.

import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { systemClock } from '../base/clock.js';

/** Bytes of lines that wait; a pipe keeps 64 KiB more. */
const waitingLimit = 64 * 1024;
/** Lines that were not taken are offered again so often, ms. */
const againMs = 100;
/** The same while the end of the process waits for it, ms. */
const settleMs = 10;

/** What bytes are given to. */
export interface LogTarget {
  /**
   * Never waits.
   * @returns how many of the bytes were taken; 0 = none just now
   * @throws an error with `code` when it can take nothing: ENOSPC, EPIPE, EIO …
   */
  write(bytes: Uint8Array): number;
}

/** Lines on their way out. */
export class LogOutput {
  readonly #target: LogTarget;
  /** Whole lines, the first perhaps begun. */
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #begun = false;
  #dropped = 0;
  /** Dropped, and not yet said. */
  #untold = 0;
  #telling = false;
  #trouble: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #tell: ((lines: number) => void) | null = null;

  constructor(target: LogTarget) {
    this.#target = target;
  }

  /** Lines that never went out, since the start of the process. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Why lines do not go out just now; null = they do. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** @param tell writes a line that says how many were dropped; called when lines go out again */
  onRecovery(tell: (lines: number) => void): void {
    this.#tell = tell;
  }

  /** One line with its newline. Never throws, never waits. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    this.#flush();
    // A line that is longer may wait alone.
    if (this.#waiting.length > 0 && this.#waitingBytes + bytes.length > waitingLimit) {
      this.#drop(1);
    } else {
      this.#waiting.push(bytes);
      this.#waitingBytes += bytes.length;
      this.#flush();
    }
    this.#later();
  }

  /** Resolves when all is out, or after so long, ms. */
  async settle(limitMs: number): Promise<void> {
    const end = systemClock.now() + limitMs;
    for (this.#flush(); this.#waiting.length > 0 && systemClock.now() < end; this.#flush()) {
      await new Promise((resolve) => setTimeout(resolve, settleMs));
    }
  }

  #flush(): void {
    try {
      for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
        const taken = this.#target.write(first);
        if (taken === 0) {
          this.#trouble = 'its reader does not read';
          return;
        }
        this.#waitingBytes -= taken;
        this.#begun = taken < first.length;
        if (this.#begun) this.#waiting[0] = first.subarray(taken);
        else this.#waiting.shift();
        this.#trouble = null;
      }
    } catch (error) {
      const { code = String(error) } = error as NodeJS.ErrnoException;
      this.#trouble = troubles[code] ?? code;
      // A full disk may have room again soon; whether a reader that has gone comes back is not known.
      if (!(code in roomMayCome)) this.#dropWaiting();
    }
  }

  #dropWaiting(): void {
    const kept = this.#begun ? this.#waiting.slice(0, 1) : [];
    const lines = this.#waiting.length - kept.length;
    this.#waiting.splice(0, this.#waiting.length, ...kept);
    this.#waitingBytes = kept.reduce((sum, { length }) => sum + length, 0);
    if (lines > 0) this.#drop(lines);
  }

  #drop(lines: number): void {
    // (The line that tells of others is not one of them.)
    if (this.#telling) return;
    this.#dropped += lines;
    this.#untold += lines;
  }

  #later(): void {
    if (this.#timer !== null || (this.#waiting.length === 0 && this.#untold === 0)) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#flush();
      if (this.#waiting.length === 0 && this.#untold > 0) this.#tellDropped();
      this.#later();
    }, againMs).unref();
  }

  #tellDropped(): void {
    const lines = this.#untold;
    this.#telling = true;
    this.#tell?.(lines);
    this.#telling = false;
    if (this.#trouble === null) this.#untold -= lines;
  }
}

const roomMayCome: Readonly<Record<string, true>> = { ENOSPC: true, EDQUOT: true };

const troubles: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk that it goes to is full (ENOSPC)',
  EDQUOT: 'the quota of the disk that it goes to is used up (EDQUOT)',
  EFBIG: 'the file that it goes to has reached its size limit (EFBIG)',
  EPIPE: 'its reader has gone (EPIPE)',
  EIO: 'the terminal or disk that it goes to has gone (EIO)',
};

/** A descriptor whose writes do not wait: a file, a device, or a pipe or terminal opened so. */
function descriptorTarget(fd: number): LogTarget {
  return {
    write: (bytes) => {
      try {
        return writeSync(fd, bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
        throw error;
      }
    },
  };
}

/** A stream that keeps what its other end does not take. It is given one piece at a time. */
function streamTarget(stream: NodeJS.WriteStream): LogTarget {
  let failed: Error | null = null;
  stream.on('error', (error: Error) => (failed = error));
  return {
    write: (bytes) => {
      if (failed !== null) throw failed;
      if (stream.writableLength > 0) return 0;
      stream.write(bytes);
      return bytes.length;
    },
  };
}

/**
 * Standard output as it is: a pipe or terminal is opened once more, for whether one waits is a property of the opened
 * file, which we may share with a shell. A socket cannot be opened (journald), nor what belongs to another user; Node's
 * stream does not wait there.
 */
function standardTarget(fd: 1): LogTarget {
  let stats: Stats;
  try {
    stats = fstatSync(fd);
  } catch {
    return descriptorTarget(fd);
  }
  if (!stats.isFIFO() && !stats.isCharacterDevice())
    return stats.isSocket() ? streamTarget(process.stdout) : descriptorTarget(fd);
  try {
    return descriptorTarget(
      openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY),
    );
  } catch {
    return stats.isFIFO() ? streamTarget(process.stdout) : descriptorTarget(fd);
  }
}

let standard: LogOutput | null = null;

/** The standard output of this process, for log lines. */
export function standardOutput(): LogOutput {
  return (standard ??= new LogOutput(standardTarget(1)));
}
