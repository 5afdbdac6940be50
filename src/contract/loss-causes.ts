// Where a missing packet went: columns of the ledger, label of `vdcu_series_missing_packets`, the steps of the page's
// waterfall. The ledger's order, surest first; a packet on its way meets them the other way round. Pure.
// Tested by test/contract/closed-lists.test.ts.

import type { Row } from './row.js';

/** `says` goes on from "the missing packets "; `short` stands beside the name in a table. */
export const lossCauses = {
  late: {
    says: 'came after their frame was closed',
    short: 'came after their frame was closed',
    remedy: 'Raise frame_timeout_ms or overtake_frames, or look for reordering in the network',
    docs: 'docs/operating.md#packets-are-missing',
  },
  ring: {
    says: 'were refused because the ring was full: the consumer is too slow',
    short: 'refused because the frame ring was full: the consumer was too slow',
    remedy: 'Speed it up, or slow the detector down',
    docs: 'docs/operating.md#ring-full',
  },
  socket: {
    says: 'were dropped by the kernel because the socket was full',
    short: 'dropped by the kernel because the socket was full',
    remedy: 'Raise receive_buffer_bytes, give the receivers a free core (receiver_threads, pin_cpus)',
    docs: 'docs/operating.md#receive-buffer',
  },
  cut_off: {
    says: 'had not come when their series ended in the middle of a frame',
    short: 'had not come when the series ended in the middle of a frame',
    remedy: 'Stop the detector before the series; why a series was cut short stands in its summary',
    docs: 'docs/operating.md#cut-off',
  },
  unexplained: {
    says: 'did not reach the socket',
    short: 'lost before this machine, or never sent',
    remedy: 'Look at the card (ethtool -S IF), cable, switch and MTU',
    docs: 'docs/operating.md#packets-are-missing',
  },
} as const satisfies Readonly<Record<string, Row & { short: string }>>;

/** Where the kernel granted less socket buffer than was asked for, that comes first. */
export const socketRemedy = {
  clamped: 'Raise net.core.rmem_max, give the receivers a free core (receiver_threads, pin_cpus)',
} as const;

export type LossCause = keyof typeof lossCauses;

/** Missing packets by cause; their sum is what is missing. Null = the kernel tells nothing. */
export type MissingByCause = {
  readonly [Cause in LossCause]: Cause extends 'socket' | 'unexplained' ? number | null : number;
};
