// Room on a disk, and below the limit of file sizes, that is kept for the end of a file: bytes of a nameless file
// beside it. They are given back when the disk is full, so that what is still in memory can be written and the file can
// be closed. Nothing is left of them, however the process ends.
// Tested by test/simulators/record.test.ts.

import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, readFileSync, statfsSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** More than HDF5 keeps in memory of one dataset and its index. */
const reserveBytes = 16 << 20;
const pieceBytes = 1 << 18;

/**
 * Bytes of frames that a file of this process may hold, so that its end still fits below the limit of file sizes
 * (ulimit -f); Infinity where there is none, or none is known. Source: proc_pid_limits(5).
 */
export function frameBytesLimit(limits: () => string = () => readFileSync('/proc/self/limits', 'latin1')): number {
  try {
    const limit = Number(/^Max file size\s+(\d+)/m.exec(limits())?.[1] ?? Infinity);
    return limit - Math.min(reserveBytes, limit / 4);
  } catch {
    return Infinity;
  }
}

export class DiskReserve {
  #descriptor: number | null = null;

  /** Keep room beside `file`: 16 MiB, at most a quarter of what is free; none where that cannot be done. */
  constructor(file: string) {
    const name = `${file}.room`;
    try {
      const { bavail, bsize } = statfsSync(dirname(file));
      const descriptor = openSync(name, 'wx');
      this.#descriptor = descriptor;
      unlinkSync(name);
      // Bytes that no file system packs into nothing.
      const piece = randomFillSync(new Uint8Array(pieceBytes));
      for (let left = Math.min(reserveBytes, Math.floor((bavail * bsize) / 4)); left > 0;)
        left -= writeSync(descriptor, piece, 0, Math.min(left, pieceBytes));
    } catch {
      // A disk that is full already, or whose files cannot go on without a name: the recording goes on without.
    }
  }

  /** Give the room back; once. */
  release(): void {
    if (this.#descriptor === null) return;
    closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}
