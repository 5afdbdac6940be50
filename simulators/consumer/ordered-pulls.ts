// Messages of several endpoints, put in order in memory that has a limit. Comes in: messages as each endpoint brings
// them. Goes out: messages in order. Where the memory is full an endpoint that is ahead waits with its message, and so
// its producer does; the one that brings the next number never waits. A number that none of them brings is given up
// after a while, until the next header: then messages are dropped, and counted.

import { OrderedReceive } from './ordered-receive.js';
import type { StreamMessage } from './stream-message.js';

export interface OrderedPullsOptions {
  /** How many there are; each brings one message after the other. */
  readonly endpoints: number;
  /** When it aborts nobody waits any more. */
  readonly signal: AbortSignal;
  /** Of messages that wait for an earlier one, in bytes; default 256 MiB. */
  readonly memoryBytes?: number;
  /** How long the next number may be waited for while the memory is full, or a header waits, in ms; default 5 s. */
  readonly patienceMs?: number;
  /**
   * A header that one of several brings waits, too, for what the others bring before it; default: it does not, as at
   * the real consumer, which throws away what comes behind it.
   */
  readonly headersWait?: boolean;
}

const usualMemoryBytes = 256 << 20;
/** As long as a connection takes that has to repeat a packet some times. */
const usualPatienceMs = 5000;
/** What a message takes besides its parts, about. */
const besideBytes = 1024;

export class OrderedPulls {
  readonly #ordered: OrderedReceive<StreamMessage>;
  readonly #endpoints: number;
  readonly #signal: AbortSignal;
  readonly #patienceMs: number;
  readonly #headersWait: boolean;
  readonly #waiting = new Set<() => void>();
  #patience: NodeJS.Timeout | null = null;
  /** The next number is not waited for any more. */
  #givenUp = false;
  /** Messages that still waited for room at the end. */
  #atEnd = 0;
  /** What was stuck when all that was wanted was there; null = it is not yet. */
  #stuckAtClose: number | null = null;

  constructor(options: OrderedPullsOptions) {
    const { endpoints, signal, memoryBytes = usualMemoryBytes, patienceMs = usualPatienceMs } = options;
    this.#ordered = new OrderedReceive(memoryBytes, ({ parts }) =>
      parts.reduce((bytes, part) => bytes + part.length, besideBytes),
    );
    this.#endpoints = endpoints;
    this.#signal = signal;
    this.#patienceMs = patienceMs;
    this.#headersWait = options.headersWait === true && endpoints > 1;
    signal.addEventListener('abort', () => this.#goOn(), { once: true });
  }

  /** The number that is delivered next; −1 before the first header. */
  get next(): number {
    return this.#ordered.next;
  }

  get beforeFirst(): number {
    return this.#ordered.beforeFirst;
  }

  /** Messages that wait for a number that did not come, those that were dropped included. */
  get stuck(): number {
    if (this.#stuckAtClose !== null) return this.#stuckAtClose;
    return this.#ordered.next < 0 ? 0 : this.#ordered.cached + this.#ordered.dropped + this.#atEnd;
  }

  /** Messages that were dropped when the number had not come for too long. */
  get dropped(): number {
    return this.#ordered.dropped;
  }

  /** All that is wanted was delivered: what waits is of later series and lacks nothing, and nothing more is taken. */
  close(): void {
    this.#stuckAtClose ??= this.#ordered.late + this.#ordered.dropped;
    this.#goOn();
  }

  /** Take the next message of an endpoint; `deliver` is called with each that is in order now, before this resolves. */
  async take(message: StreamMessage, deliver: (message: StreamMessage) => void): Promise<void> {
    while (this.#mustWait(message)) await this.#moved();
    if (this.#stuckAtClose !== null) return;
    if (this.#signal.aborted && (this.#ordered.refuses(message) || this.#isEarly(message))) {
      this.#atEnd++;
      return;
    }
    const inOrder = this.#ordered.push(message);
    if (inOrder.length > 0) this.#goOn();
    for (const one of inOrder) deliver(one);
  }

  #mustWait(message: StreamMessage): boolean {
    return (
      this.#stuckAtClose === null &&
      !this.#givenUp &&
      !this.#signal.aborted &&
      message.msgNumber > this.#ordered.next &&
      (this.#ordered.refuses(message) || this.#isEarly(message))
    );
  }

  /** A header that would throw away what is still to come. */
  #isEarly({ htype, msgNumber }: StreamMessage): boolean {
    const { next } = this.#ordered;
    return this.#headersWait && htype === 'header' && next >= 0 && msgNumber > next;
  }

  #moved(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve);
      // Then there is nobody who could bring it.
      if (this.#waiting.size === this.#endpoints) this.#giveUp();
      else this.#patience ??= setTimeout(() => this.#giveUp(), this.#patienceMs);
    });
  }

  #giveUp(): void {
    this.#wake();
    this.#givenUp = true;
  }

  #goOn(): void {
    this.#wake();
    this.#givenUp = false;
  }

  #wake(): void {
    if (this.#patience !== null) clearTimeout(this.#patience);
    this.#patience = null;
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** What is said of messages that are stuck. */
export function describeStuck({ stuck, dropped }: { readonly stuck: number; readonly dropped: number }): string {
  const waits = `${stuck} messages wait for a number that did not come`;
  if (dropped === 0) return `${waits}: the real consumer would hang here`;
  return (
    `${waits}; ${dropped} of them were dropped, because memory was full and the number had not come for ` +
    `${usualPatienceMs / 1000} s or could not come any more. The real consumer would keep them, and wait on`
  );
}
