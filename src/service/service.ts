// Composition root: memory, threads, control plane. Starts in the order of the data (receivers, encoders, streamer,
// HTTP) with a ready handshake, stops in the same order with limits, and ends with a reason when any thread fails.

import { Worker } from 'node:worker_threads';
import { logLevel, managerVariables } from '../base/environment.js';
import { OperatorError, exitCode } from '../base/errors.js';
import { thisMachine } from '../doctor/machine.js';
import { maskBits, walkOf } from '../detector/frame-form.js';
import { refuseSmallLimit } from '../doctor/memory-limit.js';
import { systemClock } from '../base/clock.js';
import { makePlan } from '../config/plan.js';
import type { Plan } from '../config/plan.js';
import type { ServiceConfig } from '../config/service-config.js';
import { maskOf } from '../config/mask-file.js';
import { writtenHosts } from '../config/udp-hosts.js';
import { firstMessageNumber } from '../config/message-numbers.js';
import { configuredToken } from '../http/access.js';
import { FlightRecorder } from '../flight/recorder.js';
import { startHttp } from '../http/http.js';
import { makeLogger } from '../runtime/log.js';
import type { Logger } from '../runtime/log.js';
import { serviceManager } from '../runtime/service-manager.js';
import { endedNotice, problemNotice } from '../notify/notices.js';
import type { NoticeSource } from '../notify/notices.js';
import { Outbox } from '../notify/outbox.js';
import { ReceiverWatch } from '../receiver/watch.js';
import { SharedView } from '../view/shared-view.js';
import type { Outside } from '../view/service-view.js';
import { openHistory } from './kept-history.js';
import { allocateMemory, mapMemory } from '../memory/memory-map.js';
import { SeriesWords } from '../memory/series-words.js';
import { ThreadWords } from '../memory/thread-words.js';
import { adviseHugePages } from '../runtime/huge-pages.js';
import { restoreError } from '../runtime/thread-messages.js';
import { closeWakeDescriptor, noDescriptor, openWakeDescriptor, ring } from '../runtime/wake-descriptor.js';
import type { ThreadMessage } from '../runtime/thread-messages.js';
import type { StreamEvent } from '../contract/series.js';
import { readUdpSocket } from '../udp/proc-net-udp.js';
import { version } from '../base/version.js';
import type { ThreadInfo, ThreadTask } from './agent-thread.js';
import { openReceivers } from './receivers.js';
import type { OpenReceivers } from './receivers.js';

/** A thread that is not ready, or has not ended, after so long is given up. */
const readyLimitMs = 30_000;
const closeLimitMs = 3_000;

/** A running service. */
export interface RunningService {
  /** Where consumers connect: `tcp://…`. */
  readonly dataEndpoint: string;
  readonly apiUrl: string;
  /** Where PSI's client finds the receivers of the modules; empty = they are off. */
  readonly receiverPorts: readonly number[];
  readonly view: SharedView;
  /**
   * End the series, send what is closed, wait until the consumer has it, stop all threads. Bounded; idempotent.
   * @returns false when it is known that a consumer lacks something, `series_end` perhaps
   */
  stop(reason: string): Promise<boolean>;
  /** Rejects when a thread fails; the process should end then. */
  readonly failed: Promise<never>;
}

export interface ServiceOptions {
  readonly logger?: Logger;
}

/**
 * What V8 may keep of short-lived objects in a thread, in MB: frames leave little behind, and V8 would take 48 in time.
 */
const youngGenerationMb = 6;

class ServiceThread {
  readonly name: string;
  readonly worker: Worker;
  readonly words: ThreadWords;
  readonly ready: Promise<ThreadInfo>;
  /** The thread is gone. */
  readonly exited: Promise<void>;

  constructor(name: string, task: ThreadTask, onEvent: (event: StreamEvent) => void, onFailed: (error: Error) => void) {
    this.name = name;
    this.words = new ThreadWords(task.memory.buffer, task.map.threadWords, task.thread);
    this.worker = new Worker(new URL('./agent-thread.js', import.meta.url), {
      workerData: task,
      name,
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
    });
    let isReady = (_info: ThreadInfo): void => undefined;
    let isGone = (): void => undefined;
    let isFailed = (_error: Error): void => undefined;
    this.ready = new Promise((resolve, reject) => {
      isReady = resolve;
      isFailed = reject;
    });
    this.ready.catch(() => undefined);
    this.exited = new Promise((resolve) => (isGone = resolve));
    const fail = (error: Error): void => {
      isFailed(error);
      onFailed(error);
    };
    this.worker.on('message', (message: ThreadMessage<ThreadInfo, StreamEvent>) => {
      if (message.kind === 'ready') isReady(message.info);
      else if (message.kind === 'event') onEvent(message.event);
      else if (message.kind === 'failed') fail(restoreError(name, message.error));
    });
    this.worker.on('error', fail);
    this.worker.on('exit', (code) => {
      isGone();
      if (code !== 0) fail(new Error(`${name}: the thread ended with code ${code}`));
    });
  }

  /**
   * Ask to end, wait at most so long, then end it whatever it does. A thread that has closed everything ends by itself:
   * cut off while zeromq.js still hands out events it would take the process along.
   */
  async stop(limitMs = closeLimitMs): Promise<void> {
    this.words.askToStop();
    this.worker.postMessage('stop');
    await Promise.race([this.exited, delay(limitMs)]);
    await this.worker.terminate();
  }
}

/**
 * Start the service.
 * @throws OperatorError for what the environment refuses: taken ports, addresses of other machines
 */
export async function startService(config: ServiceConfig, options: ServiceOptions = {}): Promise<RunningService> {
  const logger = options.logger ?? makeLogger(logLevel(), config.name);
  const manager = serviceManager(managerVariables(), (sentence) => logger.warn({ event: 'note' }, sentence));
  const plan = makePlan(config);
  const mask = await maskOf(config);
  refuseSmallLimit(config.name, plan, thisMachine.read);
  // Above every number of an earlier process, so that nothing of it can mix with what a consumer still keeps
  // (docs/stream.md).
  const firstNumber = firstMessageNumber(systemClock.wall());
  const token = configuredToken(config.apiTokenFile);
  const outbox = config.notifyUrl === null ? null : new Outbox({ url: config.notifyUrl, clock: systemClock, logger });
  const history = await openHistory(config, logger);
  // Where several instances share a detector the receiver counts the frames of all.
  const receiver =
    config.receiverUrl === null || config.share.stride > 1
      ? null
      : new ReceiverWatch({ url: config.receiverUrl.replace(/\/+$/, ''), clock: systemClock });
  const map = mapMemory(plan.memory);
  const memory = allocate(map, plan);
  if (mask !== null && map.encoding !== null)
    new Uint8Array(memory.buffer).set(maskBits(mask, walkOf(config, plan.detector.shape)), map.encoding.mask);
  const series = new SeriesWords(memory.buffer, map.seriesWords);
  const view = new SharedView({
    config,
    plan,
    map,
    buffer: memory.buffer,
    clock: systemClock,
    logger,
    wakeStreamer: () => series.wake(),
    readSocket: readUdpSocket,
    ...(outbox === null ? {} : { outside: outsideBy(outbox, config.name) }),
    ...(history === null ? {} : { kept: history }),
    ...(receiver === null ? {} : { receiver }),
  });

  let reject: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, no) => (reject = no));
  failed.catch(() => undefined);
  let stopping = false;
  const onFailed = (error: Error): void => {
    if (stopping) return;
    view.noteFailure(error.message);
    reject(error);
  };
  const onEvent = (event: StreamEvent): void => view.noteEvent(event);
  const seriesBefore = history?.before[0]?.series_id ?? 0;
  const wakeDescriptors = plan.portsOfThread.map(() =>
    config.receive === 'dgram' ? noDescriptor : openWakeDescriptor(),
  );
  const base = { config, plan, map, memory, firstMessageNumber: firstNumber, seriesBefore, wakeDescriptors };
  const indexOf = (udpPort: number): number => config.detector.udpPorts.indexOf(udpPort);
  const receivers = plan.portsOfThread.map(
    (udpPorts, thread) =>
      new ServiceThread(
        `receiver ${thread}`,
        { ...base, thread, name: `vdcu-rx-${thread}`, does: { what: 'receive', ports: udpPorts.map(indexOf) } },
        onEvent,
        onFailed,
      ),
  );
  const encoders = Array.from(
    { length: plan.threads.encoders },
    (_, encoder) =>
      new ServiceThread(
        `encoder ${encoder}`,
        { ...base, thread: receivers.length + encoder, name: `vdcu-enc-${encoder}`, does: { what: 'encode', encoder } },
        onEvent,
        onFailed,
      ),
  );
  const streamer = new ServiceThread(
    'streamer',
    { ...base, thread: receivers.length + encoders.length, name: 'vdcu-streamer', does: { what: 'stream' } },
    onEvent,
    onFailed,
  );
  const threads = [...receivers, ...encoders, streamer];
  const stopThreads = async (): Promise<void> => {
    stopping = true;
    const stopped = [...receivers, ...encoders].map((thread) => thread.stop());
    wakeDescriptors.forEach(ring);
    await Promise.all(stopped);
    // Its last messages may take until the consumer has them.
    await streamer.stop(config.closingTimeoutMs + closeLimitMs);
    wakeDescriptors.forEach(closeWakeDescriptor);
  };

  let psi: OpenReceivers | null = null;
  try {
    const infos = await Promise.race([
      Promise.all(threads.map((thread) => thread.ready)),
      delay(readyLimitMs).then((): never => {
        throw new OperatorError(`not all threads were ready after ${readyLimitMs} ms`, exitCode.internal);
      }),
    ]);
    const dataEndpoint = infos[infos.length - 1]?.endpoint ?? '';
    view.noteReady(
      infos.flatMap((info) => info.sources),
      dataEndpoint,
      [...new Set(infos.map((info) => info.backend))].join('+'),
      infos[infos.length - 1]?.sendBuffer ?? null,
    );
    for (const note of new Set(infos.flatMap((info) => info.notes))) logger.warn({ event: 'note' }, note);
    const flightRecorder = new FlightRecorder({ config, plan, map, buffer: memory.buffer, clock: systemClock, logger });
    psi = await openReceivers(view, config, logger);
    const http = await startHttp(view, {
      host: config.apiHost,
      port: config.apiPort,
      token,
      names: config.apiNames,
      logger,
      build: { version: version(), backend: view.backend },
      flightRecorder,
      ...(psi === null ? {} : { receivers: psi.group }),
    });
    flightRecorder.start();
    logger.info(
      {
        event: 'ready',
        data_endpoint: dataEndpoint,
        api_url: http.url,
        udp_host: writtenHosts(config.udpHosts),
        udp_ports: config.detector.udpPorts,
        shape: plan.detector.shape,
        ring_frames: plan.ring.frames,
        series: config.series,
        ...(psi === null ? {} : { receiver_ports: psi.ports }),
      },
      `ready: frames on ${dataEndpoint}, HTTP on ${http.url}`,
    );
    manager.ready(`frames on ${dataEndpoint}, HTTP on ${http.url}`, () => view.liveness());
    let ending: Promise<boolean> | null = null;
    const stop = async (reason: string): Promise<boolean> => {
      logger.info({ event: 'stopping', reason }, `stopping: ${reason}`);
      manager.stopping(reason);
      await Promise.race([
        view.shutdown(),
        failed.catch(() => undefined),
        delay(config.closingTimeoutMs + config.drainMs + closeLimitMs),
      ]);
      await stopThreads();
      const lacking = view.lacking();
      if (lacking !== null) logger.error({ event: 'undelivered', undelivered: view.undelivered }, lacking);
      await psi?.close();
      await Promise.all([http.close(), outbox?.close(), history?.settled()]);
      await flightRecorder.close();
      receiver?.close();
      view.close();
      manager.close();
      logger.info({ event: 'stopped' }, 'stopped');
      return lacking === null;
    };
    return {
      dataEndpoint,
      apiUrl: http.url,
      receiverPorts: psi?.ports ?? [],
      view,
      failed,
      stop: (reason) => (ending ??= stop(reason)),
    };
  } catch (error) {
    await psi?.close();
    await stopThreads();
    await outbox?.close();
    view.close();
    throw error;
  }
}

/** What happens, as notifications of this detector. */
function outsideBy(outbox: Outbox, detector: string): Outside {
  const source = (): NoticeSource => ({ detector, wall: systemClock.wall() });
  return {
    ended: (summary) => outbox.put(endedNotice(source(), summary)),
    problem: (finding) => outbox.put(problemNotice(source(), finding)),
    get trouble() {
      return outbox.trouble;
    },
    get counts() {
      return outbox.counts;
    },
  };
}

function allocate(map: ReturnType<typeof mapMemory>, plan: Plan): WebAssembly.Memory {
  try {
    const memory = allocateMemory(map);
    adviseHugePages(memory.buffer);
    return memory;
  } catch (error) {
    throw new OperatorError(
      `shared memory of ${map.totalBytes} bytes cannot be had (ring of ${plan.ring.frames} frames). Give the ` +
        'process more memory, or lower ring_frames.',
      exitCode.environment,
      { cause: error },
    );
  }
}

const delay = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
