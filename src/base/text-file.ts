// Small files of text, read whole: those that people name for a configuration, a token, a ledger. A file without an end
// (a device, a pipe that another program fills) is none.

import { closeSync, openSync, readSync } from 'node:fs';

/** A file is larger than what may be read of it. */
export class TooLarge extends Error {}

/**
 * The text of a file, in UTF-8; a pipe is read to its end.
 * @param most bytes
 * @throws TooLarge; Error of the file system
 */
export function readTextFile(file: string, most: number): string {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(most + 1);
    let length = 0;
    for (let read = 1; read > 0 && length <= most; length += read)
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    if (length > most) throw new TooLarge(`larger than ${most} bytes`);
    return bytes.toString('utf8', 0, length);
  } finally {
    closeSync(descriptor);
  }
}
