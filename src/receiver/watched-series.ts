// One series, as the receiver's answers show it. Comes in: what the receiver answered just before the series was
// opened, every answer since, and that the series has ended. Goes out: how many images of it were received, why they
// could not be saved, and from when on neither changes any more. Pure.
//
// The receiver names no series, so each answer has to be told apart from what it still does for the series before. Its
// collector sets the count to 0 at a header; its writer goes to `running` or `error` at the header and to `idle` at the
// end, some time later (MAX IV's streaming-receiver, collector.py and filewriter.py). Therefore:
// - a state that it had when the series was opened belongs to the series before, until another one is seen;
// - a count belongs to this series when it is smaller than the one before, or another one once nothing is left of the
//   series before.

import type { ReceiverAnswer } from './ask.js';

/** Idle for so long after the end, and never seen with this series: it has not taken it, or was not seen to, ms. */
export const doubtMs = 10_000;

export class WatchedSeries {
  readonly id: number;
  /** A file of this name was written lately. */
  readonly again: string | null;
  /** What the receiver still does for the series before; null = nothing. */
  #left: ReceiverAnswer | null;
  /** A count that is not of this series; null = none is known. */
  #strange: number | null;
  /** It was seen running, or failed, with this series. */
  #seen = false;
  #count: number | null = null;
  #error: string | null = null;
  #sent: number | null = null;
  #settled = false;
  /** Since when it is idle with the same count, after the end; null = it is not. */
  #idle: { readonly received: number; readonly since: number } | null = null;

  /** @param found the newest answer before; null = there was none */
  constructor(id: number, again: string | null, found: ReceiverAnswer | null) {
    this.id = id;
    this.again = again;
    this.#left = found === null || found.state === 'idle' ? null : found;
    this.#strange = found?.received ?? null;
  }

  /** Images that were sent; null = it is open. */
  get sent(): number | null {
    return this.#sent;
  }

  get error(): string | null {
    return this.#error;
  }

  /** Whether the receiver runs or has failed with this series is known. */
  get seen(): boolean {
    return this.#seen;
  }

  /** Nothing changes any more. */
  get settled(): boolean {
    return this.#settled;
  }

  /** Images of this series that it has received so far; null = not known. */
  get count(): number | null {
    return this.#count;
  }

  /** What is known when no more can be known: all, or what was counted when it was settled; null = not known. */
  get received(): number | null {
    const all = this.#sent !== null && this.#count !== null && this.#count >= this.#sent;
    return this.#settled || all ? this.#count : null;
  }

  end(sent: number): void {
    this.#sent = sent;
  }

  /** @param now ms of the service's clock */
  hear(answer: ReceiverAnswer, now: number): void {
    if (this.#settled) return;
    const { state, error, received } = answer;
    const own = this.#owns(received);
    if (this.#left !== null && (state !== this.#left.state || error !== this.#left.error)) this.#left = null;
    if (state !== 'idle' && this.#left === null) this.#seen = true;
    if (own || this.#seen) this.#count = received;
    if (own || this.#left === null) this.#error ??= error;
    this.#settle(state === 'idle', received, now);
  }

  #owns(received: number): boolean {
    if (this.#count !== null) return true;
    const before = this.#strange;
    if (before !== null && (received < before || (this.#left === null && received !== before))) return true;
    this.#strange = received;
    return false;
  }

  #settle(idle: boolean, received: number, now: number): void {
    if (this.#sent === null || !idle) {
      this.#idle = null;
      return;
    }
    const same = this.#idle?.received === received;
    if (!same) this.#idle = { received, since: now };
    // Twice the same where it was seen with this series; else its writer may still be about to begin.
    if (this.#idle !== null && same && (this.#seen || now - this.#idle.since >= doubtMs)) this.#settled = true;
  }
}
