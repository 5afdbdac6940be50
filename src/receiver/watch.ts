// What the receiver has made of our series. Comes in: that a series was opened and has ended, and what the receiver
// answers when asked. Goes out: how many images it has received, and what is wrong with it, in sentences. Asked at once
// when a series opens or ends, often while that may show what becomes of it, twice a second until the series is
// settled, seldom otherwise; never two questions at once. Reading here never waits. Which answers are of which series:
// watched-series.ts.

import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import { findings, nameAgainText } from '../contract/findings.js';
import type { Finding } from '../contract/findings.js';
import { remedyOf } from '../contract/row.js';
import type { ReceiverFigures, ReceiverResult, ReceiverWatched } from '../view/receiver-watched.js';
import { askReceiver } from './ask.js';
import type { ReceiverAnswer } from './ask.js';
import { WatchedSeries } from './watched-series.js';

/** From an answer to the next question while a short series may come and go in between, ms. */
const closeMs = 50;
/** For so long after the beginning and after the end, ms. */
const closeForMs = 5000;
/** While a series is open or not settled, ms. */
const lookMs = 500;
/** While nothing goes on, ms. */
const restMs = 5000;
/** Results that wait to be taken. */
const waitingLimit = 100;

export interface ReceiverWatchDeps {
  readonly url: string;
  readonly clock: Clock;
  /** Over HTTP unless given. */
  readonly ask?: typeof askReceiver;
  /** Runs something once, later, unless the function that it returns is called; by the machine's clock unless given. */
  readonly after?: (milliseconds: number, run: () => void) => () => void;
}

export class ReceiverWatch implements ReceiverWatched {
  readonly #deps: ReceiverWatchDeps;
  /** The newest. */
  #series: WatchedSeries | null = null;
  /** When it opened, or ended. */
  #turnedAt = -Infinity;
  readonly #settled: ReceiverResult[] = [];
  #newest: ReceiverAnswer | null = null;
  /** Of all series. */
  #missed = 0;
  #why: string | null = null;
  #asking = false;
  /** Something has happened since the question was asked. */
  #again = false;
  #closed = false;
  #cancel: () => void = () => undefined;

  constructor(deps: ReceiverWatchDeps) {
    this.#deps = deps;
    this.#plan(0);
  }

  opened(id: number, again: string | null): void {
    const before = this.#series;
    // From now on no answer is known to be of the one before.
    if (before !== null && !before.settled) this.#putResult(before);
    this.#series = new WatchedSeries(id, again, this.#newest);
    this.#turned();
  }

  ended(id: number, sent: number): void {
    if (this.#series?.id !== id) return;
    this.#series.end(sent);
    this.#turned();
  }

  takeSettled(): readonly ReceiverResult[] {
    return this.#settled.splice(0);
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
    const { id, again, sent, error, received, settled } = series;
    if (error !== null) {
      found.push({
        code: 'receiver_error',
        series: id,
        message:
          `the receiver failed in series ${id}, its frames are not saved: ` +
          `${error}${remedyOf(findings.receiver_error)}.`,
      });
    }
    if (settled && received !== null && sent !== null && received < sent) {
      found.push({
        code: 'received_fewer',
        series: id,
        message:
          `the receiver received ${received} of the ${sent} frames of series ` +
          `${id}${remedyOf(findings.received_fewer)}.`,
      });
    }
    if (again !== null) {
      found.push({
        code: 'name_again',
        series: id,
        message: `series ${id} ${nameAgainText(again)}`,
      });
    }
    return found;
  }

  sentence(): string | null {
    const series = this.#series;
    if (series === null || series.sent === null || series.settled || this.#why !== null) return null;
    const behind = this.#behind(series, series.sent);
    if (behind !== null && behind > 0)
      return `series ${series.id} is sent, the receiver is still ${behind} frame${behind === 1 ? '' : 's'} behind.`;
    return `series ${series.id} is sent, the receiver has not finished it yet.`;
  }

  figures(imagesSent: number): ReceiverFigures {
    const series = this.#series;
    const through = series === null || (series.settled && series.received !== null);
    return {
      answers: this.#why === null,
      behind: through ? 0 : this.#behind(series, series.sent ?? imagesSent),
      missed: this.#missed,
    };
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  /** Something has happened: ask at once, or when the present question is answered. */
  #turned(): void {
    this.#turnedAt = this.#deps.clock.now();
    this.#again = this.#asking;
    if (!this.#asking) this.#plan(0);
  }

  #plan(pauseMs: number): void {
    this.#cancel();
    if (!this.#closed) this.#cancel = (this.#deps.after ?? later)(pauseMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { clock, ask = askReceiver, url } = this.#deps;
    this.#asking = true;
    // What is asked before a series belongs to the one before it.
    const asked = this.#series;
    try {
      const answer = await ask(url);
      this.#why = null;
      this.#newest = answer;
      if (asked !== null && asked === this.#series) this.#hear(asked, answer, clock.now());
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      this.#why = messageOf(cause);
    }
    this.#asking = false;
    this.#plan(this.#again ? 0 : this.#pauseMs());
    this.#again = false;
  }

  #pauseMs(): number {
    const series = this.#series;
    if (series === null || series.settled) return restMs;
    // An open series that it runs with, or has failed with, has nothing new to show so soon.
    const still = series.sent === null && series.seen;
    return still || this.#deps.clock.now() - this.#turnedAt >= closeForMs ? lookMs : closeMs;
  }

  #hear(series: WatchedSeries, answer: ReceiverAnswer, now: number): void {
    if (series.settled) return;
    series.hear(answer, now);
    if (!series.settled) return;
    const { sent, received } = series;
    if (sent !== null && received !== null) this.#missed += Math.max(0, sent - received);
    this.#putResult(series);
  }

  #putResult({ id, received, error }: WatchedSeries): void {
    this.#settled.push({ series_id: id, received, error });
    if (this.#settled.length > waitingLimit) this.#settled.shift();
  }

  /** Null = not known. */
  #behind({ count }: WatchedSeries, sent: number): number | null {
    return this.#why === null && count !== null ? Math.max(0, sent - count) : null;
  }
}

function later(milliseconds: number, run: () => void): () => void {
  const timer = setTimeout(run, milliseconds).unref();
  return () => clearTimeout(timer);
}
