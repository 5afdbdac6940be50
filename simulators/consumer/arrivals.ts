// What came from a stream, and when. Comes in: connections and messages. Goes out: a line about what is waited for, and
// the end of the waiting when it took too long. A consumer that never connected, or saw nothing, says so.
// Tested by test/simulators/watch.test.ts.

import { systemClock } from '../../src/base/clock.js';
import type { Clock } from '../../src/base/clock.js';

/** How a connection goes: something listens there; it speaks zmq; it is gone. */
export type ConnectionStep = 'listens' | 'speaks' | 'gone';

export interface ArrivalsOptions {
  readonly endpoints: readonly string[];
  /** End when nothing came for so long, in milliseconds; default: never. */
  readonly timeoutMs?: number;
  /** Ends the waiting from outside. */
  readonly signal: AbortSignal;
  /** Called about twice a second, whether something comes or not. */
  readonly onTick?: () => void;
  readonly clock?: Clock;
}

const tickMs = 500;

/** A service that has its consumers looks from here as a program does that speaks no zmq. */
const turnedAway = 'something listens there, and either speaks no zmq or lets no further consumer in';

export class Arrivals {
  /** True when nothing came for as long as was allowed. */
  timedOut = false;
  messages = 0;
  readonly #own = new AbortController();
  readonly #outside: AbortSignal;
  readonly #endedOutside = (): void => this.end();
  readonly #endpoints: readonly string[];
  readonly #heard: boolean[];
  readonly #connections: number[];
  readonly #connected: boolean[];
  readonly #clock: Clock;
  readonly #timer: NodeJS.Timeout;
  #last: number;

  constructor({ endpoints, timeoutMs, signal, onTick, clock = systemClock }: ArrivalsOptions) {
    // A listener holds what it ends. AbortSignal.any would hold the other weakly: one without other references is lost.
    signal.addEventListener('abort', this.#endedOutside);
    if (signal.aborted) this.end();
    this.#outside = signal;
    this.#endpoints = endpoints;
    this.#heard = endpoints.map(() => false);
    this.#connections = endpoints.map(() => 0);
    this.#connected = endpoints.map(() => true);
    this.#clock = clock;
    this.#last = clock.now();
    this.#timer = setInterval(
      () => {
        if (timeoutMs !== undefined && this.#clock.now() - this.#last >= timeoutMs) {
          this.timedOut = true;
          this.end();
        } else onTick?.();
      },
      timeoutMs === undefined ? tickMs : Math.min(tickMs, timeoutMs),
    );
  }

  /** Aborted from outside, by `end`, or when nothing came for too long. */
  get signal(): AbortSignal {
    return this.#own.signal;
  }

  /** Connections that spoke zmq, over all endpoints and their returns. */
  get connections(): number {
    return this.#connections.reduce((sum, count) => sum + count, 0);
  }

  /** True when an endpoint's connection went away and has not come back. */
  get lost(): boolean {
    return this.#connected.includes(false);
  }

  /** @returns connections of this endpoint so far */
  connection(endpoint: number, step: ConnectionStep): number {
    if (step === 'listens') this.#heard[endpoint] = true;
    else this.#connected[endpoint] = step === 'speaks';
    if (step === 'speaks') this.#connections[endpoint] = this.#connections[endpoint] + 1;
    return this.#connections[endpoint];
  }

  message(): void {
    this.messages++;
    this.#last = this.#clock.now();
  }

  /** What is waited for, while no message has come; null afterwards. */
  waiting(): string | null {
    const silent = this.#endpoints.flatMap((endpoint, index) =>
      this.#connections[index] === 0
        ? [`${endpoint}: not connected ` + `yet${this.#heard[index] === true ? `: ${turnedAway}` : ''}`]
        : [],
    );
    if (silent.length > 0) return silent.join('; ');
    return this.messages === 0 ? 'connected, nothing has come yet' : null;
  }

  /** Why there is nothing to judge, with the remedy; null: a series was seen. @param series headers seen */
  nothing(series: number): string | null {
    if (series > 0) return null;
    const never = this.#endpoints.filter((_, index) => this.#connections[index] === 0);
    const named = never.join(', ');
    if (never.some((endpoint) => this.#heard[this.#endpoints.indexOf(endpoint)] === true))
      return (
        `${named}: ${turnedAway}. vdcu status tells data_host and data_port of the service, and which consumers it ` +
        'has: beside a consumer a watcher is not let in; the preview (preview: {port}) is for live viewers'
      );
    if (never.length > 0)
      return `${named}: never connected. Is the service running, and are address and data_port right?`;
    if (this.messages === 0)
      return (
        `connected to ${this.#endpoints.join(', ')}, and nothing came. Is a series open (vdcu status), and is no ` +
        'other consumer connected?'
      );
    return `${this.messages} messages came, and no series from its header on. Start before the series begins`;
  }

  end(): void {
    this.#own.abort();
  }

  /** Stop the clock. */
  close(): void {
    clearInterval(this.#timer);
    this.#outside.removeEventListener('abort', this.#endedOutside);
  }
}
