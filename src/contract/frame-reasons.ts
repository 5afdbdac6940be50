// Why a frame is not complete: `reason` in the image message, label of `vdcu_frames_total`. The weightiest first: a
// frame with several has the first. Pure.
// Tested by test/contract/closed-lists.test.ts.

import type { Row } from './row.js';

/**
 * `says` goes on from "the frame is not complete: ". `marked` and `discarded`: its counters, by what became of the
 * frame.
 */
export const frameReasons = {
  ring_full: {
    says: 'packets were refused because the frame ring had no room',
    remedy: 'Speed the consumer up, or slow the detector down',
    docs: 'docs/operating.md#ring-full',
    marked: 'markedRingFull',
    discarded: 'discardedRingFull',
  },
  stop: {
    says: 'the series was ended before its packets had come',
    remedy: 'Stop the detector before the series',
    docs: 'docs/operating.md#cut-off',
    marked: 'markedStop',
    discarded: 'discardedStop',
  },
  port_absent: {
    says: 'a port sent nothing of it',
    remedy: 'Look at power and link of the module, its udp_dstport and udp_dstmac',
    docs: 'docs/operating.md#silent-port',
    marked: 'markedPortAbsent',
    discarded: 'discardedPortAbsent',
  },
  timeout: {
    says: 'its packets did not come within frame_timeout_ms',
    remedy: 'Look where the ledger says that packets are lost',
    docs: 'docs/operating.md#packets-are-missing',
    marked: 'markedTimeout',
    discarded: 'discardedTimeout',
  },
  packet_loss: {
    says: 'packets are missing, and later frames have come',
    remedy: 'Look where the ledger says that packets are lost',
    docs: 'docs/operating.md#packets-are-missing',
    marked: 'markedPacketLoss',
    discarded: 'discardedPacketLoss',
  },
  settings: {
    says: 'its packets do not fit the configured detector',
    remedy: 'Set what the warning of its port names',
    docs: 'docs/operating.md#wrong-settings',
    marked: 'markedSettings',
    discarded: 'discardedSettings',
  },
} as const satisfies Readonly<Record<string, Row & { marked: string; discarded: string }>>;

export type FrameReason = keyof typeof frameReasons;
