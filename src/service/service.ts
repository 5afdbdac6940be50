// Composition root: what lives as long as the process (HTTP, PSI's client, history, log), and the data plane between
// them. Starts in the order of the data, stops in the same order with limits, and ends with a reason when any thread
// fails. Where PSI's client says what the detector is, the data plane is made when it has said so.

import { logLevel, managerVariables } from '../base/environment.js';
import { systemClock } from '../base/clock.js';
import { isOpen } from '../config/from-client.js';
import type { ServiceConfig } from '../config/service-config.js';
import { firstMessageNumber } from '../config/message-numbers.js';
import { writtenHosts } from '../config/udp-hosts.js';
import { thisMachine } from '../doctor/machine.js';
import { machineReport } from '../doctor/machine-report.js';
import { configuredToken } from '../http/access.js';
import { startHttp } from '../http/http.js';
import type { HttpServer } from '../http/http.js';
import { makeLogger } from '../runtime/log.js';
import type { Logger } from '../runtime/log.js';
import { giveBackStart } from '../runtime/start-memory.js';
import { stopLimitMs } from '../config/stop-limit.js';
import { serviceManager } from '../runtime/service-manager.js';
import { amendedNotice, endedNotice, problemNotice } from '../notify/notices.js';
import type { NoticeSource } from '../notify/notices.js';
import { Outbox } from '../notify/outbox.js';
import { ReceiverWatch } from '../receiver/watch.js';
import type { Outside } from '../view/service-view.js';
import { StandingView } from '../view/standing-view.js';
import { version } from '../base/version.js';
import { openHistory } from './kept-history.js';
import { Planes } from './planes.js';
import { openReceivers } from './receivers.js';
import type { OpenReceivers } from './receivers.js';

/** A running service. */
export interface RunningService {
  /** Where consumers connect: `tcp://…`; "" while there is no data plane. */
  readonly dataEndpoint: string;
  readonly apiUrl: string;
  /** Where PSI's client finds the receivers of the modules; empty = they are off. */
  readonly receiverPorts: readonly number[];
  readonly view: StandingView;
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
 * Start the service.
 * @throws OperatorError for what the environment refuses: taken ports, addresses of other machines
 */
export async function startService(config: ServiceConfig, options: ServiceOptions = {}): Promise<RunningService> {
  const logger = options.logger ?? makeLogger(logLevel(), config.name);
  const manager = serviceManager(managerVariables(), (sentence) => logger.warn({ event: 'note' }, sentence));
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
  const outside = outbox === null ? null : outsideBy(outbox, config.name);
  const view = new StandingView({
    config,
    clock: systemClock,
    logger,
    kept: history,
    outside,
    doctor: (client) => Promise.resolve(machineReport(thisMachine, client)),
  });
  let reject: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, no) => (reject = no));
  failed.catch(() => undefined);
  const planes = new Planes({
    view,
    logger,
    firstMessageNumber: firstNumber,
    seriesBefore: history?.before[0]?.series_id ?? 0,
    onFailed: (error) => {
      view.noteFailure(error.message);
      reject(error);
    },
    ...(outside === null ? {} : { outside }),
    ...(history === null ? {} : { kept: history }),
    ...(receiver === null ? {} : { receiver }),
  });

  let psi: OpenReceivers | null = null;
  let http: HttpServer | null = null;
  const closeRest = async (): Promise<void> => {
    await Promise.all([http?.close(), outbox?.close(), history?.settled()]);
    receiver?.close();
    planes.now?.close();
    view.close();
    manager.close();
  };
  try {
    if (!isOpen(config)) await planes.replace(config);
    psi = await openReceivers(view, config, logger, (complete) => planes.replace(complete));
    http = await startHttp(view, {
      host: config.apiHost,
      port: config.apiPort,
      token,
      names: config.apiNames,
      logger,
      build: {
        version: version(),
        get backend() {
          return view.backend;
        },
      },
      flightRecorder: () => planes.flightRecorder,
      ...(psi === null ? {} : { receivers: psi.group }),
    });
    const { url: apiUrl } = http;
    await giveBackStart();
    const { now } = planes;
    const where = now === null ? view.status().message : `frames on ${now.dataEndpoint}`;
    logger.info(
      {
        event: 'ready',
        ...(now === null
          ? {}
          : {
              data_endpoint: now.dataEndpoint,
              udp_host: writtenHosts(config.udpHosts),
              udp_ports: config.detector.udpPorts,
              shape: now.plan.detector.shape,
              ring_frames: now.plan.ring.frames,
            }),
        api_url: apiUrl,
        series: config.series,
        ...(psi === null ? {} : { receiver_ports: psi.ports }),
      },
      `ready: ${where}, HTTP on ${apiUrl}`,
    );
    manager.ready(`${where}, HTTP on ${apiUrl}`, () => view.liveness());
    let ending: Promise<boolean> | null = null;
    const stop = async (reason: string): Promise<boolean> => {
      logger.info({ event: 'stopping', reason }, `stopping: ${reason}`);
      manager.stopping(reason, stopLimitMs(config));
      // A data plane that is being built is waited for.
      await psi?.group.follower?.close();
      await planes.stop(failed.catch(() => undefined));
      const lacking = view.lacking();
      if (lacking !== null) logger.error({ event: 'undelivered', undelivered: view.undelivered }, lacking);
      await psi?.close();
      await closeRest();
      logger.info({ event: 'stopped' }, 'stopped');
      return lacking === null;
    };
    return {
      get dataEndpoint() {
        return planes.dataEndpoint;
      },
      apiUrl,
      receiverPorts: psi?.ports ?? [],
      view,
      failed,
      stop: (reason) => (ending ??= stop(reason)),
    };
  } catch (error) {
    await psi?.close();
    await planes.now?.stop();
    await closeRest();
    throw error;
  }
}

/** What happens, as notifications of this detector. */
function outsideBy(outbox: Outbox, detector: string): Outside {
  const source = (): NoticeSource => ({ detector, wall: systemClock.wall() });
  return {
    ended: (summary) => outbox.put(endedNotice(source(), summary)),
    amended: (summary) => outbox.put(amendedNotice(source(), summary)),
    problem: (finding) => outbox.put(problemNotice(source(), finding)),
    get trouble() {
      return outbox.trouble;
    },
    get counts() {
      return outbox.counts;
    },
  };
}
