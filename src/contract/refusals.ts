// Why an order (open a series, end it) is not carried out: `why` in answers, logs and what the command line prints.
// Pure.

import type { Row } from './row.js';

export const refusals = {
  invalid: {
    says: 'The order itself is wrong: a value, a combination of values, or an order that this service cannot get',
    remedy: 'Correct what the problems name, and send it again',
    docs: 'docs/operating.md#refused-orders',
  },
  busy: {
    says: 'What the service is doing stands in the way: a series that is open or closing, or another order',
    remedy: 'End that series first (vdcu stop), or wait until it has ended',
    docs: 'docs/operating.md#refused-orders',
  },
  no_consumer: {
    says: 'No consumer is connected, or the one that is connected does not take the header',
    remedy: 'Start the consumer, or arm with force: then the header waits',
    docs: 'docs/operating.md#no-consumer',
  },
  unsafe: {
    says: 'A check says that the series would lose data for certain',
    remedy: 'Mend what the problems name (vdcu doctor), or arm with force',
    docs: 'docs/operating.md#doctor',
  },
  starting: {
    says: 'The threads of the service are not ready yet',
    remedy: 'Send the order again when the service is ready',
    docs: 'docs/operating.md#health',
  },
  stopping: {
    says: 'The service is being stopped and opens nothing any more',
    remedy: 'Send the order again when the service has been started anew',
    docs: 'docs/operating.md#refused-orders',
  },
  failed: {
    says: 'A part of the service has failed, and the order cannot be carried out',
    remedy: 'Look at the log, and start the service anew',
    docs: 'docs/operating.md#health',
  },
} as const satisfies Readonly<Record<string, Row>>;

/** Problems that are told in the same words by whatever part of the service meets them. */
export const problemTexts = {
  stopping: 'the service is stopping',
  stoppedEarly: 'it was stopped before it was opened',
} as const;

export type RefusalReason = keyof typeof refusals;
