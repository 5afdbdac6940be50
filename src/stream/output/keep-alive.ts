// How TCP asks a silent connection for a sign of life: how soon, how often. Comes in: how long a machine may be gone
// before that is noticed.

/**
 * Keep-alive of a silent connection, in seconds and probes: a machine that is gone is noticed within `timeoutMs`, and
 * an idle flow has traffic at least each minute, as MAX IV's fabric needs it: its connection tracking cuts others
 * (docs/stream.md).
 */
export function keepAlive(timeoutMs: number): { idle: number; interval: number; count: number } {
  const seconds = Math.max(2, Math.floor(timeoutMs / 1000));
  const idle = Math.min(60, Math.ceil(seconds / 2));
  const interval = Math.max(1, Math.floor((seconds - idle) / 10));
  return { idle, interval, count: Math.min(10, Math.max(1, Math.floor((seconds - idle) / interval))) };
}
