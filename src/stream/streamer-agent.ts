// STEP 3 on a thread: the streamer and its sink.

import type { Agent } from '../runtime/agent.js';
import type { MessageSink } from './message-sink.js';
import type { Streamer } from './streamer.js';

/** What was sent last may take so long to leave when the service ends. */
const lingerMs = 1000;

export class StreamerAgent implements Agent {
  readonly name = 'streamer';
  readonly #sink: MessageSink;
  readonly #streamer: Streamer;
  readonly #now: () => number;
  /** Where consumers connect; filled by `start`. */
  endpoint = '';

  /** @param now ms of the service's clock */
  constructor(sink: MessageSink, streamer: Streamer, now: () => number) {
    this.#sink = sink;
    this.#streamer = streamer;
    this.#now = now;
  }

  async start(): Promise<void> {
    this.endpoint = await this.#sink.open();
  }

  turn(): number {
    return this.#streamer.turn(this.#now());
  }

  async close(): Promise<void> {
    await this.#sink.close(lingerMs);
  }
}
