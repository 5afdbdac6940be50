// STEP 2b on a thread: an encoder takes turns, and rests where there is nothing to encode.
// Tested by test/threads/compressed.test.ts.

import type { Agent } from '../runtime/agent.js';
import type { FrameEncoder } from './frame-encoder.js';

export class EncoderAgent implements Agent {
  readonly name: string;
  readonly #encoder: FrameEncoder;

  constructor(name: string, encoder: FrameEncoder) {
    this.name = name;
    this.#encoder = encoder;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  turn(): number {
    return this.#encoder.turn();
  }

  /** After a turn that did nothing. @param wait sleeps until the wake word changes, at most so long, in ms */
  rest(wait: (milliseconds: number) => void): void {
    wait(this.#encoder.restMs);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
