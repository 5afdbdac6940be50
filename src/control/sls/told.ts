// What PSI's client has set, for people. Comes in: the receivers of all modules. Goes out: facts as they leave the
// process (JSON, snake_case), and what stands against the next start in sentences.
// Tested by test/http/routes-psi-client.test.ts.

import { messageOf } from '../../base/errors.js';
import { framesExpected, imagePorts } from './module-settings.js';
import { filenameOf, metadataOf } from './arm-wish.js';
import { runStatus } from './receivers.js';
import type { Receiver, ReceiverGroup } from './receivers.js';

/** The receiver of one module. */
export interface ReceiverTold {
  readonly module: number;
  /** Address that alone may call; null = any. */
  readonly locked_by: string | null;
  /** Null = the client has not said rx_hostname, or the service was started anew since. */
  readonly set_up: {
    readonly hostname: string;
    readonly detector: string;
    readonly udp_ports: readonly { readonly udp_port: number; readonly on: boolean }[];
    readonly dynamic_range: number;
    /** Rows that are read out; 0 = all there are. */
    readonly read_n_rows: number;
    /** As text: it may have more digits than a JSON number. */
    readonly frames: string;
  } | null;
}

/** All that the client has set. */
export interface ReceiversTold {
  readonly status: 'idle' | 'transmitting' | 'running';
  readonly receivers: readonly ReceiverTold[];
  /** Name of the file and metadata of the next series; null = the first module was not set up. */
  readonly next: { readonly filename: string; readonly metadata: Readonly<Record<string, unknown>> } | null;
  /** PSI's preview stream; null = it is not offered. */
  readonly preview: { readonly frames_skipped: number } | null;
  /** What would be refused at the next start. */
  readonly problems: readonly string[];
}

const statusNames = {
  [runStatus.idle]: 'idle',
  [runStatus.transmitting]: 'transmitting',
  [runStatus.running]: 'running',
} as const;

export function receiversTold(group: ReceiverGroup): ReceiversTold {
  const [first] = group.receivers;
  const { next, problem } = first.isSetUp ? nextOf(first) : { next: null, problem: null };
  return {
    status: statusNames[group.status],
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
