// The data plane of one plan: memory, threads and sockets, from the detector's ports to the consumer's. Comes in: the
// configuration, and where numbers go on from. Goes out: a view of it, once all threads are ready. It starts in the
// order of the data (receivers, encoders, streamer) with a ready handshake, and stops in the same order with limits.

import { systemClock } from '../base/clock.js';
import { OperatorError, exitCode } from '../base/errors.js';
import { maskOf } from '../config/mask-file.js';
import { makePlan } from '../config/plan.js';
import type { Plan } from '../config/plan.js';
import type { ServiceConfig } from '../config/service-config.js';
import { planned, wayInFacts } from '../config/ways.js';
import type { StreamEvent } from '../contract/series.js';
import { maskBits, walkOf } from '../detector/frame-form.js';
import { thisMachine } from '../doctor/machine.js';
import { refuseSmallLimit } from '../doctor/memory-limit.js';
import { tryUdpPorts } from '../doctor/port-trial.js';
import { FlightRecorder } from '../flight/recorder.js';
import { allocateMemory, mapMemory } from '../memory/memory-map.js';
import { SeriesWords } from '../memory/series-words.js';
import { adviseHugePages, giveBackPages } from '../runtime/huge-pages.js';
import type { Logger } from '../runtime/log.js';
import { realtimeFacts, receiverPriority } from '../runtime/realtime.js';
import { closeWakeDescriptor, noDescriptor, openWakeDescriptor, ring } from '../runtime/wake-descriptor.js';
import { bindError } from '../udp/bind-error.js';
import { readUdpSocket } from '../udp/proc-net-udp.js';
import type { PlaneTotals } from '../view/plane-totals.js';
import { SharedView } from '../view/shared-view.js';
import type { SharedViewDeps } from '../view/shared-view-deps.js';
import type { ThreadInfo } from './this-thread.js';
import { delay } from './delay.js';
import { ServiceThread, closeLimitMs } from './service-thread.js';

/** A thread that is not ready after so long is given up, ms. */
const readyLimitMs = 30_000;

/** A data plane that nothing stands against as far as it can be known before it is started. */
export interface PlannedDataPlane {
  readonly config: ServiceConfig;
  readonly plan: Plan;
  /** As `maskOf`. */
  readonly mask: Uint8Array | null;
}

/**
 * Plan the data plane of a configuration, and look for what stands against it.
 * @param running has its sockets, and its memory until it ends; null = no data plane runs
 * @throws OperatorError for a configuration that cannot be planned, and for what the environment refuses
 */
export async function planDataPlane(config: ServiceConfig, running: ServiceConfig | null): Promise<PlannedDataPlane> {
  const plan = makePlan(config);
  const mask = await maskOf(config);
  refuseSmallLimit(config.name, plan, thisMachine.read);
  // Where none runs the receivers find out themselves.
  if (running !== null)
    for (const { host, port, error } of await tryUdpPorts(config, running))
      if (error !== null) throw bindError(host, port, error);
  return { config, plan, mask };
}

export interface DataPlaneDeps extends Pick<SharedViewDeps, 'outside' | 'kept' | 'receiver' | 'outliving'> {
  readonly planned: PlannedDataPlane;
  readonly logger: Logger;
  /** Of its first message. */
  readonly firstMessageNumber: number;
  /** Number of the last series before it, or 0. */
  readonly seriesBefore: number;
  /** What data planes before it have counted. */
  readonly before: PlaneTotals;
  /** A thread has failed without being asked to end. */
  onFailed(error: Error): void;
}

/** How the threads of a data plane ended. */
export interface StoppedPlane {
  /** False = the streamer was ended in a turn: it may have taken more numbers than the view knows. */
  readonly inOrder: boolean;
  /** False = a thread was ended in a turn, and its sockets stay bound as long as the process lives. */
  readonly freed: boolean;
}

/** A data plane that runs. */
export interface DataPlane {
  readonly config: ServiceConfig;
  readonly plan: Plan;
  readonly view: SharedView;
  /** Where consumers connect: `tcp://…`. */
  readonly dataEndpoint: string;
  readonly flightRecorder: FlightRecorder;
  /** The series is ended, what is closed is sent, the consumer has it. Bounded. */
  drain(): Promise<void>;
  /** End all threads. Bounded; the view stays readable. */
  stop(): Promise<StoppedPlane>;
  /** The view is not read any more. */
  close(): void;
}

/**
 * Start a data plane.
 * @throws OperatorError for what the environment refuses: taken ports, addresses of other machines, memory
 */
export async function startDataPlane(deps: DataPlaneDeps): Promise<DataPlane> {
  const { logger } = deps;
  const { config, plan, mask } = deps.planned;
  const map = mapMemory(plan.memory);
  const memory = allocate(map, plan);
  if (mask !== null && map.encoding !== null)
    new Uint8Array(memory.buffer).set(maskBits(mask, walkOf(config, plan.detector.shape)), map.encoding.mask);
  const series = new SeriesWords(memory.buffer, map.seriesWords);
  const view = new SharedView({
    ...deps,
    config,
    plan,
    masked: mask,
    map,
    buffer: memory.buffer,
    clock: systemClock,
    wakeStreamer: () => series.wake(),
    readSocket: readUdpSocket,
  });
  // What fails before all are ready rejects the start.
  let started = false;
  let stopping = false;
  let failEarly = (_error: Error): void => undefined;
  const failedEarly = new Promise<never>((_, reject) => (failEarly = reject));
  failedEarly.catch(() => undefined);
  const onFailed = (error: Error): void => {
    if (stopping) return;
    if (started) deps.onFailed(error);
    else failEarly(error);
  };
  const onEvent = (event: StreamEvent): void => view.noteEvent(event);
  const { blocks } = planned(wayInFacts, config.receive);
  const wakeDescriptors = plan.portsOfThread.map(() => (blocks ? openWakeDescriptor() : noDescriptor));
  const { firstMessageNumber, seriesBefore } = deps;
  const base = { config: plainly(config), plan, map, memory, firstMessageNumber, seriesBefore, wakeDescriptors };
  const indexOf = (udpPort: number): number => config.detector.udpPorts.indexOf(udpPort);
  const priority =
    config.receiverPriority === 'normal'
      ? 'normal'
      : receiverPriority(plan.threads.receivers, config.pinCpus, realtimeFacts()).priority;
  const receivers = plan.portsOfThread.map(
    (udpPorts, thread) =>
      new ServiceThread(
        `receiver ${thread}`,
        {
          ...base,
          thread,
          name: `vdcu-rx-${thread}`,
          does: { what: 'receive', ports: udpPorts.map(indexOf), priority },
        },
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
  const stopAll = async (): Promise<StoppedPlane> => {
    stopping = true;
    const first = [...receivers, ...encoders].map((thread) => thread.stop());
    wakeDescriptors.forEach(ring);
    const closed = await Promise.all(first);
    // Its last messages may take until the consumer has them.
    const inOrder = await streamer.stop(config.closingTimeoutMs + closeLimitMs);
    wakeDescriptors.forEach(closeWakeDescriptor);
    return { inOrder, freed: inOrder && !closed.includes(false) };
  };
  let stopped: Promise<StoppedPlane> | null = null;
  const stop = (): Promise<StoppedPlane> => (stopped ??= stopAll());

  let infos: ThreadInfo[];
  try {
    infos = await Promise.race([
      // One that was ready may fail while others are not.
      failedEarly,
      Promise.all(threads.map((thread) => thread.ready)),
      delay(readyLimitMs).then((): never => {
        throw new OperatorError(`not all threads were ready after ${readyLimitMs} ms`, exitCode.internal);
      }),
    ]);
  } catch (error) {
    await stop();
    view.close();
    giveBackPages(memory.buffer);
    throw error;
  }
  started = true;
  const { endpoint: dataEndpoint, previewEndpoint = '', sendBuffer } = infos[infos.length - 1];
  view.noteReady(
    infos.flatMap((info) => info.sources),
    dataEndpoint,
    [...new Set(infos.map((info) => info.backend))].join('+'),
    sendBuffer,
    previewEndpoint,
  );
  for (const note of new Set(infos.flatMap((info) => info.notes))) logger.warn({ event: 'note' }, note);
  const flightRecorder = new FlightRecorder({ config, plan, map, buffer: memory.buffer, clock: systemClock, logger });
  return {
    config,
    plan,
    view,
    dataEndpoint,
    flightRecorder,
    // The streamer itself has done all that by closing_timeout_ms, drain_ms and a second for the end.
    drain: () => Promise.race([view.shutdown(), delay(config.closingTimeoutMs + config.drainMs + closeLimitMs)]),
    stop,
    close: () => {
      view.close();
      giveBackPages(memory.buffer);
    },
  };
}

/** As it is handed to threads, which have no use for what the file stated. */
function plainly({ stated: _, ...config }: ServiceConfig): ServiceConfig {
  return config;
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
