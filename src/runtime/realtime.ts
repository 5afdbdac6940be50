// Real-time priority for receivers: what else a machine does then never keeps a socket from being read. Bounded twice:
// one core at least stays without such a thread, and the kernel takes back a share of the others
// (kernel.sched_rt_runtime_us). Comes in: what this process may. Goes out: a reason where a thread cannot have it.

import { availableParallelism } from 'node:os';
import { readFileSync } from 'node:fs';
import { errnoName, ffiUnavailable, lastErrno, libc } from './ffi.js';

/** Linux, sched.h: first in, first out; what the thread starts has the ordinary priority. */
const fifoResetOnFork = 1 | 0x4000_0000;
/** The lowest of 1 to 99: above every ordinary thread, below whatever else is real-time. */
const lowest = 1;
const sysNice = 23n;

/** What decides whether receivers may have it. */
export interface RealtimeFacts {
  /** Effective capabilities as a bit mask; null = unknown. */
  readonly capabilities: bigint | null;
  /** RLIMIT_RTPRIO, 0 = none; null = unknown. */
  readonly limit: number | null;
  /** kernel.sched_rt_runtime_us: −1 = the kernel takes nothing back; null = unknown. */
  readonly runtimeUs: number | null;
  /** That this process may use. A thread that is pinned sees its own alone. */
  readonly cores: number;
  /** Why C functions cannot be called; null = they can. */
  readonly noCalls: string | null;
}

/** Of this process, asked in the main thread. @param read a file of the kernel, null = it cannot be read */
export function realtimeFacts(
  read: (path: string) => string | null = readText,
  cores: number = availableParallelism(),
  noCalls: string | null = ffiUnavailable(),
): RealtimeFacts {
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(read('/proc/self/status') ?? '')?.[1];
  const limit = /^Max realtime priority\s+(\d+|unlimited)/m.exec(read('/proc/self/limits') ?? '')?.[1];
  const runtime = read('/proc/sys/kernel/sched_rt_runtime_us');
  return {
    capabilities: capabilities === undefined ? null : BigInt(`0x${capabilities}`),
    limit: limit === undefined ? null : limit === 'unlimited' ? 99 : Number(limit),
    runtimeUs: runtime === null ? null : Number(runtime),
    cores,
    noCalls,
  };
}

/**
 * Why receivers keep the ordinary priority, and what would change that; null = they have another. Service and doctor
 * both go by it.
 * @param pinned `pin_cpus`: the CPUs that receivers and streamer share; empty = all
 */
export function realtimeRefusal(
  receivers: number,
  pinned: readonly number[],
  { capabilities, limit, runtimeUs, cores: available, noCalls }: RealtimeFacts,
): { readonly why: string; readonly remedy: string } | null {
  if (noCalls !== null) return { why: noCalls, remedy: 'npm ci on Linux (x64, arm64)' };
  const cores = pinned.length === 0 ? available : Math.min(available, new Set(pinned).size);
  const may = (capabilities !== null && ((capabilities >> sysNice) & 1n) === 1n) || (limit ?? 0) >= lowest;
  if (!may)
    return {
      why: 'the process may not raise it',
      remedy:
        'docker run --cap-add=SYS_NICE …, in Kubernetes securityContext.capabilities.add: [SYS_NICE], in systemd ' +
        'LimitRTPRIO=1',
    };
  if (receivers >= cores)
    return {
      why: `receivers (${receivers}) would leave no core (of ${cores}) to the others`,
      remedy: `receiver_threads: ${Math.max(1, cores - 1)} in the configuration, or more cores`,
    };
  if (runtimeUs === null || runtimeUs < 0)
    return {
      why: 'the kernel would take nothing back from a thread that never sleeps',
      remedy: 'sysctl -w kernel.sched_rt_runtime_us=950000',
    };
  return null;
}

/**
 * Raise the calling thread, a receiver, for which `realtimeRefusal` has no reason.
 * @returns why the kernel refused what it should have allowed, in a sentence; null = it is raised
 */
export function raisePriority(name: string): string | null {
  const parameters = Int32Array.of(lowest);
  if (libc().schedSetscheduler(0, fifoResetOnFork, parameters) === 0) return null;
  return (
    `thread ${name}: no real-time priority (${errnoName(lastErrno())}): another program may hold it up. Set ` +
    'receiver_priority: normal if that is meant'
  );
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
