// What can be wrong with the service as a whole, as state, log and notifications tell it: a code that stays the same
// while the figures of its sentence change. The sentence has the figures of its case; the row says what all of its kind
// mean. Pure.
// Tested by test/contract/closed-lists.test.ts.

import { frameReasons } from './frame-reasons.js';
import { packetClassTable } from './packet-classes.js';
import { remedyOf } from './row.js';
import type { Row } from './row.js';
import { seriesWarnings } from './series-warnings.js';

const receiver = 'docs/operating.md#receiver';

/** `says` stands in the table of docs/operating.md. */
export const findings = {
  failed: {
    says: 'A thread has failed: the service ends',
    remedy: 'Start it again; the message says what failed',
    docs: 'docs/operating.md#exit-codes',
  },
  cut_short: {
    says: 'The last series was aborted',
    remedy: 'The message ends with what its reason asks for',
    docs: 'docs/operating.md#aborted-series',
  },
  crowded: {
    says: seriesWarnings.strangers.says,
    remedy: seriesWarnings.strangers.remedy,
    docs: seriesWarnings.strangers.docs,
  },
  no_series: {
    says: 'Packets come and no series is open',
    remedy: 'Arm a series, or stop the detector',
    docs: 'docs/operating.md#nothing-arrives',
  },
  outside: {
    says: 'Packets come and none lies in a frame of the series',
    remedy: packetClassTable.foreign_series.remedy,
    docs: packetClassTable.foreign_series.docs,
  },
  silent_port: {
    says: 'A port sends nothing while others do',
    remedy: frameReasons.port_absent.remedy,
    docs: frameReasons.port_absent.docs,
  },
  loss: {
    says: 'Packets of the series are missing',
    remedy: 'The message ends with what the weightiest cause asks for',
    docs: 'docs/operating.md#packets-are-missing',
  },
  ring: {
    says: 'The frame ring is nearly full',
    remedy: 'The consumer takes too little: look at its disk and network',
    docs: 'docs/operating.md#ring-full',
  },
  socket: {
    says: 'A socket is more than half full: its receiver does not keep up',
    remedy: 'Give it a free core (receiver_threads, pin_cpus)',
    docs: 'docs/operating.md#receive-buffer',
  },
  receiver_silent: {
    says: 'The receiver does not answer',
    remedy: 'Start it, correct receiver_url, or let the service reach it (firewall, networkPolicy.egress of the chart)',
    docs: receiver,
  },
  receiver_error: {
    says: 'The receiver failed: the frames of the series are not saved',
    remedy: 'Look at folder, rights and disk where it runs',
    docs: receiver,
  },
  received_fewer: {
    says: 'The receiver received fewer frames than were sent',
    remedy: "Look for a second consumer, and into the receiver's log",
    docs: receiver,
  },
  name_again: {
    says: 'The series has the file of an earlier one',
    remedy: 'Give each series a name of its own',
    docs: receiver,
  },
} as const satisfies Readonly<Record<string, Row>>;

export type FindingCode = keyof typeof findings;

/** What `name_again` says of a series with this file, without its beginning. */
export const nameAgainText = (filename: string): string =>
  `has the file of an earlier series, ${filename}: the receiver appends to it, and leaves its metadata as they ` +
  `were${remedyOf(findings.name_again)}.`;

/** One thing that is wrong. */
export interface Finding {
  readonly code: FindingCode;
  readonly message: string;
  /** Of this one alone: the same of another is another problem. */
  readonly series?: number;
}
