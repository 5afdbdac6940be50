// A consumer as a process of its own, for the soak: it may be stopped and killed like any other. Pulls the stream,
// orders it as the real one does, checks every message and every pixel, and prints what it has seen as JSON lines: at
// least twice a second, at each series_end, and at the end (SIGTERM). What it was told stands in its one argument, as
// JSON.

import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../src/config/load.js';
import { OrderedReceive } from '../../simulators/consumer/ordered-receive.js';
import { pullMessages } from '../../simulators/consumer/pull.js';
import { StreamChecker } from '../../simulators/consumer/stream-check.js';
import { parseMessage } from '../../simulators/consumer/stream-message.js';
import type { StreamMessage } from '../../simulators/consumer/stream-message.js';
import { FrameVerifier } from '../../simulators/consumer/verify.js';

/** The argument. */
export interface ConsumerTask {
  readonly endpoint: string;
  /** Configuration file whose detector `soak` says what the pixels are. */
  readonly file: string;
  /** Wait after each message. */
  readonly delayMs: number;
}

/** One line. Sums since the start of the process. */
export interface ConsumerLine {
  readonly final: boolean;
  readonly connections: number;
  readonly messages: number;
  readonly headers: number;
  readonly images: number;
  readonly seriesEnds: number;
  readonly complete: number;
  readonly marked: number;
  readonly discarded: number;
  readonly missingPackets: number;
  readonly pixelsChecked: number;
  readonly wrongPixels: number;
  readonly framesVerified: number;
  /** Messages that wait for a number which did not come; those before the first header do not count. */
  readonly stuck: number;
  readonly problems: readonly string[];
}

const lineEveryMs = 400;
/** Messages that may wait for an earlier one. */
const waitingLimit = 256;

/** What was seen, however it was ordered. */
class Seen {
  readonly #checker: StreamChecker;
  readonly #ordered = new OrderedReceive<StreamMessage>(waitingLimit);
  readonly #problems: string[] = [];
  connections = 0;

  constructor(task: ConsumerTask) {
    this.#checker = new StreamChecker({ verifier: new FrameVerifier(loadConfig(task.file, 'soak').detector) });
  }

  connected(): void {
    if (++this.connections > 1) this.#checker.noteReconnect();
  }

  /** @returns the message's type */
  take(parts: readonly Uint8Array[]): string {
    const message = parseMessage(parts);
    if (typeof message === 'string') {
      this.#problems.push(message);
      return '';
    }
    for (const next of this.#ordered.push(message)) this.#checker.accept(next);
    return message.htype;
  }

  line(final: boolean): ConsumerLine {
    const { counts, problems } = this.#checker;
    return {
      final,
      connections: this.connections,
      messages: counts.messages,
      headers: counts.headers,
      images: counts.images,
      seriesEnds: counts.seriesEnds,
      complete: counts.complete,
      marked: counts.marked,
      discarded: counts.discarded,
      missingPackets: counts.missingPackets,
      pixelsChecked: counts.pixelsChecked,
      wrongPixels: counts.wrongPixels,
      framesVerified: counts.framesVerified,
      stuck: this.#ordered.next < 0 ? 0 : this.#ordered.cached + this.#ordered.dropped,
      problems: [...this.#problems, ...problems.map(({ rule, text }) => `${rule}: ${text}`)].slice(0, 20),
    };
  }
}

const task = JSON.parse(process.argv[2] ?? '{}') as ConsumerTask;
const seen = new Seen(task);
const ending = new AbortController();
process.on('SIGTERM', () => ending.abort());
// Whoever started it is gone: it has nothing to tell anybody.
process.stdout.on('error', () => process.exit(1));
let printedAt = 0;
const print = (final = false): void => {
  printedAt = performance.now();
  process.stdout.write(`${JSON.stringify(seen.line(final))}\n`);
};
const messages = pullMessages({
  endpoint: task.endpoint,
  signal: ending.signal,
  receiveHighWaterMark: task.delayMs > 0 ? 1 : 32,
  onConnection: (step) => {
    if (step === 'listens') return;
    const connected = step === 'speaks';
    if (connected) seen.connected();
    print();
  },
});
for await (const parts of messages) {
  const htype = seen.take(parts);
  if (htype === 'series_end' || performance.now() - printedAt >= lineEveryMs) print();
  if (task.delayMs > 0) await sleep(task.delayMs, undefined, { signal: ending.signal }).catch(() => undefined);
}
print(true);
