// STEP 3 on a thread: the streamer and its sink.

import type { Agent } from '../runtime/agent.js';
import type { MessageSink } from './output/message-sink.js';
import type { PreviewSink } from './output/preview/preview-sink.js';
import type { StreamEvent } from '../contract/series.js';
import type { Streamer } from './streamer.js';

/** Commands are looked at this often while a consumer has no room, in ms. */
const roomMs = 4;

export interface StreamerAgentDeps {
  readonly sink: MessageSink;
  readonly streamer: Streamer;
  /** What was handed over may take so long to leave when the service ends. */
  readonly lingerMs: number;
  readonly report: (event: StreamEvent) => void;
  /** In ms of the service's clock. */
  readonly now: () => number;
  /** Null = there are no live viewers. */
  readonly preview: PreviewSink | null;
}

export class StreamerAgent implements Agent {
  readonly name = 'streamer';
  readonly #sink: MessageSink;
  readonly #streamer: Streamer;
  readonly #lingerMs: number;
  readonly #report: (event: StreamEvent) => void;
  readonly #now: () => number;
  readonly #preview: PreviewSink | null;
  /** Where live viewers subscribe; '' = nowhere. */
  previewEndpoint = '';
  /** Where consumers connect; filled by `start`. */
  endpoint = '';

  constructor({ sink, streamer, lingerMs, report, now, preview }: StreamerAgentDeps) {
    this.#sink = sink;
    this.#streamer = streamer;
    this.#lingerMs = lingerMs;
    this.#report = report;
    this.#now = now;
    this.#preview = preview;
  }

  /** All sockets, or none: they outlive their thread, and a second try would find them taken. */
  async start(): Promise<void> {
    this.endpoint = await this.#sink.open();
    if (this.#preview === null) return;
    try {
      this.previewEndpoint = await this.#preview.open();
    } catch (error) {
      await this.#sink.close(0);
      throw error;
    }
  }

  turn(): number {
    return this.#streamer.turn(this.#now());
  }

  /**
   * After a turn that did nothing. Where no consumer has room the rest ends with it, else with the wake word.
   * @param wait sleeps until the wake word changes, at most so long, in ms
   */
  rest(wait: (milliseconds: number) => void): void {
    if (this.#streamer.blocked && this.#sink.awaitRoom?.(roomMs) === true) return;
    wait(this.#streamer.restMs);
  }

  async close(): Promise<void> {
    this.#preview?.close();
    this.#report({ kind: 'closed', undelivered: await this.#sink.close(this.#lingerMs) });
  }
}
