// The scheduling policy of a thread, and whether it may have another, as the kernel has it: not as the code under test
// judges it.

import { readFileSync } from 'node:fs';

/**
 * 0 = ordinary, 1 = first in, first out.
 * @param stat of the thread, /proc/…/stat
 */
export function policyOf(stat: string): number {
  // Field 41 of proc(5); the name in parentheses may hold spaces.
  return Number(stat.replace(/^.*\) /, '').split(' ')[41 - 3]);
}

/** −20 = first, 19 = last. @param stat of the thread, /proc/…/stat */
export function niceOf(stat: string): number {
  return Number(stat.replace(/^.*\) /, '').split(' ')[19 - 3]);
}

/** May a thread of this process be real-time? By CAP_SYS_NICE or a limit of the process. */
export function mayBeRealtime(): boolean {
  const limit = /^Max realtime priority\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? '0';
  return hasSysNice() || limit !== '0';
}

/** May a thread of this process have the highest ordinary priority? */
export function mayBeFirst(): boolean {
  const limit = /^Max nice priority\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? '0';
  return hasSysNice() || limit === 'unlimited' || Number(limit) >= 40;
}

function hasSysNice(): boolean {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  return (BigInt(`0x${mask}`) & (1n << 23n)) !== 0n;
}

/** CPUs of this process: "0-2,5" → 0, 1, 2, 5. */
export function cpusOfProcess(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
