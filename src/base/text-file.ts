// Small files of text, read whole: those that people name for a configuration, a token, a ledger. A file without an end
// (a device, a pipe that another program fills) is none.

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { systemClock } from './clock.js';

/** A file is larger than what may be read of it. */
export class TooLarge extends Error {}

/** How long a pipe is waited for, in ms: until somebody opens it, and until the next bytes come. */
export interface PipePatience {
  readonly openMs: number;
  readonly silentMs: number;
}

const usualPatience: PipePatience = { openMs: 5000, silentMs: 60_000 };
const lookMs = 5;

/**
 * Open a file to read it. A pipe is opened at once; its reads fail with EAGAIN while its writer says nothing, and find
 * the end where it has none.
 * @throws Error of the file system
 */
export const openToRead = (file: string): number => openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);

/**
 * The text of a file, in UTF-8; a pipe is read to its end.
 * @param most bytes
 * @throws TooLarge; Error of the file system, and for a pipe that nobody writes to
 */
export function readTextFile(file: string, most: number, patience = usualPatience): string {
  let descriptor = openToRead(file);
  try {
    const kind = fstatSync(descriptor);
    if (kind.isCharacterDevice()) {
      // Of a terminal the next line is waited for.
      closeSync(descriptor);
      descriptor = openSync(file, 'r');
    }
    const read = kind.isFIFO() ? pipeReader(descriptor, patience) : fileReader(descriptor);
    const bytes = Buffer.alloc(most + 1);
    let length = 0;
    for (let more = 1; more > 0 && length <= most; length += more) more = read(bytes.subarray(length));
    if (length > most) throw new TooLarge(`larger than ${most} bytes`);
    return bytes.toString('utf8', 0, length);
  } finally {
    closeSync(descriptor);
  }
}

/** Bytes read; 0 = the end. */
type Reader = (into: Uint8Array) => number;

const fileReader =
  (descriptor: number): Reader =>
  (into) =>
    readSync(descriptor, into);

/** Of a pipe that may have no writer yet, or a silent one. */
function pipeReader(descriptor: number, { openMs, silentMs }: PipePatience): Reader {
  let begun = false;
  return (into) => {
    for (const since = systemClock.now(); ; sleep(lookMs)) {
      const read = readIfAny(descriptor, into);
      const waited = systemClock.now() - since;
      if (read === null) {
        if (waited >= silentMs) throw new Error('it is a pipe, and its writer says nothing');
      } else if (read > 0 || begun) {
        begun = true;
        return read;
      } else if (waited >= openMs) throw new Error('it is a pipe, and nobody writes to it');
    }
  };
}

/** Null = nothing now. */
function readIfAny(descriptor: number, into: Uint8Array): number | null {
  try {
    return readSync(descriptor, into);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return null;
    throw error;
  }
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
