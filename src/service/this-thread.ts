// The worker thread that this module is loaded in: what main gave it, how it says something, and how it settles before
// it works. Shared by what threads do (receiver-thread.ts, encoder-thread.ts, streamer-thread.ts).
// Tested by test/service/service.test.ts.

import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../base/clock.js';
import type { Plan } from '../config/plan.js';
import type { ServiceConfig } from '../config/service-config.js';
import type { MemoryMap } from '../memory/memory-map.js';
import { SeriesWords } from '../memory/series-words.js';
import { ThreadWords } from '../memory/thread-words.js';
import { EventLoopDriver } from '../runtime/agent.js';
import type { Agent, Wake } from '../runtime/agent.js';
import { raisePriority } from '../runtime/realtime.js';
import type { Priority } from '../runtime/realtime.js';
import { nameThread, pinThread } from '../runtime/thread.js';
import { collectStartObjects } from '../runtime/start-memory.js';
import { reportError } from '../runtime/thread-messages.js';
import type { ThreadMessage } from '../runtime/thread-messages.js';
import type { SendBuffer, StreamEvent } from '../contract/series.js';
import type { SourceInfo } from '../udp/packet-source.js';
import type { Wiring } from './wiring.js';

/** What main hands to a thread. */
export interface ThreadTask {
  readonly config: ServiceConfig;
  readonly plan: Plan;
  readonly map: MemoryMap;
  readonly memory: WebAssembly.Memory;
  /** Index of the thread: receivers first, then encoders, the streamer last. */
  readonly thread: number;
  readonly name: string;
  /** Indices into `udp_ports` for a receiver and its priority, index of the encoder, or the streamer. */
  readonly does:
    | { readonly what: 'receive'; readonly ports: readonly number[]; readonly priority: Priority }
    | { readonly what: 'encode'; readonly encoder: number }
    | { readonly what: 'stream' };
  readonly firstMessageNumber: number;
  /** Number of the last series of earlier processes, or 0. */
  readonly seriesBefore: number;
  /** What wakes each receiver, by thread; runtime/wake-descriptor.ts. */
  readonly wakeDescriptors: readonly number[];
}

/** What a thread says when it is ready. */
export interface ThreadInfo {
  /** Of a receiver: its sockets. */
  readonly sources: readonly SourceInfo[];
  /** Of the streamer: where consumers connect. */
  readonly endpoint: string;
  /** Of the streamer: where live viewers subscribe; absent or '' = nowhere. */
  readonly previewEndpoint?: string;
  /** Of the streamer: what the kernel holds for each consumer; null = zmq queues. */
  readonly sendBuffer: SendBuffer | null;
  /** What it works with: `recvmmsg`, `dgram`, `bslz4`, `forms`, `zmtp`, `libzmq`, `zeromq.js`. */
  readonly backend: string;
  /** Sentences for the operator. */
  readonly notes: readonly string[];
}

/** An event-driven thread looks at its wake word at least so often, in ms. */
export const wakeWordMs = 100;

if (parentPort === null) throw new Error('threads of the data path are started by the service only');
export const port = parentPort;
export const task = workerData as ThreadTask;
export const post = (message: ThreadMessage<ThreadInfo, StreamEvent>): void => port.postMessage(message);
export const fail = (error: unknown): void => post({ kind: 'failed', error: reportError(error) });
const { config, plan, map, memory } = task;
export const wiring: Wiring = { config, plan, map, buffer: memory.buffer, clock: systemClock };
export const series = new SeriesWords(memory.buffer, map.seriesWords);
export const words = new ThreadWords(memory.buffer, map.threadWords, task.thread);

let driver: EventLoopDriver | null = null;
/** Has an agent on this thread's event loop look again. */
export const wake: Wake = { wake: () => driver?.wake(), turnNow: () => driver?.turnNow() };

/** Drive an agent until the thread is asked to end. @param ready called before the first turn */
export async function runOnEventLoop(agent: Agent, ready: () => void): Promise<void> {
  const asked = new Promise<void>((resolve) => port.once('message', () => resolve()));
  driver = new EventLoopDriver(agent, fail);
  await driver.start();
  ready();
  await asked;
  await driver.stop();
}

/**
 * Give back what loading has left, name the thread, pin it where the configuration says so, raise a receiver; returns
 * what was refused.
 */
export async function settleThread(): Promise<string[]> {
  await collectStartObjects();
  nameThread(task.name);
  const cpus = config.pinCpus;
  // Receivers and encoders take the CPUs in turn, the streamer the last.
  const cpu = task.does.what === 'stream' ? cpus[cpus.length - 1] : cpus[task.thread % Math.max(1, cpus.length - 1)];
  return [
    cpu === undefined ? null : pinThread(task.name, [cpu]),
    task.does.what === 'receive' ? raisePriority(task.name, task.does.priority) : null,
  ].filter((refused) => refused !== null);
}
