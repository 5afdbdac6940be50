// A file as it would be after changes that are only in memory: blocks that were written lie over those of the file,
// which is opened for reading and cannot be touched. Comes in: reads and writes by position. Goes out: what differs, in
// pieces. Memory holds what was written and nothing else, however long the file is.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Bytes that lie over the file at once. */
const blockBytes = 4096;

/** Bytes that shall stand at a place of the file. */
export interface Piece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

export class Overlay {
  readonly path: string;
  readonly #descriptor: number;
  /** Bytes of the file, and of what it would be. */
  readonly before: number;
  #size: number;
  readonly #blocks = new Map<number, Uint8Array>();

  /** @throws Error of the file system */
  constructor(path: string) {
    this.path = path;
    this.#descriptor = openSync(path, 'r');
    this.before = this.#size = fstatSync(this.#descriptor).size;
  }

  get size(): number {
    return this.#size;
  }

  /** As pread. @returns bytes read, fewer at the end */
  read(into: Uint8Array, at: number): number {
    const length = Math.max(0, Math.min(into.length, this.#size - at));
    const wanted = into.subarray(0, length);
    const found = at < this.before ? this.#fromFile(wanted, at) : 0;
    wanted.fill(0, found);
    for (let block = Math.floor(at / blockBytes); block * blockBytes < at + length; block++) {
      const over = this.#blocks.get(block);
      if (over === undefined) continue;
      const from = Math.max(at, block * blockBytes);
      const end = Math.min(at + length, (block + 1) * blockBytes);
      wanted.set(over.subarray(from - block * blockBytes, end - block * blockBytes), from - at);
    }
    return length;
  }

  /** As pwrite. */
  write(bytes: Uint8Array, at: number): number {
    for (let done = 0; done < bytes.length;) {
      const block = Math.floor((at + done) / blockBytes);
      const within = at + done - block * blockBytes;
      const part = bytes.subarray(done, done + blockBytes - within);
      this.#block(block).set(part, within);
      done += part.length;
    }
    this.#size = Math.max(this.#size, at + bytes.length);
    return bytes.length;
  }

  /** As ftruncate, but the file itself never gets shorter: what lies behind the end of an HDF5 file does no harm. */
  truncate(size: number): void {
    this.#size = Math.max(this.before, size);
  }

  /** What differs from the file, ascending, and where it was longer: behind its end. */
  *changes(): Generator<Piece, void, undefined> {
    const old = new Uint8Array(blockBytes);
    for (const block of [...this.#blocks.keys()].sort((one, other) => one - other)) {
      const at = block * blockBytes;
      const bytes = (this.#blocks.get(block) as Uint8Array).subarray(0, this.#size - at);
      const known = Math.max(0, Math.min(bytes.length, this.before - at));
      this.#fromFile(old.subarray(0, known), at);
      if (known > 0 && !sameBytes(bytes.subarray(0, known), old.subarray(0, known)))
        yield { at, bytes: bytes.subarray(0, known) };
      if (bytes.length > known) yield { at: at + known, bytes: bytes.subarray(known) };
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #block(block: number): Uint8Array {
    let bytes = this.#blocks.get(block);
    if (bytes === undefined) {
      bytes = new Uint8Array(blockBytes);
      this.#fromFile(bytes, block * blockBytes);
      this.#blocks.set(block, bytes);
    }
    return bytes;
  }

  /** @returns bytes read: all, or as far as the file reaches */
  #fromFile(into: Uint8Array, at: number): number {
    let done = 0;
    while (done < into.length) {
      const read = readSync(this.#descriptor, into, done, into.length - done, at + done);
      if (read === 0) break;
      done += read;
    }
    return done;
  }
}

const sameBytes = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
