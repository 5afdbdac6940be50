// How long an orderly end of the service may take. Grace periods of container and unit are longer (deploy/).
// Tested by test/deploy/systemd.test.ts.

/**
 * Beyond `closing_timeout_ms`, twice, and `drain_ms`: threads, disks and notifications that do not answer are given up
 * after 3 s each.
 */
const stopMarginMs = 15_000;

/** What an orderly stop takes at most, in ms: to send what has arrived, and to wait until the consumer has it. */
export const stopLimitMs = (limits: { readonly closingTimeoutMs: number; readonly drainMs: number }): number =>
  2 * limits.closingTimeoutMs + limits.drainMs + stopMarginMs;
