// Commands from the control plane to the streamer, one after the other, and their answers. Main thread only.
// Tested by test/control/orders.test.ts.

import type { Repeat } from '../base/clock.js';
import { repeat } from '../base/clock.js';
import { commandText } from '../memory/command-box.js';
import type { CommandBox } from '../memory/command-box.js';
import type { RefusalReason } from '../contract/refusals.js';
import type { StreamCommand, StreamEvent } from '../contract/series.js';

interface Refusal {
  readonly why: RefusalReason;
  readonly problem: string;
}

const refusalOf = (id: number, { why, problem }: Refusal): StreamEvent => ({
  kind: 'refused',
  id,
  why,
  problems: [problem],
});

/** Commands that wait for the streamer to take them, looked after so often. */
const postIntervalMs = 2;

export class CommandQueue {
  readonly #box: CommandBox;
  readonly #wakeStreamer: () => void;
  /** As they lie in the box: what does not fit there never waits. */
  readonly #waiting: Uint8Array[] = [];
  readonly #answers = new Map<number, (event: StreamEvent) => void>();
  readonly #repeat: Repeat;
  #endRepeat: (() => void) | null = null;
  #id = 0;
  #failure: Refusal | null = null;

  constructor(box: CommandBox, wakeStreamer: () => void, repeatedly: Repeat = repeat) {
    this.#box = box;
    this.#wakeStreamer = wakeStreamer;
    this.#repeat = repeatedly;
  }

  /** Resolves with the streamer's answer, or with a refusal when the streamer cannot answer any more. */
  command(make: (id: number) => StreamCommand): Promise<StreamEvent> {
    const id = ++this.#id;
    const failure = this.#failure;
    if (failure !== null) return Promise.resolve(refusalOf(id, failure));
    let text: Uint8Array;
    try {
      text = commandText(make(id));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return Promise.resolve(refusalOf(id, { why: 'invalid', problem: `the request is too long: ${error.message}` }));
    }
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#post(text);
    });
  }

  /** Give a command without waiting for its answer. */
  tell(make: (id: number) => StreamCommand): void {
    this.#post(commandText(make(++this.#id)));
  }

  answer(event: StreamEvent & { readonly id: number }): void {
    this.#answers.get(event.id)?.(event);
    this.#answers.delete(event.id);
  }

  /** The streamer cannot answer any more. */
  fail(why: RefusalReason, problem: string): void {
    const failure = { why, problem };
    this.#failure = failure;
    for (const [id, answer] of this.#answers) answer(refusalOf(id, failure));
    this.#answers.clear();
  }

  close(): void {
    this.#endRepeat?.();
    this.#endRepeat = null;
  }

  #post(text: Uint8Array): void {
    this.#waiting.push(text);
    this.#postWaiting();
  }

  #postWaiting(): void {
    while (this.#waiting[0] !== undefined && this.#box.post(this.#waiting[0])) {
      this.#waiting.shift();
      this.#wakeStreamer();
    }
    if (this.#waiting.length === 0) this.close();
    else this.#endRepeat ??= this.#repeat(postIntervalMs, () => this.#postWaiting());
  }
}
