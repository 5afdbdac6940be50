// Entry of a worker thread. Comes in: what the thread was given. Goes out: turns of its agent until told to end. No
// logic of its own.
// Tested by test/service/service.test.ts.

import { parentPort, workerData } from 'node:worker_threads';
import { blockingWaitMs, makePreview, makeReceiver, makeSink } from './ways.js';
import { systemClock } from '../base/clock.js';
import type { Plan } from '../config/plan.js';
import type { ServiceConfig } from '../config/service-config.js';
import { wayOutFacts } from '../config/ways.js';
import { loadEncodeKernel } from '../encode/encode-kernel.js';
import { EncoderAgent } from '../encode/encoder-agent.js';
import { FrameEncoder } from '../encode/frame-encoder.js';
import type { MemoryMap } from '../memory/memory-map.js';
import { SeriesWords } from '../memory/series-words.js';
import { ThreadWords } from '../memory/thread-words.js';
import { EventLoopDriver, driveBlocking } from '../runtime/agent.js';
import type { Agent, Wake } from '../runtime/agent.js';
import { raisePriority } from '../runtime/realtime.js';
import type { Priority } from '../runtime/realtime.js';
import { nameThread, pinThread } from '../runtime/thread.js';
import { ring } from '../runtime/wake-descriptor.js';
import { collectStartObjects } from '../runtime/start-memory.js';
import { reportError } from '../runtime/thread-messages.js';
import type { ThreadMessage } from '../runtime/thread-messages.js';
import type { SendBuffer, StreamEvent } from '../contract/series.js';
import { Streamer } from '../stream/streamer.js';
import { StreamerAgent } from '../stream/streamer-agent.js';
import type { SourceInfo } from '../udp/packet-source.js';
import { encoderSetup, previewSetup, streamerSetup } from './wiring.js';
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
const wakeWordMs = 100;

const task = workerData as ThreadTask;
const port = parentPort;
if (port === null) throw new Error('agent-thread is started by the service only');
const post = (message: ThreadMessage<ThreadInfo, StreamEvent>): void => port.postMessage(message);
const fail = (error: unknown): void => post({ kind: 'failed', error: reportError(error) });
const { config, plan, map, memory } = task;
const wiring: Wiring = { config, plan, map, buffer: memory.buffer, clock: systemClock };
const series = new SeriesWords(memory.buffer, map.seriesWords);
const words = new ThreadWords(memory.buffer, map.threadWords, task.thread);

let driver: EventLoopDriver | null = null;
const wake: Wake = { wake: () => driver?.wake(), turnNow: () => driver?.turnNow() };

async function runReceiver(ports: readonly number[]): Promise<void> {
  const wakeDescriptor = task.wakeDescriptors[task.thread];
  const own = { name: task.name, ports, wiring, memory, wake, wakeDescriptor };
  const { agent, way, notes, wait } = await makeReceiver(own);
  notes.push(...(await settleThread()));
  const ready = (): void =>
    post({ kind: 'ready', info: { sources: agent.infos, endpoint: '', sendBuffer: null, backend: way, notes } });
  if (wait === null) {
    void followCommands();
    return runOnEventLoop(agent, ready);
  }
  await agent.start();
  ready();
  // A single port waits inside its source, too, while packets come.
  driveBlocking(agent, {
    stopAsked: () => words.stopAsked,
    mark: () => 0,
    rest: () => wait(blockingWaitMs),
  });
  await agent.close();
}

async function runEncoder(encoder: number): Promise<void> {
  const notes = await settleThread();
  const frames = new FrameEncoder(encoderSetup(wiring, encoder, loadEncodeKernel(memory)));
  const agent = new EncoderAgent(task.name, frames);
  await agent.start();
  post({
    kind: 'ready',
    info: {
      sources: [],
      endpoint: '',
      sendBuffer: null,
      backend: config.compression === 'none' ? 'forms' : config.compression,
      notes,
    },
  });
  driveBlocking(agent, {
    stopAsked: () => words.stopAsked,
    mark: () => series.wakeCount,
    rest: (mark) => agent.rest((milliseconds) => series.wait(mark, milliseconds)),
  });
  await agent.close();
}

async function runStreamer(): Promise<void> {
  const report = (event: StreamEvent): void => post({ kind: 'event', event });
  const { sink, way, notes } = await makeSink(wiring, wake, report);
  const preview = makePreview(wiring);
  notes.push(...(await settleThread()));
  const streamer = new Streamer({
    ...streamerSetup(wiring, sink, task.firstMessageNumber, report),
    ...previewSetup(wiring, preview),
    seriesBefore: task.seriesBefore,
    wakeReceivers: () => task.wakeDescriptors.forEach(ring),
  });
  const agent = new StreamerAgent({
    sink,
    streamer,
    lingerMs: config.closingTimeoutMs,
    report,
    now: () => systemClock.now(),
    preview,
  });
  const ready = (): void =>
    post({
      kind: 'ready',
      info: {
        sources: [],
        endpoint: agent.endpoint,
        previewEndpoint: agent.previewEndpoint,
        sendBuffer: sink.sendBuffer ?? null,
        backend: way,
        notes,
      },
    });
  if (!wayOutFacts[way].blocks) {
    void followWakeWord();
    return runOnEventLoop(agent, ready);
  }
  await agent.start();
  ready();
  driveBlocking(agent, {
    stopAsked: () => words.stopAsked,
    mark: () => series.wakeCount,
    rest: (mark) => agent.rest((milliseconds) => series.wait(mark, milliseconds)),
  });
  await agent.close();
}

async function runOnEventLoop(agent: Agent, ready: () => void): Promise<void> {
  const asked = new Promise<void>((resolve) => port?.once('message', () => resolve()));
  driver = new EventLoopDriver(agent, fail);
  await driver.start();
  ready();
  await asked;
  await driver.stop();
}

/** The streamer's event loop looks again when a receiver, or main, has something for it. */
async function followWakeWord(): Promise<void> {
  for (let seen = series.wakeCount; !words.stopAsked;) {
    await series.waitAsync(seen, wakeWordMs);
    seen = series.wakeCount;
    driver?.wake();
  }
}

/** A receiver's event loop looks again when a command is given. */
async function followCommands(): Promise<void> {
  for (let seen = series.readCommand(); !words.stopAsked;) {
    await series.waitCommandAsync(seen, wakeWordMs);
    const command = series.readCommand();
    if (command !== seen) driver?.wake();
    seen = command;
  }
}

/**
 * Give back what loading has left, name the thread, pin it where the configuration says so, raise a receiver; returns
 * what was refused.
 */
async function settleThread(): Promise<string[]> {
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

function run(): Promise<void> {
  const { does } = task;
  if (does.what === 'receive') return runReceiver(does.ports);
  return does.what === 'encode' ? runEncoder(does.encoder) : runStreamer();
}

process.on('uncaughtException', fail);
run().then(() => {
  post({ kind: 'closed' });
  port.close();
}, fail);
