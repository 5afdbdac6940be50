// Whether a series still has its consumer, and which of its frames were delivered when it was lost, where the sink
// knows. `delivered_frames` proves that the consumer's machine has acknowledged these frames, not that its program has
// read them. Later frames may have arrived without an acknowledgement.
// Tested by test/pipeline/consumer.test.ts.

import { socketsOf } from '../output/message-sink.js';
import type { HoldingOutput } from '../output/output.js';

export class SeriesConsumer {
  readonly #output: HoldingOutput;
  /** By socket. */
  #disconnects: readonly number[];
  #endpoint: string | null = null;
  /** Messages taken over up to the header, which is the last of them. */
  #before = 0;
  #frames: number | null = null;

  constructor(output: HoldingOutput) {
    this.#output = output;
    this.#disconnects = this.#now();
  }

  /** Losses before the header are not this series' own. */
  headerTaken(): void {
    const { sink, taken } = this.#output;
    sink.takeLoss?.();
    this.#disconnects = this.#now();
    this.#before = taken;
  }

  /** Did a consumer go away since this was asked last? */
  lost(): boolean {
    const { sink } = this.#output;
    const before = this.#disconnects;
    const socket = socketsOf(sink).findIndex(({ disconnects }, index) => disconnects !== before[index]);
    if (socket < 0) return false;
    this.#disconnects = this.#now();
    this.#endpoint ??= sink.endpoints?.[socket] ?? null;
    const delivered = sink.takeLoss?.();
    if (delivered !== undefined) this.#frames ??= Math.max(0, delivered - this.#before);
    return true;
  }

  get summary(): { readonly delivered_frames?: number; readonly lost_endpoint?: string } {
    return {
      ...(this.#endpoint === null ? {} : { lost_endpoint: this.#endpoint }),
      ...(this.#frames === null ? {} : { delivered_frames: this.#frames }),
    };
  }

  #now(): number[] {
    return socketsOf(this.#output.sink).map(({ disconnects }) => disconnects);
  }
}
