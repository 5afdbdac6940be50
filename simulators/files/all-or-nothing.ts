// Changes a file in place, all or nothing. First what is new behind its end is written, which no reader sees yet; then
// the bytes that will be overwritten are saved in FILE.undo; only then they are overwritten. A disk that is full, or
// another error, leaves the file as it was; after a crash or a power cut in between, `recover` restores it. Comes in:
// pieces (overlay.ts). Goes out: the changed file, or the file as it was and an error.

import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { exitCode, messageOf, OperatorError } from '../../src/base/errors.js';
import { openToRead } from '../../src/base/text-file.js';
import type { Piece } from './overlay.js';

/** What it asks of the system; tests have it fail. */
export interface DiskCalls {
  write: (descriptor: number, bytes: Uint8Array, at: number) => number;
  sync: (descriptor: number) => void;
}

const systemCalls: DiskCalls = {
  write: (descriptor, bytes, at) => writeSync(descriptor, bytes, 0, bytes.length, at),
  sync: fsyncSync,
};

/** Of FILE.undo: what it is, then a digest of all that follows. */
const magic = 'virtual-dcu undo 2\n';
const digestBytes = 32;

/** Bytes of the file as it was, and what is to stand there, as many. */
interface Replaced {
  readonly at: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** Where what is written over is put by. */
export const undoOf = (path: string): string => `${path}.undo`;

/**
 * @returns null, or what is to be seen to though the file is changed
 * @throws Error of the file system, with the file as it was; OperatorError (environment) when it could not be made so
 */
export function change(path: string, pieces: readonly Piece[], calls = systemCalls): string | null {
  const file = openSync(path, 'r+');
  try {
    const { size } = fstatSync(file);
    const behind = pieces.filter(({ at }) => at >= size);
    const within = pieces.filter(({ at }) => at < size);
    const replaced = within.map(({ at, bytes }) => ({ at, before: readAt(file, at, bytes.length), after: bytes }));
    const undo = undoOf(path);
    // One that is there already is of another change, which may go on now: it is left alone, and so is the file.
    const put = openSync(undo, 'wx', 0o600);
    let over = false;
    try {
      try {
        for (const piece of behind) writeAll(file, piece, calls);
        calls.sync(file);
        putBy(put, size, replaced, calls);
      } finally {
        closeSync(put);
      }
      syncFolder(undo, calls);
      over = true;
      for (const piece of within) writeAll(file, piece, calls);
      calls.sync(file);
    } catch (error) {
      // Where bytes stand already no room is needed. Should it fail all the same, FILE.undo stays for `recover`.
      if (over) restoring(path, () => putBack(file, size, replaced, calls));
      else ftruncateSync(file, size);
      unlinkSync(undo);
      throw error;
    }
    try {
      unlinkSync(undo);
      syncFolder(undo, calls);
      return null;
    } catch (error) {
      return (
        `${path}: is changed, but ${undo} may still be there, or be there again after a power cut ` +
        `(${messageOf(error)}). Remove it: the next call would take the change back first`
      );
    }
  } finally {
    closeSync(file);
  }
}

/**
 * An earlier change of this file was interrupted: restore what it was.
 * @returns false = there was nothing to do
 * @throws Error of the file system; OperatorError (environment) when another file has come by this name since, or
 * FILE.undo is not what `change` writes
 */
export function recover(path: string, calls = systemCalls): boolean {
  const undo = undoOf(path);
  if (!existsSync(undo)) return false;
  restoring(path, () => {
    const kept = readUndo(bytesOf(undo));
    if (kept === 'unknown')
      throw new OperatorError(
        `${path}: ${undo} is none of this version of vdcu annotate, or damaged: what it is for is not known. Let ` +
          'the version that wrote it restore the file, or move it away; then call it again',
      );
    // One that is not whole was being written when it ended: nothing was written over yet.
    if (kept === 'begun') return;
    const file = openSync(path, 'r+');
    try {
      if (!isSame(file, kept.size, kept.replaced))
        throw new OperatorError(
          `${path}: ${undo} is of another file that had this name: what it has written over is not here. Move it ` +
            'away, and call it again',
        );
      putBack(file, kept.size, kept.replaced, calls);
    } finally {
      closeSync(file);
    }
  });
  unlinkSync(undo);
  return true;
}

/** Make the file what it was. What the system refuses leaves FILE.undo, and that is said. */
function restoring(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(
      `${path}: may be half changed, and could not be made what it was (${messageOf(error)}). ${undoOf(path)} has ` +
        'what was written over: leave both, see to the disk or the rights, and call it again',
      exitCode.environment,
      { cause: error },
    );
  }
}

function writeAll(file: number, { at, bytes }: Piece, { write }: DiskCalls): void {
  for (let done = 0; done < bytes.length;) done += write(file, bytes.subarray(done), at + done);
}

function readAt(file: number, at: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const read = readSync(file, bytes, done, length - done, at + done);
    if (read === 0) throw new Error('the file became shorter while it was read');
    done += read;
  }
  return bytes;
}

/** Each byte is as it was, or as it was to be: of a change that broke off there is nothing else. */
function isSame(file: number, size: number, replaced: readonly Replaced[]): boolean {
  if (fstatSync(file).size < size) return false;
  return replaced.every(({ at, before, after }) =>
    readAt(file, at, before.length).every((byte, index) => byte === before[index] || byte === after[index]),
  );
}

function putBack(file: number, size: number, replaced: readonly Replaced[], calls: DiskCalls): void {
  for (const { at, before } of replaced) writeAll(file, { at, bytes: before }, calls);
  ftruncateSync(file, size);
  calls.sync(file);
}

/** Size, then for each piece place, length, bytes before and after; numbers as 64 bit, little endian. */
function putBy(undo: number, size: number, replaced: readonly Replaced[], calls: DiskCalls): void {
  const parts = replaced.flatMap(({ at, before, after }) => [numbers(at, before.length), before, after]);
  const body = Buffer.concat([numbers(size), ...parts]);
  const bytes = Buffer.concat([Buffer.from(magic), createHash('sha256').update(body).digest(), body]);
  writeAll(undo, { at: 0, bytes }, calls);
  calls.sync(undo);
}

/** What is no file (a pipe, a folder) has none. */
function bytesOf(undo: string): Buffer {
  const descriptor = openToRead(undo);
  try {
    return fstatSync(descriptor).isFile() ? readFileSync(descriptor) : Buffer.from('no file');
  } finally {
    closeSync(descriptor);
  }
}

interface Kept {
  readonly size: number;
  readonly replaced: readonly Replaced[];
}

/** @returns begun = the beginning of one, or zeros, as a power cut leaves them */
function readUndo(bytes: Buffer): Kept | 'begun' | 'unknown' {
  const head = Buffer.from(magic).subarray(0, bytes.length);
  if (bytes.every((byte) => byte === 0)) return 'begun';
  if (!bytes.subarray(0, head.length).equals(head)) return 'unknown';
  const start = magic.length + digestBytes;
  const body = bytes.subarray(start);
  const number = (at: number): number => Number(body.readBigUInt64LE(at));
  const replaced: Replaced[] = [];
  if (body.length < 8) return 'begun';
  for (let at = 8; at < body.length;) {
    if (at + 16 > body.length) return 'begun';
    const [first, end] = [at + 16, at + 16 + number(at + 8)];
    const next = 2 * end - first;
    if (next > body.length) return 'begun';
    replaced.push({ at: number(at), before: body.subarray(first, end), after: body.subarray(end, next) });
    at = next;
  }
  const whole = createHash('sha256').update(body).digest().equals(bytes.subarray(magic.length, start));
  return whole ? { size: number(0), replaced } : 'unknown';
}

const numbers = (...values: number[]): Uint8Array => new Uint8Array(BigUint64Array.from(values, BigInt).buffer);

/** What a file system says that does not sync folders (fsync(2)). */
const noSyncOfFolders = ['EINVAL', 'EBADF', 'ENOTSUP', 'ENOSYS'];

/** So that a name that was made or taken away stays so after a power cut, where the file system can do that. */
function syncFolder(path: string, { sync }: DiskCalls): void {
  const folder = openSync(dirname(path), 'r');
  try {
    sync(folder);
  } catch (error) {
    if (!noSyncOfFolders.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    closeSync(folder);
  }
}
