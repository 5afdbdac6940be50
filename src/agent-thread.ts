// Worker entry: what the thread was given → its agent → turns until told to end. No logic of its own.

import { parentPort, workerData } from 'node:worker_threads';
import { PortAssembler } from './assembly/port-assembler.js';
import { ReceiverAgent } from './assembly/receiver-agent.js';
import { systemClock } from './base/clock.js';
import type { Plan } from './config/plan.js';
import type { ServiceConfig } from './config/service-config.js';
import { Landing } from './memory/landing.js';
import type { MemoryMap } from './memory/memory-map.js';
import { SeriesWords } from './memory/series-words.js';
import { ThreadWords } from './memory/thread-words.js';
import { EventLoopDriver } from './runtime/agent.js';
import type { Agent } from './runtime/agent.js';
import { reportError } from './runtime/thread-messages.js';
import type { ThreadMessage } from './runtime/thread-messages.js';
import type { StreamEvent } from './stream/series-types.js';
import { Streamer } from './stream/streamer.js';
import { StreamerAgent } from './stream/streamer-agent.js';
import { ZmqSink } from './stream/zmq-sink.js';
import { DgramSource } from './udp/dgram-source.js';
import type { SourceInfo } from './udp/packet-source.js';
const readSocketDrops = (): number | null => null;
import { makeSourceFilter } from './udp/source-filter.js';
import { portSetup, streamerSetup } from './wiring.js';

/** What main hands to a thread. */
export interface ThreadTask {
  readonly config: ServiceConfig;
  readonly plan: Plan;
  readonly map: MemoryMap;
  readonly memory: WebAssembly.Memory;
  /** Index of the thread: receivers first, the streamer last. */
  readonly thread: number;
  /** Indices into `udp_ports` for a receiver; null = the streamer. */
  readonly ports: readonly number[] | null;
  readonly firstMessageNumber: number;
}

/** What a thread says when it is ready. */
export interface ThreadInfo {
  readonly sources: readonly SourceInfo[];
  readonly endpoint: string;
}

const task = workerData as ThreadTask;
const port = parentPort;
if (port === null) throw new Error('agent-thread is started by the service only');
const post = (message: ThreadMessage<ThreadInfo, StreamEvent>): void => port.postMessage(message);
const { config, plan, map } = task;
const { buffer } = task.memory;
const series = new SeriesWords(buffer, map.seriesWords);
const words = new ThreadWords(buffer, map.threadWords, task.thread);

let driver: EventLoopDriver | null = null;
const fail = (error: unknown): void => post({ kind: 'failed', error: reportError(error) });

function receiver(ports: readonly number[]): ReceiverAgent {
  const accepts = makeSourceFilter(config.udpSource);
  const receiverPorts = ports.map((index) => {
    const source = new DgramSource({
      landing: new Landing(buffer, map.landing[index] as number, plan.memory.landingPackets, plan.memory.packetBytes),
      host: config.udpHost,
      udpPort: config.detector.udpPorts[index] as number,
      receiveBufferBytes: config.receiveBufferBytes,
      accepts,
      wake: (full) => (full ? driver?.turnNow() : driver?.wake()),
      readDrops: readSocketDrops,
    });
    return { source, assembler: new PortAssembler(portSetup({ config, plan, map, buffer }, index, source)) };
  });
  return new ReceiverAgent(`receiver ${task.thread}`, receiverPorts, () => systemClock.now());
}

function streamer(): StreamerAgent {
  const { dataHost: host, dataPort } = config;
  const sink = new ZmqSink({ host, port: dataPort, highWaterMark: plan.sendQueue.messages, wake: () => driver?.wake() });
  const report = (event: StreamEvent): void => post({ kind: 'event', event });
  return new StreamerAgent(sink, new Streamer(streamerSetup({ config, plan, map, buffer }, sink, task.firstMessageNumber, report)), () => systemClock.now());
}

/** The streamer sleeps until a receiver, or main, has something for it. */
async function followWakeWord(): Promise<void> {
  for (let seen = series.wakeCount; !words.stopAsked; ) {
    await series.waitAsync(seen, 100);
    seen = series.wakeCount;
    driver?.wake();
  }
}

async function run(agent: Agent): Promise<void> {
  driver = new EventLoopDriver(agent, fail);
  await driver.start();
  post({ kind: 'ready', info: { sources: agent instanceof ReceiverAgent ? agent.infos : [], endpoint: agent instanceof StreamerAgent ? agent.endpoint : '' } });
  if (task.ports === null) void followWakeWord();
  // Main asks to stop by the word and by any message, whichever is seen first.
  await new Promise<void>((resolve) => port?.once('message', () => resolve()));
  await driver.stop();
  post({ kind: 'closed' });
  port?.close();
}

process.on('uncaughtException', fail);
run(task.ports === null ? streamer() : receiver(task.ports)).catch(fail);
