// Is the host behind a connection dead, or does its program merely not read? Pure: figures of the kernel in, a verdict
// out.
// TCP_USER_TIMEOUT cannot tell: Linux counts it also against a peer that answers every probe of its closed window, so
// it would cut off a consumer that does not read for ten seconds (decision 21). What tells is an answer that is
// missing:
// - data is under way, was sent again, and nothing at all was acknowledged since;
// - the window is closed and a probe of it is unanswered: the kernel forgets the count of probes with every answer.
// Tested by test/stream/output/zmtp/dead-host.test.ts.

import type { PathFigures } from './tcp-sockets.js';

/** An answer takes less than this, in ms: what was sent later says nothing yet. */
const roundTripMs = 250;

export class Liveness {
  #acknowledged = -1;
  #progressAt = 0;
  /** At the last look something was waited for. */
  #waited = false;
  /** Since when probes are unanswered; −1 = none is. */
  #probesSince = -1;

  /**
   * @param acknowledged position up to which the peer's kernel has acknowledged
   * @param waiting bytes handed over beyond it
   * @param limitMs so long a peer may owe an answer
   */
  dead(now: number, acknowledged: number, waiting: number, path: PathFigures | null, limitMs: number): boolean {
    if (waiting === 0 || !this.#waited || acknowledged !== this.#acknowledged) {
      this.#waited = waiting > 0;
      this.#acknowledged = acknowledged;
      this.#progressAt = now;
      this.#probesSince = -1;
      return false;
    }
    if (path === null) return false;
    if (path.unacknowledged === 0) {
      if (path.probes === 0) this.#probesSince = -1;
      else if (this.#probesSince < 0) this.#probesSince = now;
      return this.#probesSince >= 0 && now - this.#probesSince >= limitMs;
    }
    this.#probesSince = -1;
    const unanswered = path.sinceSent >= roundTripMs && path.sinceAcknowledged > path.sinceSent;
    return unanswered && now - this.#progressAt >= limitMs && path.sinceAcknowledged >= limitMs;
  }
}
