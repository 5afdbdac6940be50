// The receivers that PSI's client drives, where the configuration has any. Comes in: the service as it runs. Goes out:
// open listeners, whose orders and figures are those of the service.

import type { ServiceConfig } from '../config/service-config.js';
import { hostOfReceivers } from '../config/udp-hosts.js';
import { openReceiverDoor } from '../control/sls/door.js';
import { ReceiverGroup } from '../control/sls/receivers.js';
import { lackingModules, portsOn } from '../control/sls/told.js';
import { interfaceOf } from '../doctor/network-interface.js';
import type { Logger } from '../runtime/log.js';
import type { StandingView } from '../view/standing-view.js';

/** Receivers that listen. */
export interface OpenReceivers {
  readonly group: ReceiverGroup;
  readonly ports: readonly number[];
  close(): Promise<void>;
}

/**
 * Listen for PSI's client; null = the configuration has no receivers.
 * @param build has a data plane built, where the client says what the detector is
 * @throws OperatorError when a port cannot be listened on
 */
export async function openReceivers(
  view: StandingView,
  config: ServiceConfig,
  logger: Logger,
  build: (config: ServiceConfig) => Promise<void>,
): Promise<OpenReceivers | null> {
  const { receiverPorts: ports, receiverSource: allowed } = config;
  if (ports.length === 0) return null;
  const host = hostOfReceivers(config);
  // zeromq.js is loaded where it is used only.
  const preview = config.slsPreview ? (await import('./sls-preview.js')).slsPreview(view, host) : null;
  const group = new ReceiverGroup({
    config,
    orders: view.orders,
    logger,
    progress: (seriesId) => view.progressOf(seriesId),
    receiveBufferBytes: () => view.receiveBufferBytes,
    build,
    preview,
    macOf: (address) => {
      const { name, mac } = interfaceOf(address);
      return name === null ? null : (mac ?? '');
    },
    after: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds);
      return () => clearTimeout(timer);
    },
  });
  view.noteDoor({
    problems: () => group.problems(),
    lacking: () => lackingModules(group),
    ports: () => portsOn(group),
  });
  const { follower } = group;
  if (follower !== null)
    view.noteWaiting(
      () => follower.waiting(),
      () => follower.problems(),
    );
  const door = await openReceiverDoor(group, { host, ports, allowed, logger });
  return {
    group,
    ports: door.ports,
    close: async () => {
      group.close();
      preview?.close();
      await door.close();
    },
  };
}
