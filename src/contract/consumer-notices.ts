// What is reported of a consumer that comes or goes, where the sink knows more than that: the codes of the log line
// `consumer`. The sentence names the consumer; the row says what all of its kind mean. Pure.
// Tested by test/contract/closed-lists.test.ts.

import type { Row } from './row.js';

/** `says` stands in the table of docs/operating.md. */
export const consumerNotices = {
  connected: {
    says: 'A consumer, or a program that only looks on, was let in',
    remedy: 'Nothing need be done',
    docs: 'docs/operating.md#consumers-that-come-and-go',
  },
  other_address: {
    says: 'A consumer was let in from another address than the one before',
    remedy: 'Is it the right one? consumer_source keeps others out',
    docs: 'docs/operating.md#strangers',
  },
  gone: {
    says: 'A consumer closed its connection; the message says what it had not acknowledged',
    remedy: 'In a series: look why it ended',
    docs: 'docs/operating.md#consumer-lost',
  },
  unacknowledged: {
    says: "A consumer's machine answers nothing any more: it is lost",
    remedy: 'Look at that machine and the network to it (consumer_timeout_ms)',
    docs: 'docs/operating.md#consumer-lost',
  },
  gave_way: {
    says: 'A program that only looks on was closed, because a consumer came',
    remedy: 'It looks again by itself when the consumer is gone',
    docs: 'docs/operating.md#strangers',
  },
} as const satisfies Readonly<Record<string, Row>>;

export type ConsumerNoticeCode = keyof typeof consumerNotices;

/** A consumer came or went, and how. `trouble`: people should know. */
export interface ConsumerNotice {
  readonly code: ConsumerNoticeCode;
  readonly trouble: boolean;
  readonly message: string;
}
