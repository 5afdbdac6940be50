// What the receiver has made of our series. Comes in: that a series was opened and has ended, and what the receiver
// answers when asked. Goes out: how many images it has received, and what is wrong with it, in sentences. Asked twice a
// second while a series is open or not yet settled; reading here never waits.

import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import { findings, nameAgainText } from '../contract/findings.js';
import type { Finding } from '../contract/findings.js';
import { remedyOf } from '../contract/row.js';
import type { ReceiverFigures, ReceiverResult, ReceiverWatched } from '../view/receiver-watched.js';
import { askReceiver } from './ask.js';

/** From look to look, ms. */
const lookMs = 500;
/** The same while nothing goes on. */
const restMs = 5000;

export interface ReceiverWatchDeps {
  readonly url: string;
  readonly clock: Clock;
  /** Over HTTP unless given. */
  readonly ask?: typeof askReceiver;
}

interface WatchedSeries {
  readonly id: number;
  /** A file of this name was written lately. */
  readonly again: string | null;
  /** Images that were sent; null = it is open. */
  sent: number | null;
  error: string | null;
  /** Count of the look before, if the receiver was idle then. */
  idleCount: number | null;
  received: number | null;
}

export class ReceiverWatch implements ReceiverWatched {
  readonly #deps: ReceiverWatchDeps;
  readonly #timer: NodeJS.Timeout;
  #series: WatchedSeries | null = null;
  #settled: ReceiverResult | null = null;
  #running = false;
  #received: number | null = null;
  /** Of all series. */
  #missed = 0;
  #why: string | null = null;
  #asking = false;
  #askedAt = -Infinity;

  constructor(deps: ReceiverWatchDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => void this.look(), lookMs).unref();
  }

  opened(id: number, again: string | null): void {
    this.#series = { id, again, sent: null, error: null, idleCount: null, received: null };
    this.#askedAt = -Infinity;
  }

  ended(id: number, sent: number): void {
    if (this.#series?.id === id) this.#series.sent = sent;
  }

  takeSettled(): ReceiverResult | null {
    const settled = this.#settled;
    this.#settled = null;
    return settled;
  }

  findings(): Finding[] {
    const found: Finding[] = [];
    const series = this.#series;
    if (this.#why !== null) {
      found.push({
        code: 'receiver_silent',
        message:
          `the receiver does not answer (${this.#why}): whether frames are saved is not ` +
          `known${remedyOf(findings.receiver_silent)}.`,
      });
    }
    if (series === null) return found;
    if (series.error !== null) {
      found.push({
        code: 'receiver_error',
        series: series.id,
        message:
          `the receiver failed in series ${series.id}, its frames are not saved: ` +
          `${series.error}${remedyOf(findings.receiver_error)}.`,
      });
    }
    if (series.received !== null && series.sent !== null && series.received < series.sent) {
      found.push({
        code: 'received_fewer',
        series: series.id,
        message:
          `the receiver received ${series.received} of the ${series.sent} frames of series ` +
          `${series.id}${remedyOf(findings.received_fewer)}.`,
      });
    }
    if (series.again !== null) {
      found.push({
        code: 'name_again',
        series: series.id,
        message: `series ${series.id} ${nameAgainText(series.again)}`,
      });
    }
    return found;
  }

  sentence(): string | null {
    const series = this.#series;
    if (series === null || series.sent === null || series.received !== null || this.#why !== null) return null;
    const behind = this.#behind(series.sent);
    if (behind !== null && behind > 0)
      return `series ${series.id} is sent, the receiver is still ${behind} frame${behind === 1 ? '' : 's'} behind.`;
    return `series ${series.id} is sent, the receiver has not finished it yet.`;
  }

  figures(imagesSent: number): ReceiverFigures {
    const series = this.#series;
    const settled = series !== null && series.received !== null;
    return {
      answers: this.#why === null,
      behind: series === null || settled ? 0 : this.#behind(series.sent ?? imagesSent),
      missed: this.#missed,
    };
  }

  /** One look, unless one is under way or it is too early. */
  async look(): Promise<void> {
    const { clock, ask = askReceiver, url } = this.#deps;
    const active = this.#series !== null && this.#series.received === null;
    if (this.#asking || (!active && clock.now() - this.#askedAt < restMs)) return;
    this.#asking = true;
    this.#askedAt = clock.now();
    // What is asked before a series belongs to the one before it.
    const asked = this.#series;
    try {
      const { state, error, received } = await ask(url);
      this.#why = null;
      this.#running = state === 'running';
      this.#received = received;
      if (asked !== null && asked === this.#series) this.#note(asked, state === 'idle', error, received);
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      this.#why = messageOf(cause);
      this.#received = null;
    } finally {
      this.#asking = false;
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #note(series: WatchedSeries, idle: boolean, error: string | null, received: number): void {
    series.error ??= error;
    if (series.sent === null || series.received !== null) return;
    // Twice the same while idle: just after the end it may still be idle from the series before.
    if (idle && series.idleCount === received) {
      series.received = received;
      this.#missed += Math.max(0, series.sent - received);
      this.#settled = { series_id: series.id, received, error: series.error };
    }
    series.idleCount = idle ? received : null;
  }

  /** Null = not known: while it is not running its count may be that of the series before. */
  #behind(sent: number): number | null {
    return this.#running && this.#received !== null ? Math.max(0, sent - this.#received) : null;
  }
}
