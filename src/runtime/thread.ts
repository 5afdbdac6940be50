// What the operating system knows about the calling thread: its name (seen in top, ps, perf), the CPUs it may run on,
// and how late a short sleep may end. Nothing here is needed for right data, so a refusal is a warning text.

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { errnoName, ffiUnavailable, lastErrno, libc, openLibrary } from './ffi.js';

/** Linux, sys/prctl.h. */
const option = { setName: 15, setTimerSlack: 29 } as const;

/** Bytes of a thread's name; the kernel cuts the rest. */
const threadNameBytes = 15;

/** Name the calling thread; longer names are cut. @returns a warning, or null when it is done */
export function nameThread(name: string): string | null {
  const missing = ffiUnavailable();
  if (missing !== null) return `thread ${name}: not named, ${missing}`;
  const cut = Buffer.from(name).subarray(0, threadNameBytes).toString();
  return libc().prctlText(option.setName, cut, 0, 0, 0) === 0
    ? null
    : `thread ${name}: not named (${errnoName(lastErrno())})`;
}

/**
 * Let the calling thread run on these CPUs only.
 * @param cpus numbers as in /proc/cpuinfo, 0 to 1023, at least one
 * @returns a warning that names the remedy, or null when it is done
 */
export function pinThread(name: string, cpus: readonly number[]): string | null {
  const asked = cpus.join(', ');
  const missing = ffiUnavailable();
  if (missing !== null) return `thread ${name}: not pinned to CPU ${asked}, ${missing}`;
  const mask = new Uint8Array(128);
  for (const cpu of cpus) {
    if (!Number.isInteger(cpu) || cpu < 0 || cpu >= mask.length * 8)
      return (
        `thread ${name}: not pinned to CPU ${asked}: ${cpu} is no CPU. Use numbers from 0 to ` +
        `${mask.length * 8 - 1}`
      );
    mask[cpu >> 3] = mask[cpu >> 3] | (1 << (cpu & 7));
  }
  if (libc().schedSetaffinity(0, mask.length, mask) === 0) return null;
  const reason = errnoName(lastErrno());
  return (
    `thread ${name}: not pinned to CPU ${asked} (${reason}): this process may use ${allowedCpus()}. Choose among ` +
    'these, or give the container these CPUs (Kubernetes: static CPU manager, whole CPUs)'
  );
}

/** CPUs that the calling thread may use, as the kernel writes them: "0-3,6"; a count where it does not say. */
export function allowedCpus(): string {
  try {
    const found = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/thread-self/status', 'latin1'));
    if (found?.[1] !== undefined) return found[1];
  } catch {
    // Not Linux, or no /proc.
  }
  return `${availableParallelism()} CPUs`;
}

/**
 * Let sleeps of the calling thread end at most this much late (the kernel's default is 50 µs); silently not where
 * refused.
 */
export function sharpenSleeps(nanoseconds: number): void {
  if (ffiUnavailable() === null) libc().prctlNumber(option.setTimerSlack, nanoseconds, 0, 0, 0);
}

/** Sleep for less than a second. Blocks the thread; only where C functions can be called. */
export function sleepMicroseconds(microseconds: number): void {
  libc().usleep(microseconds);
}

/** glibc, malloc.h. */
const mallopt = { trimThreshold: -1, mmapThreshold: -3 } as const;

/**
 * Keep freed blocks of up to 32 MiB in the process instead of giving each back to the kernel: a message of half a
 * megabyte that is allocated and freed per frame otherwise costs a page fault for each of its pages, every time. What
 * lies free at the end of an arena beyond `bytes` goes back all the same, so what a consumer's hiccup queued does not
 * stay for ever. For the whole process; silently not where the C library has no such switch.
 */
export function keepFreedMemory(bytes: number): void {
  if (ffiUnavailable() !== null) return;
  try {
    const set = openLibrary(null).func('int mallopt(int option, int value)');
    set(mallopt.mmapThreshold, 32 * 2 ** 20);
    set(mallopt.trimThreshold, Math.min(bytes, 2 ** 31 - 1));
  } catch {
    // Another C library: nothing is lost but speed.
  }
}
