// How datagrams get to the kernel: many per system call, or one. Comes in: what is asked for, and where to. Goes out:
// the sender, which way it is, and why it is not the one that would be better.
// Tested by test/simulators/detector/batch-sender.test.ts.

import { exitCode, OperatorError } from '../../src/base/errors.js';
import type { DetectorSettings } from '../../src/detector/settings.js';
import { openBatchSender } from './batch-sender.js';
import { openDestinations } from './round-robin.js';
import { openUdpSender } from './udp-sender.js';
import type { DatagramSender } from './udp-sender.js';

export type SendWay = 'sendmmsg' | 'dgram';

/** As SimulateOptions has them. */
export interface SendWish {
  readonly settings: Pick<DetectorSettings, 'udpPorts'>;
  readonly udpHost: string | readonly string[];
  readonly firstFrame?: number;
  readonly sourcePort?: number | null;
  readonly send?: SendWay | 'auto';
  readonly coalesce?: boolean;
  readonly checksum?: boolean;
}

export interface OpenedWay {
  readonly sender: DatagramSender;
  readonly sentWith: SendWay;
  /** Why it was not sendmmsg, unless that was asked for; else null. */
  readonly fallback: string | null;
}

/**
 * The sender that was asked for, or what can be had.
 * @throws OperatorError (usage) for options that exclude each other
 */
export function openWays(wish: SendWish, datagramBytes: number): Promise<OpenedWay> {
  const {
    udpHost,
    settings: { udpPorts },
    sourcePort = null,
    firstFrame = 1,
  } = wish;
  return openDestinations({ udpHost, udpPorts, sourcePort, firstFrame }, (host) => openWay(wish, host, datagramBytes));
}

async function openWay(wish: SendWish, host: string, datagramBytes: number): Promise<OpenedWay> {
  const { sourcePort = null, send = 'auto', coalesce = false, checksum = true } = wish;
  if (coalesce && !checksum)
    throw new OperatorError(
      'coalesced datagrams have checksums, which the kernel writes: leave out --coalesce or --no-checksum',
      exitCode.usage,
    );
  const special = coalesce ? '--coalesce' : '--no-checksum';
  const plain = !coalesce && checksum;
  if (send === 'dgram') {
    if (!plain) throw new OperatorError(`${special} needs sendmmsg: leave out --send dgram`, exitCode.usage);
    return { sender: await openUdpSender(host, sourcePort), sentWith: 'dgram', fallback: null };
  }
  const sender = await openBatchSender({ host, sourcePort, coalesceBytes: coalesce ? datagramBytes : null, checksum });
  if (typeof sender !== 'string') return { sender, sentWith: 'sendmmsg', fallback: null };
  if (send === 'sendmmsg' || !plain)
    throw new OperatorError(`${sender}. Leave out ${send === 'sendmmsg' ? '--send sendmmsg' : special}`);
  return { sender: await openUdpSender(host, sourcePort), sentWith: 'dgram', fallback: sender };
}
