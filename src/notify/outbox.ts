// Notifications on their way out. Comes in: JSON texts. Goes out: each to the configured URL, one after the other in
// their order, tried again with growing pauses. Bounded: only so many wait, and a new one then replaces the oldest;
// each is given up after a time; a stop waits a moment and no longer. Handing one over never waits.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Logger } from '../runtime/log.js';
import type { NotificationFigures } from '../view/service-view.js';
import { post } from './post.js';
import type { PostResult } from './post.js';

/** Notifications that wait. */
export const waitingLimit = 64;
/** The longest text, UTF-16 units: a summary of 256 ports has some 90 000. */
export const textLimit = 196_608;
/** A notification is given up after so long, ms. */
export const giveUpMs = 600_000;
const firstPauseMs = 1000;
const longestPauseMs = 60_000;
/** A stop waits for notifications so long at most, ms. */
export const settleMs = 2000;

export interface OutboxDeps {
  readonly url: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** One try; over HTTP unless given. */
  readonly post?: typeof post;
  /** Rejects when the signal aborts; by the machine's clock unless given. */
  readonly pause?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
}

/** Of one URL. */
export class Outbox {
  readonly #deps: OutboxDeps;
  readonly #waiting: { readonly text: string; readonly at: number }[] = [];
  readonly #over = new AbortController();
  /** Ends the pause between two tries. */
  #hurry = new AbortController();
  readonly #counts = { delivered: 0, failedTries: 0, dropped: 0 };
  #running: Promise<void> | null = null;
  /** Why the newest try failed; null = it did not. */
  #trouble: string | null = null;
  #closing = false;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
  }

  get counts(): NotificationFigures {
    return { ...this.#counts, waiting: this.#waiting.length };
  }

  /** What people should know; null = all is well. */
  get trouble(): string | null {
    if (this.#trouble === null) return null;
    const { waiting, dropped } = this.counts;
    return (
      `notifications do not get through to ${this.#where} (${this.#trouble}): ${waiting} wait, ${dropped} were ` +
      'dropped. Look at its receiver, or correct notify_url; docs/operating.md#notifications.'
    );
  }

  /** Take a text to the receiver, some time. Returns at once. */
  put(text: string): void {
    if (text.length > textLimit)
      this.#deps.logger.warn({ event: 'notify' }, `a notification of ${text.length} characters is too long: dropped`);
    if (text.length > textLimit || this.#closing) return void this.#counts.dropped++;
    // The one that is on its way stays: it may be there already.
    if (this.#waiting.length >= waitingLimit) this.#drop(1);
    this.#waiting.push({ text, at: this.#deps.clock.now() });
    this.#running ??= this.#run();
  }

  /** Nothing is taken any more; what waits has a moment to go. */
  async close(): Promise<void> {
    this.#closing = true;
    // Its receiver may be back: what waits is tried at once.
    this.#hurry.abort();
    const { pause = sleepFor } = this.#deps;
    const late = new AbortController();
    await Promise.race([this.#running, pause(settleMs, late.signal).catch(() => undefined)]);
    late.abort();
    this.#over.abort();
    await this.#running;
    this.#counts.dropped += this.#waiting.splice(0).length;
  }

  async #run(): Promise<void> {
    let pauseMs = firstPauseMs;
    while (this.#waiting.length > 0 && !this.#over.signal.aborted) {
      const first = this.#waiting[0];
      const result = await this.#try(first.text);
      if (this.#over.signal.aborted && !result.delivered) break;
      if (result.delivered) this.#delivered();
      else this.#failed(result);
      const old = this.#deps.clock.now() - first.at >= giveUpMs;
      if (result.delivered || !result.again || old) {
        if (!result.delivered) this.#counts.dropped++;
        this.#waiting.shift();
        pauseMs = firstPauseMs;
        continue;
      }
      await (this.#deps.pause ?? sleepFor)(pauseMs, this.#hurry.signal).catch(() => undefined);
      if (this.#closing) this.#hurry = this.#over;
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
    // In the same step in which nothing waited any more: a text that comes after it begins anew.
    this.#running = null;
  }

  async #try(text: string): Promise<PostResult> {
    try {
      return await (this.#deps.post ?? post)(this.#deps.url, text, this.#over.signal);
    } catch (error) {
      return { delivered: false, why: messageOf(error), again: true };
    }
  }

  #delivered(): void {
    this.#counts.delivered++;
    if (this.#trouble === null) return;
    this.#trouble = null;
    this.#deps.logger.info({ event: 'notify' }, `notifications get through to ${this.#where} again`);
  }

  #failed({ why }: { readonly why: string }): void {
    this.#counts.failedTries++;
    const before = this.#trouble;
    this.#trouble = why;
    // Told when it begins; the counter and the state say that it lasts.
    if (before === null) this.#deps.logger.warn({ event: 'notify' }, this.trouble ?? why);
  }

  /** Drop the one that waits longest behind the first `kept`. */
  #drop(kept: number): void {
    this.#waiting.splice(kept, 1);
    this.#counts.dropped++;
  }

  /** The path of a URL may hold a secret. */
  get #where(): string {
    return new URL(this.#deps.url).origin;
  }
}

const sleepFor = (milliseconds: number, signal: AbortSignal): Promise<unknown> =>
  sleep(milliseconds, undefined, { signal, ref: false });
