// Large pages for the shared memory. A ring of half a gigabyte that is written and read from end to end misses the
// processor's page tables at nearly every row of a frame when its pages are of 4 kB. Called once by the service, before
// anybody touches the memory.
// Tested by test/service/service.test.ts.

import { addressOf, ffiUnavailable, openLibrary } from './ffi.js';

/** linux/mman.h */
const hugePage = 14;
/** What the kernel hands out as one large page. */
const hugePageBytes = 2 ** 21;

/**
 * Ask the kernel for large pages (transparent huge pages, where the host has them at `madvise` or `always`). Nothing
 * depends on the answer but speed.
 * @returns whether the kernel took the advice
 */
export function adviseHugePages(memory: SharedArrayBuffer): boolean {
  if (ffiUnavailable() !== null) return false;
  const begin = addressOf(memory);
  const end = begin + BigInt(memory.byteLength);
  const first = ((begin + BigInt(hugePageBytes - 1)) / BigInt(hugePageBytes)) * BigInt(hugePageBytes);
  const bytes = ((end - first) / BigInt(hugePageBytes)) * BigInt(hugePageBytes);
  if (bytes <= 0n) return false;
  try {
    return (
      openLibrary(null).func('int madvise(uintptr_t address, size_t length, int advice)')(first, bytes, hugePage) === 0
    );
  } catch {
    return false;
  }
}
