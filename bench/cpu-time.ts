// CPU time by thread, from the scheduler: /proc/<process>/task/<thread>/schedstat, first figure, nanoseconds of user
// and kernel time together. A thread that runs while it is read is at most one tick of the kernel's clock behind.

import { readFileSync, readdirSync } from 'node:fs';

/** CPU time of the calling thread in ns. */
export function ownCpuTime(): number {
  return firstFigure('/proc/thread-self/schedstat');
}

/** CPU time of each thread of a process in ns, summed by what the thread does. */
export type CpuByThread = Readonly<Record<string, number>>;

/**
 * Names: `vdcu-rx-0` …, `vdcu-streamer`, `zmq` (libzmq's own threads), `main`, `other` (the JavaScript engine's
 * helpers).
 */
export function cpuByThread(process: number): CpuByThread {
  const spent: Record<string, number> = {};
  for (const thread of readdirSync(`/proc/${process}/task`)) {
    try {
      const folder = `/proc/${process}/task/${thread}`;
      const name = roleOf(readFileSync(`${folder}/comm`, 'utf8').trim(), Number(thread) === process);
      spent[name] = (spent[name] ?? 0) + firstFigure(`${folder}/schedstat`);
    } catch {
      // A thread that has just ended.
    }
  }
  return spent;
}

/** What was spent between two readings. */
export function spentBetween(before: CpuByThread, after: CpuByThread): Record<string, number> {
  return Object.fromEntries(Object.entries(after).map(([name, spent]) => [name, spent - (before[name] ?? 0)]));
}

/** Of all threads together. */
export function sumOf(spent: CpuByThread): number {
  return Object.values(spent).reduce((sum, time) => sum + time, 0);
}

function roleOf(name: string, first: boolean): string {
  if (first) return 'main';
  if (name.startsWith('vdcu-')) return name;
  return name.startsWith('ZMQ') ? 'zmq' : 'other';
}

function firstFigure(file: string): number {
  return Number(readFileSync(file, 'latin1').split(' ')[0]);
}
