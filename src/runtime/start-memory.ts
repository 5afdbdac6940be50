// What only starting up takes, given back before the service is ready: objects that nobody refers to any more, which V8
// would collect when it has been idle for seconds, memory that the C library keeps for later, and pages of Node's file
// that were read for it (decision 77).

import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { ffiUnavailable, openLibrary } from './ffi.js';

/** linux/mman.h */
const notNeeded = 4;
/** Less is not worth a call. */
const leastBytes = 64 * 1024;

/** A mapping of this process, as the kernel tells it. */
export interface Mapping {
  readonly begin: bigint;
  readonly end: bigint;
  /** Of the pages that are resident, in bytes: all, and those that are no file's any more. */
  readonly resident: number;
  readonly anonymous: number;
  readonly file: string;
  readonly writable: boolean;
}

/** @param smaps /proc/PID/smaps @returns mappings of files; lines that are not understood are left out */
export function fileMappings(smaps: string): Mapping[] {
  const mappings: Mapping[] = [];
  const head = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+ *(\/.*)$/;
  for (const block of smaps.split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/)) {
    const [, begin, end, flags, file] = head.exec(block.split('\n', 1)[0]) ?? [];
    if (begin === undefined || end === undefined || flags === undefined || file === undefined) continue;
    const bytes = (field: string): number =>
      Number(new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(block)?.[1] ?? Number.NaN) * 1024;
    mappings.push({
      begin: BigInt(`0x${begin}`),
      end: BigInt(`0x${end}`),
      resident: bytes('Rss'),
      anonymous: bytes('Anonymous'),
      file,
      writable: flags[1] === 'w' || flags[3] === 's',
    });
  }
  return mappings;
}

/**
 * May its pages be dropped? They are, byte for byte, those of the file. A page that the loader has changed would come
 * back as it was before.
 */
export const isAsInFile = ({ anonymous, writable }: Mapping): boolean => !writable && anonymous === 0;

/**
 * Collect what starting up has left in the heap of this thread, and give the room back; some 40 ms. By the inspector,
 * in this process: what else V8 offers keeps the room. Nothing depends on it.
 */
export async function collectStartObjects(): Promise<void> {
  try {
    const session = new Session();
    session.connect();
    await session.post('HeapProfiler.collectGarbage');
    session.disconnect();
  } catch {
    // Refused by Node's permissions, perhaps: nothing is lost but memory.
  }
}

/** Give back all of it, just before the service is ready. Other threads have collected theirs by then. */
export async function giveBackStart(): Promise<void> {
  await collectStartObjects();
  trimAllocator();
  dropStartPages();
}

/** Free pages in between, which the C library keeps unless it is asked. musl has no such call, and keeps less. */
function trimAllocator(): void {
  if (ffiUnavailable() !== null) return;
  try {
    openLibrary(null).func('int malloc_trim(size_t kept)')(0);
  } catch {
    // Another C library.
  }
}

/**
 * Drop the pages of program files from this process; what is needed again comes back from the kernel's memory of the
 * file, a fraction of a microsecond each. Nothing depends on it.
 * @returns bytes that were resident
 */
export function dropStartPages(): number {
  if (ffiUnavailable() !== null) return 0;
  try {
    const advise = openLibrary(null).func('int madvise(uintptr_t address, size_t length, int advice)');
    let dropped = 0;
    for (const mapping of fileMappings(readFileSync('/proc/self/smaps', 'latin1'))) {
      const { begin, end, resident } = mapping;
      if (!isAsInFile(mapping) || !(resident >= leastBytes)) continue;
      if (advise(begin, end - begin, notNeeded) === 0) dropped += resident;
    }
    return dropped;
  } catch {
    // Another kernel: nothing is lost but memory.
    return 0;
  }
}
