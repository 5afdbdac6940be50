// Bytes of a capture from front to back: in goes a file, plain or gzip'ed, or memory; out come pieces of any length.
// Memory holds about a megabyte, or the whole file where it is gzip'ed.
// Tested by test/simulators/files/capture/capture.test.ts.

import { closeSync, fstatSync, readSync } from 'node:fs';
import { gunzipSync, constants as zlib } from 'node:zlib';
import { exitCode, messageOf, OperatorError } from '../../../src/base/errors.js';
import { openToRead } from '../../../src/base/text-file.js';

/** Bytes that a gzip'ed capture may have unpacked. */
const unpackedLimit = 2 ** 30;
const chunkBytes = 1 << 20;

/** Reading failed behind the first bytes; what came before is good. */
export class ReadFailed extends Error {
  override readonly name = 'ReadFailed';
}

export interface ByteSource {
  /** Bytes handed out or passed over so far. */
  readonly at: number;
  /** What is wrong with the bytes behind the last one, whatever they mean; null: nothing is known. */
  readonly damage: string | null;
  /** Exactly `count` bytes, which belong to the caller; fewer at the end. @throws ReadFailed */
  take(count: number): Uint8Array;
  /** The next `count` bytes, which are taken again later; fewer at the end. @throws ReadFailed */
  peek(count: number): Uint8Array;
  close(): void;
}

/** Pass over bytes that are not needed. @returns false when there were fewer. @throws ReadFailed */
export function skip(source: ByteSource, count: number): boolean {
  for (let left = count; left > 0;) {
    const taken = source.take(Math.min(left, chunkBytes)).length;
    if (taken === 0) return false;
    left -= taken;
  }
  return true;
}

/**
 * Open a file, gzip'ed or not.
 * @throws OperatorError (usage) when it cannot be opened, is no file, or cannot be unpacked at all
 */
export function openBytes(file: string): ByteSource {
  let descriptor: number;
  try {
    descriptor = openToRead(file);
  } catch (error) {
    throw new OperatorError(`${file}: cannot be read (${messageOf(error)}). Give a capture file`, exitCode.usage, {
      cause: error,
    });
  }
  const chunks = new FileBytes(descriptor);
  try {
    if (!fstatSync(descriptor).isFile())
      throw new OperatorError(`${file}: is no file. Give a capture file`, exitCode.usage);
    const [first, second] = chunks.peek(2);
    if (first !== 0x1f || second !== 0x8b) return chunks;
    const { size } = fstatSync(descriptor);
    if (size > unpackedLimit) throw tooLarge(file);
    const unpacked = unpack(file, chunks.take(size));
    chunks.close();
    return unpacked;
  } catch (error) {
    chunks.close();
    if (error instanceof ReadFailed)
      throw new OperatorError(`${file}: ${error.message}. Copy it to another disk`, exitCode.environment, {
        cause: error,
      });
    throw error;
  }
}

function tooLarge(file: string): OperatorError {
  return new OperatorError(
    `${file}: is larger than 1 GiB unpacked. Unpack it with gunzip and give the .pcap`,
    exitCode.usage,
  );
}

/** What can be unpacked: all members; of cut or damaged ones as far as they go. */
function unpack(file: string, packed: Uint8Array): MemoryBytes {
  const asFarAs = (length: number): Uint8Array => {
    const {
      buffer,
      byteOffset,
      length: bytes,
    } = gunzipSync(packed.subarray(0, length), { maxOutputLength: unpackedLimit, finishFlush: zlib.Z_SYNC_FLUSH });
    return new Uint8Array(buffer, byteOffset, bytes);
  };
  let reason: string;
  try {
    const { buffer, byteOffset, length } = gunzipSync(packed, { maxOutputLength: unpackedLimit });
    return new MemoryBytes(new Uint8Array(buffer, byteOffset, length));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(file);
    reason = messageOf(error);
  }
  // Damage says nothing of its place: it lies where unpacking more begins to fail. A cut file can be unpacked to its
  // end.
  let good = 0;
  let bad = packed.length + 1;
  let best = new Uint8Array(0);
  for (let length = packed.length; good + 1 < bad; length = Math.floor((good + bad) / 2)) {
    try {
      best = new Uint8Array(asFarAs(length));
      good = length;
    } catch {
      bad = length;
    }
  }
  return new MemoryBytes(best, `it cannot be unpacked beyond byte ${good} (${reason})`);
}

/** Bytes in memory. */
export class MemoryBytes implements ByteSource {
  at = 0;
  readonly damage: string | null;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, damage: string | null = null) {
    this.#bytes = bytes;
    this.damage = damage;
  }

  peek(count: number): Uint8Array {
    return this.#bytes.subarray(this.at, this.at + count);
  }

  take(count: number): Uint8Array {
    const taken = this.peek(count);
    this.at += taken.length;
    return taken;
  }

  close(): void {
    // Memory needs none.
  }
}

/** Reads ahead by chunks; chunks are not reused, because what was taken from them stays with the taker. */
class FileBytes implements ByteSource {
  at = 0;
  readonly damage = null;
  readonly #descriptor: number;
  #chunk = new Uint8Array(0);
  #closed = false;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  peek(count: number): Uint8Array {
    this.#fill(count);
    return this.#chunk.subarray(0, count);
  }

  take(count: number): Uint8Array {
    const taken = this.peek(count);
    this.#chunk = this.#chunk.subarray(taken.length);
    this.at += taken.length;
    return taken;
  }

  #fill(count: number): void {
    if (this.#chunk.length >= count) return;
    const chunk = new Uint8Array(Math.max(chunkBytes, count));
    chunk.set(this.#chunk);
    let filled = this.#chunk.length;
    while (filled < chunk.length) {
      const read = this.#read(chunk, filled);
      if (read === 0) break;
      filled += read;
    }
    this.#chunk = chunk.subarray(0, filled);
  }

  #read(chunk: Uint8Array, from: number): number {
    try {
      return readSync(this.#descriptor, chunk, from, chunk.length - from, null);
    } catch (error) {
      throw new ReadFailed(`reading failed (${messageOf(error)})`, { cause: error });
    }
  }

  close(): void {
    if (!this.#closed) closeSync(this.#descriptor);
    this.#closed = true;
  }
}
