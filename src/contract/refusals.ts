// Why an order (open a series, end it) is not carried out: the closed list. Comes in: nothing. Goes out: the reason as
// it leaves the process, what it means, what to do, and where docs/operating.md says more. Doors, log and documents
// read these rows.

/** One row for each reason. `code` is the word in answers and logs, `heading` the anchor in docs/operating.md. */
export const refusals = [
  {
    code: 'invalid',
    sentence: 'The order itself is wrong: a value, a combination of values, or an order that this service cannot get.',
    remedy: 'Correct what the problems name, and send it again.',
    heading: 'refused-orders',
  },
  {
    code: 'busy',
    sentence: 'What the service is doing stands in the way: a series that is open or closing, or another order.',
    remedy: 'End that series first (vdcu stop), or wait until it has ended.',
    heading: 'refused-orders',
  },
  {
    code: 'no_consumer',
    sentence: 'No consumer is connected, or the one that is connected does not take the header.',
    remedy: 'Start the consumer, or arm with force: then the header waits.',
    heading: 'no-consumer',
  },
  {
    code: 'unsafe',
    sentence: 'A check says that the series would lose data for certain.',
    remedy: 'Mend what the problems name (vdcu doctor), or arm with force.',
    heading: 'doctor',
  },
  {
    code: 'starting',
    sentence: 'The threads of the service are not ready yet.',
    remedy: 'Send the order again when /readyz answers 200.',
    heading: 'refused-orders',
  },
  {
    code: 'stopping',
    sentence: 'The service is being stopped and opens nothing any more.',
    remedy: 'Send the order again when the service has been started anew.',
    heading: 'refused-orders',
  },
  {
    code: 'failed',
    sentence: 'A part of the service has failed: nobody is left to carry the order out.',
    remedy: 'Look at the log, and start the service anew.',
    heading: 'health',
  },
] as const;

export type RefusalReason = (typeof refusals)[number]['code'];
