// Receivers come before what else a machine does, so that it does not keep a socket from being read. With real-time
// priority nothing ordinary does; that is bounded twice: two cores at least stay without such a thread, and the kernel
// takes back a share of the others (kernel.sched_rt_runtime_us). Else they are the first of the ordinary threads. Comes
// in: what this process may. Goes out: what receivers get, and a reason where it is not the most.

import { readFileSync } from 'node:fs';
import { availableParallelism, constants, getPriority, setPriority } from 'node:os';
import { messageOf } from '../base/errors.js';
import { errnoName, ffiUnavailable, lastErrno, libc } from './ffi.js';

/** Linux, sched.h: the ordinary policy; first in, first out; what the thread starts has the ordinary one. */
const other = 0;
const fifo = 1;
const resetOnFork = 0x4000_0000;
/** The lowest of 1 to 99: above every ordinary thread, below whatever else is real-time. */
const lowest = 1;
/** Cores without a receiver: one for the streamer, one for everything else. */
const coresLeft = 2;

/** What decides the priority of receivers. */
export interface RealtimeFacts {
  /** kernel.sched_rt_runtime_us: −1 = the kernel takes nothing back; null = unknown. */
  readonly runtimeUs: number | null;
  /** That this process may use. A thread that is pinned sees its own alone. */
  readonly cores: number;
  /** Why C functions cannot be called; null = they can. */
  readonly noCalls: string | null;
  readonly refusals: Refusals;
}

/** What the kernel answers to a thread of this process that wants a priority: "EPERM"; null = it gives it. */
export interface Refusals {
  readonly realtime: string | null;
  readonly first: string | null;
}

/** Of this process, asked in the main thread. @param read a file of the kernel, null = it cannot be read */
export function realtimeFacts(
  read: (path: string) => string | null = readText,
  cores: number = availableParallelism(),
  noCalls: string | null = ffiUnavailable(),
  ask: () => Refusals = priorityRefusals,
): RealtimeFacts {
  const runtime = read('/proc/sys/kernel/sched_rt_runtime_us');
  return {
    runtimeUs: runtime === null ? null : Number(runtime),
    cores,
    noCalls,
    refusals: noCalls === null ? ask() : { realtime: null, first: null },
  };
}

/**
 * The calling thread has each priority for some microseconds. Capabilities and limits of the process do not tell: a
 * capability may count in its own user namespace alone, a control group may have no budget for real-time threads. Only
 * where C functions can be called.
 */
export function priorityRefusals(): Refusals {
  const kernel = libc();
  const nice = getPriority(0);
  const first = becomeFirst();
  if (first === null) setPriority(0, nice);
  // Who was started with another policy keeps it.
  if (kernel.schedGetscheduler(0) !== other) return { realtime: null, first };
  if (kernel.schedSetscheduler(0, fifo, Int32Array.of(lowest)) !== 0)
    return { realtime: errnoName(lastErrno()), first };
  kernel.schedSetscheduler(0, other, Int32Array.of(0));
  return { realtime: null, first };
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
  return { priority: facts.noCalls === null && facts.refusals.first === null ? 'first' : 'normal', lacks };
}

/** Why they are no real-time threads, and what would change that; null = they may be. */
function realtimeRefusal(
  receivers: number,
  pinned: readonly number[],
  facts: RealtimeFacts,
): ReceiverPriority['lacks'] {
  const { runtimeUs, cores, noCalls, refusals } = facts;
  if (noCalls !== null) return { why: noCalls, remedy: 'npm ci on Linux (x64, arm64)' };
  if (refusals.realtime !== null)
    return {
      why: `the kernel refuses a real-time thread (${refusals.realtime})`,
      remedy:
        'docker run --cap-add=SYS_NICE …, in Kubernetes securityContext.capabilities.add: [SYS_NICE], in systemd ' +
        'LimitRTPRIO=1 and LimitNICE=-20; where that is so already, a container without a user namespace of its own, ' +
        'and a budget in its control group (cpu.rt_runtime_us)',
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

/**
 * Raise the calling thread, a receiver, to what `receiverPriority` allows. A kernel may refuse a real-time thread all
 * the same: then it is the first of the ordinary ones.
 * @returns what the kernel refused, in a sentence; null = it is raised
 */
export function raisePriority(name: string, priority: Priority): string | null {
  if (priority === 'normal') return null;
  let refused = '';
  if (priority === 'realtime') {
    if (libc().schedSetscheduler(0, fifo | resetOnFork, Int32Array.of(lowest)) === 0) return null;
    refused = `no real-time priority (${errnoName(lastErrno())})`;
  }
  const second = becomeFirst();
  if (second === null)
    return refused === '' ? null : `thread ${name}: ${refused}; it is the first of the ordinary threads instead`;
  const all = [refused, `not before other threads (${second})`].filter((text) => text !== '').join(', ');
  return `thread ${name}: ${all}: another program may hold it up. Set receiver_priority: normal if that is meant`;
}

/** The calling thread, on Linux. @returns what the kernel answered, null = it is */
function becomeFirst(): string | null {
  try {
    setPriority(0, constants.priority.PRIORITY_HIGHEST);
    return null;
  } catch (error) {
    return (error as { info?: { code?: string } }).info?.code ?? messageOf(error);
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
