// A refusal: why an order is not carried out. Comes in: a reason of the closed list and sentences about this case. Goes
// out: an error that each protocol reports in its own way: by a status, or by an error reply.
// Tested by test/control/orders.test.ts.

import type { RefusalReason } from '../contract/refusals.js';

/** The order is not carried out, and nothing was changed by it. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly why: RefusalReason;
  /** What is wrong in this case, one sentence each, with the remedy. */
  readonly problems: readonly string[];

  constructor(why: RefusalReason, problems: readonly string[]) {
    super(problems.join('; '));
    this.why = why;
    this.problems = problems;
  }
}
