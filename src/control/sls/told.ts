// What PSI's client has set, for people. Comes in: the receivers of all modules. Goes out: facts as they leave the
// process (JSON, snake_case), and in sentences what the next start would be refused for.
// Tested by test/http/routes-psi-client.test.ts.

import { messageOf } from '../../base/errors.js';
import { psiStatuses } from '../../contract/receivers-told.js';
import type { PsiStatus, ReceiverTold, ReceiversTold } from '../../contract/receivers-told.js';
import { framesExpected, imagePorts } from './module-settings.js';
import { filenameOf, metadataOf } from './arm-wish.js';
import { runStatus } from './receivers.js';
import type { Receiver, ReceiverGroup, RunStatus } from './receivers.js';

const statusOf = (status: RunStatus): PsiStatus => psiStatuses.find((name) => runStatus[name] === status) as PsiStatus;

export function receiversTold(group: ReceiverGroup): ReceiversTold {
  const [first] = group.receivers;
  const { next, problem } = first.isSetUp ? nextOf(first) : { next: null, problem: null };
  return {
    status: statusOf(group.status),
    receivers: group.receivers.map(receiverTold),
    next,
    preview: group.preview === null ? null : { frames_skipped: group.preview.skipped },
    problems: [...group.problems(), ...(problem === null ? [] : [problem])],
  };
}

/** Modules that were not set up. */
export function lackingModules({ receivers }: ReceiverGroup): number[] {
  return receivers.flatMap(({ index, isSetUp }) => (isSetUp ? [] : [index]));
}

/** Ports that the detector sends to. */
export function portsOn({ receivers }: ReceiverGroup): { udpPort: number; module: number }[] {
  return receivers.flatMap((receiver) =>
    receiver.isSetUp
      ? imagePorts(receiver.settings).flatMap(({ udpPort, on }) => (on ? [{ udpPort, module: receiver.index }] : []))
      : [],
  );
}

function nextOf({ settings }: Receiver): { next: ReceiversTold['next']; problem: string | null } {
  const metadata = metadataOf(settings);
  try {
    return { next: { filename: filenameOf(settings), metadata }, problem: null };
  } catch (error) {
    return { next: { filename: '', metadata }, problem: messageOf(error) };
  }
}

function receiverTold(receiver: Receiver): ReceiverTold {
  const { index, lockedBy } = receiver;
  if (!receiver.isSetUp) return { module: index, locked_by: lockedBy, set_up: null };
  const { settings } = receiver;
  return {
    module: index,
    locked_by: lockedBy,
    set_up: {
      hostname: settings.hostname,
      detector: settings.detector,
      udp_ports: imagePorts(settings).map(({ udpPort, on }) => ({ udp_port: udpPort, on })),
      dynamic_range: settings.dynamicRange,
      read_n_rows: settings.readNRows,
      frames: String(framesExpected(settings)),
    },
  };
}
