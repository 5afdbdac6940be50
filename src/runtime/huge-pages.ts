// Large pages for the shared memory. A ring of half a gigabyte that is written and read from end to end misses the
// processor's page tables at nearly every row of a frame when its pages are of 4 kB. And the way back: memory of a data
// plane that has ended is the host's again at once, not when the collector comes to it.
// Tested by test/service/service.test.ts.

import { addressOf, ffiUnavailable, openLibrary } from './ffi.js';

/** linux/mman.h */
const hugePage = 14;
const notNeeded = 4;
/** What the kernel hands out as one large page. */
const hugePageBytes = 2 ** 21;

/**
 * Ask the kernel for large pages (transparent huge pages, where the host has them at `madvise` or `always`). Nothing
 * depends on the answer but speed.
 * @returns whether the kernel took the advice
 */
export function adviseHugePages(memory: SharedArrayBuffer): boolean {
  return advise(memory, hugePageBytes, hugePage);
}

/**
 * Give the pages of a memory back to the kernel: it reads as 0 from then on. For a memory that is not used any more.
 * @returns whether the kernel took them
 */
export function giveBackPages(memory: SharedArrayBuffer): boolean {
  return advise(memory, 4096, notNeeded);
}

/** The whole pages of a memory, of so many bytes each. */
function advise(memory: SharedArrayBuffer, pageBytes: number, advice: number): boolean {
  if (ffiUnavailable() !== null) return false;
  const begin = addressOf(memory);
  const end = begin + BigInt(memory.byteLength);
  const first = ((begin + BigInt(pageBytes - 1)) / BigInt(pageBytes)) * BigInt(pageBytes);
  const bytes = ((end - first) / BigInt(pageBytes)) * BigInt(pageBytes);
  if (bytes <= 0n) return false;
  try {
    return (
      openLibrary(null).func('int madvise(uintptr_t address, size_t length, int advice)')(first, bytes, advice) === 0
    );
  } catch {
    return false;
  }
}
