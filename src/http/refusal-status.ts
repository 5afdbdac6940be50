// What HTTP makes of a refusal. Comes in: the reason. Goes out: the status. No other file maps one to the other.
// Tested by test/http/http.test.ts.

import type { RefusalReason } from '../contract/refusals.js';

/** 422 = the request is wrong, 409 = not while this is going on, 503 = the service cannot do it now. */
export const refusalStatus = {
  invalid: 422,
  busy: 409,
  no_consumer: 503,
  unsafe: 503,
  starting: 503,
  stopping: 503,
  failed: 503,
} as const satisfies Record<RefusalReason, 409 | 422 | 503>;
