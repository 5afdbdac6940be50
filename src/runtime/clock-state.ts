// Is the system's clock kept right by a program (NTP, PTP)? Asked of the kernel, which every such program tells. Needs
// no privilege and changes nothing.
// Tested by test/doctor/machine.test.ts.

import { ffiUnavailable, openLibrary } from './ffi.js';

/** struct timex of linux/timex.h on 64-bit Linux: bytes, and where its status word is. All zero = only read. */
const timexBytes = 208;
const statusAt = 40;
/** STA_UNSYNC. */
const unsynchronised = 0x40;

/** Is the clock synchronised; null = the kernel cannot be asked. */
export function clockSynchronised(): boolean | null {
  if (ffiUnavailable() !== null) return null;
  try {
    const timex = Buffer.alloc(timexBytes);
    const answer = openLibrary(null).func('int adjtimex(void *timex)')(timex);
    return answer < 0 ? null : (timex.readInt32LE(statusAt) & unsynchronised) === 0;
  } catch {
    return null;
  }
}
