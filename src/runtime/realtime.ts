// Receivers come before what else a machine does, so that it does not keep a socket from being read. With real-time
// priority nothing ordinary does; that is bounded twice: two cores at least stay without such a thread, and the kernel
// takes back a share of the others (kernel.sched_rt_runtime_us). Else they are the first of the ordinary threads. Comes
// in: what this process may. Goes out: what receivers get, and a reason where it is not the most.

import { readFileSync } from 'node:fs';
import { availableParallelism, constants, setPriority } from 'node:os';
import { messageOf } from '../base/errors.js';
import { errnoName, ffiUnavailable, lastErrno, libc } from './ffi.js';

/** Linux, sched.h: first in, first out; what the thread starts has the ordinary priority. */
const fifoResetOnFork = 1 | 0x4000_0000;
/** The lowest of 1 to 99: above every ordinary thread, below whatever else is real-time. */
const lowest = 1;
const sysNice = 23n;
/** By this RLIMIT_NICE a thread may have the highest ordinary priority. */
const highestNiceLimit = 40;
/** Cores without a receiver: one for the streamer, one for everything else. */
const coresLeft = 2;

/** What decides the priority of receivers. */
export interface RealtimeFacts {
  /** Effective capabilities as a bit mask; null = unknown. */
  readonly capabilities: bigint | null;
  /** RLIMIT_RTPRIO, 0 = none; null = unknown. */
  readonly limit: number | null;
  /** RLIMIT_NICE: a thread may come down to 20 less this; null = unknown. */
  readonly niceLimit: number | null;
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
  const nice = /^Max nice priority\s+(\d+|unlimited)/m.exec(read('/proc/self/limits') ?? '')?.[1];
  const runtime = read('/proc/sys/kernel/sched_rt_runtime_us');
  return {
    capabilities: capabilities === undefined ? null : BigInt(`0x${capabilities}`),
    limit: limit === undefined ? null : limit === 'unlimited' ? 99 : Number(limit),
    niceLimit: nice === undefined ? null : nice === 'unlimited' ? highestNiceLimit : Number(nice),
    runtimeUs: runtime === null ? null : Number(runtime),
    cores,
    noCalls,
  };
}

/** What a receiver thread comes before: everything ordinary, all other ordinary threads by their share, or nothing. */
export type Priority = 'realtime' | 'first' | 'normal';

/** What receivers get, and why not more; null = there is no more. */
export interface ReceiverPriority {
  readonly priority: Priority;
  readonly lacks: { readonly why: string; readonly remedy: string } | null;
}

/**
 * The priority of receivers. Service and doctor both go by it. Where too few cores are left they are the first of the
 * ordinary threads: a real-time thread that wakes takes the core that it was on, although another is idle, and on two
 * cores that makes the streamer dearer by a half (decision 78).
 * @param pinned `pin_cpus`: the CPUs that receivers and streamer share; empty = all
 */
export function receiverPriority(receivers: number, pinned: readonly number[], facts: RealtimeFacts): ReceiverPriority {
  const lacks = realtimeRefusal(receivers, pinned, facts);
  if (lacks === null) return { priority: 'realtime', lacks };
  const first = facts.noCalls === null && (hasSysNice(facts) || (facts.niceLimit ?? 0) >= highestNiceLimit);
  return { priority: first ? 'first' : 'normal', lacks };
}

/** Why they are no real-time threads, and what would change that; null = they may be. */
function realtimeRefusal(
  receivers: number,
  pinned: readonly number[],
  facts: RealtimeFacts,
): ReceiverPriority['lacks'] {
  const { limit, runtimeUs, cores, noCalls } = facts;
  if (noCalls !== null) return { why: noCalls, remedy: 'npm ci on Linux (x64, arm64)' };
  if (!hasSysNice(facts) && (limit ?? 0) < lowest)
    return {
      why: 'the process may not raise it further',
      remedy:
        'docker run --cap-add=SYS_NICE …, in Kubernetes securityContext.capabilities.add: [SYS_NICE], in systemd ' +
        'LimitRTPRIO=1 and LimitNICE=-20',
    };
  const own = new Set(pinned).size;
  if (pinned.length > 0 && receivers >= own)
    return {
      why: `receivers (${receivers}) would leave the streamer no core of pin_cpus (${own})`,
      remedy: 'more of pin_cpus',
    };
  if (cores - receivers < coresLeft)
    return {
      why:
        `receivers (${receivers}) would leave ${Math.max(0, cores - receivers)} of ${cores} cores to the streamer ` +
        'and all others',
      remedy:
        cores > coresLeft ? `receiver_threads: ${cores - coresLeft} in the configuration, or more cores` : 'more cores',
    };
  if (runtimeUs === null || runtimeUs < 0)
    return {
      why: 'the kernel would take nothing back from a thread that never sleeps',
      remedy: 'sysctl -w kernel.sched_rt_runtime_us=950000',
    };
  return null;
}

const hasSysNice = ({ capabilities }: RealtimeFacts): boolean =>
  capabilities !== null && ((capabilities >> sysNice) & 1n) === 1n;

/**
 * Raise the calling thread, a receiver, to what `receiverPriority` allows. A kernel may refuse a real-time thread all
 * the same (a control group without a budget for them): then it is the first of the ordinary ones.
 * @returns what the kernel refused, in a sentence; null = it is raised
 */
export function raisePriority(name: string, priority: Priority): string | null {
  if (priority === 'normal') return null;
  let refused = '';
  if (priority === 'realtime') {
    if (libc().schedSetscheduler(0, fifoResetOnFork, Int32Array.of(lowest)) === 0) return null;
    refused = `no real-time priority (${errnoName(lastErrno())})`;
  }
  const second = becomeFirst();
  if (second === null)
    return refused === '' ? null : `thread ${name}: ${refused}; it is the first of the ordinary threads instead`;
  return (
    `thread ${name}: ${[refused, second].filter((text) => text !== '').join(', ')}: another program may hold it up. ` +
    'Set receiver_priority: normal if that is meant'
  );
}

/** The calling thread, on Linux. */
function becomeFirst(): string | null {
  try {
    setPriority(0, constants.priority.PRIORITY_HIGHEST);
    return null;
  } catch (error) {
    return `not before other threads (${messageOf(error)})`;
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
